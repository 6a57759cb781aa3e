use std::fmt;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::os::unix::net::{self as real, SocketAddr};
use std::path::Path;
use std::time::Duration;

use crate::pal;
use crate::sched::readiness::Direction;
use crate::sys::net::{Socket, connect_unix};

#[cfg(any(target_os = "linux", target_os = "android"))]
use super::SocketAncillary;
use super::UCred;

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
pub struct UnixStream(pub(crate) Socket<real::UnixStream>);

impl UnixStream {
    pub(crate) fn descriptor(&self) -> &Socket<real::UnixStream> {
        &self.0
    }

    pub(crate) fn from_socket(socket: Socket<real::UnixStream>) -> UnixStream {
        UnixStream(socket)
    }

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

    /// Who is at the remote end, or was when the stream was made. Unstable in std.
    ///
    /// # Errors
    /// The system's.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::os::unix::net::UnixStream;
    ///
    /// # fn main() -> costd::io::Result<()> {
    /// let (ours, theirs) = UnixStream::pair()?;
    /// assert_eq!(ours.peer_cred()?, theirs.peer_cred()?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn peer_cred(&self) -> io::Result<UCred> {
        pal::credentials::of_peer(self.0.io().as_fd()).map(|(uid, gid, pid)| UCred { uid, gid, pid })
    }

    /// Marks what is sent, for the system's rules (`SO_MARK` on Linux). Unstable in std.
    ///
    /// # Errors
    /// The system's, as that the process may not.
    #[cfg(any(target_os = "linux", target_os = "freebsd", target_os = "openbsd"))]
    pub fn set_mark(&self, mark: u32) -> io::Result<()> {
        pal::socket::set_mark(self.0.io().as_fd(), mark)
    }

    /// As [`read_vectored`](io::Read::read_vectored), and receives the ancillary data that came with it, in the place of what is
    /// in `ancillary`. It stops behind bytes that came with descriptors. Unstable in std; [`SocketAncillary`] has an example.
    ///
    /// # Errors
    /// As for reading. `ancillary` is then as it was.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub fn recv_vectored_with_ancillary(
        &self,
        bufs: &mut [IoSliceMut<'_>],
        ancillary: &mut SocketAncillary<'_>,
    ) -> io::Result<usize> {
        let (received, ()) = ancillary.receive(|control| Ok((self.0.receive_with_control(bufs, control)?, ())))?;
        Ok(received.bytes)
    }

    /// As [`write_vectored`](io::Write::write_vectored), and sends the ancillary data along. It goes with the first byte: without
    /// one it is not sent. Unstable in std; [`SocketAncillary`] has an example.
    ///
    /// # Errors
    /// As for writing; the system's, as that a descriptor is not open.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub fn send_vectored_with_ancillary(
        &self,
        bufs: &[IoSlice<'_>],
        ancillary: &mut SocketAncillary<'_>,
    ) -> io::Result<usize> {
        self.0.send_with_control(bufs, ancillary.sending())
    }
}

crate::io::delegate::reads!(UnixStream);
crate::io::delegate::writes!(UnixStream);

impl fmt::Debug for UnixStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.io().fmt(f)
    }
}
