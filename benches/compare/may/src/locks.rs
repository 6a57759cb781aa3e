use std::cell::Cell;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use job::Job;
use may::sync::{Barrier, Condvar, Mutex, RwLock};

use crate::spawn;

/// Runs `body(n / threads)` in so many threads.
fn share(threads: u64, n: u64, body: impl Fn(u64) + Send + Sync + 'static) -> Duration {
    let body = Arc::new(body);
    let start = Instant::now();
    let all: Vec<_> = (0..threads)
        .map(|_| {
            let body = Arc::clone(&body);
            spawn(move || body(n / threads))
        })
        .collect();
    all.into_iter().for_each(|one| one.join().unwrap());
    start.elapsed()
}

pub fn mutex(job: Job) {
    let value = Mutex::new(0);
    job.repeat(|n| {
        *value.lock().unwrap() = 0;
        let start = Instant::now();
        for _ in 0..n {
            *black_box(&value).lock().unwrap() += 1;
        }
        let time = start.elapsed();
        assert_eq!(*value.lock().unwrap(), n);
        time
    });
}

pub fn mutex_8(job: Job) {
    job.repeat(|n| {
        let value = Arc::new(Mutex::new(0));
        let shared = Arc::clone(&value);
        let time = share(8, n, move |n| (0..n).for_each(|_| *shared.lock().unwrap() += 1));
        assert_eq!(*value.lock().unwrap(), n);
        time
    });
}

/// One access in a hundred writes.
pub fn rwlock(job: Job) {
    job.repeat(|n| {
        let value = Arc::new(RwLock::new(0));
        let shared = Arc::clone(&value);
        let time = share(8, n, move |n| {
            for i in 0..n {
                if i % 100 == 99 {
                    *shared.write().unwrap() += 1;
                } else {
                    black_box(*shared.read().unwrap());
                }
            }
        });
        assert_eq!(*value.read().unwrap(), n / 8 / 100 * 8);
        time
    });
}

/// Two threads, whose turn it is in turn.
pub fn condvar(job: Job) {
    fn take_turns(shared: &(Mutex<u64>, Condvar), odd: u64, n: u64) {
        let (turn, changed) = shared;
        for _ in 0..n {
            let mut turn = changed.wait_while(turn.lock().unwrap(), |turn| *turn % 2 != odd).unwrap();
            *turn += 1;
            changed.notify_one();
        }
    }
    job.repeat(|n| {
        let shared = Arc::new((Mutex::new(0), Condvar::new()));
        let theirs = Arc::clone(&shared);
        let start = Instant::now();
        let other = spawn(move || take_turns(&theirs, 1, n));
        take_turns(&shared, 0, n);
        other.join().unwrap();
        let time = start.elapsed();
        assert_eq!(*shared.0.lock().unwrap(), 2 * n);
        time
    });
}

pub fn barrier(job: Job) {
    const THREADS: u64 = 64;
    job.repeat(|n| {
        let barrier = Barrier::new(THREADS as usize);
        let leaders = Arc::new(Mutex::new(0));
        let count = Arc::clone(&leaders);
        let time = share(THREADS, n, move |n| {
            let led = (0..n).filter(|_| barrier.wait().is_leader()).count();
            *count.lock().unwrap() += led as u64;
        });
        assert_eq!(*leaders.lock().unwrap(), n / THREADS);
        time
    });
}

may::coroutine_local! {
    static LOCAL: Cell<u64> = Cell::new(1)
}

pub fn coroutine_local(job: Job) {
    #[inline(never)]
    fn get() -> u64 {
        LOCAL.with(Cell::get)
    }
    LOCAL.with(|local| local.set(1));
    job.repeat(|n| {
        let start = Instant::now();
        let sum = (0..n).fold(0, |sum, _| black_box(sum + get()));
        assert_eq!(sum, n);
        start.elapsed()
    });
}
