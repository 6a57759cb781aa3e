//! Asking the workers, and putting their answers together.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::pal::clock;
use crate::park::{self, Reason};
use crate::sched::census::{Activity, Census, Found};
use crate::sched::runtime::{self, Runtime};
use crate::sched::worker::WorkerShared;
use crate::sync::{Mutex, PoisonError};

use super::names::Names;
use super::{CoroutineDump, Dump, HeldUp, State};

/// A worker that has made no turn for so long, though it has used as much CPU time or waits for the system, is not going to
/// answer.
const PATIENCE: Duration = Duration::from_millis(500);
/// One that has made no turn for so long is not, either: the system may have none of its CPUs for it.
const MORE_PATIENCE: Duration = Duration::from_secs(10);
/// How often whoever waits looks whether the workers make turns.
const LOOK: Duration = Duration::from_millis(50);

/// Closes the census also if the one who waits is cancelled.
struct Open(Arc<Census>, &'static Runtime);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.close(self.1);
    }
}

pub(super) fn ask() -> Dump {
    /// One census at a time: each leaves its mark in the tasks.
    static TURN: Mutex<()> = Mutex::new(());

    let mut dump = Dump { coroutines: Vec::new(), held_up: Vec::new(), stacks: Vec::new(), names: Names::default() };
    let Some(runtime) = runtime::started() else { return dump };
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let (census, asked) = Census::begin(runtime);
    let open = Open(census, runtime);
    let silent = wait(&open.0, runtime, asked);
    let kept: Vec<_> = silent.into_iter().map(|worker| (worker, open.0.count_without_it(runtime, worker))).collect();
    let (mut answers, moved) = open.0.close(runtime);
    let now = clock::precise();
    for (worker, keeper) in kept {
        let by = keeper.as_ref().map(|task| task.id().get());
        let found = &mut answers.entry(worker.index()).or_default().found;
        if let Some(task) = keeper {
            // It may have been counted before it began to keep the worker.
            found.retain(|found| found.task.as_ptr() != task.as_ptr());
            found.push(Found {
                task,
                activity: Activity::Running,
                worker: Some(worker.index()),
                parked_at: 0,
                stack: None,
            });
        }
        let seen = found.iter().filter(|found| found.activity != Activity::Unstarted).count();
        dump.held_up.push(HeldUp { worker: worker.index(), by, missing: worker.live().saturating_sub(seen) });
    }
    dump.coroutines.extend(moved.into_iter().map(|found| describe(found, now, None)));
    let mut known = HashMap::new();
    let mut names = Vec::new();
    for answer in answers.into_values() {
        // The same stack on several workers is one.
        let places: Vec<usize> = answer
            .stacks
            .into_iter()
            .map(|stack| {
                *known.entry(Arc::clone(&stack)).or_insert_with(|| {
                    dump.stacks.push(stack);
                    dump.stacks.len() - 1
                })
            })
            .collect();
        names.extend(answer.names);
        let described = answer.found.into_iter().map(|found| {
            let stack = found.stack.map(|stack| places[stack]);
            describe(found, now, stack)
        });
        dump.coroutines.extend(described);
    }
    dump.names = Names::new(names);
    dump
}

/// Waits for the answers. Returns those who do not answer.
fn wait(census: &Arc<Census>, runtime: &'static Runtime, mut known: usize) -> Vec<&'static WorkerShared> {
    let mut silent: Vec<&'static WorkerShared> = Vec::new();
    loop {
        silent.extend(until_answered(census));
        let is_silent = |worker: &&'static WorkerShared| silent.iter().any(|silent| silent.index() == worker.index());
        let mut others = runtime.all_workers();
        others.truncate(known);
        others.retain(|worker| !is_silent(worker));
        Census::flush(census, &others);
        // Who is kept now has said all there is to say.
        until_answered(census);
        // Reserves may have been started, and have got what others had.
        match Census::ask_more(census, runtime, known) {
            now_known if now_known == known => return silent,
            now_known => known = now_known,
        }
    }
}

/// Waits until all who were asked have answered, or do not answer: those are given up, and returned.
fn until_answered(census: &Census) -> Vec<&'static WorkerShared> {
    let mut turns: HashMap<usize, Seen> = HashMap::new();
    loop {
        let deadline = Instant::now() + LOOK;
        let _ = park::wait(&census.answered, Some(deadline), Reason::Dump, || census.asked().is_empty());
        let silent = census.asked();
        let now = Instant::now();
        let mut all_keep_still = true;
        for worker in &silent {
            let seen = turns.entry(worker.index()).or_insert_with(|| Seen::new(worker, now));
            if seen.turns != worker.turns() {
                *seen = Seen::new(worker, now);
            }
            all_keep_still &= seen.keeps_still(worker, now);
        }
        if all_keep_still {
            silent.iter().for_each(|worker| census.give_up(worker));
            return silent;
        }
    }
}

/// What a worker was seen doing, and when first.
struct Seen {
    turns: usize,
    since: Instant,
    cpu_time: Option<Duration>,
}

impl Seen {
    fn new(worker: &WorkerShared, now: Instant) -> Seen {
        Seen { turns: worker.turns(), since: now, cpu_time: worker.cpu_time() }
    }

    /// Has it been kept for so long that it is not going to answer?
    fn keeps_still(&self, worker: &WorkerShared, now: Instant) -> bool {
        let time = now.duration_since(self.since);
        if time < PATIENCE || time >= MORE_PATIENCE {
            return time >= MORE_PATIENCE;
        }
        let used = self.cpu_time.zip(worker.cpu_time()).map(|(before, now)| now.saturating_sub(before));
        used.is_none_or(|used| used >= PATIENCE / 2) || worker.is_waiting().unwrap_or(true)
    }
}

fn describe(found: Found, now: u64, stack: Option<usize>) -> CoroutineDump {
    let Found { task, activity, worker, parked_at, .. } = found;
    let since = |time: u64| Duration::from_nanos(now.saturating_sub(time));
    let age = since(task.origin.born);
    CoroutineDump {
        id: task.id().get(),
        name: task.name().map(str::to_owned),
        worker,
        state: match activity {
            Activity::Unstarted => State::Unstarted,
            Activity::Running => State::Running,
            Activity::Ready => State::Ready,
            Activity::Parked(reason) => State::Parked { reason: reason.text(), time: since(parked_at).min(age) },
        },
        age,
        spawned_at: task.origin.spawned_at,
        stack,
    }
}
