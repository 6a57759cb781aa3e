//! A great many parked coroutines alive at once, with the kernel's limits as they are.
//!
//! 50,000 of them by default (20,000 where the guard of a stack is a mapping of its own, 5,000 under ThreadSanitizer); with `COSTD_TEST_MILLION=1` it is
//! 1,000,000, which takes about 9 GB of memory.

use compat_tests::in_coroutine;
use compat_tests::watchdog::Watchdog;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread::{self, JoinHandle, Thread};
use std::time::{Duration, Instant};
use std::{env, fs};

/// The kernel's default for `vm.max_map_count`.
const MAPS: usize = 65_530;

struct Crowd {
    starter: Thread,
    alive: AtomicUsize,
    released: AtomicBool,
}

#[test]
fn a_million_are_parked_and_joined() {
    let _watchdog = Watchdog::with_limit(Duration::from_secs(600));
    let count = match env::var("COSTD_TEST_MILLION") {
        Ok(on) if on == "1" => 1_000_000,
        _ if cfg!(costd_portable) => 20_000,
        // It knows some 8,000 threads.
        _ if cfg!(costd_tsan) => 5_000,
        _ => 50_000,
    };
    // Started from an OS thread, and from a coroutine.
    park_and_join(count);
    in_coroutine(move || park_and_join(count));
}

fn park_and_join(count: usize) {
    let before = memory();
    let crowd =
        Arc::new(Crowd { starter: thread::current(), alive: AtomicUsize::new(0), released: AtomicBool::new(false) });
    let start = Instant::now();
    let coroutines: Vec<JoinHandle<usize>> = (0..count).map(|id| join_crowd(id, count, crowd.clone())).collect();
    while crowd.alive.load(SeqCst) < count {
        thread::park();
    }
    let started = start.elapsed();
    let maps = fs::read_to_string("/proc/self/maps").unwrap().lines().count();
    let at_peak = memory();
    assert!(maps < MAPS, "{maps} memory mappings for {count} coroutines");

    crowd.released.store(true, SeqCst);
    coroutines.iter().for_each(|coroutine| coroutine.thread().unpark());
    for (id, coroutine) in coroutines.into_iter().enumerate() {
        assert_eq!(coroutine.join().unwrap(), id);
    }
    let each = at_peak.saturating_sub(before) as f64 / count as f64;
    eprintln!(
        "{count} parked after {started:.2?}, {each:.1} KiB each, {maps} mappings; joined {:.2?}",
        start.elapsed()
    );

    // The memory comes back after a while. When exactly is the runtime's business.
    let start = Instant::now();
    while memory() > before + (at_peak - before) / 2 {
        assert!(start.elapsed() < Duration::from_secs(60), "{} KiB, then {at_peak}, now {}", before, memory());
        thread::sleep(Duration::from_millis(100));
    }
}

fn join_crowd(id: usize, count: usize, crowd: Arc<Crowd>) -> JoinHandle<usize> {
    thread::spawn(move || {
        if crowd.alive.fetch_add(1, SeqCst) + 1 == count {
            crowd.starter.unpark();
        }
        while !crowd.released.load(SeqCst) {
            thread::park();
        }
        id
    })
}

/// Memory of this process in KiB, with its page tables.
fn memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let number = |name: &str| -> u64 {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    };
    number("VmRSS:") + number("VmPTE:")
}
