//! A socket: a type of std's that owns the descriptor, and what costd has to know of it.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Duration;

use crate::sched::once_arc::OnceArc;
use crate::sched::readiness::Direction;
use crate::sched::registration::Registration;

use super::options::Options;

/// See the module's text. Three words; the rest is made when it is needed.
pub(crate) struct Socket<T> {
    /// Ends before `io`, which closes the descriptor: fields are dropped in this order.
    pub(super) registration: Registration,
    /// Shared with the duplicates of this socket.
    pub(super) options: OnceArc<Options>,
    io: T,
}

impl<T: AsFd> Socket<T> {
    /// Of a socket that costd has made, and nobody else knows.
    pub(crate) fn new(io: T) -> Socket<T> {
        Socket { registration: Registration::none(), options: OnceArc::new(), io }
    }

    /// Of a socket that comes from elsewhere, whose descriptor others may know.
    pub(crate) fn from_outside(io: T) -> Socket<T> {
        Socket { registration: Registration::none(), options: OnceArc::of(Arc::new(Options::exposed())), io }
    }

    /// The socket as std's, for use behind the user's back.
    #[inline]
    pub(crate) fn io(&self) -> &T {
        &self.io
    }

    /// The socket as std's, for the user's hands.
    pub(crate) fn expose(&self) -> &T {
        self.options.get_or_init(Options::new).expose(self.fd());
        &self.io
    }

    /// The socket as std's, for the user's hands, for good.
    pub(crate) fn into_inner(self) -> T {
        self.expose();
        // The registration ends here.
        self.io
    }

    /// Another of the same open socket, given its descriptor as std's type.
    pub(crate) fn duplicate(&self, duplicate: impl FnOnce(&T) -> io::Result<T>) -> io::Result<Socket<T>> {
        self.options.get_or_init(Options::new);
        let options = self.options.share().expect("made above");
        Ok(Socket { registration: Registration::none(), options: OnceArc::of(options), io: duplicate(&self.io)? })
    }

    #[inline]
    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.io.as_fd()
    }

    /// As std's.
    pub(crate) fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        self.options.get_or_init(Options::new).set_nonblocking(self.fd(), nonblocking)
    }

    /// Sets a timeout; `set` is std's function for it.
    pub(crate) fn set_timeout(
        &self,
        direction: Direction,
        timeout: Option<Duration>,
        set: impl FnOnce(&T, Option<Duration>) -> io::Result<()>,
    ) -> io::Result<()> {
        set(&self.io, timeout)?;
        self.options.get_or_init(Options::new).set_timeout(direction, timeout);
        Ok(())
    }
}
