use crate::sched;

/// Is this code run by a coroutine? Not on a plain OS thread: `main`, what [`os_thread`](super::os_thread) starts, what
/// another crate has started, and inside of [`blocking`](super::blocking).
///
/// # Examples
///
/// ```
/// use costd::coroutine::is_coroutine;
/// use costd::thread;
///
/// assert!(!is_coroutine());
/// assert!(thread::spawn(is_coroutine).join().unwrap());
/// ```
#[inline]
#[must_use]
pub fn is_coroutine() -> bool {
    // What has no home is the OS thread itself, at its end.
    sched::current::running_coroutine().is_some_and(|task| task.home().is_some())
}
