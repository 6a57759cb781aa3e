//! Making a connection.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::{SocketAddr as UnixAddr, UnixStream};
use std::time::{Duration, Instant};

use socket2::{Domain, SockRef};

use crate::pal;
use crate::park;
use crate::sched::current_coroutine;
use crate::sched::readiness::Direction;

use super::Socket;
use crate::sys::descriptor::operation::CONNECT;

/// Connects to `addr`. `timeout` as std's `connect_timeout` has it.
pub(crate) fn connect(addr: &SocketAddr, timeout: Option<Duration>) -> io::Result<Socket<TcpStream>> {
    if current_coroutine().is_none() {
        let stream = match timeout {
            None => TcpStream::connect(addr),
            Some(timeout) => TcpStream::connect_timeout(addr, timeout),
        };
        return stream.map(Socket::new);
    }
    // Connecting knows no "do not wait", so the socket is non-blocking until it is connected. Nobody can see it before.
    let socket = Socket::new(TcpStream::from(pal::socket::nonblocking_stream(Domain::for_address(*addr))?));
    match SockRef::from(socket.io()).connect(&(*addr).into()) {
        Ok(()) => park::checkpoint(),
        Err(error) if pal::socket::is_in_progress(&error) => socket.finish_connecting(timeout)?,
        Err(error) => {
            park::checkpoint();
            return Err(error);
        }
    }
    pal::socket::set_nonblocking(socket.fd(), false)?;
    Ok(socket)
}

/// Connects to a Unix socket.
pub(crate) fn connect_unix(addr: &UnixAddr) -> io::Result<Socket<UnixStream>> {
    if current_coroutine().is_none() {
        return UnixStream::connect_addr(addr).map(Socket::new);
    }
    let addr = pal::socket::from_unix_addr(addr)?;
    let socket = Socket::new(UnixStream::from(pal::socket::nonblocking_stream(Domain::UNIX)?));
    // Such a connection is made at once, or else the listener's backlog is full, of which nobody is told when it ends.
    socket.operate_untold(CONNECT, || SockRef::from(socket.io()).connect(&addr))?;
    pal::socket::set_nonblocking(socket.fd(), false)?;
    Ok(socket)
}

impl Socket<TcpStream> {
    fn finish_connecting(&self, timeout: Option<Duration>) -> io::Result<()> {
        let deadline = match timeout {
            // std's own error.
            Some(Duration::ZERO) => return self.io().set_read_timeout(timeout),
            Some(timeout) => Instant::now().checked_add(timeout),
            None => None,
        };
        loop {
            if !self.wait(CONNECT, deadline)? {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "connection timed out"));
            }
            let Some(seen) = self.registration.get().map(|source| source.seen()) else { continue };
            if seen.is_at_end(Direction::Write) {
                let error = self.io().take_error()?;
                return Err(error.unwrap_or_else(|| io::Error::other("no error set after POLLHUP")));
            }
            if seen.is_ready(Direction::Write) {
                return Ok(());
            }
        }
    }
}
