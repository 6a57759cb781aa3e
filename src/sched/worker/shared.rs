//! The part of a worker that other OS threads may touch.

use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicUsize, Ordering};

use crossbeam::deque::Stealer;
use crossbeam::utils::CachePadded;

use crate::sched::current::worker;
use crate::sched::inbox::Inbox;
use crate::sched::reactor::ReactorHandle;
use crate::sched::task::Task;

/// A coroutine that has not started, and so may go to any worker.
pub(crate) struct Fresh(pub(crate) NonNull<Task>);

// SAFETY: an unstarted task is a `Send` closure and a header; what holds the `Fresh` is its only user.
unsafe impl Send for Fresh {}

/// The part of a worker that other OS threads may touch. Lives for ever.
pub(crate) struct WorkerShared {
    pub(super) index: usize,
    pub(super) inbox: CachePadded<Inbox<Task>>,
    pub(super) reactor: ReactorHandle,
    pub(super) stealer: Stealer<Fresh>,
    pub(super) counters: CachePadded<Counters>,
}

/// Written by the worker alone, without read-modify-writes; others may see them a little late.
#[derive(Default)]
pub(super) struct Counters {
    /// Turns of its loop.
    pub(super) turns: AtomicUsize,
    /// Spawns made on it.
    pub(super) spawns: AtomicUsize,
    /// Started coroutines that have not finished.
    pub(super) live: AtomicUsize,
}

pub(super) fn add(counter: &AtomicUsize, change: isize) {
    counter.store(counter.load(Ordering::Relaxed).wrapping_add_signed(change), Ordering::Relaxed);
}

impl WorkerShared {
    /// Leaves a task for this worker, from any OS thread.
    pub(crate) fn leave(&self, task: NonNull<Task>) {
        // SAFETY: the caller has just taken the task out of its park state, or never queued it: it is in no queue, and
        // alive until it has run.
        if unsafe { self.inbox.push(task) } {
            self.reactor.wake();
        }
    }

    /// Wakes this worker, to look around, if it sleeps.
    pub(crate) fn rouse(&self) {
        if self.inbox.rouse() {
            self.reactor.wake();
        }
    }

    /// The part of its reactor that other OS threads may use.
    #[allow(dead_code)]
    pub(crate) fn reactor(&self) -> &ReactorHandle {
        &self.reactor
    }
}

/// A parked task is to run again: from any OS thread.
#[inline]
pub(crate) fn make_ready(home: &'static WorkerShared, task: NonNull<Task>) {
    match worker() {
        Some(worker) if ptr::eq(worker.shared, home) => {
            if worker.in_coroutine.get() {
                worker.ready.push_next(task);
            } else {
                worker.ready.push(task);
            }
        }
        _ => home.leave(task),
    }
}
