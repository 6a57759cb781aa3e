//! The locks' costs beside std's, in one run: uncontended, and with several threads on one lock. In nanoseconds for each
//! operation, the median of several rounds and the best of them (on a machine that others use, the more telling one); the
//! rounds of the two take turns.

use std::hint::black_box;
use std::time::Instant;

/// Rounds of many threads on one lock.
const LONG_ROUNDS: usize = 15;
/// Rounds of a thread alone, each shorter than a time slice of the system's.
const SHORT_ROUNDS: usize = 501;

/// The least and the median.
fn sum_up(all: &mut [f64]) -> (f64, f64) {
    all.sort_by(f64::total_cmp);
    (all[0], all[all.len() / 2])
}

fn compare(name: &str, rounds: usize, mut ours: impl FnMut() -> f64, mut theirs: impl FnMut() -> f64) {
    let only = std::env::args().nth(1).filter(|arg| !arg.starts_with('-')).unwrap_or_default();
    if !name.contains(&only) {
        return;
    }
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        a.push(ours());
        b.push(theirs());
    }
    let ((a_best, a), (b_best, b)) = (sum_up(&mut a), sum_up(&mut b));
    println!(
        "{name:50} median: costd {a:9.2}, std {b:9.2}, ratio {:5.2}   best: costd {a_best:8.2}, std {b_best:8.2}, ratio {:5.2}",
        a / b,
        a_best / b_best
    );
}

/// Nanoseconds for each of `count` calls of `f`.
fn each(count: u32, mut f: impl FnMut()) -> f64 {
    let start = Instant::now();
    for _ in 0..count {
        f();
    }
    start.elapsed().as_nanos() as f64 / f64::from(count)
}

macro_rules! cases {
    ($module:ident, $std:ident) => {
        #[allow(dead_code, reason = "not all are compared in every setting")]
        mod $module {
            use super::*;
            use $std::sync::{Arc, Condvar, LazyLock, Mutex, Once, OnceLock, RwLock};
            use $std::thread;

            pub fn lock() -> f64 {
                let mutex = Mutex::new(0u64);
                each(10_000, || *black_box(&mutex).lock().unwrap() += 1)
            }

            pub fn try_lock() -> f64 {
                let mutex = Mutex::new(0u64);
                each(10_000, || *black_box(&mutex).try_lock().unwrap() += 1)
            }

            pub fn read() -> f64 {
                let lock = RwLock::new(0u64);
                each(10_000, || {
                    black_box(*black_box(&lock).read().unwrap());
                })
            }

            pub fn write() -> f64 {
                let lock = RwLock::new(0u64);
                each(10_000, || *black_box(&lock).write().unwrap() += 1)
            }

            pub fn get() -> f64 {
                let cell = OnceLock::from(1u64);
                each(40_000, || {
                    black_box(black_box(&cell).get());
                })
            }

            pub fn lazy() -> f64 {
                let cell = LazyLock::new(|| black_box(1u64));
                each(40_000, || {
                    black_box(**black_box(&cell));
                })
            }

            pub fn once() -> f64 {
                let once = Once::new();
                each(40_000, || black_box(&once).call_once(|| ()))
            }

            pub fn notify() -> f64 {
                let changed = Condvar::new();
                each(10_000, || black_box(&changed).notify_one())
            }

            /// `threads` of which each does its part `EACH` times, told which time it is.
            fn crowd(threads: u32, part: impl Fn(u32) + Send + Sync + 'static) -> f64 {
                const EACH: u32 = 100_000;
                let part = Arc::new(part);
                let start = Instant::now();
                let all: Vec<_> = (0..threads)
                    .map(|_| {
                        let part = Arc::clone(&part);
                        thread::spawn(move || (0..EACH).for_each(|time| part(time)))
                    })
                    .collect();
                for one in all {
                    one.join().unwrap();
                }
                start.elapsed().as_nanos() as f64 / f64::from(threads * EACH)
            }

            /// With `work` turns of a loop outside the lock.
            pub fn contended(threads: u32, work: u32) -> f64 {
                let mutex = Mutex::new(0u64);
                crowd(threads, move |_| {
                    *mutex.lock().unwrap() += 1;
                    for turn in 0..work {
                        black_box(turn);
                    }
                })
            }

            /// One write in `nth` turns.
            pub fn contended_rw(threads: u32, nth: u32) -> f64 {
                let lock = RwLock::new(0u64);
                crowd(threads, move |time| {
                    if time % nth == 0 {
                        *lock.write().unwrap() += 1;
                    } else {
                        black_box(*lock.read().unwrap());
                    }
                })
            }

            /// A condition variable to and fro between two threads.
            pub fn ping_pong() -> f64 {
                const EACH: u32 = 20_000;
                let pair = Arc::new((Mutex::new(false), Condvar::new()));
                let theirs = Arc::clone(&pair);
                let turn = |pair: &(Mutex<bool>, Condvar), mine: bool| {
                    let mut now = pair.0.lock().unwrap();
                    while *now != mine {
                        now = pair.1.wait(now).unwrap();
                    }
                    *now = !mine;
                    drop(now);
                    pair.1.notify_one();
                };
                let start = Instant::now();
                let other = thread::spawn(move || {
                    for _ in 0..EACH {
                        turn(&theirs, true);
                    }
                });
                for _ in 0..EACH {
                    turn(&pair, false);
                }
                other.join().unwrap();
                start.elapsed().as_nanos() as f64 / f64::from(EACH)
            }
        }
    };
}

/// costd's locks between OS threads.
mod costd_on_os_threads {
    pub use costd::sync;
    pub use std::thread;
}

cases!(on_costd, costd);
cases!(on_std, std);
cases!(mixed, costd_on_os_threads);

fn alone() {
    macro_rules! both {
        ($name:literal, $case:ident) => {
            compare($name, SHORT_ROUNDS, on_costd::$case, on_std::$case);
        };
    }
    both!("Mutex::lock and unlock", lock);
    both!("Mutex::try_lock and unlock", try_lock);
    both!("RwLock::read and unlock", read);
    both!("RwLock::write and unlock", write);
    both!("OnceLock::get", get);
    both!("LazyLock deref", lazy);
    both!("Once::call_once, completed", once);
    both!("Condvar::notify_one, nobody waits", notify);
}

fn main() {
    println!("-- in a coroutine");
    costd::thread::spawn(alone).join().unwrap();
    println!("-- on an OS thread");
    alone();
    println!("-- several");
    macro_rules! both {
        ($name:literal, $case:ident ( $($arg:expr),* )) => {
            compare(
                $name,
                LONG_ROUNDS,
                || costd::thread::spawn(|| on_costd::$case($($arg),*)).join().unwrap(),
                || on_std::$case($($arg),*),
            );
            compare(
                concat!($name, ", costd's on OS threads"),
                LONG_ROUNDS,
                || mixed::$case($($arg),*),
                || on_std::$case($($arg),*),
            );
        };
    }
    both!("Mutex, 2 threads", contended(2, 0));
    both!("Mutex, 8 threads", contended(8, 0));
    both!("Mutex, 8, 100 turns outside", contended(8, 100));
    both!("RwLock, 8, all write", contended_rw(8, 1));
    both!("RwLock, 8, half write", contended_rw(8, 2));
    both!("RwLock, 8, 1 % write", contended_rw(8, 100));
    both!("Condvar, to and fro", ping_pong());
}
