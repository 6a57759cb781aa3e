//! Sequences of operations on channels, locks, streams and threads, which the fuzzer makes: they come to the same on costd and on
//! the real std.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use stress::choices::Choices;
use stress::generate::generate;
use stress::{on_costd, on_std};

fuzz_target!(|bytes: &[u8]| {
    let program = Arc::new(generate(&mut Choices::from_bytes(bytes)));
    let found = on_costd::run(&program);
    assert_eq!(found.faults, [""; 0], "{program:#?}");
    assert_eq!(found, on_std::run(&program), "{program:#?}");
});
