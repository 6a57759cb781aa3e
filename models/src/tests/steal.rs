//! Unstarted spawns, and workers that run what others have left: `sched::idle` and the sleep of `sched::inbox` together, in the
//! order in which `sched::worker` has them.

use std::collections::VecDeque;
use std::ptr::NonNull;

use loom::sync::atomic::{AtomicPtr, AtomicU32, Ordering};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

use crate::idle::Idle;
use crate::inbox::{Inbox, Linked};

/// Nothing is left in an inbox here.
struct Nothing(AtomicPtr<Nothing>);

impl Linked for Nothing {
    fn link(&self) -> &AtomicPtr<Nothing> {
        &self.0
    }
}

struct Worker {
    inbox: Inbox<Nothing>,
    /// Its unstarted spawns, at which others may steal.
    fresh: Mutex<VecDeque<usize>>,
    rung: Mutex<usize>,
    ring: Condvar,
}

struct Runtime {
    workers: Vec<Worker>,
    idle: Idle,
    /// How often each was run.
    runs: Vec<AtomicU32>,
}

impl Runtime {
    fn new(workers: usize, tasks: usize) -> Arc<Runtime> {
        let worker = |_| Worker {
            inbox: Inbox::new(),
            fresh: Mutex::new(VecDeque::new()),
            rung: Mutex::new(0),
            ring: Condvar::new(),
        };
        Arc::new(Runtime {
            workers: (0..workers).map(worker).collect(),
            idle: Idle::new(workers),
            runs: (0..tasks).map(|_| AtomicU32::new(0)).collect(),
        })
    }

    fn rouse(&self, worker: usize) {
        let worker = &self.workers[worker];
        if worker.inbox.rouse() {
            *worker.rung.lock().unwrap() += 1;
            worker.ring.notify_one();
        }
    }

    fn ring_searcher(&self) {
        if let Some(chosen) = self.idle.choose_searcher(false) {
            self.rouse(chosen);
        }
    }

    /// `Worker::spawn`, on `worker`.
    fn spawn(&self, worker: usize, task: usize) {
        self.workers[worker].fresh.lock().unwrap().push_back(task);
        self.ring_searcher();
    }

    fn anything_for_anybody(&self) -> bool {
        self.workers.iter().any(|worker| !worker.fresh.lock().unwrap().is_empty())
    }

    fn ring_if_there_is_more(&self) {
        if self.anything_for_anybody() {
            self.ring_searcher();
        }
    }

    /// The backlog of any other worker. (A lone spawn is watched by a clock, of which there is none here; it is taken at once.)
    fn search(&self, me: usize) -> Option<usize> {
        let others = (0..self.workers.len()).filter(|&other| other != me);
        let found = others.filter_map(|other| self.workers[other].fresh.lock().unwrap().pop_front()).next();
        self.idle.resign();
        if found.is_some() {
            self.ring_if_there_is_more();
        }
        found
    }

    /// `Worker::find_work`.
    fn find_work(&self, me: usize, appointed: &mut bool) -> usize {
        let worker = &self.workers[me];
        let mut relied_on = false;
        loop {
            worker.inbox.take(|_: NonNull<Nothing>| unreachable!("nothing is left there"));
            let own = worker.fresh.lock().unwrap().pop_back();
            if let Some(task) = own {
                if std::mem::take(appointed) {
                    self.idle.resign();
                    relied_on = true;
                }
                if relied_on {
                    self.ring_if_there_is_more();
                }
                return task;
            }
            if std::mem::take(appointed) || self.idle.become_searcher() {
                if let Some(task) = self.search(me) {
                    return task;
                }
                relied_on = true;
            }
            if !worker.inbox.fall_asleep() {
                continue;
            }
            self.idle.mark_asleep(me);
            if self.anything_for_anybody() && self.idle.become_searcher() {
                *appointed = true;
            } else {
                let mut rung = worker.rung.lock().unwrap();
                while *rung == 0 {
                    rung = worker.ring.wait(rung).unwrap();
                }
                *rung -= 1;
            }
            worker.inbox.take(|_: NonNull<Nothing>| unreachable!("as above"));
            if !self.idle.unmark(me) {
                *appointed = true;
            }
            relied_on = false;
        }
    }

    fn run(&self, task: usize) {
        self.runs[task].fetch_add(1, Ordering::Relaxed);
    }

    fn all_have_run_once(&self) {
        assert!(self.runs.iter().all(|runs| runs.load(Ordering::Relaxed) == 1));
    }
}

fn bounded(test: impl Fn() + Send + Sync + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2);
    model.check(test);
}

/// A worker spawns, and then computes for ever: another one, about to sleep or asleep, runs them.
#[test]
fn a_backlog_is_not_slept_over() {
    bounded(|| {
        let runtime = Runtime::new(2, 2);
        let spawner = {
            let runtime = runtime.clone();
            thread::spawn(move || {
                runtime.spawn(0, 0);
                runtime.spawn(0, 1);
            })
        };
        let mut appointed = false;
        for _ in 0..2 {
            let task = runtime.find_work(1, &mut appointed);
            runtime.run(task);
        }
        spawner.join().unwrap();
        runtime.all_have_run_once();
    });
}

/// Two workers find one spawn each, of one that computes: the first to find one wakes the second.
#[test]
fn one_each() {
    bounded(|| {
        let runtime = Runtime::new(3, 2);
        let other = {
            let runtime = runtime.clone();
            thread::spawn(move || {
                let task = runtime.find_work(2, &mut false);
                runtime.run(task);
            })
        };
        let spawner = {
            let runtime = runtime.clone();
            thread::spawn(move || {
                runtime.spawn(0, 0);
                runtime.spawn(0, 1);
            })
        };
        let task = runtime.find_work(1, &mut false);
        runtime.run(task);
        other.join().unwrap();
        spawner.join().unwrap();
        runtime.all_have_run_once();
    });
}
