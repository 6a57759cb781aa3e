//! Whose turn it is: those that are ready, the unstarted spawns, and those from outside.

use std::ptr::NonNull;
use std::time::{Duration, Instant};

use crossbeam::deque::Steal;

use crate::sched::task::Task;

use super::shared::add;
use super::{CHECK, Fresh, Worker};

/// More unstarted spawns than this have their turn before coroutines that are ready,
const BACKLOG: usize = 64;
/// if they are so many times as many.
const READY_WEIGHT: usize = 4;
/// Whoever has to come second has every so many turns nevertheless.
const TURN_OF_THE_SECOND: u32 = 4;
/// So long may the oldest of more than [`BACKLOG`] wait for its turn.
const OLDEST_INTERVAL: Duration = Duration::from_millis(1);

impl Worker {
    /// The next task to run, of those at hand.
    #[inline]
    pub(super) fn next(&self) -> Option<NonNull<Task>> {
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
            let oldest = || if self.fresh.is_empty() || self.oldest_may_wait() { None } else { self.oldest_fresh() };
            let task = if turn.is_multiple_of(2 * CHECK) {
                self.injected().or_else(oldest)
            } else {
                oldest().or_else(|| self.injected())
            };
            if task.is_some() {
                return task;
            }
        }
        // Those that are ready come first, for it may be they who end soon, and each one that is started holds a stack until
        // its end; where there are many more unstarted ones, they do. Neither for ever: spawns that make spawns would keep those
        // that are ready from running, and some that always are would keep the spawns from beginning.
        let unstarted = self.fresh.len();
        if unstarted > 0 {
            let are_many = unstarted > self.ready.len().max(BACKLOG / READY_WEIGHT) * READY_WEIGHT;
            if are_many != turn.is_multiple_of(TURN_OF_THE_SECOND)
                && let Some(task) = self.pop_fresh()
            {
                return Some(task);
            }
        }
        self.ready.pop().or_else(|| self.pop_fresh())
    }

    /// Has the oldest unstarted spawn been started not long ago? Only where there is a backlog, from which some are started all
    /// the time: in a tree of spawns the oldest have the largest subtrees, and each one that has begun holds a stack until
    /// its subtree is done.
    pub(super) fn oldest_may_wait(&self) -> bool {
        if self.fresh.len() <= BACKLOG {
            return false;
        }
        let now = Instant::now();
        let may_wait = now.duration_since(self.oldest_at.get()) < OLDEST_INTERVAL;
        if !may_wait {
            self.oldest_at.set(now);
        }
        may_wait
    }

    #[inline]
    pub(super) fn pop_fresh(&self) -> Option<NonNull<Task>> {
        loop {
            let Fresh(task) = self.fresh.pop()?;
            let started = self.start(task);
            if started.is_some() {
                return started;
            }
        }
    }

    pub(super) fn oldest_fresh(&self) -> Option<NonNull<Task>> {
        match self.shared.stealer.steal() {
            Steal::Success(Fresh(task)) => self.start(task),
            _ => None,
        }
    }

    /// A spawn from outside the workers: usually the searcher's, but with every worker busy there is none.
    pub(super) fn injected(&self) -> Option<NonNull<Task>> {
        let injector = &self.runtime().injector;
        if injector.is_empty() || self.reserve {
            return None;
        }
        match injector.steal() {
            Steal::Success(Fresh(task)) => {
                self.count_if_moved(task);
                self.start(task)
            }
            _ => None,
        }
    }
}
