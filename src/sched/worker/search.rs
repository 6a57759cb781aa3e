//! A worker as the searcher: it takes unstarted spawns from where they wait. `sched::idle` says who is the searcher, and when
//! a lone spawn is taken.

use std::ptr::NonNull;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam::deque::Steal;

use crate::sched::runtime::Runtime;
use crate::sched::task::Task;

use super::shared::add;
use super::{Fresh, Worker, WorkerShared};

/// A lone unstarted spawn is left to its own worker for so long.
const WATCH: Duration = Duration::from_micros(50);
/// The longest time between two looks of a watcher that finds nothing to take.
const WATCH_MAX: Duration = Duration::from_micros(400);

/// What a watcher knows of a worker.
struct Reading {
    turns: usize,
    spawns: usize,
    fresh: usize,
}

impl Worker {
    /// As the searcher: looks for unstarted spawns elsewhere. Resigns before it returns.
    ///
    /// `appointed`: there has been a spawn, so watch even if it is gone already; more will come.
    pub(super) fn search(&self, runtime: &'static Runtime, appointed: bool) -> Option<NonNull<Task>> {
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
                let now = Instant::now();
                let time = self.sleep_time(now).map_or(interval, |time| time.min(interval));
                self.note_sleep(now);
                self.reactor.wait(Some(time));
            }
            runtime.idle.set_watcher(None);
            let now = Instant::now();
            self.note_awake(now);
            self.empty_inbox();
            runtime.reserve.watch_worker();
            self.fire_timers(now);
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
                Steal::Success(Fresh(task)) => {
                    self.count_moved(task);
                    return self.start(task);
                }
                Steal::Retry => again = true,
                Steal::Empty => {}
            }
            for victim in self.others(runtime) {
                if victim.stealer.len() > 1 {
                    match victim.stealer.steal_batch_and_pop(&self.fresh) {
                        Steal::Success(Fresh(task)) => {
                            self.count_steals(1 + self.fresh.len());
                            self.count_moved(task);
                            return self.start(task);
                        }
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
                        Steal::Success(Fresh(task)) => {
                            self.count_steals(1);
                            self.count_moved(task);
                            return self.start(task);
                        }
                        Steal::Retry => {}
                        Steal::Empty => break,
                    }
                }
            }
        }
        None
    }

    pub(super) fn others(&self, runtime: &'static Runtime) -> impl Iterator<Item = &'static WorkerShared> {
        let (index, workers) = (self.shared.index, &runtime.workers);
        (1..workers.len()).map(move |step| workers[(index + step) % workers.len()])
    }

    /// A searcher had nothing before.
    fn count_steals(&self, count: usize) {
        add(&self.shared.counters.steals, count.cast_signed());
    }

    fn readings(&self, runtime: &Runtime) -> Vec<Reading> {
        let read = |worker: &&'static WorkerShared| Reading {
            turns: worker.counters.turns.load(Ordering::Relaxed),
            spawns: worker.counters.spawns.load(Ordering::Relaxed),
            fresh: worker.stealer.len(),
        };
        runtime.workers.iter().map(read).collect()
    }
}
