//! Whether a worker is kept by one coroutine for longer than a program would like to be silent about, and what is said then.

use std::time::Duration;

use crate::pal;

use super::worker::WorkerShared;

/// What the monitor knows of one worker.
pub(super) struct Stuck {
    shared: &'static WorkerShared,
    turns: usize,
    /// For how long it has not made a turn, and was not asleep.
    held: Duration,
    /// What CPU time it had used when that began.
    cpu_time: Option<Duration>,
    reported: bool,
}

impl Stuck {
    pub(super) fn new(shared: &'static WorkerShared) -> Stuck {
        let (turns, cpu_time) = (shared.turns(), shared.cpu_time());
        Stuck { shared, turns, held: Duration::ZERO, cpu_time, reported: false }
    }

    /// Looks again, `elapsed` after the last time, and says so once if the worker has been held for `limit`.
    pub(super) fn look(&mut self, elapsed: Duration, limit: Duration) {
        if self.shared.turns() != self.turns || self.shared.is_asleep() {
            if self.held > Duration::ZERO || self.shared.turns() != self.turns {
                *self = Stuck::new(self.shared);
            }
            return;
        }
        self.held += elapsed;
        if self.held >= limit && !self.reported {
            self.consider(limit);
        }
    }

    /// It is the coroutine's fault if it computes or waits; if the system gives the worker no CPU, it is not.
    #[cold]
    fn consider(&mut self, limit: Duration) {
        let used = self.cpu_time.zip(self.shared.cpu_time()).map(|(before, now)| now.saturating_sub(before));
        let how = match (used, self.shared.is_waiting()) {
            (Some(used), _) if used >= limit / 2 => "computing",
            (Some(_), Some(true)) => "blocked in a call that costd does not see",
            (Some(_), Some(false)) => return,
            _ => "computing, or blocked in a call that costd does not see",
        };
        self.reported = true;
        self.report(how);
    }

    fn report(&self, how: &str) {
        // Its own loop is not a coroutine's fault.
        let Some(task) = self.shared.running() else { return };
        let name = task.name().map_or_else(String::new, |name| format!(" '{name}'"));
        let spawned = task.origin.spawned_at.map_or_else(String::new, |at| format!(", spawned at {at},"));
        let line = format!(
            "costd: coroutine {}{name}{spawned} has kept worker {} for {:.1} s, {how}; the worker's others wait: put it into \
             coroutine::blocking, or call thread::yield_now now and then (COSTD_STUCK sets the limit)\n",
            task.id(),
            self.shared.index(),
            self.held.as_secs_f64(),
        );
        pal::stderr::write(line.as_bytes());
    }
}
