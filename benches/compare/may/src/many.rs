use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use job::{Job, Memory, percentile, report, sum_below};
use may::coroutine;
use may::sync::mpsc;

use crate::spawn;

/// Ten children each, down to the leaves, whose numbers are summed up on the way back.
pub fn skynet(job: Job) {
    fn node(first: u64, leaves: u64, to: mpsc::Sender<u64>) {
        if leaves == 1 {
            return to.send(first).unwrap();
        }
        let (to_us, from) = mpsc::channel();
        for child in 0..10 {
            let to_us = to_us.clone();
            spawn(move || node(first + child * (leaves / 10), leaves / 10, to_us));
        }
        to.send(from.iter().take(10).sum()).unwrap();
    }
    job.once(|n| {
        let (to, from) = mpsc::channel();
        let start = Instant::now();
        spawn(move || node(0, n, to));
        assert_eq!(from.recv().unwrap(), sum_below(n));
        start.elapsed()
    });
}

pub fn parked(job: Job) {
    let before = Memory::now();
    let (count, parked) = (job.size, Arc::new(AtomicU64::new(0)));
    let (to, all_are) = mpsc::channel();
    let spawn = |i| {
        let (parked, to) = (Arc::clone(&parked), to.clone());
        spawn(move || {
            if parked.fetch_add(1, Ordering::Relaxed) + 1 == count {
                to.send(()).unwrap();
            }
            coroutine::park();
            i
        })
    };
    let all: Vec<_> = (0..count).map(spawn).collect();
    all_are.recv().unwrap();
    report("bytes", Memory::now().each_since(before, count));
    all.iter().for_each(|one| one.coroutine().unpark());
    assert_eq!(all.into_iter().map(|one| one.join().unwrap()).sum::<u64>(), sum_below(count));
}

/// They all sleep to moments that are spread over a second; how late do they wake?
pub fn sleepers(job: Job) {
    let count = job.size;
    // All of them are there by then.
    let base = Instant::now() + Duration::from_secs(2);
    let spawn = |i| {
        spawn(move || {
            // Not in the order in which they are spawned.
            let moment = base + Duration::from_secs_f64(((i * 7919) % count) as f64 / count as f64);
            coroutine::sleep(moment.saturating_duration_since(Instant::now()));
            moment.elapsed().as_secs_f64() * 1e3
        })
    };
    let all: Vec<_> = (0..count).map(spawn).collect();
    assert!(Instant::now() < base, "not all could be spawned in time");
    let mut late: Vec<f64> = all.into_iter().map(|one| one.join().unwrap()).collect();
    report("ms", percentile(&mut late, 99.0));
}
