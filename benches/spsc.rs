//! `coroutine::spsc` against `sync::mpsc`, in turns in one run: the median of the rounds, the best, and the median of the ratios.
//!
//! `cargo bench --bench spsc [-- NAME]`; `COSTD_WORKERS` as ever. For a count of instructions one case, one channel and a number
//! of messages: `valgrind --tool=callgrind … stream spsc 100000`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use costd::thread;

const ROUNDS: usize = 11;

/// The same benchmarks for a module that has `channel`.
macro_rules! benches {
    ($name:ident, $($path:ident)::+) => {
        mod $name {
            use super::*;
            use $($path)::+::channel;

            /// In a coroutine.
            fn within(f: impl FnOnce() + Send + 'static) -> Duration {
                let time = thread::spawn(|| {
                    let start = Instant::now();
                    f();
                    start.elapsed()
                });
                time.join().unwrap()
            }

            pub fn one_task(n: u64) -> Duration {
                within(move || {
                    let (tx, rx) = channel::<u64>();
                    for m in 0..n {
                        tx.send(m).unwrap();
                        black_box(rx.recv().unwrap());
                    }
                })
            }

            pub fn bursts(n: u64) -> Duration {
                within(move || {
                    let (tx, rx) = channel::<u64>();
                    for _ in 0..n / 64 {
                        (0..64).for_each(|m| tx.send(m).unwrap());
                        (0..64).for_each(|_| _ = black_box(rx.recv().unwrap()));
                    }
                })
            }

            pub fn stream(n: u64) -> Duration {
                within(move || {
                    let (tx, rx) = channel::<u64>();
                    thread::spawn(move || (0..n).for_each(|m| tx.send(m).unwrap()));
                    assert_eq!(rx.iter().count() as u64, n);
                })
            }

            pub fn pipeline(n: u64) -> Duration {
                within(move || {
                    let (tx, mut rx) = channel::<u64>();
                    thread::spawn(move || (0..n).for_each(|m| tx.send(m).unwrap()));
                    for _ in 0..8 {
                        let (next_tx, next_rx) = channel::<u64>();
                        let from = std::mem::replace(&mut rx, next_rx);
                        thread::spawn(move || from.iter().for_each(|m| next_tx.send(m + 1).unwrap()));
                    }
                    assert_eq!(rx.iter().count() as u64, n);
                })
            }

            pub fn ping_pong(n: u64) -> Duration {
                within(move || {
                    let (to, from_us) = channel::<u64>();
                    let (to_us, from) = channel::<u64>();
                    thread::spawn(move || from_us.iter().for_each(|m| to_us.send(m).unwrap()));
                    for m in 0..n {
                        to.send(m).unwrap();
                        black_box(from.recv().unwrap());
                    }
                })
            }

            /// The receiver is a plain OS thread.
            pub fn to_an_os_thread(n: u64) -> Duration {
                let (tx, rx) = channel::<u64>();
                let start = Instant::now();
                thread::spawn(move || (0..n).for_each(|m| tx.send(m).unwrap()));
                assert_eq!(rx.iter().count() as u64, n);
                start.elapsed()
            }

            pub fn make_and_drop(n: u64) -> Duration {
                within(move || (0..n).for_each(|_| _ = black_box(channel::<u64>())))
            }
        }
    };
}

benches!(mpsc, costd::sync::mpsc);
benches!(spsc, costd::coroutine::spsc);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let single = arguments.get(2).map(|count| (arguments[1].as_str(), count.parse().expect("a number of messages")));
    if single.is_none() {
        println!("{:<20}{:>9}{:>9}{:>9}{:>9}{:>9}", "ns", "mpsc", "best", "spsc", "best", "ratio");
    }
    macro_rules! run {
        ($($case:ident $count:expr,)*) => {$(
            if arguments.first().is_none_or(|wanted| wanted == stringify!($case)) {
                match single {
                    Some(("spsc", count)) => _ = spsc::$case(count),
                    Some((_, count)) => _ = mpsc::$case(count),
                    None => compare(stringify!($case), $count, mpsc::$case, spsc::$case),
                }
            }
        )*};
    }
    run! {
        one_task 1_000_000,
        bursts 1_000_000,
        stream 1_000_000,
        pipeline 200_000,
        ping_pong 300_000,
        to_an_os_thread 500_000,
        make_and_drop 200_000,
    }
}

fn compare(name: &str, count: u64, mpsc: fn(u64) -> Duration, spsc: fn(u64) -> Duration) {
    let per = |time: Duration| time.as_nanos() as f64 / count as f64;
    let (mut mpscs, mut spscs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (mpsc, spsc) = (per(mpsc(count)), per(spsc(count)));
        mpscs.push(mpsc);
        spscs.push(spsc);
        ratios.push(mpsc / spsc);
    }
    for all in [&mut mpscs, &mut spscs, &mut ratios] {
        all.sort_by(f64::total_cmp);
    }
    let median = |all: &[f64]| all[ROUNDS / 2];
    let (mpsc, spsc, ratio) = (median(&mpscs), median(&spscs), median(&ratios));
    println!("{name:<20}{mpsc:>9.1}{:>9.1}{spsc:>9.1}{:>9.1}{ratio:>9.2}", mpscs[0], spscs[0]);
}
