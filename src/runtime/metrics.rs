use std::fmt;
use std::time::Duration;

use crate::sched::reason::Reason;
use crate::sched::{runtime, stack};

/// What the runtime is doing, in numbers: see [`metrics`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Metrics {
    /// Coroutines that were spawned and have not ended.
    pub alive: usize,
    /// Of these, those that have not begun to run.
    pub unstarted: usize,
    /// Of these, those that can go on, and wait for their turn.
    pub ready: usize,
    /// Of these, those that run at the moment.
    pub running: usize,
    /// Of these, those that wait for something: for what, and how many. Only what somebody waits for.
    pub parked: Vec<(&'static str, usize)>,
    /// Coroutines spawned so far.
    pub spawns: u64,
    /// Switches to a coroutine so far.
    pub switches: u64,
    /// Unstarted coroutines that a worker has taken from another one so far.
    pub steals: u64,
    /// How often a parked coroutine was woken from another OS thread so far.
    pub remote_wakes: u64,
    /// Deadlines of parked coroutines.
    pub timers: usize,
    /// Sockets, pipes and the like that workers watch.
    pub sockets: usize,
    /// Address space reserved for stacks, in bytes.
    pub stack_reserved: u64,
    /// Each worker by itself. Those after the first [`workers`](super::Builder::workers) are reserves, started while all workers
    /// were held up.
    pub workers: Vec<WorkerMetrics>,
}

/// What one worker is doing, in numbers: a part of [`Metrics`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WorkerMetrics {
    /// Its number, as in the name of its OS thread.
    pub index: usize,
    /// Coroutines that have started on it and not ended.
    pub alive: usize,
    /// Of these, those that run, or can.
    pub runnable: usize,
    /// Does it sleep, because there is nothing to do?
    pub asleep: bool,
    /// How long it has not slept. A reading in the moment in which it falls asleep may say a little more than the next one.
    pub busy: Duration,
    /// How long it has.
    pub idle: Duration,
    /// Coroutines spawned on it so far.
    pub spawns: u64,
    /// Coroutines that have ended on it.
    pub ended: u64,
    /// As [`Metrics::switches`].
    pub switches: u64,
    /// As [`Metrics::steals`]: what it has taken.
    pub steals: u64,
    /// As [`Metrics::remote_wakes`].
    pub remote_wakes: u64,
    /// As [`Metrics::timers`].
    pub timers: usize,
    /// As [`Metrics::sockets`].
    pub sockets: usize,
}

/// What the runtime is doing, in numbers. (Not in std.)
///
/// Works from any thread, waits for nobody and stops nobody: it reads counters that the workers keep, from a few dozen places
/// of memory for each worker. (They cost the workers about one instruction in thirty of a spawn or a park, and next
/// to nothing of a yield: less than can be timed.) Each number is right at a moment of its own; those that move
/// meanwhile need not add up to the last one. Before the runtime has started all of them are 0.
///
/// # Examples
///
/// ```
/// use costd::{runtime, thread};
/// use costd::sync::mpsc::channel;
///
/// let (tx, rx) = channel::<()>();
/// let waiting = thread::spawn(move || rx.recv());
/// // As soon as it waits:
/// while !runtime::metrics().parked.contains(&("Receiver::recv", 1)) {
///     thread::yield_now();
/// }
/// let metrics = runtime::metrics();
/// assert_eq!((metrics.alive, metrics.ready), (1, 0));
/// assert!(metrics.stack_committed() > 0);
/// println!("{metrics}");
/// drop(tx);
/// waiting.join().unwrap().unwrap_err();
/// ```
#[must_use]
pub fn metrics() -> Metrics {
    let Some(runtime) = runtime::started() else { return Metrics::default() };
    let mut all = Metrics { stack_reserved: stack::reserved() as u64, ..Metrics::default() };
    let mut parked = vec![0; Reason::ALL.len()];
    let (mut finished, mut started) = (0, 0);
    for worker in runtime.all_workers() {
        let read = worker.read();
        let alive = read.started.saturating_sub(read.finished);
        let runnable = alive.saturating_sub(read.parked.iter().sum());
        for (sum, count) in parked.iter_mut().zip(&read.parked) {
            *sum += count;
        }
        finished += read.finished;
        started += read.started;
        let running = usize::from(!read.asleep).min(runnable);
        all.running += running;
        all.ready += runnable - running;
        all.spawns += read.spawns as u64;
        all.switches += read.switches as u64;
        all.steals += read.steals as u64;
        all.remote_wakes += read.remote_wakes as u64;
        all.timers += read.timers;
        all.sockets += read.sockets;
        all.workers.push(WorkerMetrics {
            index: read.index,
            alive,
            runnable,
            asleep: read.asleep,
            busy: read.busy,
            idle: read.idle,
            spawns: read.spawns as u64,
            ended: read.finished as u64,
            switches: read.switches as u64,
            steals: read.steals as u64,
            remote_wakes: read.remote_wakes as u64,
            timers: read.timers,
            sockets: read.sockets,
        });
    }
    all.spawns += runtime.outside_spawns() as u64;
    all.alive = (all.spawns as usize).saturating_sub(finished);
    all.unstarted = (all.spawns as usize).saturating_sub(started);
    let by_reason = Reason::ALL.iter().zip(parked).filter(|(_, count)| *count > 0);
    all.parked = by_reason.map(|(reason, count)| (reason.text(), count)).collect();
    all
}

impl Metrics {
    /// The memory that stacks take at the moment of this call, in bytes.
    ///
    /// Only the system knows, and it has to look at every page: some 2 µs for each MiB of address space that was ever in use as a
    /// stack. With the default stacks that is 4 ms for 1,000 coroutines.
    #[must_use]
    pub fn stack_committed(&self) -> u64 {
        stack::committed() as u64
    }
}

/// A few lines for people.
impl fmt::Display for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Metrics {
            alive, running, ready, unstarted, spawns, switches, steals, remote_wakes, timers, sockets, ..
        } = self;
        writeln!(f, "coroutines: {alive} alive: {running} running, {ready} ready, {unstarted} not started")?;
        for (reason, count) in &self.parked {
            writeln!(f, "{count:>11} parked in {reason}")?;
        }
        writeln!(f, "so far: {spawns} spawns, {switches} switches, {steals} steals, {remote_wakes} remote wakes")?;
        writeln!(f, "waited for: {timers} timers; watched: {sockets} sockets")?;
        writeln!(f, "stacks: {} MiB reserved", self.stack_reserved >> 20)?;
        for worker in &self.workers {
            let WorkerMetrics { index, alive, runnable, busy, idle, .. } = worker;
            let state = if worker.asleep { "asleep" } else { "awake" };
            writeln!(
                f,
                "worker {index}: {state}, {alive} coroutines ({runnable} runnable), busy {busy:.3?}, idle {idle:.3?}"
            )?;
        }
        Ok(())
    }
}
