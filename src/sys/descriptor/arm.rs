//! An operation on a descriptor as an alternative of a select.
//!
//! On a plain OS thread, too: it waits for the readiness that a worker's reactor finds, as coroutines do.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::AsFd;
use std::ptr;
use std::time::Duration;

use crate::pal;
use crate::park::{Alternative, Entry, Seat, Selection, Sleeper};
use crate::sched::readiness::Direction;

use super::Descriptor;

/// A `call` that says with [`WouldBlock`](io::ErrorKind::WouldBlock) that there is nothing yet. The user's timeouts do not
/// concern it; if the user wants no wait, that error is its result, but for a call that waits and does nothing else.
pub(crate) struct Operating<'a, T: AsFd, R, F: FnMut() -> io::Result<R>> {
    descriptor: &'a Descriptor<T>,
    direction: Direction,
    /// Does the user's mode concern it? Not if all that it does is to wait.
    heeds_mode: bool,
    call: RefCell<F>,
    seat: Seat,
    result: Cell<Option<io::Result<R>>>,
}

impl<'a, T: AsFd, R, F: FnMut() -> io::Result<R>> Operating<'a, T, R, F> {
    pub(crate) fn new(descriptor: &'a Descriptor<T>, direction: Direction, call: F) -> Operating<'a, T, R, F> {
        let call = RefCell::new(call);
        Operating { descriptor, direction, heeds_mode: true, call, seat: Seat::new(), result: Cell::new(None) }
    }

    /// What has come of it.
    pub(crate) fn take_result(&self) -> Option<io::Result<R>> {
        self.result.take()
    }
}

impl<T: AsFd, R, F: FnMut() -> io::Result<R>> Alternative for Operating<'_, T, R, F> {
    fn attempt(&self) -> bool {
        // Whoever was woken owes the others a wake, which `attempt` sees to.
        self.seat.settle();
        let result = match self.result.take() {
            // It could not be waited for.
            Some(error) => Some(error),
            None => {
                self.descriptor.attempt(self.direction, false, &mut *self.call.borrow_mut(), &|_| false).transpose()
            }
        };
        let would_block = matches!(&result, Some(Err(error)) if error.kind() == io::ErrorKind::WouldBlock);
        let done = result.is_some() && (self.heeds_mode || !would_block);
        if done {
            self.result.set(result);
        }
        done
    }

    unsafe fn enter(&self, _: &Selection) -> Entry {
        let source = match self.descriptor.registration.get_or_register(self.descriptor.fd(), self.direction) {
            Ok(source) => source,
            Err(error) => {
                self.result.set(Some(Err(error)));
                return Entry::Ready;
            }
        };
        // SAFETY: the caller's promise.
        let waits = unsafe {
            self.seat.take(ptr::null_mut(), |waiter| {
                let is_ready = || source.is_ready_or_told(self.direction);
                source.queue(self.direction).push_unless(waiter, Sleeper::current(), is_ready)
            })
        };
        if waits { Entry::Waits } else { Entry::Ready }
    }

    fn is_notified(&self) -> bool {
        self.seat.is_notified()
    }

    fn leave(&self) {
        // Who has a place in the queue of a source has seen to the registration.
        if let Some(source) = self.descriptor.registration.get() {
            self.seat.leave(source.queue(self.direction));
        }
    }

    fn is_chosen(&self) -> bool {
        self.seat.is_chosen()
    }

    fn end(&self) -> Option<Box<dyn Any + Send>> {
        if self.seat.settle()
            && let Some(source) = self.descriptor.registration.get()
        {
            source.pass_on(self.direction);
        }
        self.result.take();
        None
    }
}

impl<T: AsFd> Descriptor<T> {
    /// Waits until it is ready in this direction, in whatever mode it is.
    pub(crate) fn becoming_ready(&self, direction: Direction) -> Operating<'_, T, (), impl FnMut() -> io::Result<()>> {
        Operating { heeds_mode: false, ..Operating::new(self, direction, move || self.look(direction)) }
    }

    /// Looks whether the descriptor is ready in this direction, without taking anything; or an error that says "not yet".
    pub(crate) fn look(&self, direction: Direction) -> io::Result<()> {
        let is_ready = match direction {
            Direction::Read => pal::wait::readable(self.fd(), Duration::ZERO),
            Direction::Write => pal::wait::writable(self.fd(), Duration::ZERO),
        };
        if is_ready { Ok(()) } else { Err(pal::socket::would_block()) }
    }
}
