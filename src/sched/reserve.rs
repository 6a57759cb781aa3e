//! What becomes of spawns while every worker is held up by a coroutine that blocks in foreign code (another crate's lock, a
//! system call that costd does not see) or computes for long.
//!
//! What has started stays where it is. But an unstarted spawn can run anywhere, and perhaps it is what the others wait
//! for: a thread that would set their flag, or notify their foreign condition variable. OS threads would all run. So a
//! *monitor* looks every [`TICK`] while there are spawns, and when all workers are held it hands what is unstarted to
//! *reserves*, one each: workers that take no part in searching and stealing, run what they are handed (and, since it is
//! theirs then, whatever becomes of it), and sleep otherwise. First one, at the next tick twice as many, and so on.
//!
//! A worker is *held* if it is awake and its loop has not made a turn since the last tick. Whether it blocks or computes, its OS
//! thread tells: by the CPU time that it has used, and if that is none, by whether it waits in the kernel or for a CPU. With
//! all blocked, at [`LOOKS`] looks in a row, the spawns are handed out at once. Where one computes they had better wait
//! for their turn, as nothing is gained by more OS threads than CPUs, until [`LONG`] is over; and where one gets no CPU, since the
//! machine has others to do, more of them would only get less each. (So one that has used less than [`COMPUTES`] since its
//! last turn does not compute, but would make a turn if it could; and one that has used more does, though it got none lately.
//! The looks in a row are for a worker that waits for one of costd's own locks, and whoever has that gets no CPU.)
//!
//! The monitor also says so when one worker is held for long (`stuck`), whether or not there are spawns. For that alone it looks
//! less often.
//!
//! # Who wakes the monitor
//!
//! Spawns do, with a load where the monitor is awake. It is a job of the blocking pool, and ends when there is nothing to watch:
//! no spawns, and all workers asleep.
//!
//! ```text
//! a spawner                                       the monitor
//!   1. push the task                                a. `spawned` = false
//!   2. `spawned` set already? done                  b. look at the queues, now and at the next tick
//!   3. `spawned` = true                             c. nothing there, both times: `running` = false
//!   4. `running` not set? set it, start one         d. `spawned` set? then as in 4
//! ```
//!
//! A worker that wakes up looks at `running`, and the monitor that is about to end looks at the workers; between the two is a
//! SeqCst fence on either side. One that does not end but has only workers to watch takes its time, and sets `slow` before it
//! looks at `spawned` once more; whoever sets `spawned` looks at `slow` afterwards, and ends its sleep.
//!
//! 2 may read a value from before a: then b comes after 1 all the same, for a store is on its way no longer than a tick. 3
//! and 4 against c and d are SeqCst: either 4 sees c, or d sees 3.

use std::ptr::NonNull;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crossbeam::deque::Steal;

use super::blocking_pool;
use super::census::Census;
use super::deadlock::{Deadlocks, Verdict};
use super::primitive::lock;
use super::runtime::{self, Runtime, start_worker};
use super::settings::{OnDeadlock, settings};
use super::stuck::Stuck;
use super::task::Task;
use super::worker::{Fresh, WorkerShared};

/// Between two looks.
const TICK: Duration = Duration::from_millis(10);
/// Between two looks at workers alone, at the most.
const SLOW_TICK: Duration = Duration::from_millis(125);
/// The same, while some OS thread may end that keeps all from being a deadlock.
const ELSEWHERE_TICK: Duration = Duration::from_millis(250);
/// So many looks in a row find a worker waiting in the kernel before it counts as blocked.
const LOOKS: u32 = 2;
/// So long may workers compute before reserves help out.
const LONG: Duration = Duration::from_millis(100);
/// A worker that has used so much of a CPU since its last turn computes.
const COMPUTES: Duration = Duration::from_millis(10);
/// The most reserves. Each has an OS thread and three descriptors, for good.
const MAX: usize = 128;
/// The most, without those that block, that are started because workers compute.
const MAX_COMPUTING: usize = 32;

/// See the module's text.
pub(crate) struct Reserve {
    spawned: AtomicBool,
    running: AtomicBool,
    /// The monitor takes its time.
    slow: AtomicBool,
    /// Where it does.
    monitor: Mutex<Option<Thread>>,
    /// After how long a worker that is held is to be reported.
    limit: Option<Duration>,
    /// It is of interest whether workers are awake, also if there are no spawns.
    watches_workers: bool,
    workers: Mutex<Vec<&'static WorkerShared>>,
}

impl Reserve {
    pub(super) fn new() -> Reserve {
        Reserve {
            spawned: AtomicBool::new(false),
            running: AtomicBool::new(false),
            slow: AtomicBool::new(false),
            monitor: Mutex::new(None),
            limit: settings().stuck_after,
            watches_workers: settings().stuck_after.is_some() || settings().on_deadlock != OnDeadlock::Ignore,
            workers: Mutex::new(Vec::new()),
        }
    }

    /// The reserves that there are.
    pub(super) fn workers(&self) -> Vec<&'static WorkerShared> {
        lock(&self.workers).clone()
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
        if !self.running.load(Ordering::SeqCst) {
            self.start();
        } else if self.slow.swap(false, Ordering::SeqCst) {
            self.end_sleep();
        }
    }

    #[cold]
    fn start(&self) {
        if !self.running.swap(true, Ordering::SeqCst) && !blocking_pool::run_detached(monitor) {
            // No OS thread can be had now; the next spawn tries again.
            self.running.store(false, Ordering::SeqCst);
            self.spawned.store(false, Ordering::SeqCst);
        }
    }

    fn end_sleep(&self) {
        if let Some(monitor) = &*lock(&self.monitor) {
            monitor.unpark();
        }
    }

    /// A worker is awake again.
    #[inline]
    pub(super) fn watch_worker(&self) {
        if self.watches_workers {
            // Comes after it was seen to be awake.
            fence(Ordering::SeqCst);
            if !self.running.load(Ordering::Relaxed) {
                self.start();
            }
        }
    }

    /// The monitor waits until it is time to look again. How long that was.
    fn rest(&self, time: Duration) -> Duration {
        let begun = Instant::now();
        if time <= TICK {
            thread::sleep(time);
        } else {
            self.slow.store(true, Ordering::SeqCst);
            if !self.spawned.load(Ordering::SeqCst) {
                thread::park_timeout(time);
            }
            self.slow.store(false, Ordering::SeqCst);
        }
        // If this OS thread, too, was stopped for longer (a debugger, a machine that sleeps), the workers are not to blame.
        begun.elapsed().min(2 * time)
    }

    /// Between two looks where there are only workers to watch.
    fn slow_tick(&self) -> Duration {
        self.limit.map_or(SLOW_TICK, |limit| (limit / 8).clamp(TICK, SLOW_TICK))
    }
}

/// The monitor, until there is nothing to watch.
fn monitor() {
    let Some(runtime) = runtime::started() else { return };
    let reserve = &runtime.reserve;
    let mut watched: Vec<_> = runtime.workers.iter().map(|&worker| Watched::new(worker)).collect();
    // How many are handed out at once, and for how many ticks there has been nothing.
    let (mut most, mut quiet) = (1, 0);
    *lock(&reserve.monitor) = Some(thread::current());
    let mut stuck: Vec<Stuck> = Vec::new();
    let mut deadlock = Verdict::None;
    loop {
        let elapsed = reserve.rest(match deadlock {
            Verdict::None if quiet >= 2 => reserve.slow_tick(),
            Verdict::Elsewhere => ELSEWHERE_TICK,
            _ => TICK,
        });
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
        let all = runtime.all_workers();
        if let Some(limit) = reserve.limit {
            stuck.extend(all[stuck.len()..].iter().map(|&worker| Stuck::new(worker)));
            stuck.iter_mut().for_each(|worker| worker.look(elapsed, limit));
        }
        let is_awake = || reserve.watches_workers && all.iter().any(|worker| !worker.is_asleep());
        let look = |deadlocks: &Deadlocks| deadlocks.look(runtime);
        deadlock = if quiet < 2 || is_awake() {
            Verdict::None
        } else {
            runtime.deadlocks.as_ref().map_or(Verdict::None, look)
        };
        if quiet >= 2 && deadlock == Verdict::None && !is_awake() {
            reserve.running.store(false, Ordering::SeqCst);
            fence(Ordering::SeqCst);
            if !(reserve.spawned.load(Ordering::SeqCst) || is_awake()) || reserve.running.swap(true, Ordering::SeqCst) {
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
    /// At the last look, and at the first since its last turn.
    cpu_time: Option<Duration>,
    cpu_time_before: Option<Duration>,
    held_since: Option<Instant>,
    /// At how many looks in a row it was waiting in the kernel.
    waiting: u32,
    /// There may be unstarted tasks in its inbox.
    may_have_spawns: bool,
}

impl Watched {
    fn new(shared: &'static WorkerShared) -> Watched {
        let turns = shared.turns();
        let cpu_time = shared.cpu_time();
        Watched {
            shared,
            turns,
            cpu_time,
            cpu_time_before: cpu_time,
            held_since: None,
            waiting: 0,
            may_have_spawns: true,
        }
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
        let (Some(before), Some(first), Some(cpu_time)) = (before, self.cpu_time_before, cpu_time) else {
            // It may compute, so wait; and it may block, so do not wait for ever.
            return if for_long { State::Held } else { State::Free };
        };
        if cpu_time.saturating_sub(before) > TICK / 20 || self.shared.is_waiting() == Some(false) {
            self.waiting = 0;
        } else {
            self.waiting += 1;
        }
        if self.waiting >= LOOKS {
            State::Held
        } else if for_long && cpu_time.saturating_sub(first) >= COMPUTES {
            State::Computing
        } else {
            State::Free
        }
    }
}

/// Hands up to `most` unstarted tasks to reserves. `false`: there are none.
fn hand_out(runtime: &'static Runtime, watched: &mut [Watched], state: State, most: usize) -> bool {
    for given in 0..most {
        let Some(reserve) = a_free_one(runtime, state) else {
            return true;
        };
        // Held until the task is where it can be found again.
        let census = lock(&runtime.census);
        let census = census.as_deref();
        let Some(task) = take(runtime, watched, census) else { return given > 0 };
        if let Some(census) = census {
            census.count_moved(task, None);
        }
        reserve.leave(task);
    }
    true
}

/// An unstarted task, from wherever it waits.
fn take(runtime: &Runtime, watched: &mut [Watched], census: Option<&Census>) -> Option<NonNull<Task>> {
    if let Some(task) = runtime.take_injected() {
        return Some(task);
    }
    for worker in watched {
        if let Some(task) = worker.shared.steal() {
            return Some(task);
        }
        if worker.may_have_spawns {
            match worker.shared.take_unstarted(census) {
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
fn a_free_one(runtime: &'static Runtime, state: State) -> Option<&'static WorkerShared> {
    let mut workers = lock(&runtime.reserve.workers);
    if let Some(free) = workers.iter().copied().find(|worker| worker.has_nothing()) {
        return Some(free);
    }
    let blocked = || workers.iter().filter(|worker| !worker.is_asleep() && worker.is_waiting() == Some(true)).count();
    let may_start = workers.len() < MAX
        && (state == State::Held || workers.len() < MAX_COMPUTING || workers.len() - blocked() < MAX_COMPUTING);
    let started = if may_start { start_worker(runtime.workers.len() + workers.len(), true).ok() } else { None };
    let Some((worker, gate)) = started else {
        return workers.iter().copied().filter(|worker| worker.is_asleep()).min_by_key(|worker| worker.live());
    };
    gate.send(runtime).expect("a worker waits for its runtime");
    workers.push(worker);
    Some(worker)
}
