use std::cell::RefCell;
use std::fmt;
use std::io::{self, IoSlice, Write};
use std::panic::{RefUnwindSafe, UnwindSafe};

use crate::sync::{ReentrantLock, ReentrantLockGuard};
use crate::sys::io::Standard;

/// A handle to the standard error of the process, which has no buffer: as [`std::io::Stderr`].
///
/// Its lock is a coroutine's (or OS thread's): another one on the same worker waits for it. A coroutine that writes more than
/// the other side takes is parked.
pub struct Stderr {
    inner: &'static ReentrantLock<RefCell<StderrRaw>>,
}

/// The right to write to the standard error, for as long as it lives: as [`std::io::StderrLock`].
///
/// Whoever has it may take it again. Coroutines and OS threads that want it meanwhile wait.
#[must_use = "if unused stderr will immediately unlock"]
pub struct StderrLock<'a> {
    inner: ReentrantLockGuard<'a, RefCell<StderrRaw>>,
}

struct StderrRaw;

/// A handle to the standard error of the process. As [`std::io::stderr`].
///
/// # Examples
///
/// ```
/// use costd::io::{self, Write};
///
/// io::stderr().write_all(b"hello world\n")?;
/// # Ok::<(), io::Error>(())
/// ```
#[must_use]
pub fn stderr() -> Stderr {
    static STDERR: ReentrantLock<RefCell<StderrRaw>> = ReentrantLock::new(RefCell::new(StderrRaw));
    Stderr { inner: &STDERR }
}

impl Stderr {
    /// Locks the stream. Waits while another has the lock. As std's.
    pub fn lock(&self) -> StderrLock<'static> {
        StderrLock { inner: self.inner.lock() }
    }
}

impl Write for StderrRaw {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        Standard::ERR.write_vectored(&[IoSlice::new(buf)])
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        Standard::ERR.write_vectored(bufs)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Write for StderrLock<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.inner.borrow_mut().write(buf)
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.inner.borrow_mut().write_vectored(bufs)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.borrow_mut().flush()
    }

    fn write_all(&mut self, buf: &[u8]) -> io::Result<()> {
        self.inner.borrow_mut().write_all(buf)
    }
}

super::write_locked!(Stderr, &Stderr);

impl UnwindSafe for Stderr {}
impl RefUnwindSafe for Stderr {}
impl UnwindSafe for StderrLock<'_> {}
impl RefUnwindSafe for StderrLock<'_> {}

impl fmt::Debug for Stderr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stderr").finish_non_exhaustive()
    }
}

impl fmt::Debug for StderrLock<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StderrLock").finish_non_exhaustive()
    }
}

impl From<Stderr> for std::process::Stdio {
    /// As std's: the child's stream is this process's.
    fn from(_: Stderr) -> std::process::Stdio {
        io::stderr().into()
    }
}

crate::os::convert::standard_stream! {
    Stderr = Standard::ERR,
    StderrLock<'_> = Standard::ERR,
}
