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
//! none at all. System calls as `strace -c -f` counts them, on one worker as on two whose coroutines have found their places:
//!
//! | path | system calls |
//! |---|---|
//! | a yield; a park and its wake, by a coroutine of this worker; a timeout that does not happen | none |
//! | a spawn and its join, on a stack that is warm | none |
//! | a wake by another OS thread, while this worker runs or spins | none |
//! | the same while it sleeps | one `write` there, one `epoll_wait` here |
//! | a stack that was never used | one `madvise` for its guard, and the faults of its first pages |
//!
//! What each of them takes in instructions is in `benches/instructions.txt`.
//!
//! Some of it is for those who look at the runtime from outside. What `runtime::metrics` tells are counters that only the
//! worker writes, and most of them are there anyway or are the difference of two; coroutines that are parked are counted by
//! reason when they park and when they are woken, and not at all when they yield; the clock is read where the worker sleeps, and
//! every `CLOCK` turns. `runtime::dump` needs the roll, a look at why one was resumed, and the coroutine that runs. In
//! instructions by callgrind on one worker, counted when all this was added:
//!
//! | | before | with the counters and the roll | and with the dump |
//! |---|---|---|---|
//! | spawn and join | 1,306 | 1,353 | 1,306 (the task is made in its place since then) |
//! | park and unpark, to and fro | 614 | 638 | 659 |
//! | yield | 136 | 137 | 143 |

use std::cell::{Cell, RefCell};
use std::io;
use std::marker::PhantomData;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crossbeam::deque;
use crossbeam::utils::CachePadded;

use crate::pal::clock;
use crate::pal::thread_clock::ThreadClock;
use crate::sched::census::Census;
use crate::sched::context::{Context, Switch, suspend};
use crate::sched::current::{OPERATION, refill, set_current, set_worker, spend};
use crate::sched::inbox::Inbox;
use crate::sched::panics::WorkerPanics;
use crate::sched::reactor::{BATCH, Reactor};
use crate::sched::roll::Roll;
use crate::sched::run_queue::RunQueue;
use crate::sched::runtime::Runtime;
use crate::sched::stack::{self, StackCache};
use crate::sched::task::Task;
use crate::sched::timers::{Entry, Timers};

mod answer;
mod choice;
mod life;
mod placement;
mod reading;
mod rest;
mod search;
mod shared;
mod spins;

use shared::{Counters, add};
pub(crate) use shared::{Fresh, WorkerShared, make_ready};
use spins::Spins;

/// Between so many turns the clock is read. A power of two.
const CHECK: u32 = 16;
/// Between so many turns the clock is read also if nothing needs it. A power of two; a multiple of `CHECK`.
const CLOCK: u32 = 4 * CHECK;
/// At least so long lies between two looks at sockets while there are coroutines to run,
const POLL_INTERVAL: Duration = Duration::from_micros(100);
/// and at most so long, if those that were ready at the last look have not had their turns by then: who is found ready
/// comes after them.
const POLL_INTERVAL_IN_A_ROUND: Duration = Duration::from_millis(1);

/// The part of a worker that its own OS thread uses.
pub(crate) struct Worker {
    pub(crate) shared: &'static WorkerShared,
    runtime: Cell<Option<&'static Runtime>>,
    ready: RunQueue,
    fresh: deque::Worker<Fresh>,
    /// Who has started here and not ended.
    roll: Roll,
    timers: Timers,
    reactor: Reactor,
    stacks: RefCell<StackCache>,
    /// A coroutine runs, and not this loop.
    in_coroutine: Cell<bool>,
    /// More than 0: nothing may be switched (a panic hook runs).
    no_switch: Cell<u32>,
    turn: Cell<u32>,
    last_poll: Cell<Instant>,
    /// The turn by which those have had theirs that were ready after the last look at the sockets; or as many as that found, if
    /// it may have left others behind. (Approximately: some turns go to others.)
    round_ends: Cell<u32>,
    /// When the oldest of a backlog was started last.
    oldest_at: Cell<Instant>,
    /// The time, as of the last look at the clock.
    coarse_time: Cell<u64>,
    /// The beginning, by both clocks.
    began: (Instant, u64),
    trim_at: Cell<Option<Instant>>,
    /// Somebody has made this worker the searcher while it slept.
    appointed: Cell<bool>,
    spins: Spins,
    /// Unstarted tasks that found no stack; see `StackCache::get`.
    starved: RefCell<Vec<NonNull<Task>>>,
    /// When the others were last woken on their account.
    begged_at: Cell<Option<Instant>>,
    /// It is a reserve: see `sched::reserve`.
    reserve: bool,
    /// The last census that this worker was asked by, if it is not known to be closed.
    census: RefCell<Option<Arc<Census>>>,
    pub(crate) panics: WorkerPanics,
    _not_send: PhantomData<*mut ()>,
}

impl Worker {
    /// On the OS thread that is to be the worker.
    pub(crate) fn new(index: usize, reserve: bool) -> io::Result<&'static Worker> {
        let (reactor, reactor_handle) = Reactor::new()?;
        let fresh = deque::Worker::new_lifo();
        let began = clock::precise();
        let shared = Box::leak(Box::new(WorkerShared {
            index,
            inbox: CachePadded::new(Inbox::new()),
            reactor: reactor_handle,
            stealer: fresh.stealer(),
            counters: CachePadded::new(Counters::new()),
            clock: ThreadClock::of_this_thread(),
            running: AtomicPtr::new(ptr::null_mut()),
            is_observed: AtomicBool::new(false),
            observer: Mutex::new(()),
            began,
        }));
        Ok(Box::leak(Box::new(Worker {
            shared,
            runtime: Cell::new(None),
            ready: RunQueue::new(),
            fresh,
            roll: Roll::new(),
            timers: Timers::new(),
            reactor,
            stacks: RefCell::new(StackCache::new()),
            in_coroutine: Cell::new(false),
            no_switch: Cell::new(0),
            turn: Cell::new(0),
            last_poll: Cell::new(Instant::now()),
            round_ends: Cell::new(0),
            oldest_at: Cell::new(Instant::now()),
            coarse_time: Cell::new(began),
            began: (Instant::now(), began),
            trim_at: Cell::new(None),
            appointed: Cell::new(false),
            spins: Spins::new(),
            starved: RefCell::new(Vec::new()),
            begged_at: Cell::new(None),
            reserve,
            census: RefCell::new(None),
            panics: WorkerPanics::new(),
            _not_send: PhantomData,
        })))
    }

    pub(crate) fn shared(&self) -> &'static WorkerShared {
        self.shared
    }

    /// Its number; those of reserves come after those of the workers.
    pub(crate) fn index(&self) -> usize {
        self.shared.index
    }

    /// Runs coroutines for the rest of the process.
    pub(crate) fn run(&'static self, runtime: &'static Runtime) -> ! {
        self.runtime.set(Some(runtime));
        set_worker(self);
        self.roll.begin();
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

    /// How many tasks have run here, modulo 2^32.
    #[cfg(debug_assertions)]
    pub(crate) fn turn(&self) -> u32 {
        self.shared.counters.turns.load(Ordering::Relaxed) as u32
    }

    /// The time, as it was some turns ago at the most: [`CLOCK`].
    #[inline]
    pub(crate) fn coarse_time(&self) -> u64 {
        self.coarse_time.get()
    }

    /// What the clock of [`coarse_time`](Self::coarse_time) says at `instant`.
    fn time_of(&self, instant: Instant) -> u64 {
        let (began, time) = self.began;
        time + instant.duration_since(began).as_nanos() as u64
    }

    /// Parks the running coroutine. `false`: the deadline has passed.
    #[inline(always)]
    pub(crate) fn park(&self, task: &Task, deadline: Option<Instant>) -> bool {
        if task.state.take() {
            return true;
        }
        task.parked_at.set(self.coarse_time());
        if let Some(deadline) = deadline {
            return self.park_until(task, deadline);
        }
        self.switch(task, Switch::Parked);
        true
    }

    #[inline(never)]
    fn park_until(&self, task: &Task, deadline: Instant) -> bool {
        if deadline <= Instant::now() {
            spend(OPERATION);
            return task.state.take();
        }
        let entry = Entry::new(task);
        // SAFETY: this frame stays until the switch returns; then the entry is taken out.
        unsafe { self.timers.insert(&entry, deadline) };
        self.note_timers();
        self.switch(task, Switch::Parked);
        let in_time = entry.is_in();
        self.timers.remove(&entry);
        self.note_timers();
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

    // --- the loop

    /// Every now and then, while there are coroutines to run.
    #[cold]
    fn check(&self) {
        if self.turn.get().is_multiple_of(CLOCK) {
            self.coarse_time.set(clock::coarse());
        }
        if stack::somebody_starves() {
            self.share_stacks(1);
        }
        let trim_may_be_due = self.trim_at.get().is_some() && self.turn.get().is_multiple_of(CHECK * 64);
        if self.timers.is_empty() && !self.reactor.has_sources() && !trim_may_be_due {
            return;
        }
        let now = Instant::now();
        self.fire_timers(now);
        let since = now.duration_since(self.last_poll.get());
        let round_is_over = self.round_ends.get().wrapping_sub(self.turn.get()).cast_signed() <= 0;
        if since >= if round_is_over { POLL_INTERVAL } else { POLL_INTERVAL_IN_A_ROUND } && self.reactor.has_sources() {
            self.look_at_sockets(now);
        }
        self.trim_if_due(now);
    }

    fn look_at_sockets(&self, now: Instant) {
        self.reactor.wait(Some(Duration::ZERO));
        self.note_poll(now);
    }

    /// Those who were waiting for sockets have been woken, as of `now`.
    fn note_poll(&self, now: Instant) {
        self.last_poll.set(now);
        let round = if self.reactor.may_have_more() { self.ready.len().min(BATCH) } else { self.ready.len() };
        self.round_ends.set(self.turn.get().wrapping_add(round as u32));
    }

    fn run_task(&self, task: NonNull<Task>) {
        // SAFETY: a task in a queue has not finished, so it is alive: it holds a reference of itself.
        let header = unsafe { task.as_ref() };
        set_current(Some(header));
        self.shared.set_running(task);
        refill();
        self.in_coroutine.set(true);
        let context = NonNull::new(header.context.get()).expect("a task that is to run has a stack");
        // SAFETY: the context belongs to this worker, only this loop resumes it, and it has not finished.
        let switch = unsafe { Context::resume(context) };
        self.in_coroutine.set(false);
        set_current(None);
        match switch {
            Switch::Yielded => self.ready.push(task),
            Switch::Parked => {
                let reason = header.reason();
                if header.state.publish() {
                    self.shared.counters.park(reason);
                } else {
                    self.ready.push(task);
                }
                // If it is published, whoever unparks it may be running it to its end; it is not ours to touch.
            }
            Switch::Finished => self.finish(task),
        }
    }

    fn empty_inbox(&self) {
        let counters = &self.shared.counters;
        self.shared.inbox.take(|task| {
            // SAFETY: as in `run_task`.
            let header = unsafe { task.as_ref() };
            if header.is_unstarted() {
                self.fresh.push(Fresh(task));
                self.count_if_moved(task);
            } else if header.is_coroutine() {
                counters.unpark(header.reason());
                add(&counters.remote_wakes, 1);
                self.ready.push_woken(task);
            } else {
                self.answer(task);
            }
        });
    }

    fn note_timers(&self) {
        self.shared.counters.timers.store(self.timers.len(), Ordering::Relaxed);
    }

    fn fire_timers(&self, now: Instant) {
        while let Some(task) = self.timers.expire(now) {
            // SAFETY: it waits on this worker, so it has not finished.
            let task = unsafe { &*task };
            if task.state.notify() {
                self.shared.counters.unpark(task.reason());
                self.ready.push_woken(NonNull::from(task));
            }
        }
        self.note_timers();
    }
}
