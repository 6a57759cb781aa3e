//! The part of a worker that other OS threads may touch.

use std::ptr::{self, NonNull};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use crossbeam::deque::Stealer;
use crossbeam::utils::CachePadded;

use crate::pal::fences;
use crate::pal::thread_clock::ThreadClock;
use crate::sched::census::Census;
use crate::sched::current::worker;
use crate::sched::inbox::Inbox;
use crate::sched::primitive::lock;
use crate::sched::reactor::ReactorHandle;
use crate::sched::reason::Reason;
use crate::sched::reserve::steal_from;
use crate::sched::task::{Task, TaskRef};

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
    /// The coroutine that runs, or has run last; null if that has ended. (Apart from the counters: it is looked at by who
    /// keeps the one that it names from being freed, see `running`.)
    pub(super) running: AtomicPtr<Task>,
    pub(super) is_observed: AtomicBool,
    pub(super) observer: Mutex<()>,
    /// When it was made.
    pub(super) began: u64,
}

/// Written by the worker alone, without read-modify-writes; others may see them a little late.
pub(crate) struct Counters {
    /// Turns of its loop.
    pub(super) turns: AtomicUsize,
    /// Of these, those in which it had nothing to run at hand; in all others it has run a coroutine.
    pub(super) idle_turns: AtomicUsize,
    /// Spawns made on it.
    pub(super) spawns: AtomicUsize,
    /// Coroutines that have started on it.
    pub(super) started: AtomicUsize,
    /// Of these, those that have ended.
    pub(super) finished: AtomicUsize,
    /// Unstarted spawns that it has taken from other workers.
    pub(super) steals: AtomicUsize,
    /// Its coroutines that others have woken.
    pub(super) remote_wakes: AtomicUsize,
    /// Deadlines of parked coroutines.
    pub(super) timers: AtomicUsize,
    /// How long it has slept, in nanoseconds, not counting the present sleep.
    pub(super) slept: AtomicU64,
    /// Since when it sleeps; 0: it is awake.
    pub(super) asleep_since: AtomicU64,
    /// Its parked coroutines, by the number of the reason.
    parked: [AtomicUsize; REASONS],
}

/// Room for all reasons. A power of two, so that a number is made to fit without a branch.
const REASONS: usize = 64;
const _: () = assert!(Reason::ALL.len() <= REASONS);

impl Counters {
    pub(super) const fn new() -> Counters {
        Counters {
            turns: AtomicUsize::new(0),
            idle_turns: AtomicUsize::new(0),
            spawns: AtomicUsize::new(0),
            started: AtomicUsize::new(0),
            finished: AtomicUsize::new(0),
            steals: AtomicUsize::new(0),
            remote_wakes: AtomicUsize::new(0),
            timers: AtomicUsize::new(0),
            slept: AtomicU64::new(0),
            asleep_since: AtomicU64::new(0),
            parked: [const { AtomicUsize::new(0) }; REASONS],
        }
    }

    /// Coroutines that have started on it and not ended. (Read in this order, so that the difference is never less than 0.)
    pub(super) fn live(&self) -> usize {
        let finished = self.finished.load(Ordering::Relaxed);
        self.started.load(Ordering::Relaxed).saturating_sub(finished)
    }

    pub(super) fn parked(&self, reason: u8) -> usize {
        self.parked[usize::from(reason) % REASONS].load(Ordering::Relaxed)
    }

    /// A coroutine parks, and can be woken now.
    #[inline]
    pub(super) fn park(&self, reason: u8) {
        add(&self.parked[usize::from(reason) % REASONS], 1);
    }

    /// A coroutine is ready again that was parked for `reason`.
    #[inline]
    pub(super) fn unpark(&self, reason: u8) {
        add(&self.parked[usize::from(reason) % REASONS], -1);
    }
}

#[inline]
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
        self.counters.live()
    }

    /// The CPU time that it has used, where the system tells.
    pub(crate) fn cpu_time(&self) -> Option<Duration> {
        self.clock.read()
    }

    /// Does its OS thread wait for the system? `None` where that does not tell.
    pub(crate) fn is_waiting(&self) -> Option<bool> {
        self.clock.is_waiting()
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
    pub(crate) fn take_unstarted(&self, census: Option<&Census>) -> Option<NonNull<Task>> {
        let mut unstarted = None;
        self.inbox.take_in_its_place(|task| {
            // SAFETY: what is in an inbox is alive. It has learnt of its home, if it has one, before somebody woke it.
            let is_fresh = unsafe { task.as_ref() }.is_unstarted();
            if is_fresh && unstarted.is_none() {
                unstarted = Some(task);
            } else {
                if let Some(census) = census.filter(|_| is_fresh) {
                    census.count_moved(task, Some(self.index));
                }
                self.leave(task);
            }
        });
        unstarted
    }

    /// All unstarted spawns that were left for this worker, which does not come to look.
    pub(crate) fn take_all_unstarted(&self, into: &mut Vec<NonNull<Task>>) {
        self.inbox.take_in_its_place(|task| {
            // SAFETY: as above.
            if unsafe { task.as_ref() }.is_unstarted() { into.push(task) } else { self.leave(task) }
        });
    }

    /// Its number; those of reserves come after those of the workers.
    pub(crate) fn index(&self) -> usize {
        self.index
    }

    /// The coroutine that runs there, or has run there last.
    pub(crate) fn running(&self) -> Option<TaskRef> {
        let _observer = lock(&self.observer);
        // What `Worker::let_go` does is done either before the heavy fence, and seen here; or it sees this, and waits.
        self.is_observed.store(true, Ordering::Relaxed);
        fences::heavy();
        let running = NonNull::new(self.running.load(Ordering::Relaxed));
        // SAFETY: it has not ended, and cannot before it is no longer observed.
        let running = running.map(|task| unsafe { TaskRef::share(task) });
        // Release: the reference that was made comes before the one that is given up.
        self.is_observed.store(false, Ordering::Release);
        running
    }

    /// The worker: `task` is going to run.
    #[inline]
    pub(super) fn set_running(&self, task: NonNull<Task>) {
        self.running.store(task.as_ptr(), Ordering::Relaxed);
    }

    /// The worker: who has run last has ended, and may be gone after this.
    #[inline]
    pub(super) fn let_go(&self) {
        self.running.store(ptr::null_mut(), Ordering::Relaxed);
        fences::light();
        // Acquire: see `running`.
        if self.is_observed.load(Ordering::Acquire) {
            drop(lock(&self.observer));
        }
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
            // SAFETY: it was parked, and is alive until it has run.
            let header = unsafe { task.as_ref() };
            home.counters.unpark(header.reason());
            if worker.in_coroutine.get() {
                worker.ready.push_next(task);
            } else {
                worker.ready.push_woken(task);
            }
        }
        _ => home.leave(task),
    }
}
