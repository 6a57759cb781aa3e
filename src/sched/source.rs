//! A descriptor that is registered with a reactor.

use std::ops::Deref;
use std::os::fd::RawFd;
use std::ptr;
use std::sync::atomic::AtomicPtr;

use mio::event::Event;

use super::reactor::ReactorHandle;
use super::readiness::{self, Direction, Readiness};

/// The descriptor, how ready it is (to which it dereferences), and where it is registered.
pub(crate) struct Source {
    readiness: Readiness,
    fd: RawFd,
    /// The reactor that it is registered with.
    pub(super) home: AtomicPtr<ReactorHandle>,
}

impl Source {
    /// Of a descriptor that has just been found to block in `blocked`.
    pub(super) fn new(fd: RawFd, home: &'static ReactorHandle, blocked: Direction) -> Source {
        let home = AtomicPtr::new(ptr::from_ref(home).cast_mut());
        Source { readiness: Readiness::new(blocked), fd, home }
    }

    pub(super) fn fd(&self) -> RawFd {
        self.fd
    }

    /// The reactor: takes over what an event says, and wakes.
    pub(super) fn take_event(&self, event: &Event) {
        let flags = [
            (event.is_readable(), readiness::READABLE),
            (event.is_writable(), readiness::WRITABLE),
            (event.is_read_closed(), readiness::READ_CLOSED),
            (event.is_write_closed(), readiness::WRITE_CLOSED),
            (event.is_error(), readiness::ERROR),
            (is_priority(event), readiness::PRIORITY),
        ];
        self.readiness.set(flags.iter().fold(0, |bits, &(set, bit)| if set { bits | bit } else { bits }));
    }
}

impl Deref for Source {
    type Target = Readiness;

    #[inline]
    fn deref(&self) -> &Readiness {
        &self.readiness
    }
}

/// Where mio can tell of urgent data.
fn is_priority(event: &Event) -> bool {
    cfg_if::cfg_if! {
        if #[cfg(any(target_os = "linux", target_os = "android"))] {
            event.is_priority()
        } else {
            let _ = event;
            false
        }
    }
}
