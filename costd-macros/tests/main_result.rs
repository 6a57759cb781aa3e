//! `#[costd::main]` on a `main` that returns something.

use std::error::Error;
use std::rc::Rc;

use costd::process::ExitCode;

mod child;

use child::text;

/// What it returns cannot be sent to another thread.
#[costd::main(crate = ::costd)]
fn main() -> Result<ExitCode, Box<dyn Error>> {
    assert!(costd::coroutine::is_coroutine());
    match child::case().as_deref() {
        None => parent(),
        Some("code") => return Ok(ExitCode::from(7)),
        Some("error") => return Err("an error".into()),
        Some("question mark") => _ = "seven".parse::<u32>()?,
        Some("fmt") => Err(std::fmt::Error)?,
        Some("local") => {
            // Destructors run where the value was made.
            let shared = Rc::new(ExitCode::from(8));
            return Ok(*Rc::clone(&shared));
        }
        Some(other) => panic!("{other}: no such case"),
    }
    Ok(ExitCode::SUCCESS)
}

fn parent() {
    let ended = |case| {
        let output = child::run(case, &[]);
        (output.status.code(), text(&output.stderr))
    };
    assert_eq!(ended("code"), (Some(7), String::new()));
    assert_eq!(ended("local"), (Some(8), String::new()));
    assert_eq!(ended("error"), (Some(1), "Error: \"an error\"\n".to_owned()));
    assert_eq!(ended("question mark"), (Some(1), "Error: ParseIntError { kind: InvalidDigit }\n".to_owned()));
    assert_eq!(ended("fmt"), (Some(1), "Error: Error\n".to_owned()));
}
