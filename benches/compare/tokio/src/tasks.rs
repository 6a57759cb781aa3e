use std::time::Instant;

use job::{Job, compute, report, sum_below};
use tokio::runtime::Runtime;
use tokio::task::yield_now as give_way;

use crate::within;

pub fn spawn_join(runtime: &Runtime, job: &Job) {
    job.repeat(|n| {
        within(runtime, async move {
            let start = Instant::now();
            let mut sum = 0;
            for i in 0..n {
                sum += tokio::spawn(async move { i }).await.unwrap();
            }
            assert_eq!(sum, sum_below(n));
            start.elapsed()
        })
    });
}

pub fn spawn_many(runtime: &Runtime, job: &Job) {
    job.once(|n| {
        within(runtime, async move {
            let start = Instant::now();
            let all: Vec<_> = (0..n).map(|i| tokio::spawn(async move { i })).collect();
            let mut sum = 0;
            for one in all {
                sum += one.await.unwrap();
            }
            assert_eq!(sum, sum_below(n));
            start.elapsed()
        })
    });
}

pub fn yield_now(runtime: &Runtime, job: &Job) {
    async fn yields(n: u64) -> u64 {
        let mut count = 0;
        for _ in 0..n {
            give_way().await;
            count += 1;
        }
        count
    }
    job.repeat(|n| {
        within(runtime, async move {
            let start = Instant::now();
            let other = tokio::spawn(yields(n / 2));
            assert_eq!(yields(n / 2).await + other.await.unwrap(), n);
            start.elapsed()
        })
    });
}

pub fn spread(runtime: &Runtime, job: &Job) {
    const TASKS: u64 = 64;
    let rounds = job.size / TASKS;
    let together = || {
        within(runtime, async move {
            let start = Instant::now();
            let all: Vec<_> = (0..TASKS).map(|_| tokio::spawn(async move { compute(rounds) })).collect();
            let mut results = Vec::new();
            for one in all {
                results.push(one.await.unwrap());
            }
            assert!(results.iter().all(|&result| result == results[0]));
            start.elapsed()
        })
    };
    together();
    let start = Instant::now();
    let results: Vec<u64> = (0..TASKS).map(|_| compute(rounds)).collect();
    let alone = start.elapsed();
    assert!(results.iter().all(|&result| result == results[0]));
    report("times", alone.as_secs_f64() / together().as_secs_f64());
}
