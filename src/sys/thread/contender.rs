//! A closure that runs in a coroutine of its own, as an alternative of a select: it has won if it is the first to return. If
//! it loses, it is cancelled, and the select waits for its end. So it may borrow what outlives the select.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::Location;
use std::ptr;
use std::thread::Result;

use crate::park::{self, Alternative, Entry, Reason, Seat, Selection, Sleeper};
use crate::sched::interrupt::{self, Interrupts};
use crate::sched::runtime::Reporter;
use crate::sched::spawn::{self, Handle, Options};

/// See the module's text. Only for `park::select`, which calls `end` of those that were begun and have not won, however it
/// ends itself.
pub(crate) struct Contender<F, T> {
    closure: Cell<Option<F>>,
    /// It has left its place, to be spawned.
    is_begun: Cell<bool>,
    /// Who asked for it.
    spawned_at: &'static Location<'static>,
    reporter: Reporter,
    handle: RefCell<Option<Handle<T>>>,
    seat: Seat,
    result: Cell<Option<Result<T>>>,
}

impl<F: FnOnce() -> T + Send, T: Send> Contender<F, T> {
    #[track_caller]
    pub(crate) fn new(closure: F, reporter: Reporter) -> Contender<F, T> {
        Contender {
            closure: Cell::new(Some(closure)),
            is_begun: Cell::new(false),
            spawned_at: Location::caller(),
            reporter,
            handle: RefCell::new(None),
            seat: Seat::new(),
            result: Cell::new(None),
        }
    }

    /// Has it had its only chance?
    pub(crate) fn is_spent(&self) -> bool {
        self.is_begun.get()
    }

    /// What it has returned, or panicked with.
    pub(crate) fn take_result(&self) -> Option<Result<T>> {
        self.result.take()
    }
}

impl<F: FnOnce() -> T + Send, T: Send> Alternative for Contender<F, T> {
    fn attempt(&self) -> bool {
        self.seat.settle();
        let result = self.handle.borrow_mut().as_mut().and_then(Handle::take);
        let done = result.is_some();
        if done {
            self.result.set(result);
        }
        done
    }

    /// # Panics
    /// The system refuses the memory for the stack.
    fn begin(&self) {
        let Some(closure) = self.closure.take() else { return };
        // Also if it comes to nothing.
        self.is_begun.set(true);
        let body = move || {
            // One that loses before it has begun does nothing.
            interrupt::check();
            closure()
        };
        // SAFETY: the select does not end before the coroutine has, and keeps the handle no longer: either it has seen that
        // it is done in `attempt`, or it calls `end`.
        let handle = unsafe { spawn::spawn(Options::at(self.spawned_at, self.reporter), body, |_| ()) };
        *self.handle.borrow_mut() = Some(handle.expect("failed to spawn thread"));
    }

    unsafe fn enter(&self, _: &Selection) -> Entry {
        let handle = self.handle.borrow();
        let ending = &handle.as_ref().expect("it was begun").task().ending;
        // SAFETY: the caller's promise.
        let waits = unsafe {
            self.seat.take(ptr::null_mut(), |waiter| {
                ending.queue().push_unless(waiter, Sleeper::current(), || ending.is_done())
            })
        };
        if waits { Entry::Waits } else { Entry::Ready }
    }

    fn is_notified(&self) -> bool {
        self.seat.is_notified()
    }

    fn leave(&self) {
        if let Some(handle) = &*self.handle.borrow() {
            self.seat.leave(handle.task().ending.queue());
        }
    }

    fn is_chosen(&self) -> bool {
        self.seat.is_chosen()
    }

    fn abandon(&self) {
        if let Some(handle) = &*self.handle.borrow() {
            Interrupts::cancel(handle.task());
        }
    }

    fn end(&self) -> Option<Box<dyn Any + Send>> {
        self.seat.settle();
        let mut handle = self.handle.borrow_mut();
        let handle = handle.as_mut()?;
        let ending = &handle.task().ending;
        while !ending.is_done() {
            let _ = park::wait(ending.queue(), None, Reason::SelectEnd, || ending.is_done());
        }
        match handle.take() {
            Some(Err(payload)) if !interrupt::is_interruption(&*payload) => Some(payload),
            // Not dropped here, where others may still be running.
            result => {
                self.result.set(result);
                None
            }
        }
    }
}
