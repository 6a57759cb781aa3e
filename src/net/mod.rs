//! As `std::net`, with sockets that stop the coroutine that waits for them, and not its OS thread.
//!
//! [`TcpStream`], [`TcpListener`], [`UdpSocket`] and [`ToSocketAddrs`] are costd's; everything else is std's own. Called on
//! a plain OS thread, every operation is the blocking one of std. Sockets are in the mode that std would leave them in, as far
//! as anybody can see, and convert to std's types and back.
//!
//! ```
//! use costd::io::{Read, Write};
//! use costd::net::{TcpListener, TcpStream};
//! use costd::thread;
//!
//! # fn main() -> costd::io::Result<()> {
//! let listener = TcpListener::bind("127.0.0.1:0")?;
//! let addr = listener.local_addr()?;
//! let server = thread::spawn(move || {
//!     let (mut stream, _) = listener.accept()?;
//!     let mut word = [0; 5];
//!     stream.read_exact(&mut word)?;
//!     stream.write_all(&word)
//! });
//! let mut stream = TcpStream::connect(addr)?;
//! stream.write_all(b"hello")?;
//! let mut answer = String::new();
//! stream.read_to_string(&mut answer)?;
//! assert_eq!(answer, "hello");
//! server.join().unwrap()
//! # }
//! ```

pub use ::std::net::*;

pub(crate) mod convert;
mod tcp_listener;
mod tcp_stream;
mod to_socket_addrs;
mod udp_socket;

pub use tcp_listener::{Incoming, TcpListener};
pub use tcp_stream::TcpStream;
pub use to_socket_addrs::ToSocketAddrs;
pub use udp_socket::UdpSocket;

use std::io;

/// Calls `f` with one address after the other until it succeeds; the last error if it never does. `none` makes std's error for
/// no address at all.
fn each_addr<R>(
    addr: impl ToSocketAddrs,
    mut f: impl FnMut(&SocketAddr) -> io::Result<R>,
    none: impl FnOnce(&[SocketAddr]) -> io::Result<R>,
) -> io::Result<R> {
    let mut last = None;
    for addr in addr.to_socket_addrs()? {
        match f(&addr) {
            Ok(value) => return Ok(value),
            Err(error) => last = Some(error),
        }
    }
    last.map_or_else(|| none(&[]), Err)
}
