//! Sending and receiving datagrams.
//!
//! A datagram shorter than the buffer says nothing about what comes after it: only "would block" clears the bit.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsFd;
use std::os::unix::net::{SocketAddr as UnixAddr, UnixDatagram};

use socket2::SockAddr;

use crate::pal::socket::{self, DONT_WAIT, PEEK};
use crate::sched::current_coroutine;

use super::Socket;
use crate::sched::readiness::Direction;
use crate::sys::descriptor::arm::Operating;
use crate::sys::descriptor::operation::{READ, WRITE};

/// A datagram socket of std's.
pub(crate) trait Datagram: AsFd {
    type Addr;

    /// Does the socket become ready when a receiver that it is not connected to, and which was full, takes something?
    const TELLS_OF_RECEIVERS: bool;

    fn from_system(addr: &SockAddr) -> io::Result<Self::Addr>;
    fn to_system(addr: &Self::Addr) -> io::Result<SockAddr>;
}

impl Datagram for UdpSocket {
    type Addr = SocketAddr;

    // No receiver is ever full.
    const TELLS_OF_RECEIVERS: bool = true;

    fn from_system(addr: &SockAddr) -> io::Result<SocketAddr> {
        addr.as_socket().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "invalid argument"))
    }

    fn to_system(addr: &SocketAddr) -> io::Result<SockAddr> {
        Ok((*addr).into())
    }
}

impl Datagram for UnixDatagram {
    type Addr = UnixAddr;

    const TELLS_OF_RECEIVERS: bool = false;

    fn from_system(addr: &SockAddr) -> io::Result<UnixAddr> {
        socket::unix_addr(addr)
    }

    fn to_system(addr: &UnixAddr) -> io::Result<SockAddr> {
        socket::from_unix_addr(addr)
    }
}

impl<T: Datagram> Socket<T> {
    pub(crate) fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.receive(|flags| socket::recv(self.fd(), buf, flags))
    }

    pub(crate) fn peek_recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.receive(|flags| socket::recv(self.fd(), buf, PEEK | flags))
    }

    pub(crate) fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, T::Addr)> {
        let (n, from) = self.receive(|flags| socket::recv_from(self.fd(), buf, flags))?;
        Ok((n, T::from_system(&from)?))
    }

    pub(crate) fn peek_from(&self, buf: &mut [u8]) -> io::Result<(usize, T::Addr)> {
        let (n, from) = self.receive(|flags| socket::recv_from(self.fd(), buf, PEEK | flags))?;
        Ok((n, T::from_system(&from)?))
    }

    /// [`recv_from`](Self::recv_from) as an alternative of a select.
    #[expect(clippy::type_complexity, reason = "a type that cannot be named")]
    pub(crate) fn receiving_from<'a>(
        &'a self,
        buf: &'a mut [u8],
    ) -> Operating<'a, T, (usize, T::Addr), impl FnMut() -> io::Result<(usize, T::Addr)>> {
        Operating::new(self, Direction::Read, move || {
            let (n, from) = socket::recv_from(self.fd(), buf, DONT_WAIT)?;
            Ok((n, T::from_system(&from)?))
        })
    }

    /// `call` gets the flags that say whether it may block.
    fn receive<R>(&self, mut call: impl FnMut(i32) -> io::Result<R>) -> io::Result<R> {
        match current_coroutine() {
            Some(_) => self.operate(READ, || call(DONT_WAIT), |_| false),
            None => call(0),
        }
    }

    pub(crate) fn send(&self, buf: &[u8]) -> io::Result<usize> {
        match current_coroutine() {
            Some(_) => self.operate(WRITE, || socket::send(self.fd(), buf, DONT_WAIT), |_| false),
            None => socket::send(self.fd(), buf, 0),
        }
    }

    pub(crate) fn send_to(&self, buf: &[u8], to: &T::Addr) -> io::Result<usize> {
        let to = T::to_system(to)?;
        let call = |flags| socket::send_to(self.fd(), buf, &to, flags);
        match current_coroutine() {
            Some(_) if T::TELLS_OF_RECEIVERS => self.operate(WRITE, || call(DONT_WAIT), |_| false),
            Some(_) => self.operate_untold(WRITE, || call(DONT_WAIT)),
            None => call(0),
        }
    }
}
