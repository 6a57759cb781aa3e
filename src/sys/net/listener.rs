//! Accepting connections.
//!
//! The accepting call knows no "do not wait": whether it blocks is the listener's mode. While the descriptor is costd's
//! alone, the first coroutine that accepts makes it non-blocking and it stays so; a plain OS thread that accepts from
//! the same listener and finds nothing waits with `poll`. Once the descriptor was handed out, its mode is the user's, and a
//! coroutine changes it only around the call, under a lock, so that no other call of costd's takes that moment's mode for
//! the user's.
//!
//! A plain OS thread that is blocked in its accepting call is not disturbed by a change of mode: the kernel looks at the mode
//! when the call begins.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::net::{SocketAddr as UnixAddr, UnixListener, UnixStream};
use std::time::{Duration, Instant};

use crate::pal;
use crate::sched::current_coroutine;
use crate::sched::readiness::Direction;

use super::operation::ACCEPT;
use super::options::Options;
use super::socket::Socket;

/// The longest wait at a time where nothing limits it.
const LONG: Duration = Duration::from_secs(3600);

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
            None => self.accept_blocking()?,
        };
        Ok((Socket::new(stream), from))
    }

    /// Accepts without waiting.
    fn accept_now(&self) -> io::Result<(T::Stream, T::Addr)> {
        let options = self.options.get_or_init(Options::new);
        {
            let held = options.hold();
            if *held {
                return self.io().accept().and_then(blocking);
            }
        }
        let mut held = options.hold_for_change();
        if !*held && pal::socket::is_nonblocking(self.fd())? {
            return self.io().accept();
        }
        pal::socket::set_nonblocking(self.fd(), true)?;
        let accepted = self.io().accept();
        if options.is_exposed() {
            pal::socket::set_nonblocking(self.fd(), false)?;
        } else {
            *held = true;
        }
        accepted.and_then(blocking)
    }

    /// Accepts on a plain OS thread.
    fn accept_blocking(&self) -> io::Result<(T::Stream, T::Addr)> {
        let mut deadline = None;
        loop {
            match self.io().accept() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    // The user's mode, the user's timeout (which only an exposed descriptor can have), or costd's mode?
                    if self.is_nonblocking() {
                        return Err(error);
                    }
                    let deadline = *deadline.get_or_insert_with(|| self.deadline(Direction::Read));
                    let left = deadline.map_or(LONG, |deadline| deadline.saturating_duration_since(Instant::now()));
                    if left.is_zero() {
                        return Err(error);
                    }
                    pal::wait::readable(self.io().as_fd(), left);
                }
                result => return result,
            }
        }
    }
}

/// Of a connection that was accepted while the listener was in a mode that is not the user's: into the user's.
fn blocking<S: AsFd, A>((stream, from): (S, A)) -> io::Result<(S, A)> {
    if pal::socket::ACCEPT_INHERITS_MODE {
        pal::socket::set_nonblocking(stream.as_fd(), false)?;
    }
    Ok((stream, from))
}
