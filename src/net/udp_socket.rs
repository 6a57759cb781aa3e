use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use crate::sched::readiness::Direction;
use crate::sys::net::Socket;

use super::{ToSocketAddrs, each_addr};

/// A UDP socket: as [`std::net::UdpSocket`].
///
/// A coroutine that receives what has not come is parked. The socket is closed when the value is dropped.
///
/// # Examples
///
/// ```
/// use costd::net::UdpSocket;
///
/// # fn main() -> costd::io::Result<()> {
/// let ours = UdpSocket::bind("127.0.0.1:0")?;
/// let theirs = UdpSocket::bind("127.0.0.1:0")?;
/// ours.send_to(b"hello", theirs.local_addr()?)?;
///
/// let mut received = [0; 10];
/// let (n, from) = theirs.recv_from(&mut received)?;
/// assert_eq!((&received[..n], from), (&b"hello"[..], ours.local_addr()?));
/// # Ok(())
/// # }
/// ```
pub struct UdpSocket(pub(super) Socket<std::net::UdpSocket>);

/// Options that are std's own, called by their name.
macro_rules! options {
    ($($(#[$doc:meta])* $name:ident($($arg:ident: $type:ty),*) -> $result:ty;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        /// The system's.
        pub fn $name(&self, $($arg: $type),*) -> io::Result<$result> {
            self.0.io().$name($($arg),*)
        }
    )*};
}

impl UdpSocket {
    pub(crate) fn descriptor(&self) -> &Socket<std::net::UdpSocket> {
        &self.0
    }

    /// Binds a socket to the first of the addresses that can be had; port 0 lets the system choose one. As
    /// [`std::net::UdpSocket::bind`].
    ///
    /// # Errors
    /// The name does not resolve, or the last address's error.
    pub fn bind<A: ToSocketAddrs>(addr: A) -> io::Result<UdpSocket> {
        let bind = |addr: &SocketAddr| std::net::UdpSocket::bind(addr);
        each_addr(addr, bind, |none| std::net::UdpSocket::bind(none)).map(|io| UdpSocket(Socket::new(io)))
    }

    /// Receives one datagram; returns its length and whom it comes from. What does not fit is lost. As std's.
    ///
    /// # Errors
    /// The system's; [`WouldBlock`](io::ErrorKind::WouldBlock) after the read timeout.
    pub fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.0.recv_from(buf)
    }

    /// As [`recv_from`](Self::recv_from), and leaves the datagram there for the next call.
    ///
    /// # Errors
    /// As [`recv_from`](Self::recv_from).
    pub fn peek_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.0.peek_from(buf)
    }

    /// Sends a datagram to the first address that `addr` yields; returns how many bytes were sent. As std's.
    ///
    /// # Errors
    /// The name does not resolve or to nothing, or the system's.
    pub fn send_to<A: ToSocketAddrs>(&self, buf: &[u8], addr: A) -> io::Result<usize> {
        match addr.to_socket_addrs()?.next() {
            Some(addr) => self.0.send_to(buf, &addr),
            // std's own error.
            None => self.0.io().send_to(buf, &[][..]),
        }
    }

    /// Connects the socket to the first of the addresses that can be had: [`send`](Self::send) goes there, and only what
    /// comes from there is received. As std's.
    ///
    /// # Errors
    /// The name does not resolve, or the last address's error.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::net::UdpSocket;
    ///
    /// # fn main() -> costd::io::Result<()> {
    /// let ours = UdpSocket::bind("127.0.0.1:0")?;
    /// let theirs = UdpSocket::bind("127.0.0.1:0")?;
    /// ours.connect(theirs.local_addr()?)?;
    /// ours.send(b"hello")?;
    /// assert_eq!(theirs.recv(&mut [0; 10])?, 5);
    /// # Ok(())
    /// # }
    /// ```
    pub fn connect<A: ToSocketAddrs>(&self, addr: A) -> io::Result<()> {
        each_addr(addr, |addr| self.0.io().connect(addr), |none| self.0.io().connect(none))
    }

    /// Sends a datagram to where the socket is connected.
    ///
    /// # Errors
    /// The system's; [`WouldBlock`](io::ErrorKind::WouldBlock) after the write timeout.
    pub fn send(&self, buf: &[u8]) -> io::Result<usize> {
        self.0.send(buf)
    }

    /// Receives one datagram from where the socket is connected; returns its length. What does not fit is lost.
    ///
    /// # Errors
    /// As [`recv_from`](Self::recv_from).
    pub fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.recv(buf)
    }

    /// As [`recv`](Self::recv), and leaves the datagram there for the next call.
    ///
    /// # Errors
    /// As [`recv_from`](Self::recv_from).
    pub fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.peek_recv(buf)
    }

    /// Another handle of the same socket. Options, timeouts and mode are the socket's, not the handle's. As std's.
    ///
    /// # Errors
    /// The system's, as that there are no more descriptors.
    pub fn try_clone(&self) -> io::Result<UdpSocket> {
        self.0.duplicate(std::net::UdpSocket::try_clone).map(UdpSocket)
    }

    /// Sets how long receiving waits at most; `None` is for ever. After that it fails with
    /// [`WouldBlock`](io::ErrorKind::WouldBlock). As std's.
    ///
    /// # Errors
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for a zero duration.
    pub fn set_read_timeout(&self, dur: Option<Duration>) -> io::Result<()> {
        self.0.set_timeout(Direction::Read, dur, std::net::UdpSocket::set_read_timeout)
    }

    /// Sets how long sending waits at most; `None` is for ever. After that it fails with
    /// [`WouldBlock`](io::ErrorKind::WouldBlock). As std's.
    ///
    /// # Errors
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for a zero duration.
    pub fn set_write_timeout(&self, dur: Option<Duration>) -> io::Result<()> {
        self.0.set_timeout(Direction::Write, dur, std::net::UdpSocket::set_write_timeout)
    }

    /// With `true`, operations that would have to wait fail with [`WouldBlock`](io::ErrorKind::WouldBlock). As std's, for all
    /// clones of the socket.
    ///
    /// # Errors
    /// The system's.
    pub fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        self.0.set_nonblocking(nonblocking)
    }

    options! {
        /// The address of the remote end that the socket is connected to.
        peer_addr() -> SocketAddr;
        /// The address of the local end.
        local_addr() -> SocketAddr;
        /// How long receiving waits at most.
        read_timeout() -> Option<Duration>;
        /// How long sending waits at most.
        write_timeout() -> Option<Duration>;
        /// Sets `SO_BROADCAST`: whether it may send to a broadcast address.
        set_broadcast(broadcast: bool) -> ();
        /// The value of `SO_BROADCAST`.
        broadcast() -> bool;
        /// Sets `IP_MULTICAST_LOOP`: whether multicast packets come back to the local socket.
        set_multicast_loop_v4(multicast_loop_v4: bool) -> ();
        /// The value of `IP_MULTICAST_LOOP`.
        multicast_loop_v4() -> bool;
        /// Sets `IP_MULTICAST_TTL`: how many routers a multicast packet may pass.
        set_multicast_ttl_v4(multicast_ttl_v4: u32) -> ();
        /// The value of `IP_MULTICAST_TTL`.
        multicast_ttl_v4() -> u32;
        /// Sets `IPV6_MULTICAST_LOOP`: whether multicast packets come back to the local socket.
        set_multicast_loop_v6(multicast_loop_v6: bool) -> ();
        /// The value of `IPV6_MULTICAST_LOOP`.
        multicast_loop_v6() -> bool;
        /// Sets `IP_TTL`: how many routers a packet may pass.
        set_ttl(ttl: u32) -> ();
        /// The value of `IP_TTL`.
        ttl() -> u32;
        /// Joins the multicast group `multiaddr` (`IP_ADD_MEMBERSHIP`) on the interface with the address `interface`.
        join_multicast_v4(multiaddr: &Ipv4Addr, interface: &Ipv4Addr) -> ();
        /// Joins the multicast group `multiaddr` (`IPV6_ADD_MEMBERSHIP`) on the interface with the index `interface`.
        join_multicast_v6(multiaddr: &Ipv6Addr, interface: u32) -> ();
        /// Leaves the multicast group `multiaddr` (`IP_DROP_MEMBERSHIP`).
        leave_multicast_v4(multiaddr: &Ipv4Addr, interface: &Ipv4Addr) -> ();
        /// Leaves the multicast group `multiaddr` (`IPV6_DROP_MEMBERSHIP`).
        leave_multicast_v6(multiaddr: &Ipv6Addr, interface: u32) -> ();
        /// Takes the error that is pending on the socket, if there is one (`SO_ERROR`).
        take_error() -> Option<io::Error>;
    }
}

impl fmt::Debug for UdpSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.io().fmt(f)
    }
}
