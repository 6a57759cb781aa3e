use std::fmt;
use std::io;
use std::net::{Shutdown, SocketAddr};
use std::time::Duration;

use socket2::SockRef;

use crate::sched::readiness::Direction;
use crate::sys::net::{Socket, connect};

use super::{ToSocketAddrs, each_addr};

/// A TCP stream between a local and a remote socket: as [`std::net::TcpStream`].
///
/// A coroutine that reads what has not come, or writes more than fits, is parked. The connection is closed when the value is
/// dropped. It converts to [`std::net::TcpStream`], [`OwnedFd`](std::os::fd::OwnedFd) and `socket2::Socket`, and back.
///
/// # Examples
///
/// ```
/// use costd::io::{Read, Write};
/// use costd::net::{TcpListener, TcpStream};
///
/// # fn main() -> costd::io::Result<()> {
/// let listener = TcpListener::bind("127.0.0.1:0")?;
/// let mut ours = TcpStream::connect(listener.local_addr()?)?;
/// let (mut theirs, _) = listener.accept()?;
///
/// ours.write_all(&[1, 2, 3])?;
/// let mut received = [0; 3];
/// theirs.read_exact(&mut received)?;
/// assert_eq!(received, [1, 2, 3]);
/// # Ok(())
/// # }
/// ```
pub struct TcpStream(pub(crate) Socket<std::net::TcpStream>);

impl TcpStream {
    pub(crate) fn descriptor(&self) -> &Socket<std::net::TcpStream> {
        &self.0
    }

    pub(crate) fn from_socket(socket: Socket<std::net::TcpStream>) -> TcpStream {
        TcpStream(socket)
    }

    /// Opens a connection to the first of the addresses that takes it. As [`std::net::TcpStream::connect`].
    ///
    /// # Errors
    /// The name does not resolve, or the last address's error.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::net::{SocketAddr, TcpListener, TcpStream};
    ///
    /// # fn main() -> costd::io::Result<()> {
    /// let listener = TcpListener::bind("127.0.0.1:0")?;
    /// let nobody = SocketAddr::from(([127, 0, 0, 1], 1));
    /// let stream = TcpStream::connect(&[nobody, listener.local_addr()?][..])?;
    /// assert_eq!(stream.peer_addr()?, listener.local_addr()?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn connect<A: ToSocketAddrs>(addr: A) -> io::Result<TcpStream> {
        let none = |none: &[SocketAddr]| std::net::TcpStream::connect(none).map(Socket::new);
        each_addr(addr, |addr| connect(addr, None), none).map(TcpStream)
    }

    /// Opens a connection to `addr`, waiting for it no longer than `timeout`. As [`std::net::TcpStream::connect_timeout`].
    ///
    /// # Errors
    /// [`TimedOut`](io::ErrorKind::TimedOut) when the time is up; [`InvalidInput`](io::ErrorKind::InvalidInput) if it is zero.
    pub fn connect_timeout(addr: &SocketAddr, timeout: Duration) -> io::Result<TcpStream> {
        connect(addr, Some(timeout)).map(TcpStream)
    }

    /// The address of the remote end.
    ///
    /// # Errors
    /// The system's, as that the stream is not connected.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.io().peer_addr()
    }

    /// The address of the local end.
    ///
    /// # Errors
    /// The system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.io().local_addr()
    }

    /// Shuts down reading, writing or both. Whoever waits for it, in any clone, stops waiting: a read ends with `Ok(0)`, a
    /// write with an error. As std's.
    ///
    /// # Errors
    /// The system's, as that the stream is not connected.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::io::Read;
    /// use costd::net::{Shutdown, TcpListener, TcpStream};
    ///
    /// # fn main() -> costd::io::Result<()> {
    /// let listener = TcpListener::bind("127.0.0.1:0")?;
    /// let mut stream = TcpStream::connect(listener.local_addr()?)?;
    /// stream.shutdown(Shutdown::Read)?;
    /// assert_eq!(stream.read(&mut [0])?, 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.0.io().shutdown(how)
    }

    /// Another handle of the same stream. Options, timeouts and mode are the stream's, not the handle's. As std's.
    ///
    /// # Errors
    /// The system's, as that there are no more descriptors.
    pub fn try_clone(&self) -> io::Result<TcpStream> {
        self.0.duplicate(std::net::TcpStream::try_clone).map(TcpStream)
    }

    /// Sets how long a read waits at most; `None` is for ever. After that it fails with
    /// [`WouldBlock`](io::ErrorKind::WouldBlock). As std's.
    ///
    /// # Errors
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for a zero duration.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::io::{ErrorKind, Read};
    /// use costd::net::{TcpListener, TcpStream};
    /// use costd::time::Duration;
    ///
    /// # fn main() -> costd::io::Result<()> {
    /// let listener = TcpListener::bind("127.0.0.1:0")?;
    /// let mut stream = TcpStream::connect(listener.local_addr()?)?;
    /// stream.set_read_timeout(Some(Duration::from_millis(10)))?;
    /// assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    /// assert_eq!(stream.set_read_timeout(Some(Duration::ZERO)).unwrap_err().kind(), ErrorKind::InvalidInput);
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_read_timeout(&self, dur: Option<Duration>) -> io::Result<()> {
        self.0.set_timeout(Direction::Read, dur, std::net::TcpStream::set_read_timeout)
    }

    /// Sets how long a write waits at most; `None` is for ever. After that it returns how much has been sent, or fails with
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if that is nothing. As std's.
    ///
    /// # Errors
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for a zero duration.
    pub fn set_write_timeout(&self, dur: Option<Duration>) -> io::Result<()> {
        self.0.set_timeout(Direction::Write, dur, std::net::TcpStream::set_write_timeout)
    }

    /// How long a read waits at most.
    ///
    /// # Errors
    /// The system's.
    pub fn read_timeout(&self) -> io::Result<Option<Duration>> {
        self.0.io().read_timeout()
    }

    /// How long a write waits at most.
    ///
    /// # Errors
    /// The system's.
    pub fn write_timeout(&self) -> io::Result<Option<Duration>> {
        self.0.io().write_timeout()
    }

    /// Receives and leaves what it has received in the stream: the next call returns it again. As std's.
    ///
    /// # Errors
    /// As for reading.
    pub fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.peek(buf)
    }

    /// Sets `SO_LINGER`, in whole seconds. Unstable in std.
    ///
    /// # Errors
    /// The system's.
    pub fn set_linger(&self, linger: Option<Duration>) -> io::Result<()> {
        SockRef::from(self.0.io()).set_linger(linger)
    }

    /// The value of `SO_LINGER`. Unstable in std.
    ///
    /// # Errors
    /// The system's.
    pub fn linger(&self) -> io::Result<Option<Duration>> {
        SockRef::from(self.0.io()).linger()
    }

    /// Sets `TCP_NODELAY`: small writes go out at once.
    ///
    /// # Errors
    /// The system's.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.0.io().set_nodelay(nodelay)
    }

    /// The value of `TCP_NODELAY`.
    ///
    /// # Errors
    /// The system's.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.0.io().nodelay()
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

    /// Takes the error that is pending on the socket, if there is one (`SO_ERROR`).
    ///
    /// # Errors
    /// The system's.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.0.io().take_error()
    }

    /// With `true`, operations that would have to wait fail with [`WouldBlock`](io::ErrorKind::WouldBlock). As std's, for all
    /// clones of the stream.
    ///
    /// # Errors
    /// The system's.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::io::{ErrorKind, Read};
    /// use costd::net::{TcpListener, TcpStream};
    ///
    /// # fn main() -> costd::io::Result<()> {
    /// let listener = TcpListener::bind("127.0.0.1:0")?;
    /// let mut stream = TcpStream::connect(listener.local_addr()?)?;
    /// stream.set_nonblocking(true)?;
    /// assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        self.0.set_nonblocking(nonblocking)
    }
}

crate::io::delegate::reads!(TcpStream);
crate::io::delegate::writes!(TcpStream);

impl fmt::Debug for TcpStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.io().fmt(f)
    }
}
