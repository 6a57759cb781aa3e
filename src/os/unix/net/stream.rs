use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{self as real, SocketAddr};
use std::path::Path;
use std::time::Duration;

use crate::sched::readiness::Direction;
use crate::sys::net::{Socket, connect_unix};

/// A Unix stream socket: as [`std::os::unix::net::UnixStream`].
///
/// A coroutine that reads what has not come, or writes more than fits, is parked. The connection is closed when the value is
/// dropped. It converts to std's type, [`OwnedFd`](std::os::fd::OwnedFd) and `socket2::Socket`, and back.
///
/// # Examples
///
/// ```
/// use costd::io::{Read, Write};
/// use costd::os::unix::net::UnixStream;
///
/// # fn main() -> costd::io::Result<()> {
/// let (mut ours, mut theirs) = UnixStream::pair()?;
/// ours.write_all(b"hello")?;
/// drop(ours);
/// let mut received = String::new();
/// theirs.read_to_string(&mut received)?;
/// assert_eq!(received, "hello");
/// # Ok(())
/// # }
/// ```
pub struct UnixStream(pub(super) Socket<real::UnixStream>);

impl UnixStream {
    /// Connects to the socket at `path`. As std's.
    ///
    /// # Errors
    /// The system's, as that nobody listens there; [`InvalidInput`](io::ErrorKind::InvalidInput) if the path cannot be an
    /// address.
    pub fn connect<P: AsRef<Path>>(path: P) -> io::Result<UnixStream> {
        UnixStream::connect_addr(&SocketAddr::from_pathname(path)?)
    }

    /// Connects to the socket with the address `socket_addr`. As std's.
    ///
    /// # Errors
    /// The system's, as that nobody listens there.
    pub fn connect_addr(socket_addr: &SocketAddr) -> io::Result<UnixStream> {
        connect_unix(socket_addr).map(UnixStream)
    }

    /// Two sockets without names that are connected to one another.
    ///
    /// # Errors
    /// The system's, as that there are no more descriptors.
    pub fn pair() -> io::Result<(UnixStream, UnixStream)> {
        let (a, b) = real::UnixStream::pair()?;
        Ok((UnixStream(Socket::new(a)), UnixStream(Socket::new(b))))
    }

    /// Another handle of the same stream. Timeouts and mode are the stream's, not the handle's. As std's.
    ///
    /// # Errors
    /// The system's, as that there are no more descriptors.
    pub fn try_clone(&self) -> io::Result<UnixStream> {
        self.0.duplicate(real::UnixStream::try_clone).map(UnixStream)
    }

    /// The address of the local end.
    ///
    /// # Errors
    /// The system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.io().local_addr()
    }

    /// The address of the remote end.
    ///
    /// # Errors
    /// The system's, as that the stream is not connected.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.io().peer_addr()
    }

    /// Sets how long a read waits at most; `None` is for ever. After that it fails with
    /// [`WouldBlock`](io::ErrorKind::WouldBlock). As std's.
    ///
    /// # Errors
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for a zero duration.
    pub fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.0.set_timeout(Direction::Read, timeout, real::UnixStream::set_read_timeout)
    }

    /// Sets how long a write waits at most; `None` is for ever. After that it returns how much has been sent, or fails with
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if that is nothing. As std's.
    ///
    /// # Errors
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for a zero duration.
    pub fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.0.set_timeout(Direction::Write, timeout, real::UnixStream::set_write_timeout)
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

    /// With `true`, operations that would have to wait fail with [`WouldBlock`](io::ErrorKind::WouldBlock). As std's, for all
    /// clones of the stream.
    ///
    /// # Errors
    /// The system's.
    pub fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        self.0.set_nonblocking(nonblocking)
    }

    /// Takes the error that is pending on the socket, if there is one (`SO_ERROR`).
    ///
    /// # Errors
    /// The system's.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.0.io().take_error()
    }

    /// Shuts down reading, writing or both. Whoever waits for it, in any clone, stops waiting. As std's.
    ///
    /// # Errors
    /// The system's, as that the stream is not connected.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.0.io().shutdown(how)
    }

    /// Receives and leaves what it has received in the stream: the next call returns it again. Unstable in std.
    ///
    /// # Errors
    /// As for reading.
    pub fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.peek(buf)
    }
}

impl Read for UnixStream {
    #[inline]
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }

    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.0.read_vectored(bufs)
    }
}

impl Write for UnixStream {
    #[inline]
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.write(buf)
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.write_vectored(bufs)
    }

    #[inline]
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for &UnixStream {
    #[inline]
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }

    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.0.read_vectored(bufs)
    }
}

impl Write for &UnixStream {
    #[inline]
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.write(buf)
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.write_vectored(bufs)
    }

    #[inline]
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for UnixStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.io().fmt(f)
    }
}
