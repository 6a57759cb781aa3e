//! A flag that is set and reset, and a queue of those who wait for it to be set.
//!
//! The word has the bit `SET`, and counts how often that has gone from clear to set. The count is there so that whoever waits
//! when the flag is set does not miss it, however soon it is reset: a wait is over when the flag is set, *or the count is
//! not what it was when the wait began*.
//!
//! ```text
//! a waiter                                         who sets it
//!   a. SET: done; else note the count                1. clear: SET, and count; set: write the same again
//!   b. under the queue's lock: enqueue itself        2. was it clear? wake all who are in the queue
//!   c. still not over? park
//! ```
//!
//! b to 2 is the protocol of `sched::wait_queue`. 2 wakes as many as were in the queue when it began; if one of them leaves
//! meanwhile, one that came after a reset may be woken in its stead, sees that its wait is not over, and enqueues itself
//! again. Those who were there at 1 stand before it, so none of them is passed over.
//!
//! 1 writes even if the flag is set already. A usual loop is *reset, look whether there is work, wait*: whoever makes work
//! and then sets the flag must either have its flag seen by the wait, or its work by the look. If it found the flag set and
//! wrote nothing, a reset right after that would take the flag away without seeing the work.

use std::time::Instant;

use crate::park::{self, Reason, Wait};
use crate::sched::panics::panicking;
use crate::sched::primitive::atomic::{AtomicU64, Ordering, fence};
use crate::sched::wait_queue::WaitQueue;

const SET: u64 = 1;
const TIME: u64 = 2;

/// See the module's text.
pub(crate) struct Event {
    word: AtomicU64,
    queue: WaitQueue,
}

impl Event {
    #[cfg(not(loom))]
    pub(crate) const fn new() -> Event {
        Event { word: AtomicU64::new(0), queue: WaitQueue::new() }
    }

    #[cfg(loom)]
    pub(crate) fn new() -> Event {
        Event { word: AtomicU64::new(0), queue: WaitQueue::new() }
    }

    /// Sets the flag, and wakes all who wait; lets them go first now and then.
    pub(crate) fn set(&self) {
        park::tick();
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let after = if word & SET == 0 { (word + TIME) | SET } else { word };
            // Release: what was done before is visible to those who see the flag, or reset it.
            match self.word.compare_exchange_weak(word, after, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => break,
                Err(now) => word = now,
            }
        }
        if word & SET == 0 {
            fence(Ordering::SeqCst);
            if self.queue.has_waiters() && self.queue.notify_all() > 0 && !panicking() {
                park::checkpoint();
            }
        }
    }

    /// Clears the flag. `true`: it was set.
    pub(crate) fn reset(&self) -> bool {
        park::tick();
        // Acquire: what was done before the flag was set is visible, also to who does not wait for it. A read-modify-write, so
        // no earlier Release is hidden.
        self.word.fetch_and(!SET, Ordering::Acquire) & SET != 0
    }

    /// Is the flag set? For who may be asking in a loop.
    #[inline]
    pub(crate) fn is_set(&self) -> bool {
        // Acquire: what was done before it was set is visible.
        let set = self.word.load(Ordering::Acquire) & SET != 0;
        if !set {
            park::tick();
        }
        set
    }

    /// Waits until the flag is set. `false`: the deadline has passed, and it was not.
    pub(crate) fn wait(&self, deadline: Option<Instant>, reason: Reason) -> bool {
        park::tick();
        // Acquire, here and below: as in `is_set`.
        let word = self.word.load(Ordering::Acquire);
        word & SET != 0 || self.wait_from(word / TIME, deadline, reason)
    }

    /// Where they wait.
    pub(crate) fn queue(&self) -> &WaitQueue {
        &self.queue
    }

    /// How often it has been set.
    pub(super) fn count(&self) -> u64 {
        self.word.load(Ordering::Relaxed) / TIME
    }

    /// Is it set, or was it since that was its [`count`](Self::count)?
    pub(crate) fn was_set_since(&self, count: u64) -> bool {
        let word = self.word.load(Ordering::Acquire);
        word & SET != 0 || word / TIME != count
    }

    #[cold]
    fn wait_from(&self, count: u64, deadline: Option<Instant>, reason: Reason) -> bool {
        let is_over = || self.was_set_since(count);
        loop {
            let wait = park::wait(&self.queue, deadline, reason, is_over);
            if is_over() {
                return true;
            }
            if wait == Wait::TimedOut {
                return false;
            }
        }
    }
}
