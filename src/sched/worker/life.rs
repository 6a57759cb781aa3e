//! The start of a coroutine, and its end: the two moments at which a stack changes hands.

use std::ptr::{self, NonNull};
use std::time::Instant;

use crate::sched::context::Context;
use crate::sched::settings::settings;
use crate::sched::stack;
use crate::sched::task::{Task, TaskRef};

use super::shared::add;
use super::{Fresh, Worker};

impl Worker {
    /// Gives an unstarted task its stack; from now on it belongs to this worker.
    #[inline]
    pub(super) fn start(&self, task: NonNull<Task>) -> Option<NonNull<Task>> {
        // SAFETY: as in `run_task`.
        let header = unsafe { task.as_ref() };
        let Some(stack) = self.stacks.borrow_mut().get(header.stack_class) else {
            self.starved.borrow_mut().push(task);
            stack::note_starved(1);
            return None;
        };
        let context = Context::new(stack, task, header.vtable.run);
        header.context.set(context.as_ptr());
        header.set_home(self.shared);
        add(&self.shared.counters.started, 1);
        // SAFETY: it is new, and leaves at its end.
        unsafe { self.roll.enter(Context::entry(context)) };
        Some(task)
    }

    pub(super) fn finish(&self, task: NonNull<Task>) {
        // SAFETY: alive by the reference that is given back below.
        let context = unsafe { task.as_ref() }.context.replace(ptr::null_mut());
        let context = NonNull::new(context).expect("it has just run");
        // SAFETY: it has entered when it was started.
        unsafe { self.roll.leave(Context::entry(context)) };
        // SAFETY: it is this worker's, and has finished.
        let stack = unsafe { Context::end(context) };
        let mut stacks = self.stacks.borrow_mut();
        stacks.put(stack);
        drop(stacks);
        add(&self.shared.counters.finished, 1);
        if self.trim_at.get().is_none() {
            self.trim_at.set(Instant::now().checked_add(settings().stack_idle));
        }
        self.shared.let_go();
        // SAFETY: the reference that a coroutine holds of itself, made by `sched::spawn`.
        drop(unsafe { TaskRef::from_raw(task) });
        self.feed_starved(1);
    }

    /// Up to `most` tasks that have found no stack shall try again, here or elsewhere.
    pub(super) fn feed_starved(&self, most: usize) {
        for _ in 0..most {
            let Some(task) = self.starved.borrow_mut().pop() else { break };
            stack::note_starved(-1);
            self.fresh.push(Fresh(task));
        }
    }

    /// Somewhere a task has found no stack: nobody keeps idle ones for himself now.
    #[cold]
    pub(super) fn share_stacks(&self, most: usize) {
        self.stacks.borrow_mut().flush();
        self.feed_starved(most);
    }
}
