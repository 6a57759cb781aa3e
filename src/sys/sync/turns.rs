//! A queue of those who wait for a lock. Whoever releases the lock either wakes one, which then tries to take the lock, or
//! *grants* it: what the queue is for belongs to the waiter before it runs.
//!
//! It differs from `sched::wait_queue` in that, in who may come first, and in that neither side looks without the queue's
//! lock: a waiter announces itself in a word that the other side reads (see `mutex` and `rwlock` for the two halves), so
//! there is nothing to fence.

use std::cell::Cell;
use std::ptr;

use crate::park::{self, Chosen, Reason, Seat, Sleeper, Wait, WaitList, Waiter, WaitingPlace};
use crate::sched::primitive::atomic::{AtomicU32, Ordering};
use crate::sched::primitive::{Mutex, lock};

/// See the module's text.
pub(super) struct Turns {
    /// The cargo of each waiter is a [`Granted`].
    list: Mutex<WaitList>,
    /// How many are in the list; written under the lock, read without.
    len: AtomicU32,
}

/// Where a waiter takes its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum End {
    /// Behind those who wait.
    Back,
    /// Before them: for one who has been woken already and came too late.
    Front,
}

/// How a wait ended.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Turn {
    /// There is nothing to wait for (any more); this task did not wait.
    Ready,
    /// This task has been woken, and no other for the same release: it is to try again.
    Woken,
    /// What this task waited for is its own.
    Granted,
}

/// Whom [`Turns::grant_one`] has found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Heir {
    /// Nobody waits.
    Nobody,
    /// A waiter, and no other is left.
    TheLast,
    /// A waiter, and others are left.
    OneOfSeveral,
}

impl Turns {
    #[cfg(not(loom))]
    pub(super) const fn new() -> Turns {
        Turns { list: Mutex::new(WaitList::new()), len: AtomicU32::new(0) }
    }

    #[cfg(loom)]
    pub(super) fn new() -> Turns {
        Turns { list: Mutex::new(WaitList::new()), len: AtomicU32::new(0) }
    }

    /// Takes a place and parks until somebody wakes this task, unless `announce` (called under the queue's lock once the
    /// place is taken; it must be short) says that there is nothing to wait for, by `false`.
    ///
    /// Should the task be woken and yet not return from here, since its park is left by unwinding, then the next waiter is
    /// woken; what had been granted to it goes to `give_back`, which must not park.
    pub(super) fn wait(&self, end: End, reason: Reason, announce: impl FnOnce() -> bool, give_back: impl Fn()) -> Turn {
        let granted = Granted::new();
        let place = Place { turns: self, granted: &granted, give_back };
        // SAFETY: `wait_in` keeps the waiter where it is, and takes it out of the list before it ends; `granted` outlives
        // that.
        let enqueue = |waiter: &Waiter| unsafe { self.push_unless(waiter, end, announce) };
        let wait = park::wait_in(&place, granted.cargo(), None, reason, enqueue);
        match wait {
            Wait::Ready => Turn::Ready,
            _ if granted.get() => Turn::Granted,
            _ => Turn::Woken,
        }
    }

    /// Takes a place, unless `announce` (see [`wait`](Self::wait)) says that there is nothing to wait for.
    ///
    /// # Safety
    /// As [`WaitList::push`]; the cargo is a [`Granted`]'s.
    unsafe fn push_unless(&self, waiter: &Waiter, end: End, announce: impl FnOnce() -> bool) -> bool {
        let sleeper = Sleeper::current();
        let mut list = lock(&self.list);
        // SAFETY: the caller's promise. If it is taken out again below, it is before this returns.
        unsafe {
            match end {
                End::Back => list.push(waiter, sleeper),
                End::Front => list.push_front(waiter, sleeper),
            }
        }
        self.add(1);
        let waits = announce();
        if !waits {
            // SAFETY: pushed above.
            unsafe { list.remove(waiter) };
            self.add(-1);
        }
        waits
    }

    /// Is anybody waiting? Right for whoever has been woken, as far as those are concerned who waited then already.
    #[inline]
    pub(super) fn has_waiters(&self) -> bool {
        self.len.load(Ordering::Relaxed) != 0
    }

    /// Wakes the first waiter, if there is one.
    pub(super) fn wake_one(&self) {
        let mut list = lock(&self.list);
        let chosen = self.pop(&mut list, false);
        drop(list);
        if let Some(chosen) = chosen {
            chosen.unpark();
        }
    }

    /// Grants the first waiter what it waits for, and wakes it. `settle` makes it so, under the lock, before the waiter can
    /// run; it learns whether there is one, and may find (by `false`) that there is nothing to grant.
    pub(super) fn grant_one(&self, settle: impl FnOnce(Heir) -> bool) {
        let mut list = lock(&self.list);
        let settled = settle(match self.len.load(Ordering::Relaxed) {
            0 => Heir::Nobody,
            1 => Heir::TheLast,
            _ => Heir::OneOfSeveral,
        });
        let chosen = if settled { self.pop(&mut list, true) } else { None };
        drop(list);
        if let Some(chosen) = chosen {
            chosen.unpark();
        }
    }

    /// Wakes all who are waiting now.
    pub(super) fn wake_all(&self) {
        self.empty(false, || ());
    }

    /// Grants all who are waiting now what they wait for, and wakes them. `settle` is called before each.
    pub(super) fn grant_all(&self, settle: impl FnMut()) {
        self.empty(true, settle);
    }

    fn empty(&self, grant: bool, mut settle: impl FnMut()) {
        // One at a time, so that nobody is unparked under the lock; no more than there were at the start, so that those
        // who come back to wait again are not woken for ever.
        let mut list = lock(&self.list);
        let mut left = self.len.load(Ordering::Relaxed);
        while left > 0 && !list.is_empty() {
            settle();
            let chosen = self.pop(&mut list, grant);
            drop(list);
            if let Some(chosen) = chosen {
                chosen.unpark();
            }
            left -= 1;
            if left == 0 {
                return;
            }
            list = lock(&self.list);
        }
    }

    fn pop(&self, list: &mut WaitList, grant: bool) -> Option<Chosen> {
        let granted = list.first_cargo()?.cast::<Granted>();
        // SAFETY: the waiter is in the list, so its cargo is alive, and it is what `push_unless` was promised; it is used under
        // the list's lock, and by its owner only when it is out.
        unsafe { (*granted).0.set(grant) };
        self.add(-1);
        list.pop()
    }

    /// Under the lock: the only writer.
    fn add(&self, change: i32) {
        let len = self.len.load(Ordering::Relaxed).wrapping_add_signed(change);
        self.len.store(len, Ordering::Relaxed);
    }
}

// SAFETY: what the list leads to is touched under the lock only, as `WaitList` has it; the cargo, too.
unsafe impl Sync for Turns {}
// SAFETY: as above.
unsafe impl Send for Turns {}

/// Was a waiter granted what it waits for? Written under the list's lock while the waiter is in, and right once it is out.
struct Granted(Cell<bool>);

impl Granted {
    fn new() -> Granted {
        Granted(Cell::new(false))
    }

    fn get(&self) -> bool {
        self.0.get()
    }

    /// As a waiter's cargo.
    fn cargo(&self) -> *mut () {
        ptr::from_ref(self).cast_mut().cast()
    }
}

/// A place for which there may be others elsewhere: of a select.
pub(super) struct TurnSeat {
    seat: Seat,
    granted: Granted,
}

impl TurnSeat {
    pub(super) fn new() -> TurnSeat {
        TurnSeat { seat: Seat::new(), granted: Granted::new() }
    }

    /// As the first half of [`Turns::wait`]. Returns whether it waits.
    ///
    /// # Safety
    /// As [`Seat::take`].
    pub(super) unsafe fn take(&self, turns: &Turns, end: End, announce: impl FnOnce() -> bool) -> bool {
        // SAFETY: the caller's promise; the cargo is as old as the seat.
        unsafe { self.seat.take(self.granted.cargo(), |waiter| turns.push_unless(waiter, end, announce)) }
    }

    pub(super) fn is_notified(&self) -> bool {
        self.seat.is_notified()
    }

    pub(super) fn leave(&self, turns: &Turns) {
        self.seat.leave(&Place { turns, granted: &self.granted, give_back: || () });
    }

    pub(super) fn is_chosen(&self) -> bool {
        self.seat.is_chosen()
    }

    /// Was it granted what it waited for? Then the caller has it.
    pub(super) fn take_grant(&self) -> bool {
        self.seat.is_chosen() && self.granted.get() && self.seat.settle()
    }

    /// The caller has what it was woken for.
    pub(super) fn settle(&self) {
        self.seat.settle();
    }

    /// If it was chosen, as [`Turns::wait`] does for a task that does not return.
    pub(super) fn pass_on(&self, turns: &Turns, give_back: impl Fn()) {
        if self.seat.settle() {
            Place { turns, granted: &self.granted, give_back }.pass_on();
        }
    }
}

/// One wait.
struct Place<'a, F: Fn()> {
    turns: &'a Turns,
    granted: &'a Granted,
    give_back: F,
}

// SAFETY: `turns` has but one list.
unsafe impl<F: Fn()> WaitingPlace for Place<'_, F> {
    unsafe fn remove(&self, waiter: &Waiter) -> bool {
        let mut list = lock(&self.turns.list);
        // SAFETY: the caller's promise.
        let was_in = unsafe { list.remove(waiter) };
        if was_in {
            self.turns.add(-1);
        }
        was_in
    }

    fn pass_on(&self) {
        if self.granted.get() {
            (self.give_back)();
        } else {
            self.turns.wake_one();
        }
    }
}
