//! The scheduler's own costs: spawn, join, yield, park. Each figure is the median of several rounds, in nanoseconds.

use std::time::Instant;

use costd::coroutine::InheritableLocal;
use costd::thread;

fn median(rounds: usize, mut round: impl FnMut() -> f64) -> f64 {
    let mut all: Vec<f64> = (0..rounds).map(|_| round()).collect();
    all.sort_by(f64::total_cmp);
    all[rounds / 2]
}

fn report(name: &str, per_op: impl FnMut() -> f64) {
    println!("{name:32} {:10.1} ns", median(7, per_op));
}

/// Runs `f` in a coroutine and returns the nanoseconds for each of `count` operations.
fn timed(count: u32, f: impl FnOnce() + Send + 'static) -> f64 {
    let elapsed = thread::spawn(move || {
        let start = Instant::now();
        f();
        start.elapsed()
    });
    elapsed.join().unwrap().as_nanos() as f64 / f64::from(count)
}

fn main() {
    let only = std::env::args().nth(1).filter(|arg| !arg.starts_with('-')).unwrap_or_default();
    let case = |name: &str, f: &mut dyn FnMut() -> f64| {
        if name.contains(&only) {
            report(name, f);
        }
    };
    case("spawn + join, one at a time", &mut || {
        timed(100_000, || {
            for _ in 0..100_000 {
                thread::spawn(|| ()).join().unwrap();
            }
        })
    });
    case("the same with a value to inherit", &mut || {
        static VALUE: InheritableLocal<u64> = InheritableLocal::new();
        timed(100_000, || {
            VALUE.scope(1, || {
                for _ in 0..100_000 {
                    thread::spawn(|| ()).join().unwrap();
                }
            });
        })
    });
    case("spawn 1,000,000, then join all", &mut || {
        timed(1_000_000, || {
            let all: Vec<_> = (0..1_000_000).map(|_| thread::spawn(|| ())).collect();
            for one in all {
                one.join().unwrap();
            }
        })
    });
    case("yield, two tasks", &mut || {
        timed(2_000_000, || {
            let other = thread::spawn(|| {
                for _ in 0..1_000_000 {
                    thread::yield_now();
                }
            });
            for _ in 0..1_000_000 {
                thread::yield_now();
            }
            other.join().unwrap();
        })
    });
    case("park and unpark, round trip", &mut || {
        timed(1_000_000, || {
            let me = thread::current();
            let other = thread::spawn(move || {
                for _ in 0..1_000_000 {
                    thread::park();
                    me.unpark();
                }
            });
            for _ in 0..1_000_000 {
                other.thread().unpark();
                thread::park();
            }
            other.join().unwrap();
        })
    });
    case("fan-out of 100 x 1 ms, of ideal", &mut || {
        let workers = thread::available_parallelism().unwrap().get() as u32;
        let start = Instant::now();
        let all: Vec<_> = (0..100)
            .map(|_| {
                thread::spawn(|| {
                    let start = Instant::now();
                    while start.elapsed().as_micros() < 1000 {
                        std::hint::spin_loop();
                    }
                })
            })
            .collect();
        for one in all {
            one.join().unwrap();
        }
        start.elapsed().as_nanos() as f64 / (100_000_000.0 / f64::from(workers))
    });
}
