//! A count of members, and a queue of those who wait for it to be 0.
//!
//! A member is made from nothing only at the start; any other enters while one is in (its maker), so that 0 is final: the
//! one exception, [`WaitGroup::enter_again`], enters only if the count is not 0.
//!
//! ```text
//! a waiter                                         a member
//!   a. 0: done                                       1. subtract itself
//!   b. under the queue's lock: enqueue itself        2. that was the last one? wake all who are in the queue
//!   c. still not 0? park
//! ```
//!
//! 2 takes the queue's lock in any case. If it comes before b, c sees 0; if it comes after c, it finds the waiter.

use std::time::Instant;

use crate::park::{self, Reason, Wait};
use crate::sched::primitive::atomic::{AtomicUsize, Ordering};
use crate::sched::wait_queue::WaitQueue;

/// See the module's text.
pub(crate) struct WaitGroup {
    members: AtomicUsize,
    pub(super) queue: WaitQueue,
}

impl WaitGroup {
    /// With one member.
    pub(crate) fn new() -> WaitGroup {
        WaitGroup { members: AtomicUsize::new(1), queue: WaitQueue::new() }
    }

    /// How many are in.
    pub(crate) fn members(&self) -> usize {
        self.members.load(Ordering::Relaxed)
    }

    /// One more member. The caller is one, and stays it meanwhile.
    pub(crate) fn enter(&self) {
        // Relaxed: it says nothing; and the count is not 0.
        if self.members.fetch_add(1, Ordering::Relaxed) > usize::MAX / 2 {
            // Only leaked members get here; wrapping around would end waits too early.
            std::process::abort();
        }
    }

    /// As [`enter`](Self::enter), for one who has left. `false`: nobody is in any more.
    pub(crate) fn enter_again(&self) -> bool {
        // Acquire wherever 0 may be read: as in `is_empty`.
        let mut members = self.members.load(Ordering::Acquire);
        while members != 0 {
            match self.members.compare_exchange_weak(members, members + 1, Ordering::Relaxed, Ordering::Acquire) {
                Ok(_) => return true,
                Err(now) => members = now,
            }
        }
        false
    }

    /// One member less.
    pub(crate) fn leave(&self) {
        // Release: what the member did is visible to those who wait.
        if self.members.fetch_sub(1, Ordering::Release) == 1 {
            self.queue.notify_all();
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        // Acquire: what all members did, each of whom has left by a read-modify-write.
        self.members.load(Ordering::Acquire) == 0
    }

    /// Waits until nobody is in. `false`: the deadline has passed, and somebody was.
    pub(crate) fn wait(&self, deadline: Option<Instant>) -> bool {
        park::tick();
        while !self.is_empty() {
            if park::wait(&self.queue, deadline, Reason::WaitGroup, || self.is_empty()) == Wait::TimedOut {
                return self.is_empty();
            }
        }
        true
    }
}
