//! Random programs with 1, 2 and 8 workers: `STRESS_SECONDS` seconds in all, or 12; the first seed is `STRESS_SEED`, or chance.

use std::process::Command;

fn run(workers: usize) {
    let seconds = std::env::var("STRESS_SECONDS").map_or(12, |text| text.parse::<u64>().expect("a number"));
    let mut stress = Command::new(env!("CARGO_BIN_EXE_stress"));
    stress.env("COSTD_WORKERS", workers.to_string()).arg("--seconds").arg((seconds / 3).max(1).to_string());
    if let Ok(seed) = std::env::var("STRESS_SEED") {
        stress.arg("--seed").arg(seed);
    }
    let output = stress.output().expect("it can be started");
    let text = String::from_utf8_lossy(&output.stdout);
    println!("{text}");
    assert!(output.status.success(), "{}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("the same on both"), "it has compared nothing");
}

#[test]
fn one_worker() {
    run(1);
}

#[test]
fn two_workers() {
    run(2);
}

#[test]
fn eight_workers() {
    run(8);
}
