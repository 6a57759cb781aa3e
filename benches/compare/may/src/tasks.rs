use std::time::Instant;

use job::{Job, compute, report, sum_below};
use may::coroutine;

use crate::spawn;

pub fn spawn_join(job: Job) {
    job.repeat(|n| {
        let start = Instant::now();
        let sum: u64 = (0..n).map(|i| spawn(move || i).join().unwrap()).sum();
        assert_eq!(sum, sum_below(n));
        start.elapsed()
    });
}

pub fn spawn_many(job: Job) {
    job.once(|n| {
        let start = Instant::now();
        let all: Vec<_> = (0..n).map(|i| spawn(move || i)).collect();
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
                coroutine::yield_now();
                count += 1;
            }
            count
        };
        let start = Instant::now();
        let other = spawn(yields);
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
        let all: Vec<_> = (0..THREADS).map(|_| spawn(move || compute(rounds))).collect();
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
