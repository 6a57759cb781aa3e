use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use job::{Job, Memory, percentile, report, sum_below};
use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::within;

pub fn skynet(runtime: &Runtime, job: &Job) {
    fn node(first: u64, leaves: u64, to: mpsc::UnboundedSender<u64>) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            if leaves == 1 {
                return to.send(first).unwrap();
            }
            let (to_us, mut from) = mpsc::unbounded_channel();
            for child in 0..10 {
                tokio::spawn(node(first + child * (leaves / 10), leaves / 10, to_us.clone()));
            }
            let mut sum = 0;
            for _ in 0..10 {
                sum += from.recv().await.unwrap();
            }
            to.send(sum).unwrap();
        })
    }
    job.once(|n| {
        within(runtime, async move {
            let (to, mut from) = mpsc::unbounded_channel();
            let start = Instant::now();
            tokio::spawn(node(0, n, to));
            assert_eq!(from.recv().await, Some(sum_below(n)));
            start.elapsed()
        })
    });
}

pub fn parked(runtime: &Runtime, job: &Job) {
    let count = job.size;
    within(runtime, async move {
        let before = Memory::now();
        let (parked, gate) = (Arc::new(AtomicU64::new(0)), Arc::new(Semaphore::new(0)));
        let (to, all_are) = oneshot::channel();
        let to = Arc::new(std::sync::Mutex::new(Some(to)));
        let spawn = |i| {
            let (parked, gate, to) = (Arc::clone(&parked), Arc::clone(&gate), Arc::clone(&to));
            tokio::spawn(async move {
                if parked.fetch_add(1, Ordering::Relaxed) + 1 == count {
                    to.lock().unwrap().take().unwrap().send(()).unwrap();
                }
                // No more than a place in a queue, as parking is.
                gate.acquire().await.unwrap().forget();
                i
            })
        };
        let all: Vec<_> = (0..count).map(spawn).collect();
        all_are.await.unwrap();
        report("bytes", Memory::now().each_since(before, count));
        gate.add_permits(count as usize);
        let mut sum = 0;
        for one in all {
            sum += one.await.unwrap();
        }
        assert_eq!(sum, sum_below(count));
        Duration::ZERO
    });
}

pub fn sleepers(runtime: &Runtime, job: &Job) {
    let count = job.size;
    within(runtime, async move {
        let base = Instant::now() + Duration::from_secs(2);
        let spawn = |i| {
            tokio::spawn(async move {
                let moment = base + Duration::from_secs_f64(((i * 7919) % count) as f64 / count as f64);
                tokio::time::sleep(moment.saturating_duration_since(Instant::now())).await;
                moment.elapsed().as_secs_f64() * 1e3
            })
        };
        let all: Vec<_> = (0..count).map(spawn).collect();
        assert!(Instant::now() < base, "not all could be spawned in time");
        let mut late = Vec::new();
        for one in all {
            late.push(one.await.unwrap());
        }
        report("ms", percentile(&mut late, 99.0));
        Duration::ZERO
    });
}
