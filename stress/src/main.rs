//! Runs random programs on costd and on the real std until the time is up, and compares.
//!
//! ```text
//! stress [--seconds N] [--seed N] [--programs N]
//! ```
//!
//! A failure says the seed of its program: `--seed N --programs 1` runs it again.

use std::process::{abort, exit};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use stress::choices::Choices;
use stress::generate::generate;
use stress::program::Program;
use stress::steady::{Counting, Sample};
use stress::{on_costd, on_std};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// So many programs run on costd at a time.
const SIDE_BY_SIDE: u64 = 4;
/// A round that takes longer hangs. (A busy machine, a sanitizer: all of it together is a second.)
const LIMIT: Duration = Duration::from_secs(120);
/// Between two reports.
const REPORT: Duration = Duration::from_secs(10);

struct Arguments {
    seconds: u64,
    seed: u64,
    programs: u64,
}

fn arguments() -> Arguments {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |time| time.as_nanos() as u64 % 1_000_000_007);
    let mut arguments = Arguments { seconds: 10, seed: now, programs: u64::MAX };
    let mut words = std::env::args().skip(1);
    while let Some(name) = words.next() {
        let value = words.next().and_then(|word| word.parse().ok()).unwrap_or_else(|| usage());
        match name.as_str() {
            "--seconds" => arguments.seconds = value,
            "--seed" => arguments.seed = value,
            "--programs" => arguments.programs = value,
            _ => usage(),
        }
    }
    arguments
}

fn usage() -> ! {
    eprintln!("usage: stress [--seconds N] [--seed N] [--programs N]");
    exit(2);
}

fn main() {
    let Arguments { seconds, seed, programs } = arguments();
    let workers = std::env::var("COSTD_WORKERS").unwrap_or_else(|_| "default".to_owned());
    println!("first seed {seed}, workers: {workers}");
    let start = Instant::now();
    let time = Duration::from_secs(seconds);
    let (mut done, mut threads, mut reported) = (0, 0, start);
    // The most during the first third; then it has to stay.
    let (mut warm, mut last) = (Sample::default(), Sample::default());
    while done < programs && start.elapsed() < time {
        let round: Vec<(u64, Arc<Program>)> = (0..SIDE_BY_SIDE.min(programs - done))
            .map(|n| seed.wrapping_add(done + n))
            .map(|seed| (seed, Arc::new(generate(&mut Choices::from_seed(seed)))))
            .collect();
        threads += round.iter().map(|(_, program)| program.threads()).sum::<usize>();
        check(&round);
        done += round.len() as u64;
        last = Sample::now();
        if start.elapsed() < time / 3 {
            warm = warm.max(last);
        } else if programs == u64::MAX && last.has_grown_since(warm) {
            eprintln!("after {done} programs: {last}\nat most during the warm-up: {warm}");
            exit(1);
        }
        if reported.elapsed() >= REPORT {
            println!("{:4} s, {done} programs, {threads} threads; {last}", start.elapsed().as_secs());
            reported = Instant::now();
        }
    }
    println!("{done} programs, {threads} threads, the same on both; {last}");
}

/// Runs them on both, and compares.
fn check(round: &[(u64, Arc<Program>)]) {
    let seeds: Vec<u64> = round.iter().map(|(seed, _)| *seed).collect();
    let over = watch(format!("on the real std, one of {seeds:?}"));
    let expected: Vec<_> = round.iter().map(|(_, program)| on_std::run(program)).collect();
    drop(over);
    let _watch = watch(format!("on costd, one of {seeds:?}"));
    let running: Vec<_> = round
        .iter()
        .map(|(_, program)| {
            let program = Arc::clone(program);
            thread::spawn(move || on_costd::run(&program))
        })
        .collect();
    for (running, ((seed, program), expected)) in running.into_iter().zip(round.iter().zip(expected)) {
        let found = running.join();
        if found.as_ref().ok() != Some(&expected)
            || !expected.faults.is_empty()
            || expected.locals.0 != expected.locals.1
        {
            eprintln!("{program:#?}\non costd:         {found:?}\non the real std:  {expected:?}");
            eprintln!("seed {seed}: once more with --seed {seed} --programs 1");
            exit(1);
        }
    }
}

/// Ends the process if it is not dropped in time.
fn watch(what: String) -> Sender<()> {
    let (over, is_over) = channel();
    thread::spawn(move || {
        if is_over.recv_timeout(LIMIT) == Err(RecvTimeoutError::Timeout) {
            eprintln!("hangs {what}");
            abort();
        }
    });
    over
}
