//! What a storm is made of: coroutines that are to be cancelled, things that wake them meanwhile, and what has to hold in the
//! end.

use std::time::Duration;

use costd::coroutine::{Cancelled, Semaphore, cancel};
use costd::sync::Arc;
use costd::sync::atomic::{AtomicUsize, Ordering};
use costd::thread::{self, JoinHandle, Thread};

pub const FOREVER: Duration = Duration::from_secs(1000);

/// What must hold when all have ended.
type Check = Box<dyn FnOnce() + Send>;

/// See the module's text.
pub struct Storm {
    threads: Vec<JoinHandle<()>>,
    /// Those whose handles others have.
    more: Vec<Thread>,
    wakes: Vec<Box<dyn FnMut() + Send>>,
    checks: Vec<(&'static str, Check)>,
    /// Every coroutine holds it, and adds a permit when it has begun.
    held: Arc<Semaphore>,
}

/// What went into something and what came out of it, by calls that have returned.
#[derive(Default)]
pub struct Tally {
    put: AtomicUsize,
    got: AtomicUsize,
}

impl Tally {
    pub fn put(&self, count: usize) {
        self.put.fetch_add(count, Ordering::Relaxed);
    }

    pub fn got(&self, count: usize) {
        self.got.fetch_add(count, Ordering::Relaxed);
    }

    /// So much is under way.
    pub fn under_way(&self) -> usize {
        self.put.load(Ordering::Relaxed).wrapping_sub(self.got.load(Ordering::Relaxed))
    }

    /// What was put there was got, or is `left`. Something must have been.
    #[track_caller]
    pub fn check(&self, left: usize) {
        assert!(self.put.load(Ordering::Relaxed) > 0, "nothing has happened");
        assert_eq!(self.put.load(Ordering::Relaxed), self.got.load(Ordering::Relaxed) + left);
    }
}

impl Storm {
    pub fn new() -> Storm {
        Storm {
            threads: Vec::new(),
            more: Vec::new(),
            wakes: Vec::new(),
            checks: Vec::new(),
            held: Arc::new(Semaphore::new(0)),
        }
    }

    /// How many are to be cancelled.
    pub fn len(&self) -> usize {
        self.threads.len() + self.more.len()
    }

    /// A coroutine that waits in `body`, over and over.
    pub fn spawn(&mut self, mut body: impl FnMut() + Send + 'static) {
        self.spawn_once(move || {
            loop {
                body();
            }
        });
    }

    /// A coroutine that waits in `body`, once.
    pub fn spawn_once(&mut self, body: impl FnOnce() + Send + 'static) {
        let held = Arc::clone(&self.held);
        self.threads.push(thread::spawn(move || {
            held.add_permits(1);
            body();
        }));
    }

    /// A coroutine that joins one which waits in `body`.
    pub fn spawn_joined(&mut self, body: impl FnOnce() + Send + 'static) {
        let held = Arc::clone(&self.held);
        let child = thread::spawn(move || {
            held.add_permits(1);
            body();
        });
        self.more.push(child.thread().clone());
        self.spawn_once(move || {
            let payload = child.join().expect_err("it is cancelled, and does not end by itself");
            assert!(payload.is::<Cancelled>());
        });
    }

    /// Something that wakes some of them.
    pub fn wake_by(&mut self, wake: impl FnMut() + Send + 'static) {
        self.wakes.push(Box::new(wake));
    }

    /// What must hold when all have ended.
    pub fn check_at_end(&mut self, what: &'static str, check: impl FnOnce() + Send + 'static) {
        self.checks.push((what, Box::new(check)));
    }

    /// Cancels all of them in an order that is not theirs, waking others in between; looks at what is left.
    pub fn run(mut self, seed: u64) {
        let mut random = seed.wrapping_mul(7919) + 1;
        let mut below = |limit: usize| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) as usize % limit
        };
        let mut targets: Vec<Thread> = self.threads.iter().map(|thread| thread.thread().clone()).collect();
        targets.append(&mut self.more);
        // They are on the way to where they wait, or there, and wake one another.
        drop(self.held.acquire_many(targets.len()));
        self.wakes.iter_mut().for_each(|wake| wake());
        while !targets.is_empty() {
            let target = targets.swap_remove(below(targets.len()));
            assert!(cancel(&target));
            if below(16) == 0 {
                let which = below(self.wakes.len());
                self.wakes[which]();
            }
            // Rarely: where a coroutine does this, it lets thousands go first.
            if below(2048) == 0 {
                thread::yield_now();
            }
        }
        for thread in self.threads {
            // Some of those that wait but once have got what they waited for.
            if let Err(payload) = thread.join() {
                assert!(payload.is::<Cancelled>(), "a panic");
            }
        }
        // One that was joined by who was cancelled ends by itself.
        while Arc::strong_count(&self.held) > 1 {
            thread::yield_now();
        }
        drop(self.wakes);
        for (what, check) in self.checks {
            eprintln!("{what}");
            check();
        }
    }
}
