//! A descriptor's place for its registration with a reactor: made when somebody first has to wait for the descriptor,
//! with the reactor of the worker where that happens. It follows who waits: see [`SETTLED`].

use std::io;
use std::os::fd::BorrowedFd;

use super::once_arc::OnceArc;
use super::reactor::{self, ReactorHandle};
use super::readiness::Direction;
use super::runtime::runtime;
use super::source::Source;

/// After so many waits in a row on one other worker, the registration moves there.
const SETTLED: u32 = 4;

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

    /// Registers `fd`, which has just been found to block in the direction `blocked`, if it is not registered. For a task
    /// that is going to wait for it: a coroutine with its own worker, an OS thread with the first one.
    ///
    /// # Errors
    /// The system's: no memory, or more registrations than it allows.
    #[inline]
    pub(crate) fn get_or_register(&self, fd: BorrowedFd<'_>, blocked: Direction) -> io::Result<&Source> {
        let Some(coroutine) = super::current_coroutine() else {
            return match self.0.get() {
                Some(source) => Ok(source),
                None => self.register(fd, runtime()?.workers[0].reactor(), blocked),
            };
        };
        let here = coroutine.worker().shared().reactor();
        let Some(source) = self.0.get() else { return self.register(fd, here, blocked) };
        if source.visit(here) >= SETTLED {
            self.follow(here);
        }
        Ok(source)
    }

    /// Whoever waits for the descriptor has settled on another worker, where each event costs a wake across workers.
    #[cold]
    fn follow(&self, here: &'static ReactorHandle) {
        if let Some(source) = self.0.share() {
            reactor::relocate(&source, here);
        }
    }

    #[cold]
    fn register(&self, fd: BorrowedFd<'_>, here: &'static ReactorHandle, blocked: Direction) -> io::Result<&Source> {
        let source = here.register(fd, blocked)?;
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
