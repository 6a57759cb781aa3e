use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::{LockResult, PoisonError};
use std::time::{Duration, Instant};

use crate::sys::sync as sys;

use super::super::WaitTimeoutResult;
use super::MutexGuard;

/// A condition variable, as [`std::sync::Condvar`]: threads wait, with a [`Mutex`](super::Mutex) unlocked meanwhile, until
/// another one notifies them.
///
/// Who has waited longest is notified first. Notifying when nobody waits costs a load. A wait does not end without a
/// notification, but programs should not rely on that.
///
/// # Examples
///
/// ```
/// use costd::sync::{Arc, Condvar, Mutex};
/// use costd::thread;
///
/// let pair = Arc::new((Mutex::new(false), Condvar::new()));
/// let theirs = Arc::clone(&pair);
/// thread::spawn(move || {
///     let (started, changed) = &*theirs;
///     *started.lock().unwrap() = true;
///     changed.notify_one();
/// });
/// let (started, changed) = &*pair;
/// let mut guard = started.lock().unwrap();
/// while !*guard {
///     guard = changed.wait(guard).unwrap();
/// }
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

    /// Unlocks the mutex of `guard`, waits for a notification, and locks the mutex again.
    ///
    /// Nothing that happens after the mutex is unlocked is missed. As std says of its own, a wait may end without a reason:
    /// look at the condition in a loop, or call [`wait_while`](Self::wait_while).
    ///
    /// # Errors
    /// The mutex is poisoned when it is locked again. The error holds the guard.
    ///
    /// # Examples
    ///
    /// See [`Condvar`].
    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        // SAFETY: the guard is the proof that its mutex is locked by this thread.
        unsafe { self.raw.wait(MutexGuard::raw(&guard), None) };
        MutexGuard::check(guard)
    }

    /// As [`wait`](Self::wait), while `condition` holds.
    ///
    /// # Errors
    /// The mutex is poisoned after a wait. The error holds the guard.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::{Arc, Condvar, Mutex};
    /// use costd::thread;
    ///
    /// let pair = Arc::new((Mutex::new(true), Condvar::new()));
    /// let theirs = Arc::clone(&pair);
    /// thread::spawn(move || {
    ///     *theirs.0.lock().unwrap() = false;
    ///     theirs.1.notify_one();
    /// });
    /// let guard = pair.1.wait_while(pair.0.lock().unwrap(), |pending| *pending).unwrap();
    /// assert!(!*guard);
    /// ```
    pub fn wait_while<'a, T, F>(&self, mut guard: MutexGuard<'a, T>, mut condition: F) -> LockResult<MutexGuard<'a, T>>
    where
        F: FnMut(&mut T) -> bool,
    {
        while condition(&mut *guard) {
            guard = self.wait(guard)?;
        }
        Ok(guard)
    }

    /// As [`wait_timeout`](Self::wait_timeout), in milliseconds; the boolean is `false` if the time was up.
    ///
    /// # Errors
    /// As [`wait_timeout`](Self::wait_timeout).
    #[deprecated(since = "1.6.0", note = "replaced by `std::sync::Condvar::wait_timeout`")]
    pub fn wait_timeout_ms<'a, T>(&self, guard: MutexGuard<'a, T>, ms: u32) -> LockResult<(MutexGuard<'a, T>, bool)> {
        match self.wait_timeout(guard, Duration::from_millis(u64::from(ms))) {
            Ok((guard, result)) => Ok((guard, !result.timed_out())),
            Err(error) => {
                let (guard, result) = error.into_inner();
                Err(PoisonError::new((guard, !result.timed_out())))
            }
        }
    }

    /// As [`wait`](Self::wait), for `dur` at most. A thread that was notified has not timed out, even if its time was up as
    /// well.
    ///
    /// # Errors
    /// The mutex is poisoned when it is locked again. The error holds the guard and the result.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::{Condvar, Mutex};
    /// use costd::time::Duration;
    ///
    /// let (mutex, nobody_notifies) = (Mutex::new(()), Condvar::new());
    /// let (_guard, result) =
    ///     nobody_notifies.wait_timeout(mutex.lock().unwrap(), Duration::from_millis(1)).unwrap();
    /// assert!(result.timed_out());
    /// ```
    pub fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        dur: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        // SAFETY: as in `wait`. (No end is past the end of the clock: then it waits for ever.)
        let in_time = unsafe { self.raw.wait(MutexGuard::raw(&guard), Instant::now().checked_add(dur)) };
        let result = WaitTimeoutResult(!in_time);
        match MutexGuard::check(guard) {
            Ok(guard) => Ok((guard, result)),
            Err(error) => Err(PoisonError::new((error.into_inner(), result))),
        }
    }

    /// As [`wait_while`](Self::wait_while), for `dur` at most. If the condition does not hold in the end, it has not timed
    /// out.
    ///
    /// # Errors
    /// The mutex is poisoned after a wait. The error holds the guard and the result.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::{Condvar, Mutex};
    /// use costd::time::Duration;
    ///
    /// let (pending, nobody_notifies) = (Mutex::new(true), Condvar::new());
    /// let (guard, result) = nobody_notifies
    ///     .wait_timeout_while(pending.lock().unwrap(), Duration::from_millis(1), |pending| *pending)
    ///     .unwrap();
    /// assert!(*guard && result.timed_out());
    /// ```
    pub fn wait_timeout_while<'a, T, F>(
        &self,
        mut guard: MutexGuard<'a, T>,
        dur: Duration,
        mut condition: F,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)>
    where
        F: FnMut(&mut T) -> bool,
    {
        let start = Instant::now();
        loop {
            if !condition(&mut *guard) {
                return Ok((guard, WaitTimeoutResult(false)));
            }
            let Some(left) = dur.checked_sub(start.elapsed()) else {
                return Ok((guard, WaitTimeoutResult(true)));
            };
            guard = self.wait_timeout(guard, left)?.0;
        }
    }

    /// Wakes the thread that has waited longest, if there is one.
    ///
    /// # Examples
    ///
    /// See [`Condvar`].
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
