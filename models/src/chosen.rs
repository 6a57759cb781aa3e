//! As `costd::sched::chosen` where no notifier runs on the waiter's own worker: a task in a list is not counted, and one that was
//! chosen is.

use std::mem;
use std::ptr::NonNull;

use loom::sync::Arc;

use crate::task::{self, Task};

pub(crate) struct Sleeper(NonNull<Task>);

#[must_use]
pub(crate) struct Chosen(Arc<Task>);

impl Sleeper {
    pub(crate) fn current() -> Sleeper {
        Sleeper::of(&task::current())
    }

    pub(crate) fn of(task: &Arc<Task>) -> Sleeper {
        Sleeper(NonNull::from(&**task))
    }

    /// # Safety
    /// See costd's.
    pub(crate) unsafe fn choose(self) -> Chosen {
        // SAFETY: it has come from an `Arc`, whose owner is in the list still; its count stays.
        let task = unsafe { Arc::from_raw(self.0.as_ptr().cast_const()) };
        let chosen = Chosen(Arc::clone(&task));
        mem::forget(task);
        chosen
    }
}

impl Chosen {
    pub(crate) fn unpark(self) {
        self.0.unpark();
    }
}
