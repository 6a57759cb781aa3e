//! Cancel storms: ten thousand coroutines in every kind of wait, cancelled at any moment, while they are being woken. All end, and
//! nothing is lost, held or leaked.

mod channels;
mod storm;
mod streams;
#[path = "../sync_support/mod.rs"]
mod sync_support;
mod waits;

use costd::coroutine::os_thread;
use costd::thread;
use storm::Storm;

on_workers! {
    cancelled_by_a_coroutine
    cancelled_by_an_os_thread
}

/// Of each kind; about 25 kinds, most of them of two sides. (Sanitizers are slow, and ThreadSanitizer knows some 8,000 threads.)
const EACH: usize = if cfg!(feature = "sanitizer") { 40 } else { 300 };

fn cancelled_by_a_coroutine() {
    thread::spawn(|| one_storm(1)).join().unwrap();
}

fn cancelled_by_an_os_thread() {
    os_thread::spawn(|| one_storm(2)).join().unwrap();
}

fn one_storm(seed: u64) {
    // What the runtime has for itself is there once it has worked.
    small_storm();
    let before = descriptors();
    let mut storm = Storm::new();
    channels::all(&mut storm, EACH);
    waits::all(&mut storm, EACH);
    streams::all(&mut storm, EACH);
    eprintln!("{} are cancelled", storm.len());
    assert!(storm.len() >= if cfg!(feature = "sanitizer") { 1_000 } else { 10_000 });
    storm.run(seed);
    assert_eq!(descriptors(), before, "descriptors leak");
}

fn small_storm() {
    let mut storm = Storm::new();
    streams::all(&mut storm, EACH / 10);
    waits::all(&mut storm, EACH / 10);
    storm.run(0);
}

/// Open descriptors, but for those of the runtime's own workers: on a busy machine some look held up, and reserves are started,
/// which stay.
fn descriptors() -> usize {
    let is_a_workers = |target: &str| target.contains("[eventpoll]") || target.contains("[eventfd]");
    let open = std::fs::read_dir("/proc/self/fd").expect("Linux has it");
    let targets = open.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
    targets.filter(|target| !is_a_workers(&target.to_string_lossy())).count()
}
