//! A worker with nothing at hand: it looks further, waits a short while, sleeps in its reactor; and gives back what it does
//! not need.

use std::ptr::NonNull;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::sched;
use crate::sched::runtime::Runtime;
use crate::sched::stack;
use crate::sched::task::Task;

use super::shared::add;
use super::{POLL_INTERVAL, Worker, WorkerShared};

/// How long a worker whose unstarted tasks have found no stack sleeps at most before it tries again.
const STARVED_RETRY: Duration = Duration::from_millis(10);
/// So long a worker waits for a wake before it sleeps, where that has been worth it: about as long as it takes to wake an OS
/// thread (10 µs to 30 µs on virtual machines), and the other one's turns. With less, workers that wake each other would each
/// be asleep whenever the other is done: 64 coroutines of two workers, at a barrier, take 600 ns a turn then instead of 150.
const SPIN: Duration = Duration::from_micros(40);
/// Looks at the inbox between two at the clock.
const LOOKS: u32 = 32;
/// A sleep that others end within this time might have been a spin.
const SHORT_SLEEP: Duration = Duration::from_micros(50);

impl Worker {
    /// There is nothing at hand: look further, and sleep until there is.
    #[cold]
    pub(super) fn find_work(&self) -> NonNull<Task> {
        let runtime = self.runtime();
        // This worker has been the searcher, somebody may have relied on it, and it has not looked since it resigned.
        let mut relied_on = false;
        loop {
            // For who watches: it is not held up.
            add(&self.shared.counters.turns, 1);
            add(&self.shared.counters.idle_turns, 1);
            self.empty_inbox();
            if !self.timers.is_empty() {
                self.fire_timers(Instant::now());
            }
            if self.ready.is_empty() && self.reactor.may_have_more() {
                self.look_at_sockets(Instant::now());
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
            if self.is_one_of_several(runtime) {
                let appointed = self.appointed.take();
                if appointed || runtime.idle.become_searcher() {
                    if let Some(task) = self.search(runtime, appointed) {
                        return task;
                    }
                    relied_on = true;
                }
                if self.spin(runtime) {
                    continue;
                }
            }
            if self.sleep(runtime) {
                relied_on = false;
            }
        }
    }

    /// A short while of waiting for others' wakes without sleeping, if that has been worth it lately, and there is a CPU for each
    /// worker that is awake. `true`: there is something to run, or in the inbox.
    fn spin(&self, runtime: &Runtime) -> bool {
        if !self.spins.are_worth_it() || runtime.workers.len() - runtime.idle.asleep() > sched::cpus() {
            return false;
        }
        let now = Instant::now();
        // A sleep would end for a socket or a timer, too.
        if self.reactor.has_sources() && now.duration_since(self.last_poll.get()) >= POLL_INTERVAL {
            self.look_at_sockets(now);
            if !self.ready.is_empty() {
                return true;
            }
        }
        let end = self.timers.next().map_or(now + SPIN, |timer| timer.min(now + SPIN));
        let woken = 'spin: loop {
            for _ in 0..LOOKS {
                if !self.shared.inbox.is_empty() {
                    break 'spin true;
                }
                std::hint::spin_loop();
            }
            if Instant::now() >= end {
                break false;
            }
        };
        self.spins.note(woken);
        woken
    }

    /// `false`: there is something in the inbox, and nothing else was looked at.
    fn sleep(&self, runtime: &'static Runtime) -> bool {
        if !self.shared.inbox.fall_asleep() {
            return false;
        }
        let several = self.is_one_of_several(runtime);
        if !self.starved.borrow().is_empty() && self.begged_at.get().is_none_or(|at| at.elapsed() >= STARVED_RETRY) {
            // Those who sleep over stacks give them back. Not at every turn, or two who starve would keep each other awake.
            self.begged_at.set(Some(Instant::now()));
            self.others(runtime).for_each(WorkerShared::rouse);
        }
        if several {
            runtime.idle.mark_asleep(self.shared.index);
        }
        let asleep_at = Instant::now();
        // A look at everybody's queues after the mark, see `sched::idle`. If somebody else is the searcher, it is theirs.
        if several && self.anything_for_anybody(runtime) && runtime.idle.become_searcher() {
            self.appointed.set(true);
        } else {
            self.note_sleep(asleep_at);
            self.reactor.wait(self.sleep_time(asleep_at));
        }
        let now = Instant::now();
        self.note_poll(now);
        self.note_awake(now);
        let woken_by_others = self.shared.has_been_left_something();
        self.empty_inbox();
        runtime.reserve.watch_worker();
        if several {
            self.spins.note_sleep(woken_by_others && now.duration_since(asleep_at) < SHORT_SLEEP);
            if !runtime.idle.unmark(self.shared.index) {
                self.appointed.set(true);
            }
        }
        if stack::somebody_starves() {
            self.share_stacks(usize::MAX);
        }
        self.trim_if_due(now);
        true
    }

    pub(super) fn note_sleep(&self, now: Instant) {
        self.shared.counters.asleep_since.store(self.time_of(now), Ordering::Relaxed);
    }

    /// After a sleep, if there was one.
    pub(super) fn note_awake(&self, now: Instant) {
        let counters = &self.shared.counters;
        let now = self.time_of(now);
        self.coarse_time.set(now);
        let since = counters.asleep_since.load(Ordering::Relaxed);
        if since != 0 {
            // In this order: who reads both meanwhile may miss a sleep, but not count it twice.
            counters.asleep_since.store(0, Ordering::Relaxed);
            let slept = counters.slept.load(Ordering::Relaxed) + now.saturating_sub(since);
            counters.slept.store(slept, Ordering::Relaxed);
        }
    }

    pub(super) fn sleep_time(&self, now: Instant) -> Option<Duration> {
        let timer = self.timers.next();
        let retry = (!self.starved.borrow().is_empty()).then(|| now + STARVED_RETRY);
        let until = [timer, self.trim_at.get(), retry].into_iter().flatten().min()?;
        Some(until.saturating_duration_since(now))
    }

    /// Is there an unstarted spawn anywhere that this worker should not sleep over?
    pub(super) fn anything_for_anybody(&self, runtime: &Runtime) -> bool {
        !runtime.injector.is_empty() || runtime.workers.iter().any(|worker| !worker.stealer.is_empty())
    }

    pub(super) fn ring_if_there_is_more(&self, runtime: &Runtime) {
        if self.anything_for_anybody(runtime) {
            runtime.ring_searcher(false);
        }
    }

    pub(super) fn trim_if_due(&self, now: Instant) {
        if self.trim_at.get().is_some_and(|at| at <= now) {
            self.trim_at.set(None);
            self.stacks.borrow_mut().flush();
            stack::trim_in_background();
        }
    }
}
