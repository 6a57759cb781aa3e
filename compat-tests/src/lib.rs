//! What the end-to-end tests in `tests/` have in common.
//!
//! These tests are a program that has costd under the name of `std`: `std::thread::spawn` starts a coroutine here, and
//! the real std is `std::__std`.

pub mod child;
pub mod crew;
pub mod os_thread;
pub mod pair;
pub mod watchdog;

use std::panic::resume_unwind;
use std::thread;

/// Runs `body` twice: on the OS thread that calls, and in a coroutine.
pub fn on_both(body: impl Fn() + Send + 'static) {
    body();
    in_coroutine(body);
}

/// Runs `body` in a coroutine and waits for it. A panic goes on here.
pub fn in_coroutine<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> T {
    thread::spawn(body).join().unwrap_or_else(|payload| resume_unwind(payload))
}

/// The text of a panic's payload.
pub fn panic_text(payload: Box<dyn std::any::Any + Send>) -> String {
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => payload.downcast::<&str>().map_or_else(|_| "not a text".to_owned(), |text| text.to_string()),
    }
}
