//! A worker: an OS thread that runs coroutines.
//!
//! It owns everything its coroutines need without a lock: run queue, timers, reactor, warm stacks. What others may touch
//! is [`WorkerShared`]: the inbox, the far end of its deque of unstarted spawns, the reactor's waker, some counters.
//!
//! A turn of its loop runs one task: from the next slot or the queue; if there is none, or many are waiting, the last
//! unstarted spawn (the oldest one now and then); if there is none either, `search` looks at the other workers and
//! `rest` waits in the reactor. Every `CHECK` turns it looks at the clock, and at timers and sockets if it is time.
//!
//! What a local switch costs: no system call, no lock, and no atomic read-modify-write but the park state's. A yield has
//! none at all.

use std::cell::{Cell, RefCell};
use std::io;
use std::marker::PhantomData;
use std::ptr::NonNull;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam::deque::{self, Steal};
use crossbeam::utils::CachePadded;

use crate::pal::thread_clock::ThreadClock;
use crate::sched::context::{Context, Switch, suspend};
use crate::sched::current::{OPERATION, refill, set_current, set_worker, spend};
use crate::sched::inbox::Inbox;
use crate::sched::panics::WorkerPanics;
use crate::sched::reactor::Reactor;
use crate::sched::run_queue::RunQueue;
use crate::sched::runtime::Runtime;
use crate::sched::stack::{self, StackCache};
use crate::sched::task::{Task, TaskRef};
use crate::sched::timers::{Entry, Timers};

mod rest;
mod search;
mod shared;

use shared::add;
pub(crate) use shared::{Fresh, WorkerShared, make_ready};

/// Between so many turns the clock is read. A power of two.
const CHECK: u32 = 16;
/// At most so long are sockets not looked at while there are coroutines to run.
const POLL_INTERVAL: Duration = Duration::from_micros(100);
/// More unstarted spawns than this have their turn before coroutines that are ready.
const BACKLOG: usize = 64;
/// But every so many turns it is theirs.
const READY_TURN: u32 = 4;
/// Freed stacks are looked at so long after.
const TRIM_AFTER: Duration = Duration::from_secs(1);

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
    /// When the others were last woken on their account.
    begged_at: Cell<Option<Instant>>,
    /// It is a reserve: see `sched::reserve`.
    reserve: bool,
    pub(crate) panics: WorkerPanics,
    _not_send: PhantomData<*mut ()>,
}

impl Worker {
    /// On the OS thread that is to be the worker.
    pub(crate) fn new(index: usize, reserve: bool) -> io::Result<&'static Worker> {
        let (reactor, reactor_handle) = Reactor::new()?;
        let fresh = deque::Worker::new_lifo();
        let shared = Box::leak(Box::new(WorkerShared {
            index,
            inbox: CachePadded::new(Inbox::new()),
            reactor: reactor_handle,
            stealer: fresh.stealer(),
            counters: CachePadded::default(),
            clock: ThreadClock::of_this_thread(),
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
            begged_at: Cell::new(None),
            reserve,
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

    /// As [`yield_now`](Self::yield_now), and what is due has its turn as well: the next one of the loop is one with a check.
    pub(crate) fn yield_after_long(&self, task: &Task) {
        self.turn.set(self.turn.get() | (CHECK - 1));
        self.yield_now(task);
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
        if self.reserve {
            // What it runs is what others could not; its children need not wait behind that.
            runtime.inject(task);
            return;
        }
        if runtime.workers.len() > 1 {
            if let Some(other) = self.much_less_loaded(runtime) {
                other.leave(task);
            } else {
                self.fresh.push(Fresh(task));
                runtime.ring_searcher(false);
            }
        } else {
            self.fresh.push(Fresh(task));
        }
        runtime.reserve.watch();
    }

    /// Does it search, steal, and get rung, as one of several workers?
    fn is_one_of_several(&self, runtime: &Runtime) -> bool {
        !self.reserve && runtime.workers.len() > 1
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
        add(&self.shared.counters.turns, 1);
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
        if stack::somebody_starves() {
            self.share_stacks(1);
        }
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
        loop {
            let Fresh(task) = self.fresh.pop()?;
            let started = self.start(task);
            if started.is_some() {
                return started;
            }
        }
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
        if injector.is_empty() || self.reserve {
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
            stack::note_starved(1);
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
        self.feed_starved(1);
    }

    /// Up to `most` tasks that have found no stack shall try again, here or elsewhere.
    fn feed_starved(&self, most: usize) {
        for _ in 0..most {
            let Some(task) = self.starved.borrow_mut().pop() else { break };
            stack::note_starved(-1);
            self.fresh.push(Fresh(task));
        }
    }

    /// Somewhere a task has found no stack: nobody keeps idle ones for himself now.
    #[cold]
    fn share_stacks(&self, most: usize) {
        self.stacks.borrow_mut().flush();
        self.feed_starved(most);
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
}
