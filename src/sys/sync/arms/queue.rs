use std::ptr;
use std::sync::Arc;

use crate::park::{Alternative, Entry, Seat, Selection, Sleeper};
use crate::sched::wait_queue::WaitQueue;

use super::super::wait_group::WaitGroup;

/// Waiting for something that is final once it is so, and that everybody who waits is told of.
pub(crate) struct Until<'a, F: Fn() -> bool> {
    queue: &'a WaitQueue,
    is_so: F,
    seat: Seat,
}

impl<'a, F: Fn() -> bool> Until<'a, F> {
    /// `is_so` is as in `park::wait`.
    pub(crate) fn new(queue: &'a WaitQueue, is_so: F) -> Until<'a, F> {
        Until { queue, is_so, seat: Seat::new() }
    }
}

impl<F: Fn() -> bool> Alternative for Until<'_, F> {
    fn attempt(&self) -> bool {
        self.seat.settle();
        (self.is_so)()
    }

    unsafe fn enter(&self, _: &Selection) -> Entry {
        // SAFETY: the caller's promise.
        let waits = unsafe {
            self.seat.take(ptr::null_mut(), |waiter| self.queue.push_unless(waiter, Sleeper::current(), &self.is_so))
        };
        if waits { Entry::Waits } else { Entry::Ready }
    }

    fn leave(&self) {
        self.seat.leave(self.queue);
    }

    super::one_seat!();
}

/// Waiting until nobody is in a group.
pub(crate) struct Emptying {
    group: Arc<WaitGroup>,
    seat: Seat,
}

impl Emptying {
    pub(crate) fn new(group: Arc<WaitGroup>) -> Emptying {
        Emptying { group, seat: Seat::new() }
    }
}

impl Alternative for Emptying {
    fn attempt(&self) -> bool {
        self.seat.settle();
        self.group.is_empty()
    }

    unsafe fn enter(&self, _: &Selection) -> Entry {
        // SAFETY: the caller's promise.
        let waits = unsafe {
            self.seat.take(ptr::null_mut(), |waiter| {
                self.group.queue.push_unless(waiter, Sleeper::current(), || self.group.is_empty())
            })
        };
        if waits { Entry::Waits } else { Entry::Ready }
    }

    fn leave(&self) {
        self.seat.leave(&self.group.queue);
    }

    super::one_seat!();
}
