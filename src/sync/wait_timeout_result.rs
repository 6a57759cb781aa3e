/// Whether a timed wait on a condition variable returned because the time was up. As [`std::sync::WaitTimeoutResult`].
///
/// # Examples
///
/// ```
/// use costd::sync::{Condvar, Mutex};
/// use costd::time::Duration;
///
/// let (mutex, nobody_notifies) = (Mutex::new(()), Condvar::new());
/// loop {
///     let result = nobody_notifies.wait_timeout(mutex.lock().unwrap(), Duration::from_millis(1)).unwrap().1;
///     if result.timed_out() {
///         break;
///     }
/// }
/// ```
#[derive(Debug, PartialEq, Eq, Copy, Clone)]
pub struct WaitTimeoutResult(pub(super) bool);

impl WaitTimeoutResult {
    /// Returns `true` if the wait was known to have timed out. A waiter that was notified has not, even if its time was up
    /// as well.
    #[must_use]
    pub fn timed_out(&self) -> bool {
        self.0
    }
}
