//! As `std::io`, with standard streams and pipes that stop the coroutine that waits for them, and not its OS thread.
//!
//! [`stdin`], [`stdout`], [`stderr`] with their handles and locks, [`pipe`] with its two ends, and [`IsTerminal`] are costd's; the
//! traits, the buffers, [`Error`] and everything else that does not wait by itself are std's own.
//!
//! ```
//! use costd::io::{self, Read, Write};
//! use costd::thread;
//!
//! # fn main() -> io::Result<()> {
//! let (mut reader, mut writer) = io::pipe()?;
//! let writing = thread::spawn(move || writer.write_all(b"hello"));
//! let mut text = String::new();
//! reader.read_to_string(&mut text)?;
//! assert_eq!(text, "hello");
//! writing.join().unwrap()
//! # }
//! ```

pub use ::std::io::*;

/// For handles that lock for each call.
macro_rules! write_locked {
    ($($type:ty),*) => {
        $(
            impl Write for $type {
                fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
                    self.lock().write(buf)
                }

                fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
                    self.lock().write_vectored(bufs)
                }

                fn flush(&mut self) -> io::Result<()> {
                    self.lock().flush()
                }

                fn write_all(&mut self, buf: &[u8]) -> io::Result<()> {
                    self.lock().write_all(buf)
                }

                fn write_fmt(&mut self, args: fmt::Arguments<'_>) -> io::Result<()> {
                    self.lock().write_fmt(args)
                }
            }
        )*
    };
}

use write_locked;

pub(crate) mod delegate;
mod is_terminal;
mod macros;
mod pipe;
mod print;
mod stderr;
mod stdin;
mod stdout;

pub use is_terminal::IsTerminal;
pub use pipe::{PipeReader, PipeWriter, pipe};
#[doc(hidden)]
pub use print::{_eprint, _print};
pub use stderr::{Stderr, StderrLock, stderr};
pub use stdin::{Stdin, StdinLock, stdin};
pub use stdout::{Stdout, StdoutLock, stdout};
