//! Where a spawn goes.

use std::io;
use std::ptr::NonNull;
use std::sync::atomic::Ordering;

use crate::sched::runtime::Runtime;
use crate::sched::task::Task;

use super::shared::add;
use super::{Fresh, Worker, WorkerShared};

impl Worker {
    /// Takes an unstarted coroutine, spawned on this worker.
    #[inline]
    pub(crate) fn spawn(&self, task: NonNull<Task>) {
        let runtime = self.runtime();
        let counters = &self.shared.counters;
        add(&counters.spawns, 1);
        if self.reserve {
            // What it runs is what others could not; its children need not wait behind that.
            runtime.inject(task);
            return;
        }
        if runtime.workers.len() > 1 {
            if let Some(other) = self.much_less_loaded(runtime) {
                other.leave(task);
            } else {
                self.push_fresh(task);
                runtime.ring_searcher(false);
            }
        } else {
            self.push_fresh(task);
        }
        runtime.reserve.watch();
    }

    /// The deque may ask for memory, and must not be used again before it has that: a program's allocator may wait.
    #[inline]
    pub(super) fn push_fresh(&self, task: NonNull<Task>) {
        self.without_switching(|| self.fresh.push(Fresh(task)));
    }

    /// Does it search, steal, and get rung, as one of several workers?
    pub(super) fn is_one_of_several(&self, runtime: &Runtime) -> bool {
        !self.reserve && runtime.workers.len() > 1
    }

    /// Placement is for life: with many coroutines here and few elsewhere, a lone spawn had better start there.
    #[inline]
    pub(super) fn much_less_loaded(&self, runtime: &'static Runtime) -> Option<&'static WorkerShared> {
        let counters = &self.shared.counters;
        let live = counters.live();
        if live < 16 {
            return None;
        }
        // One of the others, in turn.
        let spawns = counters.spawns.load(Ordering::Relaxed);
        let step = 1 + spawns % (runtime.workers.len() - 1);
        let other = runtime.workers[(self.shared.index + step) % runtime.workers.len()];
        let theirs = other.counters.live();
        (theirs * 2 + 16 < live).then_some(other)
    }

    /// Makes sure that there will be a stack of this class for a spawn.
    #[inline]
    pub(crate) fn promise_stack(&self, class: u8) -> io::Result<()> {
        self.stacks.borrow_mut().promise(class)
    }
}
