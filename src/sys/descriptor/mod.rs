//! A descriptor that one may have to wait for: a type of std's that owns it, and what costd has to know of it.
//!
//! | module | what it is |
//! |---|---|
//! | `options` | what all duplicates of a descriptor share |
//! | `mode` | calls that know no "do not wait" |
//! | `operation` | try, wait, retry: the one loop of every operation |
//! | `watched` | waiting for the descriptors of others |
//! | `arm` | an operation as an alternative of a select |

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Duration;

use crate::sched::once_arc::OnceArc;
use crate::sched::readiness::Direction;
use crate::sched::registration::Registration;

pub(crate) mod arm;
mod mode;
pub(in crate::sys) mod operation;
mod options;
mod watched;

use options::Options;
pub(crate) use watched::Watched;

/// See the module's text. Three words; the rest is made when it is needed.
pub(crate) struct Descriptor<T> {
    /// Ends before `io`, which closes the descriptor: fields are dropped in this order.
    pub(in crate::sys) registration: Registration,
    /// Shared with the duplicates of this descriptor.
    options: OnceArc<Options>,
    io: T,
}

impl<T: AsFd> From<T> for Descriptor<T> {
    /// Of a descriptor that comes from elsewhere.
    fn from(io: T) -> Descriptor<T> {
        Descriptor::from_outside(io)
    }
}

impl<T: AsFd> Descriptor<T> {
    /// Of a descriptor that costd has made, and nobody else knows.
    pub(crate) fn new(io: T) -> Descriptor<T> {
        Descriptor { registration: Registration::none(), options: OnceArc::new(), io }
    }

    /// Of a descriptor that comes from elsewhere, which others may know.
    pub(crate) fn from_outside(io: T) -> Descriptor<T> {
        Descriptor { registration: Registration::none(), options: OnceArc::of(Arc::new(Options::exposed())), io }
    }

    /// The descriptor as std's, for use behind the user's back.
    #[inline]
    pub(crate) fn io(&self) -> &T {
        &self.io
    }

    /// The descriptor as std's, for the user's hands.
    pub(crate) fn expose(&self) -> &T {
        self.options.get_or_init(Options::new).expose(self.fd());
        &self.io
    }

    /// The descriptor as std's, for the user's hands, for good.
    pub(crate) fn into_inner(self) -> T {
        self.expose();
        // The registration ends here.
        self.io
    }

    /// Another of what is open already, given as std's type.
    pub(crate) fn duplicate(&self, duplicate: impl FnOnce(&T) -> io::Result<T>) -> io::Result<Descriptor<T>> {
        self.options.get_or_init(Options::new);
        let options = self.options.share().expect("made above");
        Ok(Descriptor { registration: Registration::none(), options: OnceArc::of(options), io: duplicate(&self.io)? })
    }

    #[inline]
    pub(in crate::sys) fn fd(&self) -> BorrowedFd<'_> {
        self.io.as_fd()
    }

    /// Is, or was, the raw descriptor in other hands?
    #[inline]
    pub(in crate::sys) fn is_exposed(&self) -> bool {
        self.options.get().is_some_and(Options::is_exposed)
    }

    /// As std's.
    pub(crate) fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        self.options.get_or_init(Options::new).set_nonblocking(self.fd(), nonblocking)
    }

    /// Sets a socket's timeout; `set` is std's function for it.
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
