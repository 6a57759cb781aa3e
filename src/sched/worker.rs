//! A worker: an OS thread that runs coroutines.
//!
//! It owns everything its coroutines need without a lock: run queue, timers, reactor, warm stacks. What others may touch
//! is [`WorkerShared`]: the inbox, the far end of its deque of unstarted spawns, the reactor's waker, some counters.
//!
//! A turn of its loop runs one task: from the next slot or the queue; if there is none, or many are waiting, the last
//! unstarted spawn (the oldest one now and then); if there is none either, `search` looks at the other workers and
//! `sleep` waits in the reactor. Every `CHECK` turns it looks at the clock, and at timers and sockets if it is time.
//!
//! What a local switch costs: no system call, no lock, and no atomic read-modify-write but the park state's. A yield has
//! none at all.

use std::cell::{Cell, RefCell};
use std::io;
use std::marker::PhantomData;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crossbeam::deque::{self, Steal, Stealer};
use crossbeam::utils::CachePadded;

use super::context::{Context, Switch, suspend};
use super::current::{OPERATION, refill, set_current, set_worker, spend, worker};
use super::inbox::Inbox;
use super::panics::WorkerPanics;
use super::reactor::{Reactor, ReactorHandle};
use super::run_queue::RunQueue;
use super::runtime::Runtime;
use super::stack::{self, StackCache};
use super::task::{Task, TaskRef};
use super::timers::{Entry, Timers};

/// Between so many turns the clock is read.
const CHECK: u32 = 16;
/// At most so long are sockets not looked at while there are coroutines to run.
const POLL_INTERVAL: Duration = Duration::from_micros(100);
/// More unstarted spawns than this have their turn before coroutines that are ready.
const BACKLOG: usize = 64;
/// But every so many turns it is theirs.
const READY_TURN: u32 = 4;
/// A lone unstarted spawn is left to its own worker for so long.
const WATCH: Duration = Duration::from_micros(50);
/// The longest time between two looks of a watcher that finds nothing to take.
const WATCH_MAX: Duration = Duration::from_micros(400);
/// Freed stacks are looked at so long after.
const TRIM_AFTER: Duration = Duration::from_secs(1);
/// How often a worker looks at its inbox before it sleeps, when others have been waking it soon after.
const SPINS: u32 = 200;

/// A coroutine that has not started, and so may go to any worker.
pub(crate) struct Fresh(pub(crate) NonNull<Task>);

// SAFETY: an unstarted task is a `Send` closure and a header; what holds the `Fresh` is its only user.
unsafe impl Send for Fresh {}

/// The part of a worker that other OS threads may touch. Lives for ever.
pub(crate) struct WorkerShared {
    index: usize,
    inbox: CachePadded<Inbox<Task>>,
    reactor: ReactorHandle,
    stealer: Stealer<Fresh>,
    counters: CachePadded<Counters>,
}

/// Written by the worker alone, without read-modify-writes; others may see them a little late.
#[derive(Default)]
struct Counters {
    /// Turns of its loop.
    turns: AtomicUsize,
    /// Spawns made on it.
    spawns: AtomicUsize,
    /// Started coroutines that have not finished.
    live: AtomicUsize,
}

fn add(counter: &AtomicUsize, change: isize) {
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

/// The part of a worker that its own OS thread uses.
pub(crate) struct Worker {
    pub(crate) shared: &'static WorkerShared,
    runtime: Cell<Option<&'static Runtime>>,
    ready: RunQueue,
    fresh: deque::Worker<Fresh>,
    timers: Timers,
    reactor: Reactor,
    stacks: RefCell<StackCache>,
    /// A coroutine runs, and not this loop.
    in_coroutine: Cell<bool>,
    /// More than 0: nothing may be switched (a panic hook runs).
    no_switch: Cell<u32>,
    turn: Cell<u32>,
    last_poll: Cell<Instant>,
    trim_at: Cell<Option<Instant>>,
    /// Somebody has made this worker the searcher while it slept.
    appointed: Cell<bool>,
    /// How much spinning before sleep has been worth lately: 0 to 8.
    spin_worth: Cell<u32>,
    /// Unstarted tasks that found no stack; see `StackCache::get`.
    starved: RefCell<Vec<NonNull<Task>>>,
    pub(crate) panics: WorkerPanics,
    _not_send: PhantomData<*mut ()>,
}

impl Worker {
    /// On the OS thread that is to be the worker.
    pub(crate) fn new(index: usize) -> io::Result<&'static Worker> {
        let (reactor, reactor_handle) = Reactor::new()?;
        let fresh = deque::Worker::new_lifo();
        let shared = Box::leak(Box::new(WorkerShared {
            index,
            inbox: CachePadded::new(Inbox::new()),
            reactor: reactor_handle,
            stealer: fresh.stealer(),
            counters: CachePadded::default(),
        }));
        Ok(Box::leak(Box::new(Worker {
            shared,
            runtime: Cell::new(None),
            ready: RunQueue::new(),
            fresh,
            timers: Timers::new(),
            reactor,
            stacks: RefCell::new(StackCache::new()),
            in_coroutine: Cell::new(false),
            no_switch: Cell::new(0),
            turn: Cell::new(0),
            last_poll: Cell::new(Instant::now()),
            trim_at: Cell::new(None),
            appointed: Cell::new(false),
            spin_worth: Cell::new(0),
            starved: RefCell::new(Vec::new()),
            panics: WorkerPanics::new(),
            _not_send: PhantomData,
        })))
    }

    pub(crate) fn shared(&self) -> &'static WorkerShared {
        self.shared
    }

    /// Runs coroutines for the rest of the process.
    pub(crate) fn run(&'static self, runtime: &'static Runtime) -> ! {
        self.runtime.set(Some(runtime));
        set_worker(self);
        loop {
            let task = match self.next() {
                Some(task) => task,
                None => self.find_work(),
            };
            self.run_task(task);
        }
    }

    fn runtime(&self) -> &'static Runtime {
        self.runtime.get().expect("set before the worker runs anything")
    }

    // --- what the running coroutine asks for

    /// May the running coroutine be switched away from?
    #[inline]
    pub(crate) fn may_switch(&self) -> bool {
        self.no_switch.get() == 0
    }

    /// Runs `body` without switching: whoever waits in it stops this OS thread.
    pub(crate) fn without_switching<R>(&self, body: impl FnOnce() -> R) -> R {
        struct Restore<'a>(&'a Cell<u32>);
        impl Drop for Restore<'_> {
            fn drop(&mut self) {
                self.0.set(self.0.get() - 1);
            }
        }
        self.no_switch.set(self.no_switch.get() + 1);
        let _restore = Restore(&self.no_switch);
        body()
    }

    /// Parks the running coroutine. `false`: the deadline has passed.
    pub(crate) fn park(&self, task: &Task, deadline: Option<Instant>) -> bool {
        if task.state.take() {
            return true;
        }
        let Some(deadline) = deadline else {
            self.switch(task, Switch::Parked);
            task.state.resume();
            return true;
        };
        if deadline <= Instant::now() {
            spend(OPERATION);
            return task.state.take();
        }
        let entry = Entry::new(task);
        // SAFETY: this frame stays until the switch returns; then the entry is taken out.
        unsafe { self.timers.insert(&entry, deadline) };
        self.switch(task, Switch::Parked);
        let in_time = entry.is_in();
        self.timers.remove(&entry);
        task.state.resume();
        in_time
    }

    /// Lets the others go first.
    #[inline]
    pub(crate) fn yield_now(&self, task: &Task) {
        self.switch(task, Switch::Yielded);
    }

    #[inline]
    fn switch(&self, task: &Task, switch: Switch) {
        let panicking = self.panics.before_switch(task);
        suspend(task, switch);
        if panicking {
            self.panics.after_switch();
        }
    }

    /// Takes an unstarted coroutine, spawned on this worker.
    #[inline]
    pub(crate) fn spawn(&self, task: NonNull<Task>) {
        let runtime = self.runtime();
        let counters = &self.shared.counters;
        add(&counters.spawns, 1);
        if runtime.workers.len() > 1 {
            if let Some(other) = self.much_less_loaded(runtime) {
                other.leave(task);
                return;
            }
            self.fresh.push(Fresh(task));
            runtime.ring_searcher(false);
        } else {
            self.fresh.push(Fresh(task));
        }
    }

    /// Placement is for life: with many coroutines here and few elsewhere, a lone spawn had better start there.
    #[inline]
    fn much_less_loaded(&self, runtime: &'static Runtime) -> Option<&'static WorkerShared> {
        let counters = &self.shared.counters;
        let live = counters.live.load(Ordering::Relaxed);
        if live < 16 {
            return None;
        }
        // One of the others, in turn.
        let spawns = counters.spawns.load(Ordering::Relaxed);
        let step = 1 + spawns % (runtime.workers.len() - 1);
        let other = runtime.workers[(self.shared.index + step) % runtime.workers.len()];
        let theirs = other.counters.live.load(Ordering::Relaxed);
        (theirs * 2 + 16 < live).then_some(other)
    }

    /// Makes sure that there will be a stack of this class for a spawn.
    #[inline]
    pub(crate) fn promise_stack(&self, class: u8) -> io::Result<()> {
        self.stacks.borrow_mut().promise(class)
    }

    // --- the loop

    /// The next task to run, of those at hand.
    #[inline]
    fn next(&self) -> Option<NonNull<Task>> {
        let turn = self.turn.get().wrapping_add(1);
        self.turn.set(turn);
        // Relaxed: somebody who watches this worker compares two readings.
        self.shared.counters.turns.store(turn as usize, Ordering::Relaxed);
        if !self.shared.inbox.is_empty() {
            self.empty_inbox();
        }
        if turn.is_multiple_of(CHECK) {
            self.check();
            // The oldest unstarted spawn, so that none waits for ever behind younger ones or busy coroutines; and in turn
            // with them those from outside, which a backlog here that never ends must not keep waiting either.
            let oldest = || if self.fresh.is_empty() { None } else { self.oldest_fresh() };
            let task = if turn.is_multiple_of(2 * CHECK) {
                self.injected().or_else(oldest)
            } else {
                oldest().or_else(|| self.injected())
            };
            if task.is_some() {
                return task;
            }
        }
        // Not always, or spawns that make spawns for ever would keep those that are ready from running.
        if self.fresh.len() > BACKLOG
            && !turn.is_multiple_of(READY_TURN)
            && let Some(task) = self.pop_fresh()
        {
            return Some(task);
        }
        self.ready.pop().or_else(|| self.pop_fresh())
    }

    /// Every now and then, while there are coroutines to run.
    #[cold]
    fn check(&self) {
        let trim_may_be_due = self.trim_at.get().is_some() && self.turn.get().is_multiple_of(CHECK * 64);
        if self.timers.is_empty() && !self.reactor.has_sources() && !trim_may_be_due {
            return;
        }
        let now = Instant::now();
        self.fire_timers(now);
        if now.duration_since(self.last_poll.get()) >= POLL_INTERVAL && self.reactor.has_sources() {
            self.last_poll.set(now);
            self.reactor.wait(Some(Duration::ZERO));
        }
        self.trim_if_due(now);
    }

    fn run_task(&self, task: NonNull<Task>) {
        // SAFETY: a task in a queue has not finished, so it is alive: it holds a reference of itself.
        let header = unsafe { task.as_ref() };
        set_current(Some(header));
        refill();
        self.in_coroutine.set(true);
        // SAFETY: the context belongs to this worker, and only this loop touches it.
        let context = unsafe { &mut *header.context.get() };
        let context = context.as_mut().expect("a task that is to run has a stack");
        let switch = context.resume();
        self.in_coroutine.set(false);
        set_current(None);
        match switch {
            Switch::Yielded => self.ready.push(task),
            Switch::Parked => {
                if !header.state.publish() {
                    self.ready.push(task);
                }
                // If it is published, whoever unparks it may be running it to its end; it is not ours to touch.
            }
            Switch::Finished => self.finish(task),
        }
    }

    #[inline]
    fn pop_fresh(&self) -> Option<NonNull<Task>> {
        let Fresh(task) = self.fresh.pop()?;
        self.start(task)
    }

    fn oldest_fresh(&self) -> Option<NonNull<Task>> {
        match self.shared.stealer.steal() {
            Steal::Success(Fresh(task)) => self.start(task),
            _ => None,
        }
    }

    /// A spawn from outside the workers: usually the searcher's, but with every worker busy there is none.
    fn injected(&self) -> Option<NonNull<Task>> {
        let injector = &self.runtime().injector;
        if injector.is_empty() {
            return None;
        }
        match injector.steal() {
            Steal::Success(Fresh(task)) => self.start(task),
            _ => None,
        }
    }

    /// Gives an unstarted task its stack; from now on it belongs to this worker.
    #[inline]
    fn start(&self, task: NonNull<Task>) -> Option<NonNull<Task>> {
        // SAFETY: as in `run_task`.
        let header = unsafe { task.as_ref() };
        let Some(stack) = self.stacks.borrow_mut().get(header.stack_class) else {
            self.starved.borrow_mut().push(task);
            return None;
        };
        header.stack_bottom.set(stack.bottom().addr().get());
        let context = Context::new(stack, task, header.vtable.run);
        // SAFETY: nobody else knows of the context of a task that has not run.
        unsafe { *header.context.get() = Some(context) };
        header.set_home(self.shared);
        add(&self.shared.counters.live, 1);
        Some(task)
    }

    fn finish(&self, task: NonNull<Task>) {
        // SAFETY: alive by the reference that is given back below; the context is this worker's, and not running.
        let context = unsafe { (*task.as_ref().context.get()).take() };
        let stack = context.expect("it has just run").into_stack();
        let mut stacks = self.stacks.borrow_mut();
        stacks.put(stack);
        drop(stacks);
        add(&self.shared.counters.live, -1);
        if self.trim_at.get().is_none() {
            self.trim_at.set(Some(Instant::now() + TRIM_AFTER));
        }
        // SAFETY: the reference that a coroutine holds of itself, made by `sched::spawn`.
        drop(unsafe { TaskRef::from_raw(task) });
        if !self.starved.borrow().is_empty()
            && let Some(task) = self.starved.borrow_mut().pop()
        {
            self.fresh.push(Fresh(task));
        }
    }

    fn empty_inbox(&self) {
        self.shared.inbox.take(|task| {
            // SAFETY: as in `run_task`.
            if unsafe { task.as_ref() }.home().is_some() {
                self.ready.push(task);
            } else {
                self.fresh.push(Fresh(task));
            }
        });
    }

    fn fire_timers(&self, now: Instant) {
        while let Some(task) = self.timers.expire(now) {
            // SAFETY: it waits on this worker, so it has not finished.
            let task = unsafe { &*task };
            if task.state.notify() {
                self.ready.push(NonNull::from(task));
            }
        }
    }

    /// There is nothing at hand: look further, and sleep until there is.
    #[cold]
    fn find_work(&self) -> NonNull<Task> {
        let runtime = self.runtime();
        // This worker has been the searcher, somebody may have relied on it, and it has not looked since it resigned.
        let mut relied_on = false;
        loop {
            self.empty_inbox();
            if !self.timers.is_empty() {
                self.fire_timers(Instant::now());
            }
            if let Some(task) = self.ready.pop().or_else(|| self.pop_fresh()) {
                if self.appointed.take() {
                    // Whoever appointed this worker has work for somebody else, then.
                    runtime.idle.resign();
                    relied_on = true;
                }
                if relied_on {
                    self.ring_if_there_is_more(runtime);
                }
                return task;
            }
            if runtime.workers.len() > 1 {
                let appointed = self.appointed.take();
                if appointed || runtime.idle.become_searcher() {
                    if let Some(task) = self.search(runtime, appointed) {
                        return task;
                    }
                    relied_on = true;
                }
                if self.spin() {
                    continue;
                }
            }
            if self.sleep(runtime) {
                relied_on = false;
            }
        }
    }

    /// A short while of waiting for others' wakes without sleeping, if that has been worth it lately.
    fn spin(&self) -> bool {
        if self.spin_worth.get() == 0 {
            return false;
        }
        for _ in 0..SPINS {
            if !self.shared.inbox.is_empty() {
                return true;
            }
            std::hint::spin_loop();
        }
        false
    }

    /// `false`: there is something in the inbox, and nothing else was looked at.
    fn sleep(&self, runtime: &'static Runtime) -> bool {
        if !self.shared.inbox.fall_asleep() {
            return false;
        }
        let several = runtime.workers.len() > 1;
        if several {
            runtime.idle.mark_asleep(self.shared.index);
        }
        let asleep_at = Instant::now();
        // A look at everybody's queues after the mark, see `sched::idle`. If somebody else is the searcher, it is theirs.
        if several && self.anything_for_anybody(runtime) && runtime.idle.become_searcher() {
            self.appointed.set(true);
        } else {
            self.reactor.wait(self.sleep_time(asleep_at));
        }
        let now = Instant::now();
        self.last_poll.set(now);
        let woken_by_others = !self.shared.inbox.is_empty();
        self.empty_inbox();
        if several {
            let worth = self.spin_worth.get();
            if woken_by_others && now.duration_since(asleep_at) < Duration::from_micros(50) {
                self.spin_worth.set((worth + 2).min(8));
            } else {
                self.spin_worth.set(worth.saturating_sub(1));
            }
            if !runtime.idle.unmark(self.shared.index) {
                self.appointed.set(true);
            }
        }
        self.trim_if_due(now);
        true
    }

    fn sleep_time(&self, now: Instant) -> Option<Duration> {
        let timer = self.timers.next();
        let until = match (timer, self.trim_at.get()) {
            (Some(a), Some(b)) => a.min(b),
            (a, b) => a.or(b)?,
        };
        Some(until.saturating_duration_since(now))
    }

    /// Is there an unstarted spawn anywhere that this worker should not sleep over?
    fn anything_for_anybody(&self, runtime: &Runtime) -> bool {
        !runtime.injector.is_empty() || runtime.workers.iter().any(|worker| !worker.stealer.is_empty())
    }

    fn ring_if_there_is_more(&self, runtime: &Runtime) {
        if self.anything_for_anybody(runtime) {
            runtime.ring_searcher(false);
        }
    }

    // --- the searcher

    /// As the searcher: looks for unstarted spawns elsewhere. Resigns before it returns.
    ///
    /// `appointed`: there has been a spawn, so watch even if it is gone already; more will come.
    fn search(&self, runtime: &'static Runtime, appointed: bool) -> Option<NonNull<Task>> {
        let mut interval = WATCH;
        let found = loop {
            if let Some(task) = self.steal_backlog(runtime) {
                break Some(task);
            }
            let before = self.readings(runtime);
            if !appointed && interval == WATCH && before.iter().all(|reading| reading.fresh == 0) {
                break None;
            }
            runtime.idle.set_watcher(Some(self.shared.index));
            if !runtime.injector.is_empty() {
                runtime.idle.set_watcher(None);
                continue;
            }
            if self.shared.inbox.fall_asleep() {
                let time = self.sleep_time(Instant::now()).map_or(interval, |time| time.min(interval));
                self.reactor.wait(Some(time));
            }
            runtime.idle.set_watcher(None);
            self.empty_inbox();
            self.fire_timers(Instant::now());
            if let Some(task) = self.ready.pop().or_else(|| self.pop_fresh()) {
                break Some(task);
            }
            if let Some(task) = self.steal_kept_waiting(runtime, &before) {
                break Some(task);
            }
            let after = self.readings(runtime);
            let spawned = before.iter().zip(&after).any(|(before, after)| before.spawns != after.spawns);
            if !spawned && after.iter().all(|reading| reading.fresh == 0) {
                break None;
            }
            interval = (interval * 2).min(WATCH_MAX);
        };
        runtime.idle.resign();
        if found.is_some() {
            self.ring_if_there_is_more(runtime);
        }
        found
    }

    /// What is for anybody: spawns from outside, and more than one unstarted spawn of a worker.
    fn steal_backlog(&self, runtime: &'static Runtime) -> Option<NonNull<Task>> {
        loop {
            let mut again = false;
            match runtime.injector.steal_batch_and_pop(&self.fresh) {
                Steal::Success(Fresh(task)) => return self.start(task),
                Steal::Retry => again = true,
                Steal::Empty => {}
            }
            for victim in self.others(runtime) {
                if victim.stealer.len() > 1 {
                    match victim.stealer.steal_batch_and_pop(&self.fresh) {
                        Steal::Success(Fresh(task)) => return self.start(task),
                        Steal::Retry => again = true,
                        Steal::Empty => {}
                    }
                }
            }
            if !again {
                return None;
            }
        }
    }

    /// A lone spawn of a worker that has not had a turn since `before`.
    fn steal_kept_waiting(&self, runtime: &'static Runtime, before: &[Reading]) -> Option<NonNull<Task>> {
        for victim in self.others(runtime) {
            let reading = &before[victim.index];
            if reading.fresh > 0 && reading.turns == victim.counters.turns.load(Ordering::Relaxed) {
                loop {
                    match victim.stealer.steal() {
                        Steal::Success(Fresh(task)) => return self.start(task),
                        Steal::Retry => {}
                        Steal::Empty => break,
                    }
                }
            }
        }
        None
    }

    fn others(&self, runtime: &'static Runtime) -> impl Iterator<Item = &'static WorkerShared> {
        let (index, workers) = (self.shared.index, &runtime.workers);
        (1..workers.len()).map(move |step| workers[(index + step) % workers.len()])
    }

    fn readings(&self, runtime: &Runtime) -> Vec<Reading> {
        let read = |worker: &&'static WorkerShared| Reading {
            turns: worker.counters.turns.load(Ordering::Relaxed),
            spawns: worker.counters.spawns.load(Ordering::Relaxed),
            fresh: worker.stealer.len(),
        };
        runtime.workers.iter().map(read).collect()
    }

    // --- housekeeping

    fn trim_if_due(&self, now: Instant) {
        if self.trim_at.get().is_some_and(|at| at <= now) {
            self.trim_at.set(None);
            self.stacks.borrow_mut().flush();
            stack::trim_in_background();
        }
    }
}

/// What a watcher knows of a worker.
struct Reading {
    turns: usize,
    spawns: usize,
    fresh: usize,
}
