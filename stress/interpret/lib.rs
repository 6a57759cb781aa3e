//! Runs a program on whatever `std` is: costd in the one package, the real std in the other.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Condvar, Mutex, OnceLock, RwLock};
use std::thread::{self, JoinHandle, Thread};

use stress_program::Outcome;
use stress_program::program::{Program, TaskId};
use stress_program::slot::{Slot, Texts};

mod channel;
mod crowd;
#[cfg_attr(feature = "costd", path = "extra_costd.rs")]
#[cfg_attr(not(feature = "costd"), path = "extra_std.rs")]
mod extra;
mod stream;
mod task;

use channel::{ReceiveEnd, SendEnd};
use stream::StreamPlace;
use task::run_task;

/// What the tasks of a program share.
struct World {
    program: Arc<Program>,
    channels: Vec<(Slot<SendEnd>, Slot<ReceiveEnd>)>,
    streams: Vec<StreamPlace>,
    barriers: Vec<Barrier>,
    /// Both numbers of a pair are always the same, but while it is locked for writing.
    locks: Vec<Mutex<(u64, u64)>>,
    rwlocks: Vec<RwLock<(u64, u64)>>,
    onces: Vec<OnceLock<u64>>,
    flags: Vec<(Mutex<bool>, Condvar)>,
    signals: Vec<AtomicBool>,
    handles: Vec<Slot<JoinHandle<u64>>>,
    threads: Vec<Slot<Thread>>,
    once_runs: AtomicUsize,
    leaders: AtomicUsize,
    locals_made: AtomicUsize,
    locals_dropped: AtomicUsize,
    faults: Texts,
}

impl World {
    fn new(program: &Arc<Program>) -> World {
        fn all<T>(count: usize, mut make: impl FnMut(usize) -> T) -> Vec<T> {
            (0..count).map(&mut make).collect()
        }
        let channels = program.channels.iter().map(|&kind| {
            let (sender, receiver) = channel::new(kind);
            (Slot::new(Some(sender)), Slot::new(Some(receiver)))
        });
        World {
            program: Arc::clone(program),
            channels: channels.collect(),
            streams: program.streams.iter().map(|&kind| StreamPlace::new(kind)).collect(),
            barriers: program.barriers.iter().map(|&members| Barrier::new(members)).collect(),
            locks: all(program.locks, |_| Mutex::new((0, 0))),
            rwlocks: all(program.rwlocks, |_| RwLock::new((0, 0))),
            onces: all(program.onces, |_| OnceLock::new()),
            flags: all(program.flags, |_| (Mutex::new(false), Condvar::new())),
            signals: all(program.signals.len(), |_| AtomicBool::new(false)),
            handles: all(program.tasks.len(), |_| Slot::new(None)),
            threads: all(program.tasks.len(), |_| Slot::new(None)),
            once_runs: AtomicUsize::new(0),
            leaders: AtomicUsize::new(0),
            locals_made: AtomicUsize::new(0),
            locals_dropped: AtomicUsize::new(0),
            faults: Texts::default(),
        }
    }

    fn fault(&self, text: String) {
        self.faults.push(text);
    }

    fn check(&self, what: &str, pair: (u64, u64)) {
        if pair.0 != pair.1 {
            self.fault(format!("{what}: {pair:?}"));
        }
    }
}

/// Runs it to its end.
pub fn run(program: &Arc<Program>) -> Outcome {
    let world = Arc::new(World::new(program));
    let first = {
        let world = Arc::clone(&world);
        thread::spawn(move || run_task(&world, 0))
    };
    let result = first.join().unwrap_or_else(|payload| {
        world.fault(format!("the first task: {}", text(&*payload)));
        0
    });
    let World { locks, rwlocks, onces, once_runs, leaders, locals_made, locals_dropped, faults, .. } =
        match Arc::try_unwrap(world) {
            Ok(world) => world,
            Err(_) => panic!("a task has not dropped what it had when it was joined"),
        };
    let mut faults = faults.into_inner();
    let set = onces.iter().filter(|once| once.get().is_some()).count();
    if once_runs.into_inner() != set {
        faults.push("something was initialised twice".to_owned());
    }
    let mut locked: Vec<u64> = locks.into_iter().map(|lock| lock.into_inner().unwrap().0).collect();
    locked.extend(rwlocks.into_iter().map(|lock| lock.into_inner().unwrap().0));
    let locals = (locals_made.into_inner(), locals_dropped.into_inner());
    Outcome { result, locked, leaders: leaders.into_inner(), locals, faults }
}

/// Another value goes into a result.
fn fold(result: u64, value: u64) -> u64 {
    (result ^ value).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23)
}

fn text(payload: &(dyn std::any::Any + Send)) -> String {
    match payload.downcast_ref::<String>() {
        Some(text) => text.clone(),
        None => payload.downcast_ref::<&str>().map_or_else(|| "no text".to_owned(), |text| (*text).to_owned()),
    }
}

/// Starts a task as its style says.
fn spawn(world: &Arc<World>, task: TaskId) -> JoinHandle<u64> {
    use stress_program::program::Style;

    let style = world.program.tasks[task].style;
    let unwinds = world.program.tasks[task].unwinds;
    let body = {
        let world = Arc::clone(world);
        move || {
            let result = run_task(&world, task);
            drop(world);
            if unwinds {
                resume_unwind(Box::new(result));
            }
            result
        }
    };
    match style {
        Style::Plain => thread::spawn(body),
        Style::Named => thread::Builder::new().name(format!("task-{task}")).spawn(body).unwrap(),
        // Small, and enough for what a task does in a debug build under a sanitizer.
        Style::SmallStack => thread::Builder::new().stack_size(256 << 10).spawn(body).unwrap(),
    }
}

/// What a task ended with: the value that it returned, or unwound with.
fn join(world: &World, handle: JoinHandle<u64>) -> u64 {
    match handle.join() {
        Ok(value) => value,
        Err(payload) => match payload.downcast::<u64>() {
            Ok(value) => !*value,
            Err(payload) => {
                world.fault(format!("a task: {}", text(&*payload)));
                0
            }
        },
    }
}

/// The thread of a task, if it has begun.
fn unpark(world: &World, task: TaskId) {
    world.threads[task].look_at(Thread::unpark);
}

/// Whether a signal was given.
fn is_given(world: &World, signal: usize) -> bool {
    world.signals[signal].load(Ordering::Acquire)
}
