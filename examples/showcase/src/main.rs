//! Runs one program twice, on the real std and on costd, and prints what each took: `cargo run --release -p showcase`.
//!
//! This binary holds the driver, the program in both worlds, and the load client. The driver starts a process of it
//! for each case, so that no case sees what another left behind.

mod child;
mod limits;
mod load;
mod measure;
mod table;

use std::env;
use std::error::Error;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Runs a case of the program, of the given size.
type Program = fn(&str, usize) -> std::io::Result<()>;

const WORLDS: [(&str, Program); 2] = [("std", showcase_std::run), ("costd", showcase_costd::run)];

/// All cases together end before this, finished or not.
const TIME: Duration = Duration::from_secs(55);

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words[..] {
        [] => drive(),
        ["case", world, case, size] => run_case(world, case, size),
        ["load", address, connections] => run_load(address, connections),
        _ => Err("usage: showcase (it takes no arguments)".into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run_case(world: &str, case: &str, size: &str) -> Result<(), Box<dyn Error>> {
    let (_, program) = WORLDS.iter().find(|(name, _)| *name == world).ok_or("no such world")?;
    Ok(program(case, size.parse()?)?)
}

fn run_load(address: &str, connections: &str) -> Result<(), Box<dyn Error>> {
    Ok(load::run(address.parse()?, connections.parse()?)?)
}

fn drive() -> Result<(), Box<dyn Error>> {
    let end = Instant::now() + TIME;
    let connections = limits::raise_descriptors(measure::CONNECTIONS);
    if cfg!(debug_assertions) {
        eprintln!("(This is a debug build; figures worth having need --release.)");
    }
    limits::warn_if_busy();
    let worlds = WORLDS.map(|(name, _)| (name, measure::world(name, connections, end)));
    table::print(&worlds);
    Ok(())
}
