//! Starts many threads that are all alive at once.

use crate::{in_thread, say, wait_for_driver};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle, Thread};
use std::time::Instant;
use std::{io, iter};

/// What all the threads share.
struct Crowd {
    starter: Thread,
    /// How many threads there will be. Less than planned once the system has refused one.
    expected: AtomicUsize,
    alive: AtomicUsize,
    may_leave: Mutex<bool>,
    leave: Condvar,
}

pub fn run(count: usize) -> io::Result<()> {
    say("ready", 0);
    wait_for_driver()?;
    let (crowd, threads) = in_thread(move || Ok(gather(count)))?;
    // Now the driver sees how much memory they take.
    wait_for_driver()?;
    *crowd.may_leave.lock().unwrap() = true;
    crowd.leave.notify_all();
    threads.into_iter().for_each(|thread| thread.join().expect("it only waits"));
    say("joined", 0);
    Ok(())
}

fn gather(count: usize) -> (Arc<Crowd>, Vec<JoinHandle<()>>) {
    let crowd = Arc::new(Crowd {
        starter: thread::current(),
        expected: AtomicUsize::new(count),
        alive: AtomicUsize::new(0),
        may_leave: Mutex::new(false),
        leave: Condvar::new(),
    });
    let mut threads = Vec::with_capacity(count);
    let start = Instant::now();
    for spawned in iter::repeat_with(|| crowd.clone()).take(count).map(join_crowd) {
        match spawned {
            Ok(thread) => threads.push(thread),
            Err(error) => {
                say("note", format_args!("thread {} was refused by the system: {error}", threads.len() + 1));
                crowd.expected.store(threads.len(), SeqCst);
                break;
            }
        }
    }
    while crowd.alive.load(SeqCst) < crowd.expected.load(SeqCst) {
        thread::park();
    }
    let elapsed = start.elapsed();
    say("started", threads.len());
    say("nanoseconds", elapsed.as_nanos());
    (crowd, threads)
}

fn join_crowd(crowd: Arc<Crowd>) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().spawn(move || {
        if crowd.alive.fetch_add(1, SeqCst) + 1 >= crowd.expected.load(SeqCst) {
            crowd.starter.unpark();
        }
        let may_leave = crowd.may_leave.lock().unwrap();
        drop(crowd.leave.wait_while(may_leave, |may| !*may).unwrap());
    })
}
