//! A descriptor that is registered with a reactor.

use std::ops::Deref;
use std::os::fd::RawFd;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering};

use mio::event::Event;

use crate::pal::prefetch::prefetch;

use super::reactor::ReactorHandle;
use super::readiness::{self, Direction, Readiness};

/// The descriptor, how ready it is (to which it dereferences), and where it is registered.
// What a steady exchange touches is one cache line, from `home` to the slots.
#[repr(C, align(64))]
pub(crate) struct Source {
    /// The reactor that it is registered with.
    home: AtomicPtr<ReactorHandle>,
    /// How many times in a row the `stranger` has waited for it.
    visits: AtomicU32,
    fd: RawFd,
    readiness: Readiness,
    /// The reactor of the worker that was the last to wait for it, if that is not its home's. (It and `visits` count
    /// approximately: nothing but cost depends on them.)
    stranger: AtomicPtr<ReactorHandle>,
    /// Somebody is moving it.
    pub(super) moving: AtomicBool,
}

impl Source {
    /// Of a descriptor that has just been found to block in `blocked`.
    pub(super) fn new(fd: RawFd, home: &'static ReactorHandle, blocked: Direction) -> Source {
        let home = AtomicPtr::new(ptr::from_ref(home).cast_mut());
        Source {
            readiness: Readiness::new(blocked),
            fd,
            home,
            stranger: AtomicPtr::new(ptr::null_mut()),
            visits: AtomicU32::new(0),
            moving: AtomicBool::new(false),
        }
    }

    /// The reactor that it is registered with.
    #[inline]
    pub(super) fn home(&self) -> &'static ReactorHandle {
        // Relaxed: whoever ends or moves a registration has the source by other means from the one who made it, and
        // handles live for ever.
        // SAFETY: set from a reference that lives for ever.
        unsafe { &*self.home.load(Ordering::Relaxed) }
    }

    pub(super) fn set_home(&self, home: &'static ReactorHandle) {
        self.home.store(ptr::from_ref(home).cast_mut(), Ordering::Relaxed);
    }

    /// Somebody on the worker of `here` is going to wait for it. Returns how many waits in a row have been on that worker,
    /// if it is not the source's home.
    #[inline]
    pub(super) fn visit(&self, here: &'static ReactorHandle) -> u32 {
        if ptr::eq(self.home(), here) {
            if self.visits.load(Ordering::Relaxed) != 0 {
                self.visits.store(0, Ordering::Relaxed);
            }
            return 0;
        }
        let here = ptr::from_ref(here).cast_mut();
        let visits = match self.stranger.swap(here, Ordering::Relaxed) == here {
            true => self.visits.load(Ordering::Relaxed).saturating_add(1),
            false => 1,
        };
        self.visits.store(visits, Ordering::Relaxed);
        visits
    }

    pub(super) fn fd(&self) -> RawFd {
        self.fd
    }

    /// The reactor, before it takes over an event: has the caches fetch who may be waiting.
    #[inline]
    pub(super) fn prefetch_waiters(&self) {
        self.readiness.places().into_iter().for_each(prefetch);
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
