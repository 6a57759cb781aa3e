//! A descriptor's place for its registration with a reactor: made when somebody first has to wait for the descriptor,
//! with the reactor of the worker where that happens.

use std::io;
use std::os::fd::BorrowedFd;

use super::once_arc::OnceArc;
use super::reactor;
use super::readiness::Direction;
use super::source::Source;

/// Owned beside the descriptor, and dropped before it is closed.
pub(crate) struct Registration(OnceArc<Source>);

impl Registration {
    pub(crate) const fn none() -> Registration {
        Registration(OnceArc::new())
    }

    /// What the reactor knows of the descriptor, if it is registered.
    #[inline]
    pub(crate) fn get(&self) -> Option<&Source> {
        self.0.get()
    }

    /// Registers `fd`, which has just been found to block in the direction `blocked`, if it is not registered. Only for
    /// a coroutine.
    ///
    /// # Errors
    /// The system's: no memory, or more registrations than it allows.
    #[inline]
    pub(crate) fn get_or_register(&self, fd: BorrowedFd<'_>, blocked: Direction) -> io::Result<&Source> {
        match self.0.get() {
            Some(source) => Ok(source),
            None => self.register(fd, blocked),
        }
    }

    #[cold]
    fn register(&self, fd: BorrowedFd<'_>, blocked: Direction) -> io::Result<&Source> {
        let coroutine = super::current_coroutine().expect("only coroutines wait in the reactor");
        let source = coroutine.worker().shared().reactor().register(fd, blocked)?;
        match self.0.set(source) {
            Ok(source) => Ok(source),
            Err(mine) => {
                // Somebody on another worker was faster.
                reactor::deregister(mine);
                Ok(self.0.get().expect("somebody was faster"))
            }
        }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        if let Some(source) = self.0.take() {
            reactor::deregister(source);
        }
    }
}
