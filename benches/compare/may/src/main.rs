//! The programs on may: coroutines for threads, may's own locks, channels and sockets.
//!
//! SAFETY: of every `spawn` in this crate: what the coroutine runs has no thread-locals of an OS thread, and does not need
//! more of its stack than it has.

mod channels;
mod locks;
mod many;
mod servers;
mod tasks;

use job::Job;
use may::coroutine::{self, JoinHandle};

/// may's `go!`, which hides the same.
fn spawn<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    // SAFETY: see the crate's text.
    unsafe { coroutine::spawn(f) }
}

fn main() {
    let job = Job::from_args();
    let case = job.case.clone();
    let cpus = std::thread::available_parallelism().unwrap().get();
    may::config().set_workers(cpus);
    if let Some(server) = servers::by_name(&case) {
        spawn(server);
        job::wait_for_the_end();
        return job::report_memory();
    }
    let run: fn(Job) = match &*case {
        "spawn_join" => tasks::spawn_join,
        "spawn_many" => tasks::spawn_many,
        "yield" => tasks::yield_now,
        "spread" => tasks::spread,
        "ping_pong" => channels::ping_pong,
        "mpsc" => channels::mpsc,
        "mutex" => locks::mutex,
        "mutex_8" => locks::mutex_8,
        "rwlock" => locks::rwlock,
        "condvar" => locks::condvar,
        "barrier" => locks::barrier,
        "thread_local" => locks::coroutine_local,
        "skynet" => many::skynet,
        "parked" => many::parked,
        "sleepers" => many::sleepers,
        _ => panic!("no such case: {case}"),
    };
    spawn(move || run(job)).join().expect("its checks hold");
    job::report_memory();
}
