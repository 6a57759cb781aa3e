//! Whether anything can ever run again, for programs that want to be told (a setting).
//!
//! It is said that nothing can only where this is certain. All of the following must be so, at two looks a tick apart between which no
//! worker has switched:
//!
//! 1. There are coroutines, and every worker sleeps with nothing left for it, nor is there an unstarted spawn anywhere.
//! 2. No coroutine's wait has a deadline, and none is for something that comes from outside of the process or from an OS
//!    thread at work for it: a descriptor, a child, a file, a foreign call.
//! 3. Every OS thread of the process is one of these: a worker or reserve; an idle one of the blocking pool; the monitor; the
//!    one that writes dumps; or one that waits in costd without a deadline and has not been woken. So one that computes, that
//!    sleeps, or that waits in any call that costd does not see, is enough for silence, since it may wake somebody later. So
//!    are signal handlers that write to a descriptor, for somebody has to wait for that.
//!
//! The threads of 3 are counted before the waits are looked at: who wakes somebody and ends right afterwards has left a task that is
//! woken. Only Linux says how many there are; elsewhere nothing is ever said.
//!
//! The monitor looks when all workers sleep. If nothing but 3 stands against it, it looks again four times a second, for an OS
//! thread that ends tells nobody.

use std::ptr::{self, NonNull};
use std::sync::Mutex;

use crate::pal;

use super::blocking_pool;
use super::primitive::lock;
use super::reason::Reason;
use super::runtime::Runtime;
use super::settings::{OnDeadlock, settings};
use super::task::{Task, TaskRef};

/// What was found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    /// Something can run, or will.
    None,
    /// There is some OS thread that might wake somebody.
    Elsewhere,
    /// Nothing can; look once more, as it may have been a moment.
    Perhaps,
}

/// See the module's text.
pub(crate) struct Deadlocks {
    /// OS threads that wait in costd without a deadline.
    waiting: Mutex<Vec<TaskRef>>,
    looks: Mutex<Looks>,
}

#[derive(Default)]
struct Looks {
    /// How many switches there had been when it was found that nothing can run.
    suspected: Option<usize>,
    /// The same, when it was reported.
    reported: Option<usize>,
}

/// An OS thread that waits in costd; until it is dropped.
pub(super) struct InWait<'a>(&'a Deadlocks, NonNull<Task>);

impl Deadlocks {
    /// `None`: nobody wants to be told.
    pub(super) fn new() -> Option<Deadlocks> {
        (settings().on_deadlock != OnDeadlock::Ignore)
            .then(|| Deadlocks { waiting: Mutex::default(), looks: Mutex::default() })
    }

    /// The OS thread whose task this is begins to wait, without a deadline.
    pub(super) fn enter(&self, task: &Task) -> InWait<'_> {
        lock(&self.waiting).push(task.to_ref());
        InWait(self, NonNull::from(task))
    }

    /// Looks, and says so if there is a deadlock.
    pub(super) fn look(&self, runtime: &'static Runtime) -> Verdict {
        let switches = runtime.all_workers().iter().map(|worker| worker.read().switches).sum();
        let verdict = self.verdict(runtime);
        let mut looks = lock(&self.looks);
        if verdict != Verdict::Perhaps || looks.reported == Some(switches) {
            looks.suspected = None;
            return if verdict == Verdict::Perhaps { Verdict::None } else { verdict };
        }
        if looks.suspected.replace(switches) != Some(switches) {
            return Verdict::Perhaps;
        }
        looks.reported = Some(switches);
        drop(looks);
        self.report(runtime);
        Verdict::None
    }

    fn verdict(&self, runtime: &Runtime) -> Verdict {
        // First of all: see the module's text.
        let threads = pal::os_threads::count();
        let workers = runtime.all_workers();
        let mut coroutines = 0;
        for worker in &workers {
            let read = worker.read();
            coroutines += read.started.saturating_sub(read.finished);
            let from_outside = |(reason, count): (&Reason, &usize)| *count > 0 && reason.comes_from_outside();
            let is_waited_for = read.timers > 0 || Reason::ALL.iter().zip(&read.parked).any(from_outside);
            if !worker.is_asleep() || !worker.has_no_backlog() || is_waited_for {
                return Verdict::None;
            }
        }
        if coroutines == 0 || !runtime.injector.is_empty() {
            return Verdict::None;
        }
        let Some(idle) = blocking_pool::idle_but_one() else { return Verdict::Elsewhere };
        let waiting = lock(&self.waiting);
        if !waiting.iter().all(|task| task.state.is_parked()) {
            return Verdict::None;
        }
        // The monitor has one of the pool's.
        let known = workers.len() + idle + 1 + usize::from(settings().dump_on.is_some()) + waiting.len();
        if threads == Some(known) { Verdict::Perhaps } else { Verdict::Elsewhere }
    }

    fn report(&self, runtime: &'static Runtime) {
        let mut text = String::from(
            "costd: deadlock: all coroutines and threads wait for one another, and nothing is left that could wake one of them\n",
        );
        for task in &*lock(&self.waiting) {
            let name = task.name().map_or_else(String::new, |name| format!(" '{name}'"));
            let reason = Reason::of_number(task.reason()).text();
            text.push_str(&format!("OS thread{name} waits in {reason}\n"));
        }
        text.push_str(&runtime.report());
        pal::stderr::write(text.as_bytes());
        if settings().on_deadlock == OnDeadlock::Abort {
            std::process::abort();
        }
    }
}

impl Drop for InWait<'_> {
    fn drop(&mut self) {
        let InWait(deadlocks, task) = self;
        lock(&deadlocks.waiting).retain(|waiting| !ptr::eq(waiting.as_ptr().as_ptr(), task.as_ptr()));
    }
}
