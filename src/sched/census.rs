//! Asking every worker who is there: each coroutine exactly once, where it is, and why.
//!
//! Only its own worker may look at a coroutine that has started. So whoever wants to know sends each worker a [`Request`] through
//! its inbox, and the workers answer between two coroutines, a *slice* at a time: a request that is not done goes back into
//! the inbox, behind what else is there. A worker that does not come to its inbox cannot answer; whoever asked gives it up.
//!
//! # Why each is counted once
//!
//! *Started* coroutines stand in their worker's roll, from their start to their end. The request itself is the marker that
//! goes through it, from the youngest to the oldest: who starts meanwhile comes before the marker, and who was there when it
//! set out, and is still there, is met by it.
//!
//! *Unstarted* ones wait in the deques and inboxes of workers and in the injector, and move between them. A worker counts
//! all that it has when the request arrives. From then on (the census is *open* to it) it counts whatever it takes from
//! elsewhere, be it stolen, handed out by the monitor or from the injector. The injector is counted by whoever asks. The monitor
//! (`sched::reserve`) takes from one worker for another: what it has in hand it counts itself, and the requests are sent while
//! it has nothing in hand.
//!
//! ```text
//! whoever asks                               a worker
//!   1. send the requests                       a. take the request: count what is unstarted here; open
//!   2. count the injector                      b. take a task from elsewhere: if open, count it
//! ```
//!
//! A task that is unstarted from 1 until all have done a is somewhere all the time. When the worker that has it last before
//! its own a (or none: then it was in the injector at 2) comes to a, it is counted; or else it has come there after that worker's
//! a, and is counted by b. Somebody may be between taking and counting when all have done a. So all are asked once more, for
//! nothing but to come by (a *flush*): then b is done.
//!
//! A mark in the task keeps it from being counted twice. So: who lives from 1 to the end is counted once, who is born or ends
//! meanwhile once or not at all. Workers that are started meanwhile (reserves) are asked, too, before the end.

use std::backtrace::Backtrace;
use std::cell::{Cell, UnsafeCell};
use std::collections::{HashMap, HashSet};
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::context::{Context, Look};
use super::primitive::{Mutex, lock};
use super::reason::Reason;
use super::roll::Entry;
use super::runtime::Runtime;
use super::task::{NO_STACK, Origin, Task, TaskRef, VTable};
use super::wait_queue::WaitQueue;
use super::worker::{Worker, WorkerShared};
use crate::pal::clock;
use crate::pal::frames::CUT;

/// So many coroutines are looked at in one slice: some hundreds of microseconds.
const SLICE: usize = 256;

/// What a coroutine was found doing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Activity {
    /// It has not begun to run.
    Unstarted,
    /// It keeps its worker, which does not answer.
    Running,
    /// It can go on.
    Ready,
    /// It waits.
    Parked(Reason),
}

/// A coroutine that was counted.
pub(crate) struct Found {
    pub(crate) task: TaskRef,
    pub(crate) activity: Activity,
    /// The number of the worker that it belongs to.
    pub(crate) worker: Option<usize>,
    /// When it parked, by the clock.
    pub(crate) parked_at: u64,
    /// Where its stack is in [`Answer::stacks`].
    pub(crate) stack: Option<usize>,
}

/// What one worker says.
#[derive(Default)]
pub(crate) struct Answer {
    pub(crate) found: Vec<Found>,
    /// The stacks that were seen, each once: the addresses.
    pub(crate) stacks: Vec<Arc<[usize]>>,
    /// What std says of some of them, such that every address of every stack occurs, as far as there was room to ask.
    pub(crate) names: Vec<Backtrace>,
}

/// See the module's text.
pub(crate) struct Census {
    /// Never 0.
    number: u32,
    /// When, by the clock.
    began: u64,
    /// Nobody wants to know any more.
    closed: AtomicBool,
    state: Mutex<State>,
    /// Whoever asks waits here for answers.
    pub(crate) answered: WaitQueue,
}

#[derive(Default)]
struct State {
    /// By the number of the worker. They grow with every slice.
    answers: HashMap<usize, Answer>,
    /// What was counted on the way from one worker to another.
    moved: Vec<Found>,
    /// Who has not answered.
    asked: Vec<&'static WorkerShared>,
}

/// A census in a worker's inbox, and then in its roll.
#[repr(C)]
pub(crate) struct Request {
    header: Task,
    census: Arc<Census>,
    /// There is nothing to do but to come by.
    is_flush: bool,
    /// It is in the roll.
    has_begun: Cell<bool>,
    marker: Entry,
    /// The worker's own, until it has answered.
    work: UnsafeCell<Work>,
}

#[derive(Default)]
struct Work {
    answer: Answer,
    by_stack: HashMap<Arc<[usize]>, usize>,
    named: HashSet<usize>,
}

static VTABLE: VTable = VTable {
    run: |_| unreachable!("a request is not resumed"),
    result: |_| ptr::null_mut(),
    wake: |_| unreachable!("a request is not parked"),
    // SAFETY: only a request has this table; made by `Box::new` in `ask`, and the last reference is gone.
    free: |task| drop(unsafe { Box::from_raw(task.cast::<Request>().as_ptr()) }),
};

impl Census {
    /// Sends a request to every worker, and counts the injector. How many workers there are is in the second. Only one at a time is to be open.
    pub(crate) fn begin(runtime: &'static Runtime) -> (Arc<Census>, usize) {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        // Relaxed: a number. After 2^32 of them a coroutine that was last counted then would be missed.
        let number = NEXT.fetch_add(1, Ordering::Relaxed).max(1);
        let census = Arc::new(Census {
            number,
            began: clock::precise(),
            closed: AtomicBool::new(false),
            state: Mutex::new(State::default()),
            answered: WaitQueue::new(),
        });
        let asked = {
            // Nobody has tasks in hand while the requests are sent: see the module's text.
            let mut open = lock(&runtime.census);
            *open = Some(Arc::clone(&census));
            Census::ask_more(&census, runtime, 0)
        };
        census.count_injector(runtime);
        (census, asked)
    }

    /// Sends requests to the workers that there are beyond the first `known`. How many there are.
    pub(crate) fn ask_more(census: &Arc<Census>, runtime: &'static Runtime, known: usize) -> usize {
        let workers = runtime.all_workers();
        for worker in &workers[known..] {
            Census::ask(census, worker);
        }
        workers.len()
    }

    /// Has `workers` come by once more.
    pub(crate) fn flush(census: &Arc<Census>, workers: &[&'static WorkerShared]) {
        for worker in workers {
            Census::send(census, worker, true);
        }
    }

    fn ask(census: &Arc<Census>, worker: &'static WorkerShared) {
        Census::send(census, worker, false);
    }

    fn send(census: &Arc<Census>, worker: &'static WorkerShared, is_flush: bool) {
        // Before the worker can answer.
        lock(&census.state).asked.push(worker);
        let request = Box::new(Request {
            // The one reference is that of the inbox, and then of the worker.
            header: Task::new(&VTABLE, None, NO_STACK, Origin::NONE, 1),
            census: Arc::clone(census),
            is_flush,
            has_begun: Cell::new(false),
            marker: Entry::marker(),
            work: UnsafeCell::default(),
        });
        worker.leave(NonNull::from(Box::leak(request)).cast());
    }

    fn count_injector(&self, runtime: &'static Runtime) {
        let mut taken = Vec::new();
        while let Some(task) = runtime.take_injected() {
            taken.push(task);
        }
        for task in taken {
            self.count_moved(task, None);
            runtime.inject(task);
        }
    }

    /// Counts an unstarted task that its holder has from elsewhere.
    pub(crate) fn count_moved(&self, task: NonNull<Task>, worker: Option<usize>) {
        if let Some(found) = self.count_unstarted(task, worker) {
            lock(&self.state).moved.push(found);
        }
    }

    /// What there is to say of an unstarted task, which the caller has; `None` if it was counted already, or born meanwhile.
    fn count_unstarted(&self, task: NonNull<Task>, worker: Option<usize>) -> Option<Found> {
        // SAFETY: it has not run, so it holds a reference of itself.
        let header = unsafe { task.as_ref() };
        // A birth is noted by a clock that may be late, and is never early: nobody is left out who was there.
        if header.origin.born > self.began || header.counted.replace(self.number) == self.number {
            return None;
        }
        let task = header.to_ref();
        Some(Found { task, activity: Activity::Unstarted, worker, parked_at: 0, stack: None })
    }

    /// Does nobody want to know any more?
    pub(crate) fn is_closed(&self) -> bool {
        // Relaxed: who sees it late does something for nothing.
        self.closed.load(Ordering::Relaxed)
    }

    /// Nobody wants to know any more; and what was said by the workers, and of what was on its way.
    pub(crate) fn close(&self, runtime: &Runtime) -> (HashMap<usize, Answer>, Vec<Found>) {
        self.closed.store(true, Ordering::Relaxed);
        lock(&runtime.census).take_if(|open| ptr::eq(Arc::as_ptr(open), self));
        let mut state = lock(&self.state);
        let State { answers, moved, .. } = std::mem::take(&mut *state);
        (answers, moved)
    }

    /// Who has not answered.
    pub(crate) fn asked(&self) -> Vec<&'static WorkerShared> {
        lock(&self.state).asked.clone()
    }

    /// What this worker says from now on does not count.
    pub(crate) fn give_up(&self, worker: &'static WorkerShared) {
        lock(&self.state).asked.retain(|asked| !ptr::eq(*asked, worker));
    }

    /// Counts what is unstarted at a worker that does not answer. Who keeps it.
    pub(crate) fn count_without_it(&self, runtime: &'static Runtime, worker: &'static WorkerShared) -> Option<TaskRef> {
        let mut unstarted = Vec::new();
        while let Some(task) = worker.steal() {
            unstarted.push(task);
        }
        worker.take_all_unstarted(&mut unstarted);
        for &task in &unstarted {
            self.count_moved(task, Some(worker.index()));
        }
        for task in unstarted {
            // It may be a long time until that worker comes to them.
            runtime.inject(task);
        }
        worker.running()
    }
}

impl Request {
    /// What is in an inbox and no coroutine.
    ///
    /// # Safety
    /// `task` was taken out of an inbox, and is no coroutine's.
    pub(super) unsafe fn of<'a>(task: NonNull<Task>) -> &'a Request {
        // SAFETY: nothing else is left there, and its one reference is the taker's.
        unsafe { task.cast::<Request>().as_ref() }
    }

    pub(super) fn census(&self) -> &Arc<Census> {
        &self.census
    }

    pub(super) fn is_flush(&self) -> bool {
        self.is_flush
    }

    /// Is this the first slice?
    pub(super) fn begins(&self) -> bool {
        !self.has_begun.replace(true)
    }

    pub(super) fn count_unstarted(&self, task: NonNull<Task>, worker: usize) {
        if let Some(found) = self.census.count_unstarted(task, Some(worker)) {
            self.work().answer.found.push(found);
        }
    }

    #[expect(clippy::mut_from_ref, reason = "the worker's own, and no two borrows of it overlap")]
    fn work(&self) -> &mut Work {
        // SAFETY: only the worker that has the request comes here, and each borrow ends before the next one begins, for none
        // is held while anything else of this module is called.
        unsafe { &mut *self.work.get() }
    }

    /// What goes through the roll.
    pub(super) fn marker(&self) -> NonNull<Entry> {
        NonNull::from(&self.marker)
    }

    /// Goes on through the roll of `worker` for one slice. `true`: that was all.
    ///
    /// # Safety
    /// On the OS thread of that worker, in whose roll the marker is, between two coroutines.
    pub(super) unsafe fn go_on(&self, worker: &Worker) -> bool {
        let roll = worker.roll();
        let marker = self.marker();
        let mut look = Look::new();
        for _ in 0..SLICE {
            // SAFETY: the caller's promise: the marker is in, and so is whatever comes after it.
            let Some(entry) = (unsafe {
                let next = roll.next(marker);
                if let Some(entry) = next {
                    roll.leave(marker);
                    roll.enter_after(entry, marker);
                }
                next
            }) else {
                return true;
            };
            // SAFETY: who is in the roll has not ended. (Another marker is that of a census that was given up.)
            let Some(header) = (unsafe { entry.as_ref().task().map(|task| task.as_ref()) }) else { continue };
            // Not counted before it started.
            if header.counted.replace(self.census.number) != self.census.number {
                self.count_started(header, worker.index(), &mut look);
            }
        }
        false
    }

    fn count_started(&self, header: &Task, worker: usize, look: &mut Look) {
        let is_parked = header.state.is_parked();
        let activity = if is_parked { Activity::Parked(Reason::of_number(header.reason())) } else { Activity::Ready };
        let stack = NonNull::new(header.context.get()).and_then(|context| {
            // SAFETY: the context belongs to this worker, which is between two coroutines, and it has not ended.
            unsafe { Context::look(context, look, false) };
            // The first one is that of showing itself.
            let addresses = look.frames().addresses().get(1..)?;
            let Work { answer, by_stack, named } = self.work();
            if let Some(&known) = by_stack.get(addresses) {
                return Some(known);
            }
            if !addresses.iter().all(|address| *address == CUT || named.contains(address)) {
                // SAFETY: as above.
                unsafe { Context::look(context, look, true) };
                if let Some(names) = look.take_names() {
                    answer.names.push(names);
                    named.extend(look.frames().addresses());
                }
            }
            let addresses: Arc<[usize]> = look.frames().addresses().get(1..)?.into();
            let place = answer.stacks.len();
            answer.stacks.push(Arc::clone(&addresses));
            by_stack.insert(addresses, place);
            Some(place)
        });
        let parked_at = if is_parked { header.parked_at.get() } else { 0 };
        let found = Found { task: header.to_ref(), activity, worker: Some(worker), parked_at, stack };
        self.work().answer.found.push(found);
    }

    /// Hands over what was found in this slice; `true`: that was the last one. `false`: nobody wants to know any more.
    pub(super) fn hand_over(&self, worker: &'static WorkerShared, is_last: bool) -> bool {
        let Work { answer, .. } = self.work();
        let mut state = lock(&self.census.state);
        let Some(place) = state.asked.iter().position(|asked| ptr::eq(*asked, worker)) else { return false };
        if !self.is_flush {
            let all = state.answers.entry(worker.index()).or_default();
            all.found.append(&mut answer.found);
            // They stay here as well, in the same places, to be found again.
            all.stacks.extend_from_slice(&answer.stacks[all.stacks.len()..]);
            all.names.append(&mut answer.names);
        }
        if is_last {
            state.asked.swap_remove(place);
            drop(state);
            self.census.answered.notify_all();
        }
        true
    }
}
