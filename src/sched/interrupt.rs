//! Interrupting a task: it unwinds from the blocking call that it is in, or from its next one.
//!
//! There are two causes: somebody has *cancelled* it (a coroutine only), or the time is up of a call that was given a *limit*.
//!
//! ```text
//! the task                                          somebody who cancels it
//!   a. CANCELLED? unwind                              1. set CANCELLED
//!   b. park                                           2. unpark the task
//!   c. woken: is what it waited for there? take it,
//!      and return; else a
//! ```
//!
//! If 1 comes after a, 2 ends the park in b, or makes it end at once (`sched::park_state`): a is looked at again. So nothing is
//! interrupted that has taken effect: a waiter that a notifier has chosen returns as if nothing had happened, and is
//! interrupted at its next wait. Nor does anybody's notification get lost, for a waiter that is interrupted has left its
//! queue before.
//!
//! It is deferred while a shield is held, while the task unwinds (destructors may block), where a panic could go nowhere, and
//! where nothing may be switched. It is asked for again at every wait until the task's function has ended, so whoever catches it
//! does not get far.

use std::any::Any;
use std::cell::Cell;
use std::fmt;
use std::ptr;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Instant;

use super::current::{current_task, is_pinned, present_task};
use super::panics;
use super::task::Task;

/// Somebody has cancelled it.
const CANCELLED: u8 = 1;
/// It is inside a limit.
const LIMITED: u8 = 2;

/// What a task knows of its interruptions. All but `word` is the task's own.
pub(crate) struct Interrupts {
    word: AtomicU8,
    shields: Cell<u16>,
    /// If an interruption unwinds it: how many panics are in flight, itself among them.
    unwinding: Cell<u32>,
    /// The innermost.
    limit: Cell<*const Limit>,
}

/// What a cancelled coroutine unwinds with.
#[derive(PartialEq, Eq)]
pub struct Cancelled(());

/// A time that is up at some moment, for all that is called inside.
pub(crate) struct Limit {
    outer: *const Limit,
    deadline: Instant,
    /// The earliest of this one and those around it.
    earliest: Instant,
}

/// What a task unwinds with whose time is up: which one.
pub(crate) struct Expired(*const Limit);

// SAFETY: the pointer is compared, and never followed.
unsafe impl Send for Expired {}

impl Interrupts {
    pub(crate) const fn new() -> Interrupts {
        Interrupts {
            word: AtomicU8::new(0),
            shields: Cell::new(0),
            unwinding: Cell::new(0),
            limit: Cell::new(ptr::null()),
        }
    }

    /// Steps 1 and 2.
    pub(crate) fn cancel(task: &Task) {
        // Release: what the one who cancels did before is visible to who unwinds.
        task.interrupts.word.fetch_or(CANCELLED, Ordering::Release);
        task.unpark();
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.word.load(Ordering::Acquire) & CANCELLED != 0
    }

    fn limit(&self) -> Option<&Limit> {
        // SAFETY: null, or in the frame of a `within` that has not ended.
        unsafe { self.limit.get().as_ref() }
    }

    fn is_due(&self) -> bool {
        if self.shields.get() > 0 || panics::panicking() || is_pinned() {
            return false;
        }
        self.is_cancelled() || self.limit().is_some_and(|limit| limit.earliest <= Instant::now())
    }

    /// Is the panic in flight (there is one) an interruption and nothing more, which poisons no lock?
    pub(crate) fn unwinds(&self, panics: u32) -> bool {
        panics != 0 && panics == self.unwinding.get()
    }

    /// The task's function has ended: what is left to be done, destructors of thread-locals say, is not interrupted any more.
    pub(super) fn finish(&self) {
        self.shields.set(1);
    }

    /// So many panics are in flight again, after some were caught.
    pub(crate) fn caught(&self, panics: u32) {
        if self.unwinding.get() > panics {
            self.unwinding.set(0);
        }
    }
}

/// Step a: is the current task to unwind?
#[inline]
pub(crate) fn is_due() -> bool {
    let Some(Task { interrupts, .. }) = present_task() else { return false };
    // Relaxed: see the module's text for what makes it seen.
    interrupts.word.load(Ordering::Relaxed) != 0 && interrupts.is_due()
}

/// Unwinds the current task, which [`is_due`].
#[cold]
pub(crate) fn unwind() -> ! {
    let task = current_task();
    let payload: Box<dyn Any + Send> = if task.interrupts.is_cancelled() {
        Box::new(Cancelled(()))
    } else {
        Box::new(Expired(task.interrupts.outermost_expired()))
    };
    panics::interrupt(task, payload)
}

impl Interrupts {
    pub(super) fn set_unwinding(&self, panics: u32) {
        self.unwinding.set(panics);
    }

    fn outermost_expired(&self) -> *const Limit {
        let now = Instant::now();
        let (mut limit, mut outermost) = (self.limit.get(), ptr::null());
        // SAFETY: as in `limit`, for all of them.
        while let Some(it) = unsafe { limit.as_ref() } {
            if it.deadline <= now {
                outermost = limit;
            }
            limit = it.outer;
        }
        outermost
    }
}

/// [`unwind`] if [`is_due`]: at the beginning of what may block.
#[inline]
pub(crate) fn check() {
    if is_due() {
        unwind();
    }
}

/// The earliest end of the limits that the current task is in.
#[inline]
pub(crate) fn deadline() -> Option<Instant> {
    let interrupts = &present_task()?.interrupts;
    if interrupts.word.load(Ordering::Relaxed) & LIMITED == 0 || interrupts.shields.get() > 0 || panics::panicking() {
        return None;
    }
    interrupts.limit().map(|limit| limit.earliest)
}

/// Runs `f`, which is not interrupted.
pub(crate) fn shield<R>(f: impl FnOnce() -> R) -> R {
    struct Lower<'a>(&'a Cell<u16>);
    impl Drop for Lower<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() - 1);
        }
    }
    let shields = &current_task().interrupts.shields;
    shields.set(shields.get().checked_add(1).expect("65535 shields, one in another"));
    let _lower = Lower(shields);
    f()
}

/// Runs `f`, which is interrupted at `deadline`. `None`: it was.
pub(crate) fn within<R>(deadline: Instant, f: impl FnOnce() -> R) -> Option<R> {
    struct Leave<'a>(&'a Interrupts, *const Limit);
    impl Drop for Leave<'_> {
        fn drop(&mut self) {
            self.0.limit.set(self.1);
            if self.1.is_null() {
                // Relaxed: the task's own bit.
                self.0.word.fetch_and(!LIMITED, Ordering::Relaxed);
            }
        }
    }
    let interrupts = &current_task().interrupts;
    let outer = interrupts.limit.get();
    let earliest = interrupts.limit().map_or(deadline, |outer| outer.earliest.min(deadline));
    let limit = Limit { outer, deadline, earliest };
    interrupts.limit.set(&limit);
    interrupts.word.fetch_or(LIMITED, Ordering::Relaxed);
    let leave = Leave(interrupts, outer);
    let result = panics::catch_unwind(std::panic::AssertUnwindSafe(f));
    drop(leave);
    match result {
        Ok(value) => Some(value),
        Err(payload) => match payload.downcast_ref::<Expired>() {
            Some(Expired(expired)) if ptr::eq(*expired, &limit) => None,
            _ => panics::resume_unwind(payload),
        },
    }
}

/// Did a task unwind with this because it was interrupted, and not by a panic?
pub(crate) fn is_interruption(payload: &(dyn Any + Send)) -> bool {
    payload.is::<Cancelled>() || payload.is::<Expired>()
}

impl fmt::Debug for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cancelled")
    }
}

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the coroutine was cancelled")
    }
}

impl std::error::Error for Cancelled {}
