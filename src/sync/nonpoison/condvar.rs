use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::{Duration, Instant};

use crate::sys::sync as sys;

use super::super::WaitTimeoutResult;
use super::MutexGuard;

/// A condition variable for [`Mutex`](super::Mutex)es that do not become poisoned. See
/// [`poison::Condvar`](super::super::poison::Condvar).
///
/// # Examples
///
/// ```
/// use costd::sync::nonpoison::{Condvar, Mutex};
/// use costd::thread;
///
/// let (started, changed) = (Mutex::new(false), Condvar::new());
/// thread::scope(|s| {
///     s.spawn(|| {
///         *started.lock() = true;
///         changed.notify_one();
///     });
///     let mut guard = started.lock();
///     changed.wait_while(&mut guard, |started| !*started);
/// });
/// ```
pub struct Condvar {
    raw: sys::Condvar,
}

impl UnwindSafe for Condvar {}
impl RefUnwindSafe for Condvar {}

impl Condvar {
    /// Creates a new condition variable which is ready to be waited on and notified.
    #[must_use]
    #[inline]
    pub const fn new() -> Condvar {
        Condvar { raw: sys::Condvar::new() }
    }

    /// Unlocks the mutex of `guard`, waits for a notification, and locks the mutex again. May end without a reason.
    pub fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
        // SAFETY: the guard is the proof that its mutex is locked by this thread.
        unsafe { self.raw.wait(MutexGuard::raw(guard), None) };
    }

    /// As [`wait`](Self::wait), while `condition` holds.
    pub fn wait_while<T, F>(&self, guard: &mut MutexGuard<'_, T>, mut condition: F)
    where
        F: FnMut(&mut T) -> bool,
    {
        while condition(&mut *guard) {
            self.wait(guard);
        }
    }

    /// As [`wait`](Self::wait), for `dur` at most.
    pub fn wait_timeout<T>(&self, guard: &mut MutexGuard<'_, T>, dur: Duration) -> WaitTimeoutResult {
        // SAFETY: as in `wait`.
        let in_time = unsafe { self.raw.wait(MutexGuard::raw(guard), Instant::now().checked_add(dur)) };
        WaitTimeoutResult(!in_time)
    }

    /// As [`wait_while`](Self::wait_while), for `dur` at most.
    pub fn wait_timeout_while<T, F>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        dur: Duration,
        mut condition: F,
    ) -> WaitTimeoutResult
    where
        F: FnMut(&mut T) -> bool,
    {
        let start = Instant::now();
        while condition(&mut *guard) {
            let Some(left) = dur.checked_sub(start.elapsed()) else {
                return WaitTimeoutResult(true);
            };
            self.wait_timeout(guard, left);
        }
        WaitTimeoutResult(false)
    }

    /// Wakes the thread that has waited longest, if there is one.
    #[inline]
    pub fn notify_one(&self) {
        self.raw.notify_one();
    }

    /// Wakes all threads that wait now.
    #[inline]
    pub fn notify_all(&self) {
        self.raw.notify_all();
    }
}

impl fmt::Debug for Condvar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condvar").finish_non_exhaustive()
    }
}

impl Default for Condvar {
    /// Creates a `Condvar` which is ready to be waited on and notified.
    fn default() -> Condvar {
        Condvar::new()
    }
}
