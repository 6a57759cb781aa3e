//! How many instructions the hot paths take: counted by callgrind, and held against the figures in `instructions.txt`.
//!
//! ```text
//! cargo bench --bench instructions               counts, and fails if something has changed
//! cargo bench --bench instructions -- --write    takes what is counted for the figures from now on
//! cargo bench --bench instructions -- NAME...    only these
//! ```
//!
//! Instructions and not time, so that a change shows on a machine that is busy with something else. A path is run in a
//! process of its own on one worker, under callgrind, twice: what the worker's OS thread does more for more operations, divided
//! by their number, is free of all that is done once. Two runs differ by less than a thousandth, since a few branches ask the
//! clock, and two processors by some more, for which the C library has other copies of its functions; hence [`TOLERANCE`]. The
//! kernel's instructions are not counted. The figures are those of one version of the compiler, of the dependencies and of the
//! C library.

use std::fmt::Write;
use std::process::{Command, ExitCode};
use std::{env, fs};

#[path = "instructions/count.rs"]
mod count;
#[path = "instructions/paths.rs"]
mod paths;

/// A count may differ by so much of itself, or by one instruction.
const TOLERANCE: f64 = 0.01;

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).filter(|arg| arg != "--bench").collect();
    if let [flag, name, operations] = &args[..]
        && flag == "--run"
    {
        paths::run(name, operations.parse().expect("a number of operations"));
        return ExitCode::SUCCESS;
    }
    if Command::new("valgrind").arg("--version").output().is_err() {
        eprintln!("valgrind is missing");
        return ExitCode::FAILURE;
    }
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/instructions.txt");
    let write = args.iter().any(|arg| arg == "--write");
    let names: Vec<&String> = args.iter().filter(|arg| !arg.starts_with('-')).collect();
    let committed = fs::read_to_string(file).unwrap_or_default();
    let figure = |name: &str| -> Option<f64> {
        committed.lines().find_map(|line| line.split_once(": ").filter(|(key, _)| *key == name)?.1.parse().ok())
    };
    let (mut text, mut changed) = (String::new(), false);
    for path in paths::ALL {
        if !names.is_empty() && !names.contains(&&path.name.to_owned()) {
            continue;
        }
        let count = count::each(path);
        writeln!(text, "{}: {count:.1}", path.name).expect("a string takes it");
        let before = figure(path.name);
        let same = before.is_some_and(|before| (count - before).abs() <= (before * TOLERANCE).max(1.0));
        changed |= !same;
        let before = before.map_or("none".to_owned(), |before| format!("{before:.1}"));
        println!(
            "{:14} {:48} {count:8.1} (committed: {before}){}",
            path.name,
            path.what,
            if same { "" } else { " CHANGED" }
        );
    }
    if write {
        fs::write(file, text).expect("the file can be written");
    } else if changed {
        eprintln!("Something costs more, or less. If that is meant: cargo bench --bench instructions -- --write");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
