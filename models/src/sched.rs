//! What `park` and the locks find in `costd::sched`: here every task is a thread of loom's.

use std::convert::Infallible;
use std::time::Instant;

use reason::Reason;

pub(crate) use crate::{chosen, ending, primitive, readiness, task, wait_list, wait_queue};

#[path = "../../src/sched/reason.rs"]
pub(crate) mod reason;

pub(crate) mod panics {
    pub(crate) use std::panic::{catch_unwind, resume_unwind};

    pub(crate) fn panicking() -> bool {
        false
    }
}

/// A task may be cancelled, and has no limits.
pub(crate) mod interrupt {
    use std::time::Instant;

    use crate::task;

    pub(crate) struct Cancelled;

    pub(crate) struct Interrupts;

    impl Interrupts {
        pub(crate) fn cancel(task: &task::TaskRef) {
            task.cancel();
        }
    }

    pub(crate) fn is_due() -> bool {
        task::current().is_cancelled() && !std::thread::panicking()
    }

    pub(crate) fn check() {
        if is_due() {
            unwind();
        }
    }

    pub(crate) fn unwind() -> ! {
        std::panic::resume_unwind(Box::new(Cancelled))
    }

    pub(crate) fn deadline() -> Option<Instant> {
        None
    }
}

pub(crate) use task::current as current_task;

pub(crate) const OPERATION: u32 = 32;

pub(crate) fn spend(_price: u32) {}

pub(crate) fn spend_turn() {}

pub(crate) fn note_depth() {}

pub(crate) fn others_may_be_running() -> bool {
    false
}

/// There is none.
pub(crate) struct Coroutine(Infallible);

impl Coroutine {
    pub(crate) fn park(self, _deadline: Option<Instant>, _reason: Reason) -> bool {
        match self.0 {}
    }
}

pub(crate) fn current_coroutine() -> Option<Coroutine> {
    None
}

pub(crate) struct OsThread;

pub(crate) fn os_thread() -> OsThread {
    OsThread
}

impl OsThread {
    /// `false`: the deadline has passed, which any deadline has, unless a wake-up is there already.
    pub(crate) fn park(self, deadline: Option<Instant>, _reason: Reason) -> bool {
        let task = task::current();
        match deadline {
            None => {
                task.park();
                true
            }
            Some(_) => task.state.take(),
        }
    }
}
