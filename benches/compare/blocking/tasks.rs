//! Spawning, joining, yielding.

use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::Instant;

use job::{Job, compute, report, sum_below};

pub fn spawn_join(job: Job) {
    job.repeat(|n| {
        let start = Instant::now();
        let sum: u64 = (0..n).map(|i| thread::spawn(move || i).join().unwrap()).sum();
        assert_eq!(sum, sum_below(n));
        start.elapsed()
    });
}

pub fn spawn_many(job: Job) {
    job.once(|n| {
        let start = Instant::now();
        let all: Vec<_> = (0..n).map(|i| thread::spawn(move || i)).collect();
        let sum: u64 = all.into_iter().map(|one| one.join().unwrap()).sum();
        assert_eq!(sum, sum_below(n));
        start.elapsed()
    });
}

pub fn yield_now(job: Job) {
    job.repeat(|n| {
        let yields = move || {
            let mut count = 0;
            for _ in 0..n / 2 {
                thread::yield_now();
                count += 1;
            }
            count
        };
        let start = Instant::now();
        let other = thread::spawn(yields);
        assert_eq!(yields() + other.join().unwrap(), n);
        start.elapsed()
    });
}

/// How many times as fast many threads are as one, at the same work.
pub fn spread(job: Job) {
    const THREADS: u64 = 64;
    let rounds = job.size / THREADS;
    let together = || {
        let start = Instant::now();
        let all: Vec<_> = (0..THREADS).map(|_| thread::spawn(move || compute(rounds))).collect();
        let results: Vec<u64> = all.into_iter().map(|one| one.join().unwrap()).collect();
        assert!(results.iter().all(|&result| result == results[0]));
        start.elapsed()
    };
    together();
    let start = Instant::now();
    let results: Vec<u64> = (0..THREADS).map(|_| compute(rounds)).collect();
    let alone = start.elapsed();
    assert!(results.iter().all(|&result| result == results[0]));
    report("times", alone.as_secs_f64() / together().as_secs_f64());
}

/// A program that uses locks and channels, and never spawns: what has it started?
pub fn startup() {
    let (to, from) = mpsc::channel();
    let total = Mutex::new(0);
    for i in 0..10 {
        to.send(i).unwrap();
        *total.lock().unwrap() += from.recv().unwrap();
    }
    assert_eq!(*total.lock().unwrap(), 45);
    let entries = |folder| std::fs::read_dir(folder).expect("Linux has it").flatten();
    report("threads", entries("/proc/self/task").count());
    let links = entries("/proc/self/fd").filter_map(|fd| std::fs::read_link(fd.path()).ok());
    report("epolls", links.filter(|link| link.to_string_lossy().contains("eventpoll")).count());
}
