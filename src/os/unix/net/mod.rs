//! As `std::os::unix::net`, with sockets that stop the coroutine that waits for them, and not its OS thread.
//!
//! [`UnixStream`], [`UnixListener`] and [`UnixDatagram`] are costd's; everything else is std's own. Called on a plain OS
//! thread, every operation is the blocking one of std.
//!
//! ```
//! use costd::io::{Read, Write};
//! use costd::os::unix::net::UnixStream;
//! use costd::thread;
//!
//! # fn main() -> costd::io::Result<()> {
//! let (mut ours, mut theirs) = UnixStream::pair()?;
//! let echo = thread::spawn(move || {
//!     let mut word = [0; 5];
//!     theirs.read_exact(&mut word)?;
//!     theirs.write_all(&word)
//! });
//! ours.write_all(b"hello")?;
//! let mut answer = String::new();
//! ours.read_to_string(&mut answer)?;
//! assert_eq!(answer, "hello");
//! echo.join().unwrap()
//! # }
//! ```

pub use ::std::os::unix::net::*;

mod datagram;
mod listener;
mod stream;

pub use datagram::UnixDatagram;
pub use listener::{Incoming, UnixListener};
pub use stream::UnixStream;

use std::os::unix::net as real;

crate::net::convert::socket_conversions! {
    UnixStream = real::UnixStream,
    UnixListener = real::UnixListener,
    UnixDatagram = real::UnixDatagram,
}
