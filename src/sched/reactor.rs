//! The reactor of one worker: the one user of mio.
//!
//! Each registered descriptor has a [`Source`]. The event's token is the source's address, so an event finds its source
//! without a table; what has to be shown is that the address is still good.
//!
//! # How long a source lives
//!
//! A registration owns one count of its source's `Arc`. Deregistering, from any OS thread, takes the descriptor out of
//! the poll first and then leaves that count in the reactor's *graveyard*, which the worker empties right before it waits
//! for events, and at no other time:
//!
//! ```text
//! somebody                                the worker
//!   1. take the descriptor out              a. empty the graveyard
//!   2. put the source in the graveyard      b. fetch events
//!                                           c. hand each to its source
//! ```
//!
//! An event whose source is used in c was fetched in the b before it, so 1 was not over when that b began (the kernel
//! returns no event of a descriptor that is out), so 2 comes after the a before it, and the graveyard holds the source until
//! the a after it. Handing out an event makes tasks ready and runs none, so c is over before anything else happens on
//! that OS thread.
//!
//! A source that is moved from one reactor to another has a registration with each, and a count for each.
//!
//! 1 must come before the descriptor is closed: if it has a duplicate (in this process or in a child), the kernel keeps the
//! registration beyond the close and cannot be told to end it any more. Where 1 fails (somebody else has closed the
//! descriptor: a bug elsewhere), the source is never freed.

use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Registry, Token, Waker};

use crate::pal;
use crate::pal::prefetch::prefetch;

use super::primitive::lock;
use super::readiness::Direction;
use super::source::Source;

/// So many events are fetched at once. With a thousand connections as busy as can be, what the kernel and this worker have
/// touched to fetch one is still in the caches then when its coroutine runs, which takes 5 % off the CPU time of an echo server; with
/// all of them at once, it is not.
pub(crate) const BATCH: usize = 64;

/// No address of a source.
const WAKER: Token = Token(usize::MAX);

/// The part that the worker's own OS thread uses.
pub(crate) struct Reactor {
    poll: RefCell<Poll>,
    events: RefCell<Events>,
    /// The last time, there were as many as are fetched at once.
    was_full: Cell<bool>,
    common: Arc<Common>,
}

/// The part that anybody may use.
pub(crate) struct ReactorHandle {
    registry: Registry,
    waker: Waker,
    common: Arc<Common>,
}

struct Common {
    /// Registered, or in the graveyard.
    sources: AtomicUsize,
    /// How many are in the graveyard; written under its lock.
    dead: AtomicUsize,
    graveyard: Mutex<Vec<Arc<Source>>>,
}

impl Reactor {
    pub(crate) fn new() -> io::Result<(Reactor, ReactorHandle)> {
        let poll = Poll::new()?;
        let registry = poll.registry().try_clone()?;
        let waker = Waker::new(poll.registry(), WAKER)?;
        let common = Arc::new(Common {
            sources: AtomicUsize::new(0),
            dead: AtomicUsize::new(0),
            graveyard: Mutex::new(Vec::new()),
        });
        let events = RefCell::new(Events::with_capacity(BATCH));
        let reactor =
            Reactor { poll: RefCell::new(poll), events, was_full: Cell::new(false), common: Arc::clone(&common) };
        Ok((reactor, ReactorHandle { registry, waker, common }))
    }

    /// Waits until there are events, or the waker rings, or `timeout` has passed, and unparks who waits for them. May
    /// return early for no reason, but not at every call.
    pub(crate) fn wait(&self, timeout: Option<Duration>) {
        let Some(timeout) = timeout.filter(|timeout| !timeout.is_zero()) else {
            self.poll(timeout);
            return;
        };
        // mio waits in whole milliseconds, rounded up, and the kernel may be late by a thousandth of the whole. So: whole
        // milliseconds first, rounded down, a little less than there are; what is left, to the microsecond. While events
        // come in time, all this is one system call.
        let mut left = timeout;
        let deadline = Instant::now().checked_add(timeout);
        loop {
            let coarse = Duration::from_millis(u64::try_from((left - left / 512).as_millis()).unwrap_or(u64::MAX));
            if coarse.is_zero() {
                let poll = self.poll.borrow();
                // SAFETY: the descriptor belongs to `poll`, which is borrowed meanwhile.
                pal::wait::readable(unsafe { BorrowedFd::borrow_raw(poll.as_raw_fd()) }, left);
                drop(poll);
                self.poll(Some(Duration::ZERO));
                return;
            }
            if self.poll(Some(coarse)) {
                return;
            }
            // Past the end of the clock nobody will see the end of the wait.
            let Some(deadline) = deadline else { return };
            left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
        }
    }

    /// Waits once. `false`: nothing came.
    fn poll(&self, timeout: Option<Duration>) -> bool {
        self.common.empty_graveyard();
        let mut events = self.events.borrow_mut();
        if let Err(error) = self.poll.borrow_mut().poll(&mut events, timeout) {
            assert_eq!(error.kind(), io::ErrorKind::Interrupted, "waiting for events: {error}");
            return true;
        }
        // Acquire: pairs with `add`. The kernel orders the two, but of that the language knows nothing.
        self.common.sources.load(Ordering::Acquire);
        let sources = events.iter().filter(|event| event.token() != WAKER).map(|event| {
            let source = ptr::with_exposed_provenance::<Source>(event.token().0);
            // SAFETY: the token of every other registration is the address of a source, which is alive until the graveyard
            // is emptied next: see the module's text.
            (event, unsafe { &*source })
        });
        // What they need is fetched side by side: one after the other each would have to wait for it.
        sources.clone().for_each(|(_, source)| prefetch(ptr::from_ref(source).addr()));
        sources.clone().for_each(|(_, source)| source.prefetch_waiters());
        let mut count = 0;
        sources.for_each(|(event, source)| {
            source.take_event(event);
            count += 1;
        });
        self.was_full.set(count >= BATCH - 1);
        !events.is_empty()
    }

    /// Has the last wait left events behind, as far as one can know?
    #[inline]
    pub(crate) fn may_have_more(&self) -> bool {
        self.was_full.get()
    }

    /// Is anything registered that is worth a look while coroutines are runnable?
    #[inline]
    pub(crate) fn has_sources(&self) -> bool {
        // Relaxed: a hint. Whoever registers from elsewhere wakes nobody, for it has only begun to wait.
        self.common.sources.load(Ordering::Relaxed) != 0
    }
}

impl Common {
    #[inline]
    fn empty_graveyard(&self) {
        // Relaxed: one that is missed here is found at the next call.
        if self.dead.load(Ordering::Relaxed) != 0 {
            self.empty_graveyard_slow();
        }
    }

    #[cold]
    fn empty_graveyard_slow(&self) {
        let dead = {
            let mut graveyard = lock(&self.graveyard);
            self.dead.store(0, Ordering::Relaxed);
            std::mem::take(&mut *graveyard)
        };
        self.sources.fetch_sub(dead.len(), Ordering::Relaxed);
    }
}

impl ReactorHandle {
    /// Ends the worker's present or next [`Reactor::wait`].
    pub(crate) fn wake(&self) {
        self.waker.wake().expect("an event descriptor takes a wake-up");
    }

    /// How many descriptors are registered.
    pub(crate) fn sources(&self) -> usize {
        let dead = self.common.dead.load(Ordering::Relaxed);
        self.common.sources.load(Ordering::Relaxed).saturating_sub(dead)
    }

    /// Registers `fd`, which has just been found to block in the direction `blocked`.
    pub(crate) fn register(&'static self, fd: BorrowedFd<'_>, blocked: Direction) -> io::Result<Arc<Source>> {
        let source = Arc::new(Source::new(fd.as_raw_fd(), self, blocked));
        self.add(&source)?;
        Ok(source)
    }

    /// Makes a registration of `source` with this reactor. The descriptor must be open.
    fn add(&self, source: &Arc<Source>) -> io::Result<()> {
        // The registration's count.
        let address = Arc::into_raw(Arc::clone(source));
        let token = Token(address.expose_provenance());
        // Release: the source, for the worker that finds it by an event. (As a count: see `has_sources`.)
        self.common.sources.fetch_add(1, Ordering::Release);
        if let Err(error) = self.registry.register(&mut SourceFd(&source.fd()), token, interest()) {
            self.common.sources.fetch_sub(1, Ordering::Relaxed);
            // SAFETY: the count from above, which no registration owns now.
            drop(unsafe { Arc::from_raw(address) });
            return Err(error);
        }
        Ok(())
    }

    /// Ends the registration of a source with this reactor. The descriptor must still be open.
    fn bury(&self, source: &Arc<Source>) {
        if self.registry.deregister(&mut SourceFd(&source.fd())).is_err() {
            return;
        }
        // SAFETY: the count that `add` has given to the registration, which has ended: whoever owns the source ends it,
        // or whoever moves it, which is nobody else meanwhile; either does so once.
        let owned = unsafe { Arc::from_raw(Arc::as_ptr(source)) };
        let mut graveyard = lock(&self.common.graveyard);
        graveyard.push(owned);
        self.common.dead.store(graveyard.len(), Ordering::Relaxed);
    }
}

/// Ends the registration of `source`. The descriptor must still be open, and nobody may use the source meanwhile.
pub(crate) fn deregister(source: Arc<Source>) {
    source.home().bury(&source);
}

/// Moves the registration of `source` to the reactor `here`, if that can be done. The descriptor must be open.
///
/// For a moment it is registered with both, so that no event is missed; an event that comes twice does no harm. Whoever
/// waits meanwhile goes on waiting for the same source.
pub(crate) fn relocate(source: &Arc<Source>, here: &'static ReactorHandle) {
    // Acquire and Release: one move after the other, each with the home that the one before has left.
    if source.moving.swap(true, Ordering::Acquire) {
        return;
    }
    let home = source.home();
    if !ptr::eq(home, here) && here.add(source).is_ok() {
        source.set_home(here);
        home.bury(source);
    }
    source.moving.store(false, Ordering::Release);
}

/// Everything that a socket may tell.
fn interest() -> Interest {
    cfg_if::cfg_if! {
        if #[cfg(any(target_os = "linux", target_os = "android"))] {
            Interest::READABLE | Interest::WRITABLE | Interest::PRIORITY
        } else {
            Interest::READABLE | Interest::WRITABLE
        }
    }
}
