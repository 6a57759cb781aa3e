//! An async task that waits for the end of a coroutine.
//!
//! As the one who waits for that (`sched::ending`) it is represented by a task of a third kind, which never runs and is always
//! parked: to unpark it is to call a [`Waker`]. So whoever ends need not know the difference, and a coroutine that nobody
//! joins in this way pays nothing for it. The waker lies behind that task's header, in one allocation.
//!
//! ```text
//! a poll                                      the coroutine that ends
//!   a. leave a waker                            1. set DONE
//!   b. the first time: become the waiter,       2. a waiter was there? unpark it, that is:
//!      or find DONE                             3. take the waker, and call it
//!   c. later: look at DONE: not yet
//! ```
//!
//! The first time b and 1 are of one word. Afterwards the two halves meet at the waker's lock: if 3 has it before a, c sees
//! what 1 has done; else 3 takes the waker that a has left.

use std::ptr::{self, NonNull};
use std::task::Waker;

use super::current::{clear_locals, current_task};
use super::interrupt;
use super::primitive::{Mutex, lock};
use super::spawn::or_abort;
use super::task::{NO_STACK, Origin, Task, TaskRef, VTable};

/// See the module's text. Waits from its making to its drop.
pub(crate) struct AsyncJoiner {
    /// Whose end it waits for.
    joined: TaskRef,
    /// The header of a [`StandIn`].
    stand_in: TaskRef,
}

#[repr(C)]
struct StandIn {
    header: Task,
    waker: Mutex<Option<Waker>>,
}

static VTABLE: VTable = VTable {
    run: |_| unreachable!("an async task is not resumed"),
    result: |_| ptr::null_mut(),
    wake: |task| {
        // SAFETY: only a stand-in has this table, and whoever wakes it keeps it alive.
        wake(unsafe { task.cast::<StandIn>().as_ref() });
    },
    // SAFETY: as above, made by `Box::new` in `enter`; the last reference is gone.
    free: |task| drop(unsafe { Box::from_raw(task.cast::<StandIn>().as_ptr()) }),
};

/// Step 3, on the coroutine that ends.
#[cold]
fn wake(stand_in: &StandIn) {
    let waker = lock(&stand_in.waker).take();
    // It may do anything, and the coroutine has neither somebody to catch its panic nor to drop its thread-locals.
    or_abort(
        || {
            if let Some(waker) = waker {
                interrupt::shield(|| waker.wake());
            }
        },
        "waker panicked",
    );
    or_abort(|| current_task().locals.run_destructors(), "thread local panicked on drop");
    clear_locals();
}

impl AsyncJoiner {
    /// Has `waker` called at the end of `task`, unless that has ended already: then there is nothing to wait for, and this
    /// returns `None`.
    ///
    /// For the one who has the handle of `task`, and nobody else.
    pub(crate) fn enter(task: &TaskRef, waker: &Waker) -> Option<AsyncJoiner> {
        let header = Task::new(&VTABLE, None, NO_STACK, Origin::NONE, 1);
        let is_parked = header.state.publish();
        debug_assert!(is_parked, "nobody else knows of it");
        let stand_in = Box::new(StandIn { header, waker: Mutex::new(Some(waker.clone())) });
        let stand_in = NonNull::from(Box::leak(stand_in)).cast::<Task>();
        // SAFETY: the one count that it was made with.
        let joiner = AsyncJoiner { joined: task.clone(), stand_in: unsafe { TaskRef::from_raw(stand_in) } };
        task.ending.wait_for(joiner.stand_in.clone()).then_some(joiner)
    }

    /// Steps a and c: has `waker` called instead of the one before. `true`: the coroutine has ended.
    pub(crate) fn set_waker(&mut self, waker: &Waker) -> bool {
        let present = &self.place().waker;
        if !lock(present).as_ref().is_some_and(|present| present.will_wake(waker)) {
            // Cloning and dropping one is its owner's code, which is not called under the lock.
            let waker = waker.clone();
            let previous = lock(present).replace(waker);
            drop(previous);
        }
        self.joined.ending.is_done()
    }

    fn place(&self) -> &StandIn {
        // SAFETY: it is the header of one, and alive as long as this is.
        unsafe { self.stand_in.as_ptr().cast::<StandIn>().as_ref() }
    }
}

impl Drop for AsyncJoiner {
    fn drop(&mut self) {
        // If the coroutine has ended, it may be calling the waker, or about to.
        self.joined.ending.leave();
    }
}
