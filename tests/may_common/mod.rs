//! What the tests that may's own have inspired share.
#![allow(dead_code, reason = "not every test binary uses all of it")]

use costd::coroutine::{Cancelled, os_thread};
use costd::sync::mpsc;
use costd::thread::{self, JoinHandle};

/// So many threads that do the same, every third of them an OS thread.
pub fn crowd(count: usize, body: impl Fn(usize) + Clone + Send + 'static) {
    let mut coroutines = Vec::new();
    let mut os_threads = Vec::new();
    for n in 0..count {
        let body = body.clone();
        match n % 3 {
            0 => os_threads.push(os_thread::spawn(move || body(n))),
            _ => coroutines.push(thread::spawn(move || body(n))),
        }
    }
    coroutines.into_iter().for_each(|thread| thread.join().unwrap());
    os_threads.into_iter().for_each(|thread| thread.join().unwrap());
}

/// A coroutine that says that it begins; it may not have come to where it waits when this returns.
pub fn begun<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    let (begins, has_begun) = mpsc::channel();
    let thread = thread::spawn(move || {
        begins.send(()).unwrap();
        body()
    });
    has_begun.recv().unwrap();
    thread::yield_now();
    thread
}

#[track_caller]
pub fn assert_cancelled<T>(thread: JoinHandle<T>) {
    assert!(thread.join().err().expect("it was cancelled").is::<Cancelled>());
}
