//! A notice to one task that what it waits for may be there: given by any number of others, at any time, and as often as
//! they like.
//!
//! The two halves of the race:
//!
//! ```text
//! the task                                    whoever has made it ready
//!   a. `given` = false                          1. make it ready
//!   b. look whether it is ready: not yet        2. swap `given` to true
//!   c. until `given`: park                      3. was it false? unpark the task
//! ```
//!
//! The read-modify-writes of `given` have one order. If 2 comes before a, b sees what 1 has done: a has read the value that
//! 2 wrote, or that of a later 2, which continues its release sequence. If 2 comes after a, `given` is true from then on, and
//! c ends: the task sees it before it parks, or 3 ends the park, or makes it end at once (`sched::park_state`). Whoever finds
//! `given` true at 2 leaves 3 to the one who has made it so.
//!
//! A park that ends for another reason (a lock's wake that came late, say) finds `given` false, and b is not done again for
//! nothing.

use crate::park::{self, Reason, Unparker};
use crate::sched::interrupt;
use crate::sched::primitive::atomic::{AtomicBool, Ordering};

/// See the module's text.
pub(crate) struct Notice {
    unparker: Unparker,
    given: AtomicBool,
}

impl Notice {
    /// One for the current task, which has not looked yet.
    pub(crate) fn new() -> Notice {
        Notice { unparker: Unparker::current(), given: AtomicBool::new(false) }
    }

    /// Steps 2 and 3. The task may be gone.
    pub(crate) fn give(&self) {
        // A swap also if it is true already, and Release: what this giver has done is to be seen, too.
        if !self.given.swap(true, Ordering::Release) {
            self.unparker.unpark();
        }
    }

    /// Step a, by the task.
    pub(crate) fn clear(&self) {
        // Acquire: pairs with `give`.
        self.given.swap(false, Ordering::Acquire);
    }

    /// Step c, by the task. A cancellation point, of which nothing is seen if the notice was given before the interruption.
    pub(crate) fn wait(&self) {
        loop {
            // Asked before `given` is looked at, so that of the two the earlier counts.
            let is_interrupted = interrupt::is_due();
            // Relaxed: `clear` reads it again.
            if self.given.load(Ordering::Relaxed) {
                return;
            }
            if is_interrupted {
                interrupt::unwind();
            }
            let _ = park::park_within_limits(None, Reason::Future);
        }
    }
}
