//! The program that the showcase measures: ordinary threaded code, compiled once against the real std
//! (`../on-std`) and once against costd (`../on-costd`).
//!
//! A case runs in a process of its own and talks to the driver in lines: it prints `NAME VALUE`, and where the driver
//! has to look at the process from outside it waits for a line on its standard input.

mod lock;
mod ping_pong;
mod server;
mod threads;

use std::fmt::Display;
use std::time::Duration;
use std::{io, process, thread};

/// How long a case repeats what takes nanoseconds.
const MEASURING: Duration = Duration::from_millis(1000);

/// Runs one case. `number` is the size of it: threads to start or to contend.
pub fn run(case: &str, number: usize) -> io::Result<()> {
    match case {
        "threads" => threads::run(number),
        "ping-pong" => in_thread(ping_pong::run),
        "lock" => in_thread(move || lock::run(number)),
        "server" => server::run(),
        _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "no such case")),
    }
}

/// Runs `body` in a thread of this world: `main` is an OS thread in both.
fn in_thread<T: Send + 'static>(body: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    thread::spawn(body).join().expect("a case does not panic")
}

/// Tells the driver something.
fn say(name: &str, value: impl Display) {
    println!("{name} {value}");
}

/// Waits until the driver has looked. If it is gone, so is this process.
fn wait_for_driver() -> io::Result<()> {
    if io::stdin().read_line(&mut String::new())? == 0 {
        process::exit(0);
    }
    Ok(())
}
