use std::io;
use std::panic::Location;

use crate::runtime;
use crate::sched::spawn::{self, Options};

use super::JoinHandle;

/// Thread factory, which can be used in order to configure the properties of a new thread: as
/// [`std::thread::Builder`].
///
/// # Examples
///
/// ```
/// use costd::thread;
///
/// let builder = thread::Builder::new().name("foo".into()).stack_size(32 * 1024);
/// let handler = builder.spawn(|| thread::current().name().map(str::len)).unwrap();
/// assert_eq!(handler.join().unwrap(), Some(3));
/// ```
#[must_use = "must eventually spawn the thread"]
#[derive(Debug)]
pub struct Builder {
    pub(super) name: Option<String>,
    pub(super) stack_size: Option<usize>,
    #[expect(dead_code, reason = "std's has it, and shows it")]
    no_hooks: bool,
}

impl Builder {
    /// The configuration that [`spawn`](super::spawn) uses: no name, the default size of the stack.
    #[expect(clippy::new_without_default, reason = "as std's")]
    pub fn new() -> Builder {
        Builder { name: None, stack_size: None, no_hooks: false }
    }

    /// Names the thread, for messages of panics and for [`Thread::name`](super::Thread::name). Spawning panics if the
    /// name has a null byte in it, as std's does.
    pub fn name(mut self, name: String) -> Builder {
        self.name = Some(name);
        self
    }

    /// Sets the least size of the thread's stack in bytes. Without it, the stack is of `RUST_MIN_STACK` bytes, or 2 MiB.
    ///
    /// The size is rounded up to a power of two, of which memory is used only as far as the stack is.
    pub fn stack_size(mut self, size: usize) -> Builder {
        self.stack_size = Some(size);
        self
    }

    /// Spawns a coroutine that runs `f`. As std's.
    ///
    /// # Errors
    /// The system refuses the memory for the stack, or at the very first spawn what the runtime needs.
    ///
    /// # Panics
    /// The name contains null bytes.
    #[track_caller]
    pub fn spawn<F, T>(self, f: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T,
        F: Send + 'static,
        T: Send + 'static,
    {
        // SAFETY: neither borrows anything.
        unsafe { self.spawn_unchecked(f) }
    }

    /// Spawns a coroutine without any lifetime restrictions on `f`. As std's.
    ///
    /// # Errors
    /// As [`spawn`](Self::spawn).
    ///
    /// # Panics
    /// As [`spawn`](Self::spawn).
    ///
    /// # Safety
    /// The caller must make sure that the thread ends before anything that it borrows does, and that the result is
    /// taken or dropped before anything that it borrows ends.
    #[track_caller]
    pub unsafe fn spawn_unchecked<F, T>(self, f: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T,
        F: Send,
        T: Send,
    {
        // SAFETY: the caller's promise.
        Ok(JoinHandle::new(unsafe { spawn::spawn(self.into_options(), f, |_| ()) }?))
    }

    #[track_caller]
    pub(super) fn into_options(self) -> Options {
        let name = self.name.map(String::into_boxed_str);
        // Where a thread's name ends up a C string, as in std's; the panic is the same one.
        let has_null = |name: &str| name.bytes().any(|byte| byte == 0);
        if name.as_deref().is_some_and(has_null) {
            let text = name.map(String::from).unwrap_or_default();
            std::ffi::CString::new(text).expect("thread name may not contain interior null bytes");
            unreachable!("it has a null byte");
        }
        Options { name, stack_size: self.stack_size, spawned_at: Location::caller(), reporter: runtime::report }
    }
}
