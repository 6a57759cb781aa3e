//! The end of a child as an alternative of a select.
//!
//! By a descriptor of the process, as [`Process::wait`] waits for it. Where there is none, or it has said "ended" and that is
//! no use (somebody else has to look at the dead first), by a coroutine that has a thread of the pool wait for the end and
//! leaves the status where it is. That one may outlive the select; the child's next one makes use of it.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::io;
use std::panic::Location;
use std::process::ExitStatus;
use std::ptr;
use std::sync::Arc;

use crate::pal;
use crate::park::{Alternative, Entry, Reason, Seat, Selection, Sleeper};
use crate::sched::blocking_pool;
use crate::sched::readiness::Direction;
use crate::sched::runtime::Reporter;
use crate::sched::spawn::{self, Options};
use crate::sched::wait_queue::WaitQueue;
use crate::sys::descriptor::Descriptor;
use crate::sys::sync::Event;

use super::Process;

/// See the module's text.
pub(crate) struct Exiting<'a> {
    process: RefCell<&'a mut Process>,
    reporter: Reporter,
    seat: Seat,
    result: Cell<Option<io::Result<ExitStatus>>>,
}

impl<'a> Exiting<'a> {
    pub(crate) fn new(process: &'a mut Process, reporter: Reporter) -> Exiting<'a> {
        Exiting { process: RefCell::new(process), reporter, seat: Seat::new(), result: Cell::new(None) }
    }

    /// What has come of it.
    pub(crate) fn take_result(&self) -> Option<io::Result<ExitStatus>> {
        self.result.take()
    }

    /// Takes a place in `queue`, unless `is_over`.
    ///
    /// # Safety
    /// As [`Seat::take`].
    unsafe fn take_seat(&self, queue: &WaitQueue, is_over: impl FnOnce() -> bool) -> Entry {
        let enqueue = |waiter: &_| {
            // SAFETY: the caller's promise.
            unsafe { queue.push_unless(waiter, Sleeper::current(), is_over) }
        };
        // SAFETY: the caller's promise.
        if unsafe { self.seat.take(ptr::null_mut(), enqueue) } { Entry::Waits } else { Entry::Ready }
    }
}

impl Alternative for Exiting<'_> {
    fn attempt(&self) -> bool {
        self.seat.settle();
        let mut process = self.process.borrow_mut();
        let said_so = process.end.as_ref().and_then(|end| end.registration.get());
        let said_so = said_so.is_some_and(|source| source.seen().is_ready(Direction::Read));
        let result = match self.result.take() {
            // It could not be waited for.
            Some(error) => Some(error),
            None => process.child.try_wait().transpose(),
        };
        match result {
            None if said_so && process.watcher.is_none() => process.watcher = Some(watch(process.id(), self.reporter)),
            None => {}
            Some(Ok(_)) => (process.end, process.watcher) = (None, None),
            Some(Err(_)) => {}
        }
        let done = result.is_some();
        self.result.set(result);
        done
    }

    unsafe fn enter(&self, _: &Selection) -> Entry {
        let mut process = self.process.borrow_mut();
        if process.end.is_none() && process.watcher.is_none() {
            // Nobody has waited for it: that would have been through the `Process`.
            process.end = pal::process::open(process.id()).map(Descriptor::new);
            if process.end.is_none() {
                process.watcher = Some(watch(process.id(), self.reporter));
            }
        }
        if let Some(watcher) = &process.watcher {
            // SAFETY: the caller's promise.
            return unsafe { self.take_seat(watcher.queue(), || watcher.was_set_since(0)) };
        }
        let end = process.end.as_ref().expect("made above, if there is no watcher");
        match end.registration.get_or_register(end.fd(), Direction::Read) {
            // SAFETY: the caller's promise.
            Ok(source) => unsafe {
                self.take_seat(source.queue(Direction::Read), || source.is_ready_or_told(Direction::Read))
            },
            Err(error) => {
                self.result.set(Some(Err(error)));
                Entry::Ready
            }
        }
    }

    fn is_notified(&self) -> bool {
        self.seat.is_notified()
    }

    fn leave(&self) {
        let process = self.process.borrow();
        match (&process.watcher, process.end.as_ref().and_then(|end| end.registration.get())) {
            (Some(watcher), _) => self.seat.leave(watcher.queue()),
            (None, Some(source)) => self.seat.leave(source.queue(Direction::Read)),
            // It has never had a place.
            (None, None) => {}
        }
    }

    fn is_chosen(&self) -> bool {
        self.seat.is_chosen()
    }

    fn end(&self) -> Option<Box<dyn Any + Send>> {
        self.result.take();
        None
    }
}

/// Sets the event that it returns when the child `pid`, which nobody has waited for, has ended.
fn watch(pid: u32, reporter: Reporter) -> Arc<Event> {
    let ended = Arc::new(Event::new());
    let body = {
        let ended = Arc::clone(&ended);
        move || {
            blocking_pool::run_waiting(Reason::Child, || pal::child::await_end(pid));
            ended.set();
        }
    };
    // SAFETY: it borrows nothing.
    if unsafe { spawn::spawn(Options::at(Location::caller(), reporter), body, |_| ()) }.is_err() {
        // Without memory for that one waits where one is.
        pal::child::await_end(pid);
        ended.set();
    }
    ended
}
