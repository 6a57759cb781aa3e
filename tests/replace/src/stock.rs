//! Goods, and those who wait for them.

use std::sync::{
    Condvar, Mutex, OnceLock, RwLock,
    atomic::{AtomicUsize, Ordering},
};
use std::time::{Duration, Instant};

pub struct Stock {
    left: Mutex<usize>,
    delivered: Condvar,
    deliveries: RwLock<Vec<usize>>,
    opened: OnceLock<Instant>,
    taken: AtomicUsize,
}

impl Stock {
    pub fn new(left: usize) -> Stock {
        Stock {
            left: Mutex::new(left),
            delivered: Condvar::new(),
            deliveries: RwLock::default(),
            opened: OnceLock::new(),
            taken: AtomicUsize::new(0),
        }
    }

    /// Takes one, when there is one.
    pub fn take(&self) {
        self.opened.get_or_init(Instant::now);
        let left = self.left.lock().unwrap();
        let (mut left, waited) =
            self.delivered.wait_timeout_while(left, Duration::from_secs(60), |left| *left == 0).unwrap();
        assert!(!waited.timed_out(), "no delivery for a minute");
        *left -= 1;
        self.taken.fetch_add(1, Ordering::Relaxed);
    }

    pub fn deliver(&self, count: usize) {
        std::thread::sleep(Duration::from_millis(20));
        *self.left.lock().unwrap() += count;
        self.deliveries.write().unwrap().push(count);
        self.delivered.notify_all();
    }

    pub fn left(&self) -> usize {
        assert_eq!(self.taken.load(Ordering::Relaxed), 100);
        assert!(self.opened.get().is_some());
        *self.left.lock().unwrap()
    }

    pub fn deliveries(&self) -> usize {
        self.deliveries.read().unwrap().len()
    }
}
