//! Accepting connections.
//!
//! The accepting call knows no "do not wait": whether it blocks is the listener's mode (`descriptor::mode`).

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::net::{SocketAddr as UnixAddr, UnixListener, UnixStream};

use crate::pal;
use crate::sched::current_coroutine;

use super::Socket;
use crate::sched::readiness::Direction;
use crate::sys::descriptor::arm::Operating;
use crate::sys::descriptor::operation::ACCEPT;

/// A listener of std's.
pub(crate) trait Listener: AsFd {
    type Stream: AsFd;
    type Addr;

    /// std's `accept`.
    fn accept(&self) -> io::Result<(Self::Stream, Self::Addr)>;
}

impl Listener for TcpListener {
    type Stream = TcpStream;
    type Addr = SocketAddr;

    fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        self.accept()
    }
}

impl Listener for UnixListener {
    type Stream = UnixStream;
    type Addr = UnixAddr;

    fn accept(&self) -> io::Result<(UnixStream, UnixAddr)> {
        self.accept()
    }
}

impl<T: Listener> Socket<T> {
    pub(crate) fn accept(&self) -> io::Result<(Socket<T::Stream>, T::Addr)> {
        let (stream, from) = match current_coroutine() {
            Some(_) => self.operate(ACCEPT, || self.accept_now(), |_| false)?,
            None => self.blocking(ACCEPT, T::accept)?,
        };
        Ok((Socket::new(stream), from))
    }

    /// [`accept`](Self::accept) as an alternative of a select.
    #[expect(clippy::type_complexity, reason = "a type that cannot be named")]
    pub(crate) fn accepting(
        &self,
    ) -> Operating<'_, T, (Socket<T::Stream>, T::Addr), impl FnMut() -> io::Result<(Socket<T::Stream>, T::Addr)>> {
        Operating::new(self, Direction::Read, || {
            let (stream, from) = self.accept_now()?;
            Ok((Socket::new(stream), from))
        })
    }

    /// Accepts without waiting.
    fn accept_now(&self) -> io::Result<(T::Stream, T::Addr)> {
        let (accepted, mode_is_ours) = self.without_blocking(T::accept)?;
        if mode_is_ours { blocking(accepted) } else { Ok(accepted) }
    }
}

/// Of a connection that was accepted while the listener was in a mode that is not the user's: into the user's.
fn blocking<S: AsFd, A>((stream, from): (S, A)) -> io::Result<(S, A)> {
    if pal::socket::ACCEPT_INHERITS_MODE {
        pal::socket::set_nonblocking(stream.as_fd(), false)?;
    }
    Ok((stream, from))
}
