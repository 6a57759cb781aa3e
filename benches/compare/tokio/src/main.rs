//! The programs on tokio's multi-threaded runtime: tasks for threads, tokio's own locks and channels.

mod channels;
mod locks;
mod many;
mod servers;
mod tasks;

use std::time::Duration;

use job::Job;
use tokio::runtime::Runtime;

/// Runs `future` as a task, not on the thread that is blocked meanwhile.
fn within(runtime: &Runtime, future: impl Future<Output = Duration> + Send + 'static) -> Duration {
    runtime.block_on(async { tokio::spawn(future).await }).expect("its checks hold")
}

fn main() {
    let job = Job::from_args();
    let case = job.case.clone();
    // As many workers as there are CPUs for this process.
    let runtime = Runtime::new().unwrap();
    if servers::start(&runtime, &case) {
        job::wait_for_the_end();
        return job::report_memory();
    }
    let run: fn(&Runtime, &Job) = match &*case {
        "spawn_join" => tasks::spawn_join,
        "spawn_many" => tasks::spawn_many,
        "yield" => tasks::yield_now,
        "spread" => tasks::spread,
        "ping_pong" => channels::ping_pong,
        "mpsc" => channels::mpsc,
        "bounded" => channels::bounded,
        "mutex" => locks::mutex,
        "mutex_8" => locks::mutex_8,
        "rwlock" => locks::rwlock,
        "condvar" => locks::notify,
        "barrier" => locks::barrier,
        "once_lock" => locks::once_cell,
        "thread_local" => locks::task_local,
        "skynet" => many::skynet,
        "parked" => many::parked,
        "sleepers" => many::sleepers,
        _ => panic!("no such case: {case}"),
    };
    run(&runtime, &job);
    job::report_memory();
}
