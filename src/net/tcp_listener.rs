use std::fmt;
use std::io;
use std::iter::FusedIterator;
use std::net::SocketAddr;

use crate::sys::net::Socket;

use super::{TcpStream, ToSocketAddrs, each_addr};

/// A TCP socket that takes connections: as [`std::net::TcpListener`].
///
/// A coroutine that accepts where there is no connection yet is parked. The socket is closed when the value is dropped.
///
/// # Examples
///
/// ```
/// use costd::io::{self, Read, Write};
/// use costd::net::{TcpListener, TcpStream};
/// use costd::thread;
///
/// # fn main() -> io::Result<()> {
/// let listener = TcpListener::bind("127.0.0.1:0")?;
/// let addr = listener.local_addr()?;
/// thread::spawn(move || {
///     for stream in listener.incoming() {
///         let mut stream = stream?;
///         thread::spawn(move || io::copy(&mut stream.try_clone()?, &mut stream));
///     }
///     io::Result::Ok(())
/// });
/// for n in 0..100 {
///     let mut stream = TcpStream::connect(addr)?;
///     stream.write_all(&[n])?;
///     let mut answer = [0];
///     stream.read_exact(&mut answer)?;
///     assert_eq!(answer, [n]);
/// }
/// # Ok(())
/// # }
/// ```
pub struct TcpListener(pub(super) Socket<std::net::TcpListener>);

/// An iterator over the connections that a [`TcpListener`] takes, without end: as [`std::net::Incoming`]. Made by
/// [`TcpListener::incoming`].
#[must_use = "iterators are lazy and do nothing unless consumed"]
#[derive(Debug)]
pub struct Incoming<'a> {
    listener: &'a TcpListener,
}

impl TcpListener {
    pub(crate) fn descriptor(&self) -> &Socket<std::net::TcpListener> {
        &self.0
    }

    /// Listens at the first of the addresses that can be had; port 0 lets the system choose one. As
    /// [`std::net::TcpListener::bind`].
    ///
    /// # Errors
    /// The name does not resolve, or the last address's error.
    pub fn bind<A: ToSocketAddrs>(addr: A) -> io::Result<TcpListener> {
        let bind = |addr: &SocketAddr| std::net::TcpListener::bind(addr);
        each_addr(addr, bind, |none| std::net::TcpListener::bind(none)).map(|io| TcpListener(Socket::new(io)))
    }

    /// The address that it listens at.
    ///
    /// # Errors
    /// The system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.io().local_addr()
    }

    /// Another handle of the same listener: each connection goes to one of those who accept. As std's.
    ///
    /// # Errors
    /// The system's, as that there are no more descriptors.
    pub fn try_clone(&self) -> io::Result<TcpListener> {
        self.0.duplicate(std::net::TcpListener::try_clone).map(TcpListener)
    }

    /// Takes the next connection, and says whom it comes from. Blocks until there is one. As
    /// [`std::net::TcpListener::accept`].
    ///
    /// # Errors
    /// The system's, as that there are no more descriptors.
    pub fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        self.0.accept().map(|(socket, from)| (TcpStream(socket), from))
    }

    /// Takes one connection after the other. As std's.
    pub fn incoming(&self) -> Incoming<'_> {
        Incoming { listener: self }
    }

    /// Sets `IP_TTL`: how many routers a packet may pass.
    ///
    /// # Errors
    /// The system's.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.0.io().set_ttl(ttl)
    }

    /// The value of `IP_TTL`.
    ///
    /// # Errors
    /// The system's.
    pub fn ttl(&self) -> io::Result<u32> {
        self.0.io().ttl()
    }

    /// Sets `IPV6_V6ONLY`.
    ///
    /// # Errors
    /// Always, as the socket is bound.
    #[deprecated(since = "1.16.0", note = "this option can only be set before the socket is bound")]
    pub fn set_only_v6(&self, only_v6: bool) -> io::Result<()> {
        #[expect(deprecated, reason = "std has it")]
        self.0.io().set_only_v6(only_v6)
    }

    /// The value of `IPV6_V6ONLY`.
    ///
    /// # Errors
    /// The system's.
    #[deprecated(since = "1.16.0", note = "this option can only be set before the socket is bound")]
    pub fn only_v6(&self) -> io::Result<bool> {
        #[expect(deprecated, reason = "std has it")]
        self.0.io().only_v6()
    }

    /// Takes the error that is pending on the socket, if there is one (`SO_ERROR`).
    ///
    /// # Errors
    /// The system's.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.0.io().take_error()
    }

    /// With `true`, [`accept`](Self::accept) fails with [`WouldBlock`](io::ErrorKind::WouldBlock) where it would have to wait.
    /// As std's, for all clones of the listener.
    ///
    /// # Errors
    /// The system's.
    pub fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        self.0.set_nonblocking(nonblocking)
    }
}

impl Iterator for Incoming<'_> {
    type Item = io::Result<TcpStream>;

    fn next(&mut self) -> Option<io::Result<TcpStream>> {
        Some(self.listener.accept().map(|(stream, _)| stream))
    }
}

impl FusedIterator for Incoming<'_> {}

impl fmt::Debug for TcpListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.io().fmt(f)
    }
}
