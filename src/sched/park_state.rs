//! The park/unpark protocol of one task: a word that says whether the task runs, is stopped, or has a wake-up waiting.
//!
//! | state | meaning |
//! |---|---|
//! | `EMPTY` | the task runs (or is about to stop) and nobody has woken it; or it was stopped, and is made to run |
//! | `NOTIFIED` | somebody has woken it: its next park ends at once |
//! | `PARKED` | it has stopped; whoever moves the word away from here must make it run |
//!
//! The two halves of the race:
//!
//! ```text
//! the task                                    a waker
//!   a. look at the condition: not yet           1. make the condition true
//!   b. stop (a coroutine: switch away)          2. PARKED -> EMPTY, or anything else -> NOTIFIED
//!   c. EMPTY -> PARKED, or find NOTIFIED        3. was it PARKED? make the task run
//! ```
//!
//! The read-modify-writes of one word have one order. If 2 comes before c, c finds NOTIFIED and the task does not stop;
//! if c comes before 2, 2 finds PARKED and the waker makes it run. Either way the task looks at the condition again,
//! and sees it: it has read the value that 2 wrote with Release, with Acquire, or was made to run by way of something that
//! orders the two as well (a run queue of its own OS thread, or an inbox).
//!
//! Who is made to run has nothing to do with the word any more, which spares it a read-modify-write: 2 has left it EMPTY. A
//! waker that comes before it runs finds that, and leaves NOTIFIED for its next park, since what that waker did may not be
//! seen before.
//!
//! A coroutine does c only after it has switched away (its worker does it), so a waker on another OS thread can never
//! hand it to anybody while it still runs on its stack. Nobody else touches the word between c and 2 (but an OS thread whose
//! deadline has passed, which goes on by itself), so exactly one waker sees PARKED and the task is enqueued exactly once.
//!
//! The permit does not count: ten wakes are one. A park may therefore end for a wake that was meant for an earlier one;
//! every caller looks at its condition in a loop.

use super::primitive::atomic::{AtomicU32, Ordering};

const EMPTY: u32 = 0;
const NOTIFIED: u32 = 1;
pub(crate) const PARKED: u32 = 2;

/// See the module's text.
pub(crate) struct ParkState(AtomicU32);

impl ParkState {
    #[cfg(not(loom))]
    pub(crate) const fn new() -> ParkState {
        ParkState(AtomicU32::new(EMPTY))
    }

    #[cfg(loom)]
    pub(crate) fn new() -> ParkState {
        ParkState(AtomicU32::new(EMPTY))
    }

    /// The word itself, for an OS thread to stop on while it is [`PARKED`].
    pub(crate) fn word(&self) -> &AtomicU32 {
        &self.0
    }

    /// The task, while it runs: takes a wake-up that is already there.
    #[inline]
    pub(crate) fn take(&self) -> bool {
        // The load keeps the common case (nothing there) free of a read-modify-write; it decides nothing by itself.
        // Acquire on the swap: what the wakers did before must be visible now.
        self.0.load(Ordering::Relaxed) == NOTIFIED && self.0.swap(EMPTY, Ordering::Acquire) == NOTIFIED
    }

    /// Step c, once the task has stopped. `false`: it has been woken meanwhile, the wake-up is taken, let it run.
    #[inline]
    pub(crate) fn publish(&self) -> bool {
        // Release: a waker that sees PARKED sees the stopped task whole. Acquire on failure: as in `take`.
        match self.0.compare_exchange(EMPTY, PARKED, Ordering::Release, Ordering::Relaxed) {
            Ok(_) => true,
            Err(_) => {
                self.0.swap(EMPTY, Ordering::Acquire);
                false
            }
        }
    }

    /// Step 2. `true`: the task was stopped, and the caller must make it run (nobody else will).
    #[inline]
    pub(crate) fn notify(&self) -> bool {
        let mut seen = self.0.load(Ordering::Relaxed);
        loop {
            let after = if seen == PARKED { EMPTY } else { NOTIFIED };
            // An exchange even if the word says NOTIFIED already: the task must see what *this* waker did before, so its own
            // Release has to be in the chain that the task acquires. Acquire: pairs with `publish`.
            match self.0.compare_exchange_weak(seen, after, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return seen == PARKED,
                Err(now) => seen = now,
            }
        }
    }

    /// An OS thread whose deadline has passed, after [`publish`](Self::publish): it goes on by itself. `false`: it was woken
    /// all the same.
    #[inline]
    pub(crate) fn give_up(&self) -> bool {
        // Acquire on failure: as in `is_woken`.
        self.0.compare_exchange(PARKED, EMPTY, Ordering::Relaxed, Ordering::Acquire).is_ok()
    }

    /// Is it stopped, and not woken?
    pub(crate) fn is_parked(&self) -> bool {
        // Relaxed: it may change at this very moment.
        self.0.load(Ordering::Relaxed) == PARKED
    }

    /// An OS thread that has stopped on the word: has the wake-up come?
    #[inline]
    pub(crate) fn is_woken(&self) -> bool {
        // Acquire: what the waker did before must be visible now.
        self.0.load(Ordering::Acquire) != PARKED
    }
}
