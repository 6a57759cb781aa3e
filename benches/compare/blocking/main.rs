//! The programs as one writes them for threads. `costd` and `threads` compile this same source: in the one, `std` is
//! costd.

mod channels;
mod live;
mod locks;
mod many;
mod servers;
mod tasks;

use job::Job;

fn main() {
    let job = Job::from_args();
    let case = job.case.clone();
    if case == "startup" {
        return tasks::startup();
    }
    if let Some(server) = servers::by_name(&case) {
        // Here, so that `main` is free to wait for the end.
        std::thread::spawn(move || server(job));
        job::wait_for_the_end();
        return job::report_memory();
    }
    let run: fn(Job) = match &*case {
        "spawn_join" => tasks::spawn_join,
        "spawn_many" => tasks::spawn_many,
        "yield" => tasks::yield_now,
        "spread" => tasks::spread,
        "ping_pong" => channels::ping_pong,
        "rendezvous" => channels::rendezvous,
        "mpsc" => channels::mpsc,
        "bounded" => channels::bounded,
        "mutex" => locks::mutex,
        "mutex_8" => locks::mutex_8,
        "rwlock" => locks::rwlock,
        "condvar" => locks::condvar,
        "barrier" => locks::barrier,
        "once_lock" => locks::once_lock,
        "thread_local" => locks::thread_local,
        "skynet" => many::skynet,
        "parked" => many::parked,
        "parked_small" => many::parked_small,
        "sleepers" => many::sleepers,
        "live_spawn" => live::spawn,
        "live_wake" => live::wake,
        "live_touch" => live::touch,
        "live_timer" => live::timer,
        "live_accept" => live::accept,
        _ => panic!("no such case: {case}"),
    };
    // In a thread, so that costd's is a coroutine.
    std::thread::spawn(move || run(job)).join().expect("its checks hold");
    job::report_memory();
}
