use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::park::{self, Reason};
use crate::sched::wait_queue::WaitQueue;

/// A barrier enables multiple threads to synchronize the beginning of some computation, as [`std::sync::Barrier`].
///
/// # Examples
///
/// ```
/// use costd::sync::Barrier;
/// use costd::thread;
///
/// let barrier = Barrier::new(3);
/// let leaders = thread::scope(|s| {
///     let threads: Vec<_> = (0..3).map(|_| s.spawn(|| barrier.wait().is_leader())).collect();
///     threads.into_iter().filter_map(|thread| thread.join().ok()).filter(|leader| *leader).count()
/// });
/// assert_eq!(leaders, 1);
/// ```
pub struct Barrier {
    /// The number of times that it has been passed (the upper half, wrapping around), and of those who have come since. One
    /// word, so that whoever comes between the last arrival and the wake belongs to the next time.
    state: AtomicU64,
    threads: u64,
    queue: WaitQueue,
}

const ARRIVAL: u64 = 1;
const PASSAGE: u64 = 1 << 32;

impl UnwindSafe for Barrier {}
impl RefUnwindSafe for Barrier {}

/// Returned by [`Barrier::wait`], as [`std::sync::BarrierWaitResult`].
pub struct BarrierWaitResult(bool);

impl Barrier {
    /// Creates a new barrier that blocks each thread until `n` of them have come. (0 is as good as 1.)
    #[must_use]
    #[inline]
    pub const fn new(n: usize) -> Barrier {
        Barrier { state: AtomicU64::new(0), threads: n as u64, queue: WaitQueue::new() }
    }

    /// Blocks until as many threads have come as the barrier is for. One of them, the last, is told that it is the leader.
    /// Then the barrier can be used again.
    ///
    /// # Examples
    ///
    /// See [`Barrier`].
    pub fn wait(&self) -> BarrierWaitResult {
        park::enter();
        let mut state = self.state.load(Ordering::Relaxed);
        let passed = loop {
            let arrived = state % PASSAGE + ARRIVAL;
            let last = arrived >= self.threads;
            let after = if last { (state / PASSAGE * PASSAGE).wrapping_add(PASSAGE) } else { state + ARRIVAL };
            // Release: what this thread did before is visible to those who leave after it. Acquire: to the last one, what all
            // the others did.
            match self.state.compare_exchange_weak(state, after, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) if last => {
                    self.queue.notify_all();
                    return BarrierWaitResult(true);
                }
                Ok(_) => break state / PASSAGE,
                Err(now) => state = now,
            }
        };
        // Acquire: what all the others did. A waiter looks under the queue's lock, which `notify_all` takes after the change:
        // it sees that, or is woken.
        let is_open = || self.state.load(Ordering::Acquire) / PASSAGE != passed;
        /// Takes the arrival of one who is interrupted back, unless the barrier has opened.
        struct Arrival<'a>(&'a Barrier, u64);
        impl Drop for Arrival<'_> {
            fn drop(&mut self) {
                let leave = |state| (state / PASSAGE == self.1).then(|| state - ARRIVAL);
                // Relaxed: whoever leaves so has done nothing that others rely on.
                let _ = self.0.state.fetch_update(Ordering::Relaxed, Ordering::Relaxed, leave);
            }
        }
        let arrival = Arrival(self, passed);
        while !is_open() {
            let _ = park::wait(&self.queue, None, Reason::Barrier, is_open);
        }
        std::mem::forget(arrival);
        BarrierWaitResult(false)
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Barrier").finish_non_exhaustive()
    }
}

impl BarrierWaitResult {
    /// Returns `true` for one of the threads that pass the barrier together.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.0
    }
}

impl fmt::Debug for BarrierWaitResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BarrierWaitResult").field("is_leader", &self.is_leader()).finish()
    }
}
