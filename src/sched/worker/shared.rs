//! The part of a worker that other OS threads may touch.

use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crossbeam::deque::Stealer;
use crossbeam::utils::CachePadded;

use crate::pal::thread_clock::ThreadClock;
use crate::sched::current::worker;
use crate::sched::inbox::Inbox;
use crate::sched::reactor::ReactorHandle;
use crate::sched::reserve::steal_from;
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
    pub(super) clock: ThreadClock,
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

    /// How many turns its loop has made.
    pub(crate) fn turns(&self) -> usize {
        self.counters.turns.load(Ordering::Relaxed)
    }

    /// Does it sleep, with nothing left for it?
    pub(crate) fn is_asleep(&self) -> bool {
        self.inbox.is_asleep()
    }

    /// Is there something in its inbox?
    pub(crate) fn has_been_left_something(&self) -> bool {
        !self.inbox.is_empty() && !self.inbox.is_asleep()
    }

    /// Does it sleep, and has no coroutine that has started?
    pub(crate) fn has_nothing(&self) -> bool {
        self.is_asleep() && self.live() == 0
    }

    /// How many coroutines have started there and not ended.
    pub(crate) fn live(&self) -> usize {
        self.counters.live.load(Ordering::Relaxed)
    }

    /// The CPU time that it has used, where the system tells.
    pub(crate) fn cpu_time(&self) -> Option<Duration> {
        self.clock.read()
    }

    /// Are there no unstarted spawns of its own?
    pub(crate) fn has_no_backlog(&self) -> bool {
        self.stealer.is_empty()
    }

    /// The oldest of its own unstarted spawns.
    pub(crate) fn steal(&self) -> Option<NonNull<Task>> {
        steal_from(|| self.stealer.steal())
    }

    /// An unstarted spawn that was left for this worker, which does not come to look.
    pub(crate) fn take_unstarted(&self) -> Option<NonNull<Task>> {
        let mut unstarted = None;
        self.inbox.take_in_its_place(|task| {
            // SAFETY: what is in an inbox is alive. It has learnt of its home, if it has one, before somebody woke it.
            let is_fresh = unsafe { task.as_ref() }.home().is_none();
            if is_fresh && unstarted.is_none() {
                unstarted = Some(task);
            } else {
                self.leave(task);
            }
        });
        unstarted
    }

    /// The part of its reactor that other OS threads may use.
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
