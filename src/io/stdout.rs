use std::cell::RefCell;
use std::fmt;
use std::io::{self, IoSlice, LineWriter, Write};
use std::panic::{RefUnwindSafe, UnwindSafe};

use crate::pal;
use crate::sched::current::without_switching;
use crate::sync::{OnceLock, ReentrantLock, ReentrantLockGuard};
use crate::sys::io::{Standard, flush_real_stdout};

/// A handle to the standard output of the process, with a buffer that all handles share, which is written out at the end of
/// each line: as [`std::io::Stdout`].
///
/// Its lock is a coroutine's (or OS thread's): another one on the same worker waits for it. A coroutine that writes more than
/// the other side takes is parked.
pub struct Stdout {
    inner: &'static ReentrantLock<RefCell<Output>>,
}

/// The right to write to the standard output, for as long as it lives: as [`std::io::StdoutLock`].
///
/// Whoever has it may take it again. Coroutines and OS threads that want it meanwhile wait, also while its holder waits for
/// something else.
#[must_use = "if unused stdout will immediately unlock"]
pub struct StdoutLock<'a> {
    inner: ReentrantLockGuard<'a, RefCell<Output>>,
}

/// What the lock guards.
struct Output {
    writer: LineWriter<StdoutRaw>,
    /// A plain OS thread has printed something through the real std that may be in its buffer yet.
    rest_in_std: bool,
}

/// Without the buffer.
struct StdoutRaw;

static STDOUT: OnceLock<ReentrantLock<RefCell<Output>>> = OnceLock::new();

/// A handle to the standard output of the process. As [`std::io::stdout`].
///
/// What is left in the buffer when the process ends (by returning from `main`, or `process::exit`) is written out, unless
/// somebody has the lock then.
///
/// # Examples
///
/// ```
/// use costd::io::{self, Write};
///
/// io::stdout().write_all(b"hello world\n")?;
/// # Ok::<(), io::Error>(())
/// ```
#[must_use]
pub fn stdout() -> Stdout {
    Stdout {
        inner: STDOUT.get_or_init(|| {
            pal::exit::at_exit(flush_at_exit);
            ReentrantLock::new(RefCell::new(Output { writer: LineWriter::new(StdoutRaw), rest_in_std: false }))
        }),
    }
}

/// At the end of the process. Nothing is kept in the buffer from then on.
extern "C" fn flush_at_exit() {
    let Some(lock) = STDOUT.get() else { return };
    // The OS thread ends the process here: whoever waits must not have it run something else.
    without_switching(|| {
        if let Some(output) = lock.try_lock()
            && let Ok(mut output) = output.try_borrow_mut()
        {
            // By hand: one that was unwound out of a write is not flushed when it is dropped.
            let _ = output.writer.flush();
            output.writer = LineWriter::with_capacity(0, StdoutRaw);
        }
    });
}

impl Stdout {
    /// Locks the stream. Waits while another has the lock. As std's.
    pub fn lock(&self) -> StdoutLock<'static> {
        StdoutLock { inner: self.inner.lock() }
    }
}

impl StdoutLock<'_> {
    /// For a plain OS thread: has `print` print through the real std, in the right order. `whole_lines`: nothing is left
    /// in std's buffer then.
    pub(super) fn through_std(&mut self, whole_lines: bool, print: impl FnOnce()) -> io::Result<()> {
        // Not borrowed while `print` runs, which may come back here, or panic.
        {
            let mut output = self.inner.borrow_mut();
            output.writer.flush()?;
            output.rest_in_std = true;
        }
        print();
        if whole_lines {
            self.inner.borrow_mut().rest_in_std = false;
        }
        Ok(())
    }
}

impl Output {
    /// The buffer, once all that was printed before is on its way.
    fn writer(&mut self) -> io::Result<&mut LineWriter<StdoutRaw>> {
        if self.rest_in_std {
            flush_real_stdout()?;
            self.rest_in_std = false;
        }
        Ok(&mut self.writer)
    }
}

impl Write for StdoutRaw {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        Standard::OUT.write_vectored(&[IoSlice::new(buf)])
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        Standard::OUT.write_vectored(bufs)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Write for StdoutLock<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.inner.borrow_mut().writer()?.write(buf)
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.inner.borrow_mut().writer()?.write_vectored(bufs)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.borrow_mut().writer()?.flush()
    }

    fn write_all(&mut self, buf: &[u8]) -> io::Result<()> {
        self.inner.borrow_mut().writer()?.write_all(buf)
    }
}

super::write_locked!(Stdout, &Stdout);

impl UnwindSafe for Stdout {}
impl RefUnwindSafe for Stdout {}
impl UnwindSafe for StdoutLock<'_> {}
impl RefUnwindSafe for StdoutLock<'_> {}

impl fmt::Debug for Stdout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stdout").finish_non_exhaustive()
    }
}

impl fmt::Debug for StdoutLock<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StdoutLock").finish_non_exhaustive()
    }
}

impl From<Stdout> for std::process::Stdio {
    /// As std's: the child's stream is this process's.
    fn from(_: Stdout) -> std::process::Stdio {
        io::stdout().into()
    }
}

crate::os::convert::standard_stream! {
    Stdout = Standard::OUT,
    StdoutLock<'_> = Standard::OUT,
}
