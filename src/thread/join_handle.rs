use std::fmt;
use std::thread::Result;

use crate::park;
use crate::sched::spawn::Handle;
use crate::sched::task::TaskRef;

use super::Thread;

/// An owned permission to join on a thread, as [`std::thread::JoinHandle`].
///
/// Dropping it detaches the coroutine.
///
/// # Examples
///
/// ```
/// use costd::thread;
///
/// let thread = thread::spawn(|| "result");
/// assert_eq!(thread.join().unwrap(), "result");
/// ```
pub struct JoinHandle<T>(Handle<T>);

impl<T> JoinHandle<T> {
    pub(super) fn new(handle: Handle<T>) -> JoinHandle<T> {
        JoinHandle(handle)
    }

    pub(crate) fn into_inner(self) -> Handle<T> {
        self.0
    }

    pub(crate) fn task(&self) -> &TaskRef {
        self.0.task()
    }

    /// The thread that this is the handle of.
    #[must_use]
    pub fn thread(&self) -> &Thread {
        Thread::from_task(self.0.task())
    }

    /// Waits for the thread to end and returns what it returned, or `Err` with what it panicked with. Its destructors,
    /// those of its thread-locals included, have run by then. As std's.
    ///
    /// # Errors
    /// The payload of the panic.
    pub fn join(self) -> Result<T> {
        join(self.0)
    }

    /// Has the thread ended, so that [`join`](Self::join) would return at once?
    pub fn is_finished(&self) -> bool {
        self.0.is_done()
    }
}

pub(super) fn join<T>(mut handle: Handle<T>) -> Result<T> {
    park::wait_for_end(&handle.task().ending);
    handle.take().expect("a thread that is done has a result, and only its handle takes it")
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").finish_non_exhaustive()
    }
}
