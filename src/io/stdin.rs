use std::fmt;
use std::io::{self, BufRead, BufReader, IoSliceMut, Lines, Read};

use crate::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use crate::sys::io::Standard;

/// Without the buffer.
struct StdinRaw;

/// A handle to the standard input of the process, with a buffer that all handles share: as [`std::io::Stdin`].
///
/// A coroutine that reads what has not come is parked, whether the standard input is a pipe, a terminal or a file. The real
/// std's handle has a buffer of its own, so a program reads from one of the two.
pub struct Stdin {
    inner: &'static Mutex<BufReader<StdinRaw>>,
}

/// The right to read from the standard input, for as long as it lives: as [`std::io::StdinLock`].
///
/// Coroutines and OS threads that want it meanwhile wait, also while its holder waits for input.
#[must_use = "if unused stdin will immediately unlock"]
pub struct StdinLock<'a> {
    inner: MutexGuard<'a, BufReader<StdinRaw>>,
}

/// A handle to the standard input of the process. As [`std::io::stdin`].
///
/// # Examples
///
/// ```no_run
/// use costd::io;
///
/// let mut line = String::new();
/// io::stdin().read_line(&mut line)?;
/// # Ok::<(), io::Error>(())
/// ```
#[must_use]
pub fn stdin() -> Stdin {
    static STDIN: OnceLock<Mutex<BufReader<StdinRaw>>> = OnceLock::new();
    Stdin { inner: STDIN.get_or_init(|| Mutex::new(BufReader::new(StdinRaw))) }
}

impl Stdin {
    /// Locks the stream. Waits while another has the lock. As std's.
    pub fn lock(&self) -> StdinLock<'static> {
        StdinLock { inner: self.inner.lock().unwrap_or_else(PoisonError::into_inner) }
    }

    /// Locks the stream and appends a line of input to `buf`. As std's.
    ///
    /// # Errors
    /// The system's, or [`InvalidData`](io::ErrorKind::InvalidData) for what is not UTF-8.
    pub fn read_line(&self, buf: &mut String) -> io::Result<usize> {
        self.lock().read_line(buf)
    }

    /// Locks the stream and iterates over its lines. As std's.
    #[must_use = "`self` will be dropped if the result is not used"]
    pub fn lines(self) -> Lines<StdinLock<'static>> {
        self.lock().lines()
    }
}

impl Read for StdinRaw {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        Standard::IN.read_vectored(&mut [IoSliceMut::new(buf)])
    }

    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        Standard::IN.read_vectored(bufs)
    }
}

macro_rules! read_locked {
    ($($type:ty),*) => {
        $(
            impl Read for $type {
                fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
                    self.lock().read(buf)
                }

                fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
                    self.lock().read_vectored(bufs)
                }

                fn read_to_end(&mut self, buf: &mut Vec<u8>) -> io::Result<usize> {
                    self.lock().read_to_end(buf)
                }

                fn read_to_string(&mut self, buf: &mut String) -> io::Result<usize> {
                    self.lock().read_to_string(buf)
                }

                fn read_exact(&mut self, buf: &mut [u8]) -> io::Result<()> {
                    self.lock().read_exact(buf)
                }
            }
        )*
    };
}

read_locked!(Stdin, &Stdin);

impl Read for StdinLock<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buf)
    }

    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.inner.read_vectored(bufs)
    }

    fn read_to_end(&mut self, buf: &mut Vec<u8>) -> io::Result<usize> {
        self.inner.read_to_end(buf)
    }

    fn read_to_string(&mut self, buf: &mut String) -> io::Result<usize> {
        self.inner.read_to_string(buf)
    }

    fn read_exact(&mut self, buf: &mut [u8]) -> io::Result<()> {
        self.inner.read_exact(buf)
    }
}

impl BufRead for StdinLock<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, n: usize) {
        self.inner.consume(n);
    }

    fn read_until(&mut self, byte: u8, buf: &mut Vec<u8>) -> io::Result<usize> {
        self.inner.read_until(byte, buf)
    }

    fn read_line(&mut self, buf: &mut String) -> io::Result<usize> {
        self.inner.read_line(buf)
    }
}

impl fmt::Debug for Stdin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stdin").finish_non_exhaustive()
    }
}

impl fmt::Debug for StdinLock<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StdinLock").finish_non_exhaustive()
    }
}

crate::os::convert::standard_stream! {
    Stdin = Standard::IN,
    StdinLock<'_> = Standard::IN,
}
