use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};

use crate::sched::current_task;
use crate::sched::task::TaskRef;
use crate::sys::thread::token;

use super::ThreadId;

/// A handle to a thread, as [`std::thread::Thread`]: to a coroutine, or to an OS thread.
///
/// # Examples
///
/// ```
/// use costd::thread;
///
/// let thread = thread::Builder::new().name("fetcher".to_string()).spawn(thread::park).unwrap();
/// assert_eq!(thread.thread().name(), Some("fetcher"));
/// thread.thread().unpark();
/// thread.join().unwrap();
/// ```
#[derive(Clone)]
#[repr(transparent)]
pub struct Thread(TaskRef);

// As std's: nothing behind it can be seen in a state that a panic has left halfway.
impl UnwindSafe for Thread {}
impl RefUnwindSafe for Thread {}

impl Thread {
    pub(crate) fn from_task(task: &TaskRef) -> &Thread {
        // SAFETY: `Thread` is a transparent wrapper of `TaskRef`.
        unsafe { &*std::ptr::from_ref(task).cast::<Thread>() }
    }

    pub(crate) fn task(&self) -> &TaskRef {
        &self.0
    }

    /// Atomically makes the thread's token available if it is not already: its present or next
    /// [`park`](super::park) returns. As std's.
    #[inline]
    pub fn unpark(&self) {
        token::unpark(&self.0);
    }

    /// The thread's unique identifier.
    #[must_use]
    pub fn id(&self) -> ThreadId {
        ThreadId::new(self.0.id())
    }

    /// The thread's name, if it has one. As std's: the main thread's is `main`.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.0.name()
    }
}

impl fmt::Debug for Thread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Thread").field("id", &self.id()).field("name", &self.name()).finish_non_exhaustive()
    }
}

/// A handle to the thread that calls it: the coroutine, or the OS thread where there is none. As std's.
///
/// # Examples
///
/// ```
/// use costd::thread;
///
/// let handler = thread::Builder::new().name("named thread".into()).spawn(|| {
///     assert_eq!(thread::current().name(), Some("named thread"));
/// });
/// handler.unwrap().join().unwrap();
/// ```
#[must_use]
pub fn current() -> Thread {
    Thread(current_task().to_ref())
}
