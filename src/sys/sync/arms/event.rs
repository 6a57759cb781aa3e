use std::any::Any;
use std::cell::Cell;
use std::ptr;

use crate::park::{Alternative, Entry, Seat, Selection, Sleeper};

use super::super::event::Event;

/// Waiting for an event to be set.
pub(crate) struct Setting<'a> {
    event: &'a Event,
    seat: Seat,
    /// The event's count when the wait began; none before.
    count: Cell<Option<u64>>,
}

impl<'a> Setting<'a> {
    pub(crate) fn new(event: &'a Event) -> Setting<'a> {
        Setting { event, seat: Seat::new(), count: Cell::new(None) }
    }
}

impl Alternative for Setting<'_> {
    fn attempt(&self) -> bool {
        self.seat.settle();
        let is_over = match self.count.get() {
            Some(count) => self.event.was_set_since(count),
            None => self.event.is_set(),
        };
        if is_over {
            self.count.set(None);
        }
        is_over
    }

    fn begin(&self) {
        self.count.set(Some(self.event.count()));
    }

    unsafe fn enter(&self, _: &Selection) -> Entry {
        // SAFETY: the caller's promise.
        let waits = unsafe {
            self.seat.take(ptr::null_mut(), |waiter| {
                self.event.queue().push_unless(waiter, Sleeper::current(), || {
                    self.count.get().is_none_or(|count| self.event.was_set_since(count))
                })
            })
        };
        if waits { Entry::Waits } else { Entry::Ready }
    }

    fn leave(&self) {
        self.seat.leave(self.event.queue());
    }

    fn end(&self) -> Option<Box<dyn Any + Send>> {
        self.count.set(None);
        None
    }

    super::one_seat!();
}
