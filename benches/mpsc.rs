//! Channels: costd against std, in turns in one run; the median of the rounds, and the best, in ns.
//!
//! The best says what it costs when nobody else wants the CPUs; the median is only as good as the machine is quiet.
//!
//! `cargo bench --bench mpsc [-- NAME]`; `COSTD_WORKERS` as ever. The names are the table's first column.

use std::hint::black_box;
use std::time::{Duration, Instant};

const ROUNDS: usize = 9;

/// The same benchmarks for a crate that has `thread` and `sync::mpsc`.
macro_rules! benches {
    ($name:ident, $std:ident, $scale:expr) => {
        mod $name {
            use super::*;
            use $std::sync::mpsc::{channel, sync_channel};
            use $std::thread;

            /// In a thread of the crate, so that costd's is a coroutine.
            fn within(f: impl FnOnce() -> Duration + Send + 'static) -> Duration {
                thread::spawn(f).join().unwrap()
            }

            pub fn ping_pong() -> f64 {
                let n = 400_000 / $scale;
                per(
                    n,
                    within(move || {
                        let (to, from_us) = channel::<u64>();
                        let (to_us, from) = channel::<u64>();
                        let partner = thread::spawn(move || from_us.iter().for_each(|m| to_us.send(m).unwrap()));
                        let start = Instant::now();
                        for m in 0..n {
                            to.send(m).unwrap();
                            black_box(from.recv().unwrap());
                        }
                        let time = start.elapsed();
                        drop(to);
                        partner.join().unwrap();
                        time
                    }),
                )
            }

            pub fn ping_pong_rendezvous() -> f64 {
                let n = 200_000 / $scale;
                per(
                    n,
                    within(move || {
                        let (to, from_us) = sync_channel::<u64>(0);
                        let (to_us, from) = sync_channel::<u64>(0);
                        let partner = thread::spawn(move || from_us.iter().for_each(|m| to_us.send(m).unwrap()));
                        let start = Instant::now();
                        for m in 0..n {
                            to.send(m).unwrap();
                            black_box(from.recv().unwrap());
                        }
                        let time = start.elapsed();
                        drop(to);
                        partner.join().unwrap();
                        time
                    }),
                )
            }

            pub fn rendezvous_one_way() -> f64 {
                let n = 200_000 / $scale;
                per(
                    n,
                    within(move || {
                        let (tx, rx) = sync_channel::<u64>(0);
                        let sender = thread::spawn(move || (0..n).for_each(|m| tx.send(m).unwrap()));
                        let start = Instant::now();
                        assert_eq!(rx.iter().count() as u64, n);
                        let time = start.elapsed();
                        sender.join().unwrap();
                        time
                    }),
                )
            }

            pub fn four_senders() -> f64 {
                let n = 1_000_000;
                per(
                    n,
                    within(move || {
                        let (tx, rx) = channel::<u64>();
                        let start = Instant::now();
                        for _ in 0..4 {
                            let tx = tx.clone();
                            thread::spawn(move || (0..n / 4).for_each(|m| tx.send(m).unwrap()));
                        }
                        drop(tx);
                        assert_eq!(rx.iter().count() as u64, n);
                        start.elapsed()
                    }),
                )
            }

            pub fn four_senders_128() -> f64 {
                let n = 1_000_000;
                per(
                    n,
                    within(move || {
                        let (tx, rx) = sync_channel::<u64>(128);
                        let start = Instant::now();
                        for _ in 0..4 {
                            let tx = tx.clone();
                            thread::spawn(move || (0..n / 4).for_each(|m| tx.send(m).unwrap()));
                        }
                        drop(tx);
                        assert_eq!(rx.iter().count() as u64, n);
                        start.elapsed()
                    }),
                )
            }

            pub fn one_task() -> f64 {
                let n = 1_000_000;
                per(
                    n,
                    within(move || {
                        let (tx, rx) = channel::<u64>();
                        let start = Instant::now();
                        for m in 0..n {
                            tx.send(m).unwrap();
                            black_box(rx.recv().unwrap());
                        }
                        start.elapsed()
                    }),
                )
            }

            pub fn one_task_bounded() -> f64 {
                let n = 1_000_000;
                per(
                    n,
                    within(move || {
                        let (tx, rx) = sync_channel::<u64>(1);
                        let start = Instant::now();
                        for m in 0..n {
                            tx.send(m).unwrap();
                            black_box(rx.recv().unwrap());
                        }
                        start.elapsed()
                    }),
                )
            }

            pub fn try_recv_empty() -> f64 {
                let n = 1_000_000;
                per(
                    n,
                    within(move || {
                        let (_tx, rx) = channel::<u64>();
                        let start = Instant::now();
                        for _ in 0..n {
                            black_box(rx.try_recv()).unwrap_err();
                        }
                        start.elapsed()
                    }),
                )
            }

            /// The receiver is a plain OS thread.
            pub fn to_an_os_thread() -> f64 {
                let n = 500_000;
                let (tx, rx) = channel::<u64>();
                let start = Instant::now();
                thread::spawn(move || (0..n).for_each(|m| tx.send(m).unwrap()));
                assert_eq!(rx.iter().count() as u64, n);
                per(n, start.elapsed())
            }

            /// The partner is a plain OS thread.
            pub fn ping_pong_with_an_os_thread() -> f64 {
                let n = 20_000;
                let (to, from_us) = channel::<u64>();
                let (to_us, from) = channel::<u64>();
                thread::spawn(move || from_us.iter().for_each(|m| to_us.send(m).unwrap()));
                let start = Instant::now();
                for m in 0..n {
                    to.send(m).unwrap();
                    black_box(from.recv().unwrap());
                }
                per(n, start.elapsed())
            }

            pub fn make_and_drop() -> f64 {
                let n = 200_000;
                per(
                    n,
                    within(move || {
                        let start = Instant::now();
                        for _ in 0..n {
                            black_box(channel::<u64>());
                        }
                        start.elapsed()
                    }),
                )
            }
        }
    };
}

fn per(n: u64, time: Duration) -> f64 {
    time.as_nanos() as f64 / n as f64
}

benches!(on_costd, costd, 1);
benches!(on_std, std, 40);

fn main() {
    let wanted = std::env::args().skip(1).find(|arg| !arg.starts_with('-'));
    let costd_only = std::env::var_os("COSTD_ONLY").is_some();
    println!("{:<24}{:>10}{:>10}{:>10}{:>10}", "ns", "costd", "best", "std", "best");
    macro_rules! run {
        ($($case:ident)*) => {$(
            if wanted.as_deref().is_none_or(|wanted| stringify!($case) == wanted) {
                let (mut ours, mut theirs) = (Vec::new(), Vec::new());
                for _ in 0..ROUNDS {
                    ours.push(on_costd::$case());
                    if !costd_only {
                        theirs.push(on_std::$case());
                    }
                }
                print!("{:<24}", stringify!($case));
                for mut rounds in [ours, theirs] {
                    rounds.sort_by(f64::total_cmp);
                    let nth = |n: usize| rounds.get(n).copied().unwrap_or(f64::NAN);
                    print!("{:>10.1}{:>10.1}", nth(rounds.len() / 2), nth(0));
                }
                println!();
            }
        )*};
    }
    run!(ping_pong ping_pong_rendezvous rendezvous_one_way four_senders four_senders_128 one_task one_task_bounded
        try_recv_empty to_an_os_thread ping_pong_with_an_os_thread make_and_drop);
}
