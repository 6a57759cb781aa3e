//! Mutual exclusion: one word, and a queue of those who wait.
//!
//! | state | meaning |
//! |---|---|
//! | `UNLOCKED` | nobody holds it |
//! | `LOCKED` | held; whoever releases it need not look further |
//! | `CONTENDED` | held; somebody may stand in the queue and is to be woken at the release |
//! | `HANDOVER` | held; somebody in the queue has lost it too often, and the release gives it instead of waking |
//!
//! The two halves of the race:
//!
//! ```text
//! a waiter (b to c under the queue's lock)          the holder
//!   a. find it held                                   1. swap UNLOCKED in; it was
//!   b. enqueue itself                                    LOCKED: done
//!   c. LOCKED -> CONTENDED (or HANDOVER),             2. CONTENDED: lock the queue, dequeue one, wake it
//!      or find it UNLOCKED: leave, try again          3. HANDOVER: lock the queue, take the lock for the first
//! ```
//!
//! If c comes before 1, 1 sees it, and 2 (or 3) waits for the queue's lock and finds the waiter. If 1 comes before c, c
//! sees UNLOCKED, or the state of the next holder, who then is the one that sees c.
//!
//! A woken waiter has no right to the lock: others may take it first (barging), and those who run already mostly do. From
//! 2 on the state says nothing of those who are left in the queue; that is the woken one's business. When it takes the
//! lock it sets CONTENDED if there is anybody; if it finds the lock held, it enqueues itself again and so sets CONTENDED on
//! the holder. So at most one of the waiters is awake for each release, and while it is not yet running the lock is as
//! cheap as an uncontended one. One that unwinds instead passes the wake-up on (`turns`).
//!
//! A waiter that has been woken `PATIENCE` times in vain enqueues itself at the front and sets HANDOVER: the next release
//! gives it the lock. Then barging goes on, unless the next in the queue is as badly off (`granted`).
//!
//! Releasing is a swap and nothing else, since a compare-exchange, which would leave HANDOVER alone, costs a tenth of a lock
//! and unlock more. So between 1 and 3 somebody on another CPU may take the lock: then 3 sets HANDOVER on that one, who
//! ends as this one does. A coroutine of the same worker cannot, and it is such that need the hand-over.

use crate::park::{self, Reason};
use crate::sched::panics::panicking;
use crate::sched::primitive::atomic::{AtomicU32, Ordering};

use super::PATIENCE;
use super::spin::spin;
use super::turns::{End, Heir, Turn, Turns};

const UNLOCKED: u32 = 0;
const LOCKED: u32 = 1;
const CONTENDED: u32 = 2;
const HANDOVER: u32 = 3;

/// See the module's text.
pub(crate) struct Mutex {
    state: AtomicU32,
    pub(super) turns: Turns,
}

impl Mutex {
    #[cfg(not(loom))]
    pub(crate) const fn new() -> Mutex {
        Mutex { state: AtomicU32::new(UNLOCKED), turns: Turns::new() }
    }

    #[cfg(loom)]
    pub(crate) fn new() -> Mutex {
        Mutex { state: AtomicU32::new(UNLOCKED), turns: Turns::new() }
    }

    /// Takes the lock if nobody holds it.
    #[inline]
    pub(crate) fn try_lock(&self) -> bool {
        park::tick();
        self.take(LOCKED)
    }

    /// Takes the lock.
    #[inline]
    pub(crate) fn lock(&self) {
        park::tick();
        if !self.take(LOCKED) {
            self.lock_contended();
        }
    }

    #[inline]
    fn take(&self, state: u32) -> bool {
        // Acquire: what the last holder did is visible.
        self.state.compare_exchange(UNLOCKED, state, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    #[cold]
    fn lock_contended(&self) {
        let mut losses = 0;
        loop {
            let seen = spin(|| {
                let state = self.state.load(Ordering::Relaxed);
                // Where others wait already, the lock is not about to be free for long.
                (state, state == LOCKED)
            });
            if seen == UNLOCKED && self.take_after(losses) {
                return;
            }
            let patient = losses < PATIENCE;
            let end = if patient { End::Back } else { End::Front };
            match self.turns.wait(end, Reason::Mutex, || self.announce(patient), || self.release()) {
                Turn::Ready => {}
                Turn::Woken => losses += 1,
                Turn::Granted => return self.granted(patient),
            }
        }
    }

    /// Takes the lock if nobody holds it, for one that was woken from the queue before, and maybe in vain.
    pub(super) fn take_after(&self, losses: u32) -> bool {
        // Those who were in the queue when this task was chosen from it are its business, and visible since then.
        let others = losses > 0 && self.turns.has_waiters();
        self.take(if others { CONTENDED } else { LOCKED })
    }

    /// Step c: makes the holder look at the queue when it releases the lock. `false`: nobody holds it.
    pub(super) fn announce(&self, patient: bool) -> bool {
        let mut state = self.state.load(Ordering::Relaxed);
        loop {
            let wanted = match state {
                UNLOCKED => return false,
                LOCKED if patient => CONTENDED,
                LOCKED | CONTENDED if !patient => HANDOVER,
                _ => return true,
            };
            // Relaxed: the queue's lock orders what the releasing holder does next after this waiter's enqueuing.
            match self.state.compare_exchange_weak(state, wanted, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => state = now,
            }
        }
    }

    /// The lock has been given to this task. If the task itself had lost its patience, the others at the front of the queue
    /// may have lost it, too: go on handing over until one is served that has not.
    pub(super) fn granted(&self, patient: bool) {
        if !patient {
            let _ = self.state.compare_exchange(CONTENDED, HANDOVER, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    /// Releases the lock, and lets others go first now and then if there are any who want it.
    ///
    /// # Safety
    /// The caller holds the lock, and gives it up.
    #[inline]
    pub(crate) unsafe fn unlock(&self) {
        // Release: what the holder did is visible to the next one.
        let before = self.state.swap(UNLOCKED, Ordering::Release);
        if before != LOCKED {
            self.unlock_contended(before);
        }
    }

    #[cold]
    fn unlock_contended(&self, before: u32) {
        self.pass_on(before);
        if !panicking() {
            park::checkpoint();
        }
    }

    /// Releases the lock; never switches. The caller holds it.
    pub(super) fn release(&self) {
        // Release: as in `unlock`.
        let before = self.state.swap(UNLOCKED, Ordering::Release);
        if before != LOCKED {
            self.pass_on(before);
        }
    }

    /// Steps 2 and 3.
    fn pass_on(&self, before: u32) {
        if before == CONTENDED {
            self.turns.wake_one();
        } else {
            self.turns.grant_one(|heir| self.take_for(heir));
        }
    }

    /// Step 3, under the queue's lock: takes the lock on behalf of the first waiter. `false`: somebody else has it, and will
    /// hand it over; or nobody waits.
    fn take_for(&self, heir: Heir) -> bool {
        let locked = match heir {
            // Whoever wanted it so has unwound.
            Heir::Nobody => return false,
            Heir::TheLast => LOCKED,
            Heir::OneOfSeveral => CONTENDED,
        };
        let mut state = self.state.load(Ordering::Relaxed);
        loop {
            let (taken, after) = match state {
                UNLOCKED => (true, locked),
                HANDOVER => return false,
                _ => (false, HANDOVER),
            };
            // Acquire: what somebody who has had the lock in between did must be visible to the heir, whom this task wakes.
            match self.state.compare_exchange_weak(state, after, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return taken,
                Err(now) => state = now,
            }
        }
    }
}
