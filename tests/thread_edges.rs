//! The rare orders of events of `costd::thread`.

mod child;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use costd::thread;

/// In a panic hook nothing is switched, but an `unpark` still ends a `park`.
#[test]
fn park_in_a_panic_hook() {
    if child::case().is_none() {
        child::run("park_in_a_panic_hook", "hook", &[]).succeeded();
        return;
    }
    costd::panic::set_hook(Box::new(|_| {
        let me = thread::current();
        let waker = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(50));
            me.unpark();
        });
        let start = Instant::now();
        thread::park_timeout(Duration::from_secs(20));
        assert!(start.elapsed() < Duration::from_secs(10));
        waker.join().unwrap();
        // And one that is there already.
        thread::current().unpark();
        thread::park();
        thread::park_timeout(Duration::from_millis(1));
    }));
    assert!(thread::spawn(|| panic!("once")).join().is_err());
}
