//! What is done to many at once: a dump of 100,000 coroutines while others come and go, and how soon after a burst of
//! 20,000 that have each used 20 KB of stack three quarters of that memory are the kernel's again.
//!
//! `cargo bench --bench crowds`

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use std::{fs, iter};

use costd::runtime;
use costd::sync::{Barrier, mpmc};
use costd::thread;

const ROUNDS: usize = 5;

fn report(name: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    println!("{name}: {:.0?}, at the worst {:.0?}", times[ROUNDS / 2], times[ROUNDS - 1]);
}

fn dumps() -> Vec<Duration> {
    let (release, released) = mpmc::channel::<()>();
    let wait = || {
        let released = released.clone();
        thread::spawn(move || _ = released.recv())
    };
    let all: Vec<_> = iter::repeat_with(wait).take(100_000).collect();
    let going = Arc::new(AtomicBool::new(true));
    let is_going = Arc::clone(&going);
    let churn = thread::spawn(move || {
        while is_going.load(Ordering::Relaxed) {
            thread::spawn(thread::yield_now).join().unwrap();
        }
    });
    let times = iter::repeat_with(|| {
        let start = Instant::now();
        let dump = runtime::dump();
        let time = start.elapsed();
        assert!(dump.coroutines.len() >= all.len());
        time
    });
    let times = times.take(ROUNDS).collect();
    going.store(false, Ordering::Relaxed);
    churn.join().unwrap();
    drop(release);
    all.into_iter().for_each(|one| one.join().unwrap());
    times
}

/// Bytes in memory.
fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}

#[inline(never)]
fn use_stack() {
    black_box([1_u8; 20_000]);
}

fn burst() -> Duration {
    const COUNT: usize = 20_000;
    let before = resident();
    let alive = Arc::new(Barrier::new(COUNT + 1));
    let spawn = || {
        let alive = Arc::clone(&alive);
        thread::spawn(move || {
            use_stack();
            alive.wait();
            alive.wait();
        })
    };
    let all: Vec<_> = iter::repeat_with(spawn).take(COUNT).collect();
    alive.wait();
    let held = resident() - before;
    alive.wait();
    all.into_iter().for_each(|one| one.join().unwrap());
    let end = Instant::now();
    while resident() > before + held / 4 {
        thread::sleep(Duration::from_millis(10));
    }
    end.elapsed()
}

fn main() {
    report("dump of 100,000", dumps());
    // The stacks of those are given back first.
    thread::sleep(Duration::from_secs(5));
    report("three quarters of a burst given back after", iter::repeat_with(burst).take(ROUNDS).collect());
}
