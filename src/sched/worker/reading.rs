//! What a worker's counters say at some moment, for whoever asks on another OS thread.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::pal::clock;
use crate::sched::reason::Reason;

use super::WorkerShared;

/// See the module's text. Each number is exact at a moment of its own.
pub(crate) struct Reading {
    pub(crate) index: usize,
    pub(crate) spawns: usize,
    pub(crate) started: usize,
    pub(crate) finished: usize,
    pub(crate) switches: usize,
    pub(crate) steals: usize,
    pub(crate) remote_wakes: usize,
    pub(crate) timers: usize,
    pub(crate) sockets: usize,
    /// In the order of `Reason::ALL`.
    pub(crate) parked: Vec<usize>,
    pub(crate) asleep: bool,
    pub(crate) busy: Duration,
    pub(crate) idle: Duration,
}

impl WorkerShared {
    /// What its counters say.
    pub(crate) fn read(&self) -> Reading {
        let counters = &self.counters;
        let of = |counter: &std::sync::atomic::AtomicUsize| counter.load(Ordering::Relaxed);
        // What goes down comes before what goes up with it: see `Counters::live`.
        let (finished, idle_turns) = (of(&counters.finished), of(&counters.idle_turns));
        let (slept, since) = (counters.slept.load(Ordering::Relaxed), counters.asleep_since.load(Ordering::Relaxed));
        let now = clock::precise();
        let idle = slept + if since == 0 { 0 } else { now.saturating_sub(since) };
        Reading {
            index: self.index,
            spawns: of(&counters.spawns),
            started: of(&counters.started),
            finished,
            switches: of(&counters.turns).saturating_sub(idle_turns),
            steals: of(&counters.steals),
            remote_wakes: of(&counters.remote_wakes),
            timers: of(&counters.timers),
            sockets: self.reactor.sources(),
            parked: (0..Reason::ALL.len()).map(|reason| counters.parked(reason as u8)).collect(),
            asleep: since != 0,
            busy: Duration::from_nanos(now.saturating_sub(self.began).saturating_sub(idle)),
            idle: Duration::from_nanos(idle),
        }
    }
}
