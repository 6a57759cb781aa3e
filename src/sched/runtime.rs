//! The one runtime of the process: its workers and what they share. Started by the first spawn, never stopped.

use std::ffi::CString;
use std::io;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use crossbeam::deque::Injector;
use once_cell::sync::OnceCell;

use crate::pal::signal::Signal;
use crate::pal::{self, fences};

use super::census::Census;
use super::deadlock::Deadlocks;
use super::idle::Idle;
use super::overflow;
use super::panic_hook;
use super::reserve::{Reserve, steal_from};
use super::settings::settings;
use super::task::Task;
use super::worker::{Fresh, Worker, WorkerShared};

/// See the module's text.
pub(crate) struct Runtime {
    pub(crate) workers: Box<[&'static WorkerShared]>,
    /// Unstarted spawns from outside the workers.
    pub(crate) injector: Injector<Fresh>,
    pub(crate) idle: Idle,
    pub(crate) reserve: Reserve,
    /// Of the first spawn.
    reporter: OnceCell<Reporter>,
    /// The census that is open. Whoever takes unstarted tasks from one worker to leave them for another, and is none himself,
    /// holds the lock meanwhile, and counts them.
    pub(super) census: Mutex<Option<Arc<Census>>>,
    /// If somebody wants to be told of them.
    pub(super) deadlocks: Option<Deadlocks>,
    /// Spawns from outside the workers.
    outside_spawns: AtomicUsize,
}

static RUNTIME: OnceCell<&'static Runtime> = OnceCell::new();

/// Says what all coroutines are doing, in words. What stands above knows how, and hands it down with its spawns.
pub(crate) type Reporter = fn() -> String;

/// The runtime, started now if it was not. An error: the system refuses what even one worker needs.
#[inline]
pub(crate) fn runtime() -> io::Result<&'static Runtime> {
    match RUNTIME.get() {
        Some(runtime) => Ok(runtime),
        None => RUNTIME.get_or_try_init(start).copied(),
    }
}

/// The runtime, if it was started.
#[inline]
pub(crate) fn started() -> Option<&'static Runtime> {
    RUNTIME.get().copied()
}

#[cold]
fn start() -> io::Result<&'static Runtime> {
    panic_hook::install();
    overflow::install();
    fences::prepare();
    let wanted = settings().workers;
    // That opens files, which nobody expects of a lock later on.
    super::cpus();
    // Every worker makes its parts on its own OS thread and hands out what is shared; all start running together, once
    // the runtime stands.
    let mut shared = Vec::new();
    let mut gates: Vec<mpsc::SyncSender<&'static Runtime>> = Vec::new();
    for index in 0..wanted {
        match start_worker(index, false) {
            Ok((worker, gate)) => {
                shared.push(worker);
                gates.push(gate);
            }
            // Fewer do as well; none does not.
            Err(error) if index == 0 => return Err(error),
            Err(_) => break,
        }
    }
    let runtime: &'static Runtime = Box::leak(Box::new(Runtime {
        idle: Idle::new(shared.len()),
        workers: shared.into_boxed_slice(),
        injector: Injector::new(),
        reserve: Reserve::new(),
        reporter: OnceCell::new(),
        census: Mutex::new(None),
        deadlocks: Deadlocks::new(),
        outside_spawns: AtomicUsize::new(0),
    }));
    if let Some(signal) = settings().dump_on {
        dump_on(signal, runtime);
    }
    for gate in gates {
        // A worker that is gone has panicked, which it does not.
        gate.send(runtime).expect("a worker waits for its runtime");
    }
    Ok(runtime)
}

/// Has what all coroutines do written to the standard error at each `signal`.
fn dump_on(signal: Signal, runtime: &'static Runtime) {
    // Before anybody can rely on it.
    let Ok(mut arrivals) = pal::signal::catch(signal) else {
        pal::stderr::write(format!("costd: {signal:?} cannot be caught\n").as_bytes());
        return;
    };
    let write = move || {
        while arrivals.wait().is_ok() {
            pal::stderr::write(runtime.report().as_bytes());
        }
    };
    let name = CString::new(format!("{}-dump", settings().thread_name)).expect("a name that was found possible");
    if pal::bare_thread::spawn(&name, Box::new(write)).is_err() {
        pal::stderr::write(b"costd: there is no OS thread that could write dumps\n");
    }
}

/// Starts the OS thread of a worker, or of a reserve. It waits for its runtime, to be sent by what is returned.
pub(super) fn start_worker(
    index: usize,
    reserve: bool,
) -> io::Result<(&'static WorkerShared, mpsc::SyncSender<&'static Runtime>)> {
    let (shared_to, shared_from) = mpsc::sync_channel(1);
    let (gate, at_gate) = mpsc::sync_channel::<&'static Runtime>(1);
    let run = move || {
        overflow::prepare_worker();
        super::pinning::pin_worker(index);
        let worker = Worker::new(index, reserve);
        let worker = match worker {
            Ok(worker) => {
                let _ = shared_to.send(Ok(worker.shared()));
                worker
            }
            Err(error) => {
                let _ = shared_to.send(Err(error));
                return;
            }
        };
        if let Ok(runtime) = at_gate.recv() {
            worker.run(runtime);
        }
    };
    // Not by std: under libtest the thread would inherit where the output of the first test that spawns goes, and a hook
    // that knows no coroutines would call each of them by the worker's name.
    let kind = if reserve { "reserve" } else { "worker" };
    let name =
        CString::new(format!("{}-{kind}-{index}", settings().thread_name)).expect("a name that was found possible");
    pal::bare_thread::spawn(&name, Box::new(run))?;
    let shared = shared_from.recv().map_err(|_| io::Error::other("a worker has died at its start"))??;
    Ok((shared, gate))
}

impl Runtime {
    /// A spawn from outside the workers.
    pub(crate) fn spawn_from_outside(&self, task: NonNull<Task>) {
        // Relaxed: a count.
        self.outside_spawns.fetch_add(1, Ordering::Relaxed);
        self.inject(task);
    }

    /// Spawns from outside the workers, so far.
    pub(crate) fn outside_spawns(&self) -> usize {
        self.outside_spawns.load(Ordering::Relaxed)
    }

    /// Takes one of the unstarted spawns from outside.
    pub(super) fn take_injected(&self) -> Option<NonNull<Task>> {
        steal_from(|| self.injector.steal())
    }

    /// The workers, and then the reserves.
    pub(crate) fn all_workers(&self) -> Vec<&'static WorkerShared> {
        let mut all = self.workers.to_vec();
        all.extend(self.reserve.workers());
        all
    }

    /// What all coroutines are doing, in words. (There is none before the first spawn.)
    pub(super) fn report(&self) -> String {
        self.reporter.get().map_or_else(String::new, |report| report())
    }

    /// A spawn from outside the workers brings it along; there is one before there is a coroutine.
    pub(crate) fn take_reporter(&self, reporter: Reporter) {
        if self.reporter.get().is_none() {
            let _ = self.reporter.set(reporter);
        }
    }

    /// Takes an unstarted spawn for whoever comes first.
    pub(crate) fn inject(&self, task: NonNull<Task>) {
        if let [only] = &*self.workers {
            only.leave(task);
        } else {
            self.injector.push(Fresh(task));
            self.ring_searcher(true);
        }
        self.reserve.watch();
    }

    /// There is work for anybody: see `sched::idle`.
    #[inline]
    pub(crate) fn ring_searcher(&self, urgent: bool) {
        if let Some(chosen) = self.idle.choose_searcher(urgent) {
            self.workers[chosen].rouse();
        }
    }
}
