//! What `#[costd::main]` and `#[costd::test]` call; no part of the public interface.

use std::process::Termination;

use crate::sched::panics::resume_unwind;
use crate::thread::{self, Builder};

pub use std::process::ExitCode;

/// As much as the main thread has where nobody has said otherwise.
const STACK_OF_MAIN: usize = 8 << 20;

/// Runs a program's `main` in a coroutine.
#[track_caller]
pub fn main<T: Termination + 'static>(body: fn() -> T) -> ExitCode {
    run(Builder::new().name("main".to_owned()).stack_size(STACK_OF_MAIN), body)
}

/// Runs a test in a coroutine, which gets the name that libtest has given to the test's thread.
#[track_caller]
pub fn test<T: Termination + 'static>(body: fn() -> T) -> ExitCode {
    let builder = Builder::new();
    let builder = match thread::current().name() {
        Some(name) => builder.name(name.to_owned()),
        None => builder,
    };
    run(builder, body)
}

#[track_caller]
fn run<T: Termination + 'static>(builder: Builder, body: fn() -> T) -> ExitCode {
    // What the body returns need not be `Send`, so the coroutine itself reports it.
    let coroutine = builder.spawn(move || body().report()).expect("failed to spawn thread");
    // A panic has been reported where it happened. std's own runtime, or libtest, does with the payload what is to be done.
    coroutine.join().unwrap_or_else(|payload| resume_unwind(payload))
}
