//! A counting semaphore: one word, and a list of those who wait.
//!
//! The word is twice the number of permits that are free, plus the bit `QUEUED`: somebody stands in the list.
//!
//! The invariants, whenever the list's lock is free:
//!
//! 1. `QUEUED` is set if and only if somebody is in the list.
//! 2. While it is set, whoever wants to change the word takes the lock first. So nobody overtakes those who wait.
//! 3. While it is set, the first in the list wants more than is free, or somebody is about to serve it.
//!
//! ```text
//! who wants `n` (b and c under the lock)           who gives `n`
//!   a. not QUEUED, and `n` are free: take them       1. not QUEUED: add them to those that are free
//!   b. once more; or set QUEUED                      2. else lock the list, add them
//!   c. enqueue itself                                3. are there enough for the first in the list? take them on its
//!   d. park                                             behalf, pop it (no other is left: clear QUEUED), unlock, wake
//!                                                       it, lock, and so on
//! ```
//!
//! a, b and 1 are a compare-exchange each, of one word. If 1 comes before b, b sees what it has added. If b comes before 1,
//! 1 sees QUEUED, and 2 waits for the lock until the waiter is in the list.
//!
//! A waiter that was popped has what it wanted, even if its deadline has passed meanwhile. If it is being unwound, it gives
//! that to the others. One that leaves without having been popped may have been all that the next one waited for: whoever
//! leaves serves, too.

use std::ptr;
use std::time::Instant;

use crate::park::{self, Chosen, Reason, Sleeper, Wait, WaitList, Waiter, WaitingPlace};
use crate::sched::panics::panicking;
use crate::sched::primitive::atomic::{AtomicUsize, Ordering};
use crate::sched::primitive::{Mutex, MutexGuard, lock};

const QUEUED: usize = 1;
const PERMIT: usize = 2;

/// See the module's text.
pub(crate) struct Semaphore {
    word: AtomicUsize,
    /// The cargo of each waiter is a pointer to the number of permits that it wants.
    list: Mutex<WaitList>,
}

impl Semaphore {
    /// No more are ever free, and nobody may want more.
    pub(crate) const MAX_PERMITS: usize = usize::MAX / PERMIT;

    /// `permits` is at most [`MAX_PERMITS`](Self::MAX_PERMITS).
    #[cfg(not(loom))]
    pub(crate) const fn new(permits: usize) -> Semaphore {
        Semaphore { word: AtomicUsize::new(permits * PERMIT), list: Mutex::new(WaitList::new()) }
    }

    #[cfg(loom)]
    pub(crate) fn new(permits: usize) -> Semaphore {
        Semaphore { word: AtomicUsize::new(permits * PERMIT), list: Mutex::new(WaitList::new()) }
    }

    /// How many are free.
    #[inline]
    pub(crate) fn available(&self) -> usize {
        // Somebody may be waiting for a change, in a loop.
        park::tick();
        self.word.load(Ordering::Relaxed) / PERMIT
    }

    /// Takes so many permits, at most [`MAX_PERMITS`](Self::MAX_PERMITS), if they are free and nobody waits.
    #[inline]
    pub(crate) fn try_acquire(&self, permits: usize) -> bool {
        park::tick();
        self.take(permits)
    }

    /// Takes so many permits, at most [`MAX_PERMITS`](Self::MAX_PERMITS). `false`: the deadline has passed, and it has none.
    #[inline]
    pub(crate) fn acquire(&self, permits: usize, deadline: Option<Instant>) -> bool {
        park::tick();
        self.take(permits) || self.acquire_contended(permits, deadline)
    }

    /// Step a.
    #[inline]
    fn take(&self, permits: usize) -> bool {
        if permits == 0 {
            return true;
        }
        let mut word = self.word.load(Ordering::Relaxed);
        while word & QUEUED == 0 && word / PERMIT >= permits {
            let left = word - permits * PERMIT;
            // Acquire: what those did who gave the permits is visible.
            match self.word.compare_exchange_weak(word, left, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        false
    }

    #[cold]
    fn acquire_contended(&self, permits: usize, deadline: Option<Instant>) -> bool {
        let place = Place::new(self, permits);
        // SAFETY: `wait_in` keeps the waiter where it is, and takes it out of the list before it ends; its cargo is part of
        // `place`, which outlives that.
        let enqueue = |waiter: &Waiter| unsafe { place.push_or_take(waiter) };
        park::wait_in(&place, place.cargo(), deadline, Reason::Semaphore, enqueue) != Wait::TimedOut
    }

    /// Step b, under the lock. `false`: the caller is to enqueue itself.
    fn take_or_announce(&self, permits: usize) -> bool {
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            if word & QUEUED != 0 {
                return false;
            }
            let enough = word / PERMIT >= permits;
            let after = if enough { word - permits * PERMIT } else { word | QUEUED };
            // Acquire: as in `take`.
            match self.word.compare_exchange_weak(word, after, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return enough,
                Err(now) => word = now,
            }
        }
    }

    /// Gives so many permits, and lets others go first now and then if there are any who wait for them.
    ///
    /// # Panics
    /// There would be more than [`MAX_PERMITS`](Self::MAX_PERMITS) free; then it gives none.
    #[inline]
    #[track_caller]
    pub(crate) fn release(&self, permits: usize) {
        if self.give(permits) && !panicking() {
            park::checkpoint();
        }
    }

    /// As [`release`](Self::release), but never switches. Returns whether anybody waited.
    #[inline]
    #[track_caller]
    fn give(&self, permits: usize) -> bool {
        let mut word = self.word.load(Ordering::Relaxed);
        while word & QUEUED == 0 {
            // Release: what was done with the permits is visible to whoever takes them next.
            match self.word.compare_exchange_weak(word, sum(word, permits), Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return false,
                Err(now) => word = now,
            }
        }
        self.give_contended(permits);
        true
    }

    /// Steps 2 and 3.
    #[cold]
    #[track_caller]
    fn give_contended(&self, permits: usize) {
        let list = lock(&self.list);
        // Nobody may be left in the list by now, and then others change the word without the lock.
        let mut word = self.word.load(Ordering::Relaxed);
        // Release: as in `give`.
        while let Err(now) =
            self.word.compare_exchange_weak(word, sum(word, permits), Ordering::Release, Ordering::Relaxed)
        {
            word = now;
        }
        self.serve(list);
    }

    /// Step 3.
    fn serve<'a>(&'a self, mut list: MutexGuard<'a, WaitList>) {
        // One at a time, so that nobody is unparked under the lock.
        while let Some(chosen) = self.serve_one(&mut list) {
            drop(list);
            chosen.unpark();
            list = lock(&self.list);
        }
    }

    /// Gives the first in the list what it wants, if there is enough. It is to be unparked, after the lock's release.
    fn serve_one(&self, list: &mut WaitList) -> Option<Chosen> {
        let wanted = list.first_cargo()?.cast::<usize>();
        // SAFETY: the waiter is in the list, so its cargo is alive, and it is what `push_or_take` was promised; nobody
        // writes to it.
        let wanted = unsafe { wanted.read() };
        // Acquire: what those did who gave the permits has to be visible to the waiter, whom this task wakes. (Whoever set
        // QUEUED has acquired it, under the lock; but that is not for this line to know.)
        let word = self.word.load(Ordering::Acquire);
        debug_assert!(word & QUEUED != 0, "somebody is in the list");
        if word / PERMIT < wanted {
            return None;
        }
        let chosen = list.pop();
        let queued = if list.is_empty() { 0 } else { QUEUED };
        // It was QUEUED, so nobody has changed it since the load. Release: what the load has acquired goes on to those who
        // take the rest.
        self.word.store(word / PERMIT * PERMIT - wanted * PERMIT + queued, Ordering::Release);
        chosen
    }
}

/// The word with so many more permits free.
#[inline]
#[track_caller]
fn sum(word: usize, permits: usize) -> usize {
    assert!(permits <= Semaphore::MAX_PERMITS - word / PERMIT, "a semaphore has too many permits");
    word + permits * PERMIT
}

/// One wait.
pub(super) struct Place<'a> {
    semaphore: &'a Semaphore,
    permits: usize,
}

impl<'a> Place<'a> {
    pub(super) fn new(semaphore: &'a Semaphore, permits: usize) -> Place<'a> {
        Place { semaphore, permits }
    }

    /// The waiter's.
    pub(super) fn cargo(&self) -> *mut () {
        ptr::from_ref(&self.permits).cast_mut().cast()
    }

    /// Step a.
    pub(super) fn take(&self) -> bool {
        self.semaphore.take(self.permits)
    }

    /// Steps b and c. `false`: it has the permits.
    ///
    /// # Safety
    /// As [`WaitList::push`]; the cargo is [`cargo`](Self::cargo).
    pub(super) unsafe fn push_or_take(&self, waiter: &Waiter) -> bool {
        let sleeper = Sleeper::current();
        let mut list = lock(&self.semaphore.list);
        let waits = !self.semaphore.take_or_announce(self.permits);
        if waits {
            // SAFETY: the caller's promise.
            unsafe { list.push(waiter, sleeper) };
        }
        waits
    }
}

// SAFETY: a semaphore has but one list.
unsafe impl WaitingPlace for Place<'_> {
    unsafe fn remove(&self, waiter: &Waiter) -> bool {
        let mut list = lock(&self.semaphore.list);
        // SAFETY: the caller's promise.
        let was_in = unsafe { list.remove(waiter) };
        if was_in {
            if list.is_empty() {
                // Relaxed: it takes and gives nothing; as a read-modify-write it hides no earlier Release.
                self.semaphore.word.fetch_and(!QUEUED, Ordering::Relaxed);
            } else {
                self.semaphore.serve(list);
            }
        }
        was_in
    }

    fn pass_on(&self) {
        self.semaphore.give(self.permits);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// Enqueues a waiter as `acquire_contended` does.
    fn enqueue(place: &Place<'_>, waiter: &Waiter) {
        // SAFETY: the tests take it out again, or see it popped, before it ends.
        assert!(unsafe { place.push_or_take(waiter) });
    }

    fn waiter(place: &Place<'_>) -> Waiter {
        Waiter::new(place.cargo())
    }

    /// What a park that is left by unwinding does, step by step.
    #[test]
    fn a_chosen_waiter_that_does_not_come_passes_its_permits_on() {
        let semaphore = Semaphore::new(0);
        let (first, second) =
            (Place { semaphore: &semaphore, permits: 2 }, Place { semaphore: &semaphore, permits: 1 });
        let (in_first, in_second) = (waiter(&first), waiter(&second));
        enqueue(&first, &in_first);
        enqueue(&second, &in_second);
        semaphore.release(2);
        assert!(in_first.is_notified() && !in_second.is_notified());
        // SAFETY: it was pushed to this list above.
        assert!(!unsafe { first.remove(&in_first) });
        first.pass_on();
        assert!(in_second.is_notified());
        assert_eq!(semaphore.available(), 1);
        assert!(semaphore.try_acquire(1));
    }

    #[test]
    fn a_waiter_that_leaves_lets_those_behind_it_go() {
        let semaphore = Semaphore::new(1);
        let (first, second) =
            (Place { semaphore: &semaphore, permits: 2 }, Place { semaphore: &semaphore, permits: 1 });
        let (in_first, in_second) = (waiter(&first), waiter(&second));
        enqueue(&first, &in_first);
        enqueue(&second, &in_second);
        assert!(!semaphore.try_acquire(1), "others wait");
        // SAFETY: it was pushed to this list above.
        assert!(unsafe { first.remove(&in_first) });
        assert!(in_second.is_notified());
        assert_eq!(semaphore.word.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn the_last_waiter_that_leaves_opens_the_fast_path() {
        let semaphore = Semaphore::new(1);
        let place = Place { semaphore: &semaphore, permits: 2 };
        let waiter = waiter(&place);
        enqueue(&place, &waiter);
        // SAFETY: it was pushed to this list above.
        assert!(unsafe { place.remove(&waiter) });
        assert!(semaphore.try_acquire(1));
    }
}
