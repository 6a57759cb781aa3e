use std::cell::Cell;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use job::Job;
use tokio::runtime::Runtime;
use tokio::sync::{Barrier, Mutex, Notify, OnceCell, RwLock};

use crate::within;

/// Waits for so many tasks that share `n`.
async fn share<F>(tasks: u64, n: u64, body: impl Fn(u64) -> F) -> Duration
where
    F: Future<Output = ()> + Send + 'static,
{
    let start = Instant::now();
    let all: Vec<_> = (0..tasks).map(|_| tokio::spawn(body(n / tasks))).collect();
    for one in all {
        one.await.unwrap();
    }
    start.elapsed()
}

pub fn mutex(runtime: &Runtime, job: &Job) {
    job.repeat(|n| {
        within(runtime, async move {
            let value = Mutex::new(0);
            let start = Instant::now();
            for _ in 0..n {
                *black_box(&value).lock().await += 1;
            }
            let time = start.elapsed();
            assert_eq!(*value.lock().await, n);
            time
        })
    });
}

pub fn mutex_8(runtime: &Runtime, job: &Job) {
    job.repeat(|n| {
        within(runtime, async move {
            let value = Arc::new(Mutex::new(0));
            let body = |n| {
                let shared = Arc::clone(&value);
                async move {
                    for _ in 0..n {
                        *shared.lock().await += 1;
                    }
                }
            };
            let time = share(8, n, body).await;
            assert_eq!(*value.lock().await, n);
            time
        })
    });
}

pub fn rwlock(runtime: &Runtime, job: &Job) {
    job.repeat(|n| {
        within(runtime, async move {
            let value = Arc::new(RwLock::new(0));
            let body = |n| {
                let shared = Arc::clone(&value);
                async move {
                    for i in 0..n {
                        if i % 100 == 99 {
                            *shared.write().await += 1;
                        } else {
                            black_box(*shared.read().await);
                        }
                    }
                }
            };
            let time = share(8, n, body).await;
            assert_eq!(*value.read().await, n / 8 / 100 * 8);
            time
        })
    });
}

/// tokio has no condition variable. A mutex and two `Notify` are what one takes in its place.
pub fn notify(runtime: &Runtime, job: &Job) {
    async fn take_turns(turn: &Mutex<u64>, mine: &Notify, theirs: &Notify, odd: u64, n: u64) {
        for _ in 0..n {
            loop {
                let mut turn = turn.lock().await;
                if *turn % 2 == odd {
                    *turn += 1;
                    break;
                }
                drop(turn);
                mine.notified().await;
            }
            theirs.notify_one();
        }
    }
    job.repeat(|n| {
        within(runtime, async move {
            let shared = Arc::new((Mutex::new(0), Notify::new(), Notify::new()));
            let theirs = Arc::clone(&shared);
            let start = Instant::now();
            let other = tokio::spawn(async move { take_turns(&theirs.0, &theirs.2, &theirs.1, 1, n).await });
            take_turns(&shared.0, &shared.1, &shared.2, 0, n).await;
            other.await.unwrap();
            let time = start.elapsed();
            assert_eq!(*shared.0.lock().await, 2 * n);
            time
        })
    });
}

pub fn barrier(runtime: &Runtime, job: &Job) {
    const TASKS: u64 = 64;
    job.repeat(|n| {
        within(runtime, async move {
            let barrier = Arc::new(Barrier::new(TASKS as usize));
            let leaders = Arc::new(Mutex::new(0));
            let body = |n| {
                let (barrier, leaders) = (Arc::clone(&barrier), Arc::clone(&leaders));
                async move {
                    let mut led = 0;
                    for _ in 0..n {
                        led += u64::from(barrier.wait().await.is_leader());
                    }
                    *leaders.lock().await += led;
                }
            };
            let time = share(TASKS, n, body).await;
            assert_eq!(*leaders.lock().await, n / TASKS);
            time
        })
    });
}

pub fn once_cell(runtime: &Runtime, job: &Job) {
    job.repeat(|n| {
        within(runtime, async move {
            let value = OnceCell::new_with(Some(1));
            let start = Instant::now();
            let sum = (0..n).fold(0, |sum, _| black_box(sum + black_box(&value).get().unwrap()));
            assert_eq!(sum, n);
            start.elapsed()
        })
    });
}

tokio::task_local! {
    static LOCAL: Cell<u64>;
}

pub fn task_local(runtime: &Runtime, job: &Job) {
    #[inline(never)]
    fn get() -> u64 {
        LOCAL.with(Cell::get)
    }
    job.repeat(|n| {
        within(
            runtime,
            LOCAL.scope(Cell::new(1), async move {
                let start = Instant::now();
                let sum = (0..n).fold(0, |sum, _| black_box(sum + get()));
                assert_eq!(sum, n);
                start.elapsed()
            }),
        )
    });
}
