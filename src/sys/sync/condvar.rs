//! A condition variable: a queue.
//!
//! The two halves of the race:
//!
//! ```text
//! a waiter (a and b under the queue's lock)         a notifier
//!   a. enqueue itself                                 1. change the condition, with the mutex locked
//!   b. unlock the mutex                               2. nobody in the queue? done
//!   c. park                                           3. lock the queue, dequeue one, wake it
//! ```
//!
//! The waiter had the mutex when it found the condition false, so 1 comes after b, in the order that the mutex gives: 2 sees
//! it in the queue, and 3 wakes it before or after it has parked, which `park` makes equal. A notifier that does not take
//! the mutex after b has no way to know that anybody waits, nor has it with a condition variable of the system's.
//!
//! A waiter whose time is up and whom a notifier has chosen has been notified: it says so, and the notification is not lost
//! to the others.

use std::time::Instant;

use crate::park::{self, Reason, Wait};
use crate::sched::wait_queue::WaitQueue;

use super::Mutex;

/// See the module's text.
pub(crate) struct Condvar {
    queue: WaitQueue,
}

impl Condvar {
    #[cfg(not(loom))]
    pub(crate) const fn new() -> Condvar {
        Condvar { queue: WaitQueue::new() }
    }

    #[cfg(loom)]
    pub(crate) fn new() -> Condvar {
        Condvar { queue: WaitQueue::new() }
    }

    /// Unlocks `mutex` and waits, both at once; locks it again, in any case. `false`: the deadline has passed and nobody has
    /// notified this task.
    ///
    /// # Safety
    /// The caller holds `mutex`.
    pub(crate) unsafe fn wait(&self, mutex: &Mutex, deadline: Option<Instant>) -> bool {
        /// Also if the park is left by unwinding: the caller's guard will unlock the mutex.
        struct Relock<'a>(&'a Mutex);
        impl Drop for Relock<'_> {
            fn drop(&mut self) {
                self.0.lock();
            }
        }
        let _relock = Relock(mutex);
        let unlock = || {
            // It may wake one who waits for the mutex, but does not switch. (A queue of a mutex is never locked before one of
            // a condition variable.)
            mutex.release();
            false
        };
        park::wait(&self.queue, deadline, Reason::Condvar, unlock) != Wait::TimedOut
    }

    /// Wakes one who waits.
    #[inline]
    pub(crate) fn notify_one(&self) {
        // Relaxed is enough, see the module's text.
        if self.queue.has_waiters() {
            self.queue.notify_one();
        }
    }

    /// Wakes all who wait.
    #[inline]
    pub(crate) fn notify_all(&self) {
        if self.queue.has_waiters() {
            self.queue.notify_all();
        }
    }
}
