//! What the tests of channels share.

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Runs the tests of this test binary but the one named in processes of their own, with 1 and 8 workers; with the usual number
/// they run beside it. A process that takes three minutes has hung.
#[allow(dead_code, reason = "not every test binary does")]
pub fn all_but_this_with_1_and_8_workers(this: &str) {
    let program = std::env::current_exe().unwrap();
    for workers in ["1", "8"] {
        let mut child = Command::new(&program)
            .args(["--skip", this, "--test-threads=1", "--nocapture"])
            .env("COSTD_WORKERS", workers)
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let start = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if start.elapsed() > Duration::from_secs(180) {
                child.kill().unwrap();
                child.wait().unwrap();
                panic!("with {workers} workers: hung");
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        assert!(status.success(), "with {workers} workers: {status}");
    }
}

/// Either a coroutine or a plain OS thread.
#[allow(dead_code, reason = "not every test binary does")]
pub enum Thread<T> {
    Coroutine(costd::thread::JoinHandle<T>),
    Os(std::thread::JoinHandle<T>),
}

#[allow(dead_code, reason = "not every test binary does")]
impl<T: Send + 'static> Thread<T> {
    /// The odd ones are OS threads.
    pub fn spawn(number: usize, f: impl FnOnce() -> T + Send + 'static) -> Thread<T> {
        if number.is_multiple_of(2) {
            Thread::Coroutine(costd::thread::spawn(f))
        } else {
            Thread::Os(std::thread::spawn(f))
        }
    }

    pub fn join(self) -> T {
        match self {
            Thread::Coroutine(thread) => thread.join().unwrap(),
            Thread::Os(thread) => thread.join().unwrap(),
        }
    }
}

/// How many of its [`Counted`] there were, and how many have been dropped.
#[derive(Default)]
pub struct Counts {
    pub made: AtomicUsize,
    pub dropped: AtomicUsize,
}

/// A message that counts; dropping it twice panics.
#[allow(dead_code, reason = "not every test binary does")]
pub struct Counted {
    counts: &'static Counts,
    alive: bool,
    pub number: usize,
}

#[allow(dead_code, reason = "not every test binary does")]
impl Counts {
    pub fn leaked() -> &'static Counts {
        Box::leak(Box::default())
    }

    pub fn message(&'static self, number: usize) -> Counted {
        self.made.fetch_add(1, Ordering::Relaxed);
        Counted { counts: self, alive: true, number }
    }

    pub fn assert_all_dropped(&self) {
        assert_eq!(self.dropped.load(Ordering::Relaxed), self.made.load(Ordering::Relaxed), "dropped, made");
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        assert!(std::mem::replace(&mut self.alive, false), "dropped twice");
        self.counts.dropped.fetch_add(1, Ordering::Relaxed);
    }
}
