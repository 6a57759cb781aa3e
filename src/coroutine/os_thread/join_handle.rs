use std::fmt;
use std::thread::Result;

use crate::sys::sync::Event;
use crate::sys::thread::os::Handle;
use crate::thread::Thread;

/// An owned permission to join on an OS thread, as the real [`std::thread::JoinHandle`]; a coroutine that joins is parked.
///
/// Dropping it detaches the thread.
///
/// # Examples
///
/// ```
/// use costd::coroutine::os_thread;
/// use costd::thread;
///
/// let waiting = os_thread::spawn(|| {
///     thread::park();
///     "result"
/// });
/// waiting.thread().unpark();
/// let joining = thread::spawn(move || waiting.join());
/// assert_eq!(joining.join().unwrap().unwrap(), "result");
/// ```
pub struct JoinHandle<T>(Handle<T>);

impl<T> JoinHandle<T> {
    pub(super) fn new(handle: Handle<T>) -> JoinHandle<T> {
        JoinHandle(handle)
    }

    pub(crate) fn ended(&self) -> &Event {
        self.0.ended()
    }

    /// The thread that this is the handle of, as [`thread::current`](crate::thread::current) on it has it.
    ///
    /// Right after the spawn, this waits until the system lets the thread run for the first time.
    #[must_use]
    pub fn thread(&self) -> &Thread {
        Thread::from_task(self.0.task())
    }

    /// Waits for the thread to end and returns what it returned, or `Err` with what it panicked with. Its destructors,
    /// those of its thread-locals included, have run by then.
    ///
    /// # Errors
    /// The payload of the panic.
    pub fn join(self) -> Result<T> {
        self.0.join()
    }

    /// Has the thread's function returned, so that [`join`](Self::join) would not wait for long?
    pub fn is_finished(&self) -> bool {
        self.0.is_ended()
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").finish_non_exhaustive()
    }
}

#[cfg(unix)]
impl<T> std::os::unix::thread::JoinHandleExt for JoinHandle<T> {
    fn as_pthread_t(&self) -> std::os::unix::thread::RawPthread {
        self.0.thread().as_pthread_t()
    }

    /// The thread's result is dropped, by the thread if it has not ended yet.
    fn into_pthread_t(self) -> std::os::unix::thread::RawPthread {
        self.0.into_thread().into_pthread_t()
    }
}
