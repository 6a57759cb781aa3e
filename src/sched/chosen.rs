//! Who waits in a list, and whom a notifier has taken out of it.
//!
//! A task whose place in a list lies in its own frames cannot end before it has left the list, so the list needs no reference of
//! it. But it may end as soon as it sees that it was chosen, and a notifier has yet to unpark it then. So the notifier makes
//! sure of it first:
//!
//! | the task | |
//! |---|---|
//! | is a coroutine of the worker that the notifier runs on | does nothing before the notifier has switched away, which unparks it before that |
//! | any other | is given a reference, before its place is marked |
//!
//! The first is what nearly every wake-up is, and it is spared two atomic read-modify-writes.

use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ptr::{self, NonNull};

use super::current::worker;
use super::task::{Task, TaskRef};

/// A task that waits in a list. It is not counted.
#[derive(Clone, Copy)]
pub(crate) struct Sleeper(NonNull<Task>);

/// A task that was taken out of a list, and is to be unparked: before anything is switched.
#[must_use]
pub(crate) struct Chosen {
    task: ManuallyDrop<TaskRef>,
    counted: bool,
    #[cfg(debug_assertions)]
    turn: Option<u32>,
    _not_send: PhantomData<*mut ()>,
}

impl Sleeper {
    /// The task that would park if something blocked now.
    #[inline]
    pub(crate) fn current() -> Sleeper {
        match super::current_coroutine() {
            Some(coroutine) => Sleeper(NonNull::from(coroutine.task())),
            None => Sleeper(super::os_thread().as_ptr()),
        }
    }

    /// To be called by whoever has taken its place out of a list or a slot, before that is marked.
    ///
    /// # Safety
    /// The task has not ended, nor sees before this has returned that it was chosen.
    #[inline]
    pub(crate) unsafe fn choose(self) -> Chosen {
        // SAFETY: the caller's promise.
        let home = unsafe { self.0.as_ref() }.home();
        let counted = !home.zip(worker()).is_some_and(|(home, worker)| ptr::eq(home, worker.shared()));
        // SAFETY: the caller's promise; and if it is not counted, nothing gives back a count that it has not taken.
        let task = unsafe { if counted { TaskRef::share(self.0) } else { TaskRef::from_raw(self.0) } };
        Chosen {
            task: ManuallyDrop::new(task),
            counted,
            #[cfg(debug_assertions)]
            turn: worker().map(|worker| worker.turn()),
            _not_send: PhantomData,
        }
    }
}

impl Chosen {
    #[inline]
    pub(crate) fn unpark(self) {
        #[cfg(debug_assertions)]
        assert_eq!(
            self.turn,
            worker().map(|worker| worker.turn()),
            "switched before the one who was chosen was unparked"
        );
        self.task.unpark();
    }
}

impl Drop for Chosen {
    #[inline]
    fn drop(&mut self) {
        if self.counted {
            // SAFETY: once, here.
            unsafe { ManuallyDrop::drop(&mut self.task) };
        }
    }
}
