//! An initialisation that runs once: one word, and a queue of those who wait for its end.
//!
//! | state | meaning |
//! |---|---|
//! | `INCOMPLETE` | nobody has begun |
//! | `POISONED` | somebody began and panicked, or said that it failed |
//! | `RUNNING` | somebody is at it |
//! | `COMPLETE` | done, for ever |
//!
//! Besides, in any state but COMPLETE, the bit `QUEUED`: somebody may stand in the queue.
//!
//! The two halves of the race:
//!
//! ```text
//! a waiter (all of it under the queue's lock)       who runs the initialisation
//!   a. enqueue itself                                 1. swap the result in
//!   b. set QUEUED, or find that there is              2. was it QUEUED? lock the queue, wake all
//!      nothing to wait for: leave
//! ```
//!
//! If b comes before 1, 1 sees QUEUED and 2 finds the waiter; else b sees the result.

use crate::park::{self, Reason};
use crate::sched::primitive::atomic::{AtomicU32, Ordering};
use crate::sched::wait_queue::WaitQueue;

const COMPLETE: u32 = 0;
const RUNNING: u32 = 1;
const POISONED: u32 = 2;
const INCOMPLETE: u32 = 3;
const STATE: u32 = 3;
const QUEUED: u32 = 4;

/// See the module's text.
pub(crate) struct Once {
    state: AtomicU32,
    queue: WaitQueue,
}

impl Once {
    #[cfg(not(loom))]
    pub(crate) const fn new() -> Once {
        Once { state: AtomicU32::new(INCOMPLETE), queue: WaitQueue::new() }
    }

    #[cfg(not(loom))]
    pub(crate) const fn new_complete() -> Once {
        Once { state: AtomicU32::new(COMPLETE), queue: WaitQueue::new() }
    }

    #[cfg(loom)]
    pub(crate) fn new() -> Once {
        Once { state: AtomicU32::new(INCOMPLETE), queue: WaitQueue::new() }
    }

    /// Is it done?
    #[inline]
    pub(crate) fn is_completed(&self) -> bool {
        // Acquire: what the initialisation did is visible.
        self.state.load(Ordering::Acquire) == COMPLETE
    }

    /// As [`is_completed`](Self::is_completed), for who may be asking in a loop.
    #[inline]
    pub(crate) fn poll(&self) -> bool {
        #[cold]
        fn in_vain() {
            park::tick();
        }
        let completed = self.is_completed();
        if !completed {
            in_vain();
        }
        completed
    }

    /// Somebody who has it alone has done it, or has failed.
    #[cfg(not(loom))]
    pub(crate) fn set_result(&mut self, done: bool) {
        *self.state.get_mut() = if done { COMPLETE } else { POISONED };
    }

    /// Waits until it is done, whoever does it.
    ///
    /// # Panics
    /// It is poisoned, or becomes so meanwhile, unless `ignore_poisoning`.
    #[cold]
    #[track_caller]
    pub(crate) fn wait(&self, ignore_poisoning: bool) {
        loop {
            // Acquire, here and in `call`: as in `is_completed`.
            match self.state.load(Ordering::Acquire) & STATE {
                COMPLETE => return,
                POISONED if !ignore_poisoning => poisoned(),
                _ => self.wait_unless(|state| state == COMPLETE || (state == POISONED && !ignore_poisoning)),
            }
        }
    }

    /// Runs `init` if nobody has, or waits until somebody who is at it has done. `init` learns whether an earlier attempt
    /// has failed, and returns whether this one has not.
    ///
    /// # Panics
    /// It is poisoned, unless `ignore_poisoning`.
    #[cold]
    #[track_caller]
    pub(crate) fn call(&self, ignore_poisoning: bool, init: &mut dyn FnMut(bool) -> bool) {
        let mut state = self.state.load(Ordering::Acquire);
        loop {
            match state & STATE {
                COMPLETE => return,
                POISONED if !ignore_poisoning => poisoned(),
                RUNNING => {
                    self.wait_unless(|state| state != RUNNING);
                    state = self.state.load(Ordering::Acquire);
                }
                begin => {
                    let running = RUNNING | (state & QUEUED);
                    // Acquire: what an earlier attempt has left behind.
                    match self.state.compare_exchange_weak(state, running, Ordering::Acquire, Ordering::Acquire) {
                        Ok(_) => return self.run(begin == POISONED, init),
                        Err(now) => state = now,
                    }
                }
            }
        }
    }

    fn run(&self, poisoned: bool, init: &mut dyn FnMut(bool) -> bool) {
        /// Steps 1 and 2; also if `init` panics.
        struct End<'a> {
            once: &'a Once,
            leave: u32,
        }
        impl Drop for End<'_> {
            fn drop(&mut self) {
                // Release: what the initialisation did.
                if self.once.state.swap(self.leave, Ordering::Release) & QUEUED != 0 {
                    self.once.queue.notify_all();
                }
            }
        }
        let mut end = End { once: self, leave: POISONED };
        if init(poisoned) {
            end.leave = COMPLETE;
        }
    }

    fn wait_unless(&self, over: impl Fn(u32) -> bool) {
        let announced_or_over = || {
            let mut state = self.state.load(Ordering::Relaxed);
            loop {
                if over(state & STATE) {
                    return true;
                }
                if state & QUEUED != 0 {
                    return false;
                }
                // Relaxed: the queue's lock orders the wake after this waiter's enqueuing.
                let queued = state | QUEUED;
                match self.state.compare_exchange_weak(state, queued, Ordering::Relaxed, Ordering::Relaxed) {
                    Ok(_) => return false,
                    Err(now) => state = now,
                }
            }
        };
        // However it ends, the caller looks at the state again.
        let _ = park::wait(&self.queue, None, Reason::Once, announced_or_over);
    }
}

#[cold]
#[track_caller]
fn poisoned() -> ! {
    panic!("Once instance has previously been poisoned");
}
