//! The context switch: the one user of corosensei.
//!
//! A [`Context`] is a stack with a coroutine on it. Its worker resumes it; from inside, [`suspend`] switches back with
//! the reason. A coroutine is never dropped before it has finished (its stack may hold borrows that others rely on): a
//! process that ends leaves it where it is.

use std::cell::Cell;
use std::ptr::NonNull;

use corosensei::stack::{Stack as StackMemory, StackPointer};
use corosensei::{Coroutine, CoroutineResult, Yielder};

use super::stack::Stack;
use super::task::Task;

/// Why a coroutine has switched back to its worker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Switch {
    /// It can go on; others first.
    Yielded,
    /// It waits to be unparked.
    Parked,
    /// Its function has returned.
    Finished,
}

/// Where a coroutine finds its way back to the worker; kept in its task.
pub(crate) struct WayBack(Cell<*const Yielder<(), Switch>>);

impl WayBack {
    pub(crate) const fn new() -> WayBack {
        WayBack(Cell::new(std::ptr::null()))
    }
}

/// See the module's text.
pub(crate) struct Context(Coroutine<(), Switch, (), Stack>);

impl Context {
    /// Lays a coroutine out on `stack` that will run `body` with `task`.
    pub(crate) fn new(stack: Stack, task: NonNull<Task>, body: unsafe fn(NonNull<Task>)) -> Context {
        Context(Coroutine::with_stack(stack, move |yielder, ()| {
            // SAFETY: the task outlives its coroutine (it holds a reference of itself until it has finished), and this
            // is its one and only run.
            unsafe {
                task.as_ref().way_back.0.set(yielder);
                body(task);
            }
        }))
    }

    /// Runs the coroutine until it switches back.
    #[inline]
    pub(crate) fn resume(&mut self) -> Switch {
        match self.0.resume(()) {
            CoroutineResult::Yield(switch) => switch,
            CoroutineResult::Return(()) => Switch::Finished,
        }
    }

    /// The stack of a coroutine that has finished.
    pub(crate) fn into_stack(self) -> Stack {
        self.0.into_stack()
    }
}

/// Switches from the running coroutine, whose task this is, back to its worker; returns when it is resumed.
#[inline]
pub(crate) fn suspend(task: &Task, switch: Switch) {
    let yielder = task.way_back.0.get();
    // SAFETY: set when the coroutine started; it lies at the bottom of the stack that this code runs on.
    unsafe { (*yielder).suspend(switch) }
}

// SAFETY: a guard lies at the low end of every slot that `sched::stack` hands out, and its smallest slot has room for more
// than corosensei's minimum besides.
unsafe impl StackMemory for Stack {
    fn base(&self) -> StackPointer {
        self.top().addr()
    }

    fn limit(&self) -> StackPointer {
        self.bottom().addr()
    }
}
