use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};

use crate::sys::sync as sys;

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
pub struct Barrier(sys::Barrier);

impl UnwindSafe for Barrier {}
impl RefUnwindSafe for Barrier {}

/// Returned by [`Barrier::wait`], as [`std::sync::BarrierWaitResult`].
pub struct BarrierWaitResult(bool);

impl Barrier {
    /// Creates a new barrier that blocks each thread until `n` of them have come. (0 is as good as 1.)
    #[must_use]
    #[inline]
    pub const fn new(n: usize) -> Barrier {
        Barrier(sys::Barrier::new(n))
    }

    /// Blocks until as many threads have come as the barrier is for. One of them, the last, is told that it is the leader.
    /// Then the barrier can be used again.
    ///
    /// # Examples
    ///
    /// See [`Barrier`].
    pub fn wait(&self) -> BarrierWaitResult {
        BarrierWaitResult(self.0.wait())
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
