//! The reactor of one worker: the one user of mio.

use std::cell::RefCell;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::Duration;

use mio::{Events, Poll, Registry, Token, Waker};

use crate::pal;

const WAKER: Token = Token(usize::MAX);

/// The part that the worker's own OS thread uses.
pub(crate) struct Reactor {
    poll: RefCell<Poll>,
    events: RefCell<Events>,
}

/// The part that anybody may use.
pub(crate) struct ReactorHandle {
    #[allow(dead_code)]
    registry: Registry,
    waker: Waker,
}

impl Reactor {
    pub(crate) fn new() -> io::Result<(Reactor, ReactorHandle)> {
        let poll = Poll::new()?;
        let registry = poll.registry().try_clone()?;
        let waker = Waker::new(poll.registry(), WAKER)?;
        Ok((
            Reactor { poll: RefCell::new(poll), events: RefCell::new(Events::with_capacity(1024)) },
            ReactorHandle { registry, waker },
        ))
    }

    /// Waits for events, at most `timeout`, and unparks who waits for them.
    pub(crate) fn wait(&self, timeout: Option<Duration>) {
        let mut timeout = timeout;
        if let Some(fine) = timeout.filter(|timeout| !timeout.is_zero()) {
            // mio rounds up to milliseconds, which a short sleep must not be.
            if fine < Duration::from_millis(10) {
                let poll = self.poll.borrow();
                // SAFETY: the descriptor belongs to `poll`, which is borrowed meanwhile.
                let fd = unsafe { BorrowedFd::borrow_raw(poll.as_raw_fd()) };
                pal::wait::readable(fd, fine);
                timeout = Some(Duration::ZERO);
            } else {
                timeout = Some(fine - Duration::from_millis(2));
            }
        }
        let mut events = self.events.borrow_mut();
        if let Err(error) = self.poll.borrow_mut().poll(&mut events, timeout) {
            assert_eq!(error.kind(), io::ErrorKind::Interrupted, "waiting for events: {error}");
        }
    }

    /// Is anything registered that is worth a look while coroutines are runnable?
    pub(crate) fn has_sources(&self) -> bool {
        false
    }
}

impl ReactorHandle {
    /// Ends the worker's present or next [`Reactor::wait`].
    pub(crate) fn wake(&self) {
        self.waker.wake().expect("an event descriptor takes a wake-up");
    }
}
