use std::io;
use std::thread;

use crate::sys::thread::os;

use super::JoinHandle;

/// Spawns an OS thread that runs `f`, and returns a [`JoinHandle`] for it. As the real [`std::thread::spawn`].
///
/// # Panics
/// The system refuses a thread; [`Builder::spawn`] returns that as an error.
///
/// # Examples
///
/// ```
/// use costd::coroutine::{is_coroutine, os_thread};
///
/// let thread = os_thread::spawn(is_coroutine);
/// assert!(!thread.join().unwrap());
/// ```
pub fn spawn<F, T>(f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    Builder::new().spawn(f).expect("failed to spawn thread")
}

/// The properties of a new OS thread, as the real [`std::thread::Builder`].
///
/// # Examples
///
/// ```
/// use costd::coroutine::os_thread;
/// use costd::thread;
///
/// let builder = os_thread::Builder::new().name("engine".into()).stack_size(256 * 1024);
/// let thread = builder.spawn(|| thread::current().name().map(str::len)).unwrap();
/// assert_eq!(thread.join().unwrap(), Some(6));
/// ```
#[must_use = "must eventually spawn the thread"]
#[derive(Debug)]
pub struct Builder(pub(super) thread::Builder);

impl Builder {
    /// The configuration that [`spawn`] uses: no name, the default size of the stack.
    #[expect(clippy::new_without_default, reason = "as std's")]
    pub fn new() -> Builder {
        Builder(thread::Builder::new())
    }

    /// Names the thread, for messages of panics, for [`Thread::name`](crate::thread::Thread::name) and for the system. Spawning
    /// panics if the name has a null byte in it.
    pub fn name(self, name: String) -> Builder {
        Builder(self.0.name(name))
    }

    /// Sets the size of the thread's stack in bytes.
    pub fn stack_size(self, size: usize) -> Builder {
        Builder(self.0.stack_size(size))
    }

    /// Spawns an OS thread that runs `f`.
    ///
    /// # Errors
    /// The system refuses a thread.
    ///
    /// # Panics
    /// The name contains null bytes.
    pub fn spawn<F, T>(self, f: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        // SAFETY: nothing is borrowed.
        Ok(JoinHandle::new(unsafe { os::spawn(self.0, f, |_| ()) }?))
    }
}
