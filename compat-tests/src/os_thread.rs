//! Threads of the real std, for tests that need an OS thread for certain.

use std::__std::panic::resume_unwind;
use std::__std::thread::{self, JoinHandle};

/// Starts an OS thread.
pub fn spawn<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    thread::spawn(body)
}

/// Waits for an OS thread. A panic goes on here.
pub fn join<T>(handle: JoinHandle<T>) -> T {
    handle.join().unwrap_or_else(|payload| resume_unwind(payload))
}

/// The kernel's number of the thread that calls: two coroutines with the same number ran on one worker.
pub fn id() -> i32 {
    // SAFETY: the call has no arguments and cannot fail.
    unsafe { libc::gettid() }
}
