//! `both-worlds [THREADS]`: so many threads wait for each other (100 by default), and then it says what they cost.

use both_worlds::{Total, for_each, world};
use std::sync::Barrier;
use std::time::Instant;
use std::{env, fs, process};

fn main() {
    let Ok(threads) = env::args().nth(1).map_or(Ok(100), |text| text.parse()) else {
        eprintln!("usage: both-worlds [THREADS]");
        process::exit(2);
    };
    let (start, barrier, total) = (Instant::now(), Barrier::new(threads), Total::default());
    let most = for_each(vec![1; threads], |amount| {
        total.add(amount);
        // Whoever comes last sees them all.
        if barrier.wait().is_leader() { os_threads() } else { 0 }
    });
    println!("std is {}", world());
    println!(
        "{} threads on {} OS threads, {:.1?}",
        total.into_inner(),
        most.iter().max().unwrap_or(&0),
        start.elapsed()
    );
}

/// How many threads the kernel knows of in this process; 0 where there is no such file.
fn os_threads() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let count = status.lines().find_map(|line| line.strip_prefix("Threads:"));
    count.and_then(|count| count.trim().parse().ok()).unwrap_or(0)
}
