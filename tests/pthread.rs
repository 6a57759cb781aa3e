//! A coroutine has no pthread. Code that passes the trait on compiles; whoever asks for one is told.

#![cfg(unix)]

use costd::os::unix::thread::{JoinHandleExt, RawPthread};
use costd::panic::{AssertUnwindSafe, catch_unwind};
use costd::thread::{self, JoinHandle};

/// What a library does that has a handle of its own.
struct Wrapper(JoinHandle<u8>);

impl JoinHandleExt for Wrapper {
    fn as_pthread_t(&self) -> RawPthread {
        self.0.as_pthread_t()
    }

    fn into_pthread_t(self) -> RawPthread {
        self.0.into_pthread_t()
    }
}

fn message(ask: impl FnOnce() -> RawPthread) -> String {
    let payload = catch_unwind(AssertUnwindSafe(ask)).expect_err("there is none");
    payload.downcast_ref::<&str>().map(|text| text.to_string()).unwrap_or_default()
}

#[test]
fn there_is_no_pthread_of_a_coroutine() {
    let wrapper = Wrapper(thread::spawn(|| 5));
    assert_eq!(message(|| wrapper.as_pthread_t()), "a coroutine has no pthread of its own");
    assert_eq!(wrapper.0.join().unwrap(), 5);
    let wrapper = Wrapper(thread::spawn(|| 6));
    assert_eq!(message(|| wrapper.into_pthread_t()), "a coroutine has no pthread of its own");
}
