//! What all duplicates of a descriptor share: its mode and a socket's timeouts, which the kernel keeps with what is open
//! and not with the descriptor.
//!
//! As long as the raw descriptor has not been handed out (*exposed*), costd knows all that there is to know, and nobody else
//! can see it. So it need not ask the kernel, and it may keep what has no call that does not wait (a listener, a pipe on an
//! older kernel) in non-blocking mode ([`Options::held`]). From the moment of exposure on, the descriptor is what its user has made
//! of it, as with std, and before a wait the descriptor itself is asked.

use std::io;
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use socket2::SockRef;

use crate::pal;
use crate::sched::readiness::Direction;

/// See the module's text. Made on first demand: a descriptor without it is as it was when it was made.
///
/// The flags and numbers order nothing but themselves (Relaxed): who changes an option and who relies on it agree by other
/// means on which comes first, as they must with std.
pub(crate) struct Options {
    /// What the user's `set_nonblocking` has said last.
    nonblocking: AtomicBool,
    /// The raw descriptor is, or was, in other hands.
    exposed: AtomicBool,
    /// In nanoseconds; 0 for none.
    read_timeout: AtomicU64,
    write_timeout: AtomicU64,
    /// The descriptor is in non-blocking mode on costd's own account. Whoever makes a call that relies on the mode holds
    /// the lock for reading, whoever changes the mode holds it for writing; no such call blocks.
    held: RwLock<bool>,
}

impl Options {
    pub(crate) fn new() -> Options {
        Options {
            nonblocking: AtomicBool::new(false),
            exposed: AtomicBool::new(false),
            read_timeout: AtomicU64::new(0),
            write_timeout: AtomicU64::new(0),
            held: RwLock::new(false),
        }
    }

    /// Of a descriptor that comes from elsewhere.
    pub(crate) fn exposed() -> Options {
        Options { exposed: AtomicBool::new(true), ..Options::new() }
    }

    #[inline]
    pub(crate) fn is_exposed(&self) -> bool {
        self.exposed.load(Ordering::Relaxed)
    }

    /// The raw descriptor is about to be handed out.
    pub(crate) fn expose(&self, fd: BorrowedFd<'_>) {
        if self.is_exposed() {
            return;
        }
        let mut held = self.hold_for_change();
        if std::mem::take(&mut *held) {
            // It cannot fail: the descriptor is open, and has taken the opposite before.
            let _ = pal::socket::set_nonblocking(fd, false);
        }
        self.exposed.store(true, Ordering::Relaxed);
    }

    /// The user's `set_nonblocking`.
    pub(crate) fn set_nonblocking(&self, fd: BorrowedFd<'_>, nonblocking: bool) -> io::Result<()> {
        let mut held = self.hold_for_change();
        pal::socket::set_nonblocking(fd, nonblocking)?;
        *held = false;
        self.nonblocking.store(nonblocking, Ordering::Relaxed);
        Ok(())
    }

    /// Does the user want [`WouldBlock`](io::ErrorKind::WouldBlock) and no wait?
    pub(crate) fn is_nonblocking(&self, fd: BorrowedFd<'_>) -> bool {
        if !self.is_exposed() {
            return self.nonblocking.load(Ordering::Relaxed);
        }
        let held = self.hold();
        !*held && pal::socket::is_nonblocking(fd).unwrap_or(false)
    }

    /// Is the mode costd's own at the moment? See [`Options::held`].
    pub(crate) fn hold(&self) -> RwLockReadGuard<'_, bool> {
        self.held.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// See [`Options::held`].
    pub(crate) fn hold_for_change(&self) -> RwLockWriteGuard<'_, bool> {
        self.held.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a timeout that the descriptor has taken.
    pub(crate) fn set_timeout(&self, direction: Direction, timeout: Option<Duration>) {
        let nanos = timeout.map_or(0, |timeout| u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX).max(1));
        match direction {
            Direction::Read => self.read_timeout.store(nanos, Ordering::Relaxed),
            Direction::Write => self.write_timeout.store(nanos, Ordering::Relaxed),
        }
    }

    /// The end of a wait that begins now.
    pub(crate) fn deadline(&self, fd: BorrowedFd<'_>, direction: Direction) -> Option<Instant> {
        let timeout = if self.is_exposed() {
            let socket = SockRef::from(&fd);
            match direction {
                Direction::Read => socket.read_timeout(),
                Direction::Write => socket.write_timeout(),
            }
            .unwrap_or(None)?
        } else {
            let nanos = match direction {
                Direction::Read => self.read_timeout.load(Ordering::Relaxed),
                Direction::Write => self.write_timeout.load(Ordering::Relaxed),
            };
            if nanos == 0 {
                return None;
            }
            Duration::from_nanos(nanos)
        };
        // Past the end of the clock nobody will see the end of the wait.
        Instant::now().checked_add(timeout)
    }
}
