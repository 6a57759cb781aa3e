//! What becomes of spawns while every worker is held up by a coroutine that blocks in foreign code (another crate's lock, a
//! system call that costd does not see) or computes for long.
//!
//! What has started stays where it is. But an unstarted spawn can run anywhere, and perhaps it is what the others wait
//! for: a thread that would set their flag, or notify their foreign condition variable. OS threads would all run. So a
//! *monitor* looks every [`TICK`] while there are spawns, and when all workers are held it hands what is unstarted to
//! *reserves*, one each: workers that take no part in searching and stealing, run what they are handed (and, since it is
//! theirs then, whatever becomes of it), and sleep otherwise. First one, at the next tick twice as many, and so on.
//!
//! A worker is *held* if it is awake and its loop has not made a turn since the last tick. Whether it blocks or computes, the CPU
//! time of its OS thread tells: with all blocked the spawns are handed out at once; where one computes they had better wait
//! for their turn, as nothing is gained by more OS threads than CPUs, until [`LONG`] is over.
//!
//! # Who wakes the monitor
//!
//! Spawns do, with a load where the monitor is awake. It is a job of the blocking pool, and ends when there is nothing to watch.
//!
//! ```text
//! a spawner                                       the monitor
//!   1. push the task                                a. `spawned` = false
//!   2. `spawned` set already? done                  b. look at the queues, now and at the next tick
//!   3. `spawned` = true                             c. nothing there, both times: `running` = false
//!   4. `running` not set? set it, start one         d. `spawned` set? then as in 4
//! ```
//!
//! 2 may read a value from before a: then b comes after 1 all the same, for a store is on its way no longer than a tick. 3
//! and 4 against c and d are SeqCst: either 4 sees c, or d sees 3.

use std::ptr::NonNull;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam::deque::Steal;

use super::blocking_pool;
use super::primitive::lock;
use super::runtime::{self, Runtime, start_worker};
use super::task::Task;
use super::worker::{Fresh, WorkerShared};

/// Between two looks.
const TICK: Duration = Duration::from_millis(10);
/// So long may workers compute before reserves help out.
const LONG: Duration = Duration::from_millis(100);
/// The most reserves. Each has an OS thread and three descriptors, for good.
const MAX: usize = 128;
/// The most that are started because workers compute.
const MAX_COMPUTING: usize = 32;

/// See the module's text.
pub(crate) struct Reserve {
    spawned: AtomicBool,
    running: AtomicBool,
    workers: Mutex<Vec<&'static WorkerShared>>,
}

impl Reserve {
    pub(super) fn new() -> Reserve {
        Reserve { spawned: AtomicBool::new(false), running: AtomicBool::new(false), workers: Mutex::new(Vec::new()) }
    }

    /// Steps 2 to 4, after an unstarted task was pushed anywhere.
    #[inline]
    pub(super) fn watch(&self) {
        // Relaxed: see the module's text.
        if !self.spawned.load(Ordering::Relaxed) {
            self.watch_slow();
        }
    }

    #[cold]
    fn watch_slow(&self) {
        self.spawned.store(true, Ordering::SeqCst);
        if !self.running.swap(true, Ordering::SeqCst) && !blocking_pool::run_detached_at_once(monitor) {
            // No OS thread can be had now; the next spawn tries again.
            self.running.store(false, Ordering::SeqCst);
            self.spawned.store(false, Ordering::SeqCst);
        }
    }
}

/// The monitor, until there is nothing to watch.
fn monitor() {
    let Some(runtime) = runtime::started() else { return };
    let reserve = &runtime.reserve;
    let mut watched: Vec<_> = runtime.workers.iter().map(|&worker| Watched::new(worker)).collect();
    // How many are handed out at once, and for how many ticks there has been nothing.
    let (mut most, mut quiet) = (1, 0);
    loop {
        thread::sleep(TICK);
        let spawned = reserve.spawned.swap(false, Ordering::SeqCst);
        let now = Instant::now();
        let mut state = State::Held;
        for worker in &mut watched {
            worker.may_have_spawns |= spawned;
            state = state.min(worker.look(now));
        }
        let mut unstarted = watched.iter().any(|worker| worker.may_have_spawns)
            || !runtime.injector.is_empty()
            || watched.iter().any(|worker| !worker.shared.has_no_backlog());
        if unstarted && state != State::Free {
            unstarted = hand_out(runtime, &mut watched, state, most);
            most = (most * 2).min(MAX);
        } else {
            most = 1;
        }
        quiet = if unstarted || spawned { 0 } else { quiet + 1 };
        if quiet == 2 {
            reserve.running.store(false, Ordering::SeqCst);
            if !reserve.spawned.load(Ordering::SeqCst) || reserve.running.swap(true, Ordering::SeqCst) {
                return;
            }
            quiet = 0;
        }
    }
}

/// What holds the workers up, all of them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    /// One is not held, or not for long enough.
    Free,
    /// One computes, and has for long.
    Computing,
    /// All of them block.
    Held,
}

/// What the monitor knows of a worker.
struct Watched {
    shared: &'static WorkerShared,
    turns: usize,
    cpu_time: Option<Duration>,
    held_since: Option<Instant>,
    /// There may be unstarted tasks in its inbox.
    may_have_spawns: bool,
}

impl Watched {
    fn new(shared: &'static WorkerShared) -> Watched {
        let turns = shared.turns();
        Watched { shared, turns, cpu_time: shared.cpu_time(), held_since: None, may_have_spawns: true }
    }

    fn look(&mut self, now: Instant) -> State {
        let turns = self.shared.turns();
        if turns != self.turns || self.shared.is_asleep() {
            // It empties its inbox at every turn, but perhaps it has been held again since, and left something.
            let may_have_spawns = self.may_have_spawns && self.shared.has_been_left_something();
            *self = Watched { may_have_spawns, ..Watched::new(self.shared) };
            return State::Free;
        }
        let cpu_time = self.shared.cpu_time();
        let before = std::mem::replace(&mut self.cpu_time, cpu_time);
        let since = *self.held_since.get_or_insert(now);
        let for_long = now.duration_since(since) >= LONG;
        match (before, cpu_time) {
            (Some(before), Some(now)) if now.saturating_sub(before) <= TICK / 20 => State::Held,
            (Some(_), Some(_)) if for_long => State::Computing,
            // Where the CPU time is not to be had it may compute, so wait; and it may block, so do not wait for ever.
            (None, _) | (_, None) if for_long => State::Held,
            _ => State::Free,
        }
    }
}

/// Hands up to `most` unstarted tasks to reserves. `false`: there are none.
fn hand_out(runtime: &'static Runtime, watched: &mut [Watched], state: State, most: usize) -> bool {
    for given in 0..most {
        let Some(reserve) = a_free_one(runtime, if state == State::Held { MAX } else { MAX_COMPUTING }) else {
            return true;
        };
        let Some(task) = take(runtime, watched) else { return given > 0 };
        reserve.leave(task);
    }
    true
}

/// An unstarted task, from wherever it waits.
fn take(runtime: &Runtime, watched: &mut [Watched]) -> Option<NonNull<Task>> {
    if let Some(task) = steal_from(|| runtime.injector.steal()) {
        return Some(task);
    }
    for worker in watched {
        if let Some(task) = worker.shared.steal() {
            return Some(task);
        }
        if worker.may_have_spawns {
            match worker.shared.take_unstarted() {
                Some(task) => return Some(task),
                None => worker.may_have_spawns = false,
            }
        }
    }
    None
}

pub(super) fn steal_from(mut steal: impl FnMut() -> Steal<Fresh>) -> Option<NonNull<Task>> {
    loop {
        match steal() {
            Steal::Success(Fresh(task)) => return Some(task),
            Steal::Retry => {}
            Steal::Empty => return None,
        }
    }
}

/// A reserve that has no coroutine, perhaps a new one; where there may be no more, one whose coroutines all wait.
fn a_free_one(runtime: &'static Runtime, limit: usize) -> Option<&'static WorkerShared> {
    let mut workers = lock(&runtime.reserve.workers);
    if let Some(free) = workers.iter().copied().find(|worker| worker.has_nothing()) {
        return Some(free);
    }
    let started =
        if workers.len() < limit { start_worker(runtime.workers.len() + workers.len(), true).ok() } else { None };
    let Some((worker, gate)) = started else {
        return workers.iter().copied().filter(|worker| worker.is_asleep()).min_by_key(|worker| worker.live());
    };
    gate.send(runtime).expect("a worker waits for its runtime");
    workers.push(worker);
    Some(worker)
}
