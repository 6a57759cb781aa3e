//! As `std::io`, with standard streams and pipes that stop the coroutine that waits for them, and not its OS thread.
//!
//! [`pipe`] with its two ends is costd's; the traits, the buffers, [`Error`] and everything else that does not wait by
//! itself are std's own.
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

mod pipe;

pub use pipe::{PipeReader, PipeWriter, pipe};
