//! As `std::os::unix::net`, with sockets that stop the coroutine that waits for them, and not its OS thread.
//!
//! [`UnixStream`], [`UnixListener`] and [`UnixDatagram`] are costd's, and what is unstable in std: [`UCred`], and ancillary
//! data. Everything else is std's own. Called on a plain OS thread, every operation is the blocking one of std.
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

#[cfg(any(target_os = "linux", target_os = "android"))]
mod ancillary;
mod datagram;
mod listener;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod socket_cred;
mod stream;
mod ucred;

#[cfg(any(target_os = "linux", target_os = "android"))]
pub use ancillary::{AncillaryData, AncillaryError, Messages, ScmCredentials, ScmRights, SocketAncillary};
pub use datagram::UnixDatagram;
pub use listener::{Incoming, UnixListener};
#[cfg(any(target_os = "linux", target_os = "android"))]
pub use socket_cred::SocketCred;
pub use stream::UnixStream;
pub use ucred::UCred;

use std::os::unix::net as real;

crate::net::convert::socket_conversions! {
    UnixStream = real::UnixStream,
    UnixListener = real::UnixListener,
    UnixDatagram = real::UnixDatagram,
}
