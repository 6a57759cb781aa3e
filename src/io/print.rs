//! `print!` and its kin.
//!
//! In a coroutine they print through costd's handles. On a plain OS thread they print through the real std's macros, for the
//! sake of what only those know: whether a test's output is captured. Either way under the lock of costd's handle, and in order.

use std::fmt::{self, Write as _};
use std::io::{self, Write};

use crate::sched::current::running_coroutine;

use super::{stderr, stdout};

/// Behind `print!` and `println!`.
#[doc(hidden)]
pub fn _print(args: fmt::Arguments<'_>, whole_lines: bool) {
    let mut stdout = stdout().lock();
    let result = match running_coroutine() {
        Some(_) => stdout.write_fmt(args),
        None => stdout.through_std(whole_lines, || std::print!("{args}")),
    };
    or_panic(result, "stdout");
}

/// Behind `eprint!`, `eprintln!` and `dbg!`. The text goes out in one piece: there is no buffer behind.
#[doc(hidden)]
pub fn _eprint(args: fmt::Arguments<'_>) {
    let mut stderr = stderr().lock();
    let mut text = String::new();
    // Fails only where a `Display` fails, in whose place std panics as well.
    let formatted = text.write_fmt(args);
    let result = match running_coroutine() {
        Some(_) => stderr.write_all(text.as_bytes()),
        None => {
            std::eprint!("{text}");
            Ok(())
        }
    };
    or_panic(result, "stderr");
    if formatted.is_err() {
        panic!("a formatting trait implementation returned an error when the underlying stream did not");
    }
}

fn or_panic(result: io::Result<()>, label: &str) {
    if let Err(error) = result {
        panic!("failed printing to {label}: {error}");
    }
}
