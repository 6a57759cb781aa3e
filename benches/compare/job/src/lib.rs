//! What a peer is told by its arguments (`CASE SIZE MILLISECONDS`), and what it reports: a line `KEY VALUE` for each figure.
//!
//! This crate is on the real std, whoever uses it: it takes no part in what is measured.

mod clock;
mod http;
mod memory;
mod percentile;

pub use clock::cpu_time;
pub use http::{Requests, response};
pub use memory::Memory;
pub use percentile::percentile;

use std::time::Duration;

/// What a peer is to do.
pub struct Job {
    pub case: String,
    /// How large, for a case that says so.
    pub size: u64,
    /// How long, for a case that repeats something.
    pub time: Duration,
}

impl Job {
    /// As the runner says it.
    pub fn from_args() -> Job {
        let args: Vec<String> = std::env::args().skip(1).collect();
        let [case, size, time] = &args[..] else { panic!("usage: CASE SIZE MILLISECONDS") };
        let number = |text: &str| text.parse().unwrap_or_else(|_| panic!("not a number: {text}"));
        Job { case: case.clone(), size: number(size), time: Duration::from_millis(number(time)) }
    }

    /// Repeats an operation `n` times, for ever larger `n`, and reports the nanoseconds of each in the first run that takes
    /// more than a third of the time. All runs before that are the warm-up.
    ///
    /// `n` is a multiple of 6400, so that tasks can share it.
    pub fn repeat(&self, mut run: impl FnMut(u64) -> Duration) {
        let mut n = 6400;
        loop {
            let took = run(n);
            if took * 3 >= self.time {
                return report("ns", took.as_nanos() as f64 / n as f64);
            }
            let missing = self.time.as_secs_f64() / took.as_secs_f64().max(1e-9) / 2.0;
            n *= missing.clamp(2.0, 16.0) as u64;
        }
    }

    /// Runs something of this size, and reports the nanoseconds of each of so many operations. Once before, small, for a
    /// warm-up.
    pub fn once(&self, mut run: impl FnMut(u64) -> Duration) {
        run((self.size / 100).max(100));
        report("ns", run(self.size).as_nanos() as f64 / self.size as f64);
    }
}

/// Tells the runner a figure.
pub fn report(key: &str, value: impl std::fmt::Display) {
    println!("{key} {value}");
}

/// The last line of a peer: what it holds in memory.
pub fn report_memory() {
    report("rss", Memory::now().resident);
}

/// The sum of 0 to `n`, without it.
pub fn sum_below(n: u64) -> u64 {
    n * (n - 1) / 2
}

/// Some work for a CPU that nobody can leave out.
pub fn compute(rounds: u64) -> u64 {
    let mut x = 0x9E37_79B9_7F4A_7C15;
    for _ in 0..rounds {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
    }
    std::hint::black_box(x)
}

/// Until somebody closes standard input, which ends a server.
pub fn wait_for_the_end() {
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut std::io::stdin(), &mut rest).expect("standard input is a pipe");
}
