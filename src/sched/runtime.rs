//! The one runtime of the process: its workers and what they share. Started by the first spawn, never stopped.

use std::ffi::CString;
use std::io;
use std::ptr::NonNull;
use std::sync::mpsc;
use std::thread;

use crossbeam::deque::Injector;
use once_cell::sync::OnceCell;

use crate::pal;

use super::idle::Idle;
use super::overflow;
use super::panic_hook;
use super::reserve::Reserve;
use super::task::Task;
use super::worker::{Fresh, Worker, WorkerShared};

/// See the module's text.
pub(crate) struct Runtime {
    pub(crate) workers: Box<[&'static WorkerShared]>,
    /// Unstarted spawns from outside the workers.
    pub(crate) injector: Injector<Fresh>,
    pub(crate) idle: Idle,
    pub(crate) reserve: Reserve,
}

static RUNTIME: OnceCell<&'static Runtime> = OnceCell::new();

/// The runtime, started now if it was not. An error: the system refuses what even one worker needs.
#[inline]
pub(crate) fn runtime() -> io::Result<&'static Runtime> {
    RUNTIME.get_or_try_init(start).copied()
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
    let wanted = wanted_workers();
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
    }));
    for gate in gates {
        // A worker that is gone has panicked, which it does not.
        gate.send(runtime).expect("a worker waits for its runtime");
    }
    Ok(runtime)
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
    let name =
        CString::new(format!("costd-{}-{index}", if reserve { "reserve" } else { "worker" })).expect("no zero in it");
    pal::bare_thread::spawn(&name, Box::new(run))?;
    let shared = shared_from.recv().map_err(|_| io::Error::other("a worker has died at its start"))??;
    Ok((shared, gate))
}

/// `COSTD_WORKERS`, or as many as the process may use CPUs.
fn wanted_workers() -> usize {
    let asked = std::env::var_os("COSTD_WORKERS").and_then(|text| text.to_str()?.trim().parse().ok());
    match asked {
        Some(workers) if workers > 0 => workers,
        _ => thread::available_parallelism().map_or(1, |n| n.get()),
    }
}

impl Runtime {
    /// Takes an unstarted spawn from outside the workers.
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
