use std::fmt;
use std::io;
#[cfg(any(target_os = "linux", target_os = "android"))]
use std::io::{IoSlice, IoSliceMut};
use std::net::Shutdown;
#[cfg(any(target_os = "linux", target_os = "freebsd", target_os = "openbsd"))]
use std::os::fd::AsFd;
use std::os::unix::net::{self as real, SocketAddr};
use std::path::Path;
use std::time::Duration;

#[cfg(any(target_os = "linux", target_os = "freebsd", target_os = "openbsd"))]
use crate::pal;
use crate::sched::readiness::Direction;
use crate::sys::net::Socket;

#[cfg(any(target_os = "linux", target_os = "android"))]
use super::SocketAncillary;

/// A Unix datagram socket: as [`std::os::unix::net::UnixDatagram`].
///
/// A coroutine that receives what has not come, or sends to one who is full, is parked.
///
/// # Examples
///
/// ```
/// use costd::os::unix::net::UnixDatagram;
///
/// # fn main() -> costd::io::Result<()> {
/// let (ours, theirs) = UnixDatagram::pair()?;
/// ours.send(b"hello")?;
/// let mut received = [0; 10];
/// let n = theirs.recv(&mut received)?;
/// assert_eq!(&received[..n], b"hello");
/// # Ok(())
/// # }
/// ```
pub struct UnixDatagram(pub(crate) Socket<real::UnixDatagram>);

impl UnixDatagram {
    pub(crate) fn descriptor(&self) -> &Socket<real::UnixDatagram> {
        &self.0
    }

    /// Makes a socket at `path`. As std's.
    ///
    /// # Errors
    /// The system's, as that there is a file already.
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<UnixDatagram> {
        real::UnixDatagram::bind(path).map(|io| UnixDatagram(Socket::new(io)))
    }

    /// Makes a socket with the address `socket_addr`. As std's.
    ///
    /// # Errors
    /// The system's, as that the address is in use.
    pub fn bind_addr(socket_addr: &SocketAddr) -> io::Result<UnixDatagram> {
        real::UnixDatagram::bind_addr(socket_addr).map(|io| UnixDatagram(Socket::new(io)))
    }

    /// Makes a socket without a name.
    ///
    /// # Errors
    /// The system's, as that there are no more descriptors.
    pub fn unbound() -> io::Result<UnixDatagram> {
        real::UnixDatagram::unbound().map(|io| UnixDatagram(Socket::new(io)))
    }

    /// Two sockets without names that are connected to one another.
    ///
    /// # Errors
    /// The system's, as that there are no more descriptors.
    pub fn pair() -> io::Result<(UnixDatagram, UnixDatagram)> {
        let (a, b) = real::UnixDatagram::pair()?;
        Ok((UnixDatagram(Socket::new(a)), UnixDatagram(Socket::new(b))))
    }

    /// Connects to the socket at `path`: [`send`](Self::send) goes there. As std's.
    ///
    /// # Errors
    /// The system's, as that there is no such socket.
    pub fn connect<P: AsRef<Path>>(&self, path: P) -> io::Result<()> {
        self.0.io().connect(path)
    }

    /// Connects to the socket with the address `socket_addr`. As std's.
    ///
    /// # Errors
    /// The system's, as that there is no such socket.
    pub fn connect_addr(&self, socket_addr: &SocketAddr) -> io::Result<()> {
        self.0.io().connect_addr(socket_addr)
    }

    /// Another handle of the same socket. Timeouts and mode are the socket's, not the handle's. As std's.
    ///
    /// # Errors
    /// The system's, as that there are no more descriptors.
    pub fn try_clone(&self) -> io::Result<UnixDatagram> {
        self.0.duplicate(real::UnixDatagram::try_clone).map(UnixDatagram)
    }

    /// The address of this socket.
    ///
    /// # Errors
    /// The system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.io().local_addr()
    }

    /// The address that this socket is connected to.
    ///
    /// # Errors
    /// The system's, as that it is not connected.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.io().peer_addr()
    }

    /// Receives one datagram; returns its length and whom it comes from. What does not fit is lost. As std's.
    ///
    /// # Errors
    /// The system's; [`WouldBlock`](io::ErrorKind::WouldBlock) after the read timeout.
    pub fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.0.recv_from(buf)
    }

    /// Receives one datagram; returns its length. What does not fit is lost. As std's.
    ///
    /// # Errors
    /// As [`recv_from`](Self::recv_from).
    pub fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.recv(buf)
    }

    /// Sends a datagram to the socket at `path`; returns how many bytes were sent. As std's.
    ///
    /// While the receiver is full, a coroutine tries again every some milliseconds: the system tells nobody when there is room.
    ///
    /// # Errors
    /// The system's; [`WouldBlock`](io::ErrorKind::WouldBlock) after the write timeout.
    pub fn send_to<P: AsRef<Path>>(&self, buf: &[u8], path: P) -> io::Result<usize> {
        self.0.send_to(buf, &SocketAddr::from_pathname(path)?)
    }

    /// As [`send_to`](Self::send_to), to the socket with the address `socket_addr`.
    ///
    /// # Errors
    /// As [`send_to`](Self::send_to).
    pub fn send_to_addr(&self, buf: &[u8], socket_addr: &SocketAddr) -> io::Result<usize> {
        self.0.send_to(buf, socket_addr)
    }

    /// Sends a datagram to where the socket is connected.
    ///
    /// # Errors
    /// The system's; [`WouldBlock`](io::ErrorKind::WouldBlock) after the write timeout.
    pub fn send(&self, buf: &[u8]) -> io::Result<usize> {
        self.0.send(buf)
    }

    /// Sets how long receiving waits at most; `None` is for ever. After that it fails with
    /// [`WouldBlock`](io::ErrorKind::WouldBlock). As std's.
    ///
    /// # Errors
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for a zero duration.
    pub fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.0.set_timeout(Direction::Read, timeout, real::UnixDatagram::set_read_timeout)
    }

    /// Sets how long sending waits at most; `None` is for ever. After that it fails with
    /// [`WouldBlock`](io::ErrorKind::WouldBlock). As std's.
    ///
    /// # Errors
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for a zero duration.
    pub fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.0.set_timeout(Direction::Write, timeout, real::UnixDatagram::set_write_timeout)
    }

    /// How long receiving waits at most.
    ///
    /// # Errors
    /// The system's.
    pub fn read_timeout(&self) -> io::Result<Option<Duration>> {
        self.0.io().read_timeout()
    }

    /// How long sending waits at most.
    ///
    /// # Errors
    /// The system's.
    pub fn write_timeout(&self) -> io::Result<Option<Duration>> {
        self.0.io().write_timeout()
    }

    /// With `true`, operations that would have to wait fail with [`WouldBlock`](io::ErrorKind::WouldBlock). As std's, for all
    /// clones of the socket.
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

    /// Shuts down receiving, sending or both. As std's.
    ///
    /// # Errors
    /// The system's.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.0.io().shutdown(how)
    }

    /// As [`recv`](Self::recv), and leaves the datagram there for the next call. Unstable in std.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    pub fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.peek_recv(buf)
    }

    /// As [`recv_from`](Self::recv_from), and leaves the datagram there for the next call. Unstable in std.
    ///
    /// # Errors
    /// As [`recv_from`](Self::recv_from).
    pub fn peek_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.0.peek_from(buf)
    }

    /// Marks what is sent, for the system's rules (`SO_MARK` on Linux). Unstable in std.
    ///
    /// # Errors
    /// The system's, as that the process may not.
    #[cfg(any(target_os = "linux", target_os = "freebsd", target_os = "openbsd"))]
    pub fn set_mark(&self, mark: u32) -> io::Result<()> {
        pal::socket::set_mark(self.0.io().as_fd(), mark)
    }

    /// Receives one datagram into several buffers, and the ancillary data that came with it, in the place of what is in
    /// `ancillary`. Returns its length, whether it was cut off, and whom it comes from. Unstable in std.
    ///
    /// # Errors
    /// As [`recv_from`](Self::recv_from). `ancillary` is then as it was.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::io::{IoSlice, IoSliceMut};
    /// use costd::os::linux::net::UnixSocketExt;
    /// use costd::os::unix::net::{AncillaryData, SocketAncillary, UnixDatagram};
    ///
    /// # fn main() -> costd::io::Result<()> {
    /// let (ours, theirs) = UnixDatagram::pair()?;
    /// theirs.set_passcred(true)?;
    /// ours.send(b"hello")?;
    /// let (mut bytes, mut buffer) = ([0; 10], [0; 64]);
    /// let mut ancillary = SocketAncillary::new(&mut buffer);
    /// let (n, truncated, from) =
    ///     theirs.recv_vectored_with_ancillary_from(&mut [IoSliceMut::new(&mut bytes)], &mut ancillary)?;
    /// assert!(&bytes[..n] == b"hello" && !truncated && from.is_unnamed());
    /// let Some(Ok(AncillaryData::ScmCredentials(mut senders))) = ancillary.messages().next() else { panic!() };
    /// assert_eq!(senders.next().map(|sender| sender.get_pid() as u32), Some(costd::process::id()));
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub fn recv_vectored_with_ancillary_from(
        &self,
        bufs: &mut [IoSliceMut<'_>],
        ancillary: &mut SocketAncillary<'_>,
    ) -> io::Result<(usize, bool, SocketAddr)> {
        let (received, from) = ancillary.receive(|control| self.0.receive_with_control_from(bufs, control))?;
        Ok((received.bytes, received.truncated, from?))
    }

    /// As [`recv_vectored_with_ancillary_from`](Self::recv_vectored_with_ancillary_from), without the sender. Unstable in std.
    ///
    /// # Errors
    /// As [`recv`](Self::recv). `ancillary` is then as it was.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub fn recv_vectored_with_ancillary(
        &self,
        bufs: &mut [IoSliceMut<'_>],
        ancillary: &mut SocketAncillary<'_>,
    ) -> io::Result<(usize, bool)> {
        let (received, ()) = ancillary.receive(|control| Ok((self.0.receive_with_control(bufs, control)?, ())))?;
        Ok((received.bytes, received.truncated))
    }

    /// Sends one datagram from several buffers to the socket at `path`, and the ancillary data along. Waits as
    /// [`send_to`](Self::send_to). Unstable in std.
    ///
    /// # Errors
    /// As [`send_to`](Self::send_to); the system's, as that a descriptor is not open.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub fn send_vectored_with_ancillary_to<P: AsRef<Path>>(
        &self,
        bufs: &[IoSlice<'_>],
        ancillary: &mut SocketAncillary<'_>,
        path: P,
    ) -> io::Result<usize> {
        self.0.send_with_control_to(bufs, ancillary.sending(), &SocketAddr::from_pathname(path)?)
    }

    /// As [`send_vectored_with_ancillary_to`](Self::send_vectored_with_ancillary_to), to where the socket is connected.
    /// Unstable in std.
    ///
    /// # Errors
    /// As [`send`](Self::send); the system's, as that a descriptor is not open.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub fn send_vectored_with_ancillary(
        &self,
        bufs: &[IoSlice<'_>],
        ancillary: &mut SocketAncillary<'_>,
    ) -> io::Result<usize> {
        self.0.send_with_control(bufs, ancillary.sending())
    }
}

impl fmt::Debug for UnixDatagram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.io().fmt(f)
    }
}
