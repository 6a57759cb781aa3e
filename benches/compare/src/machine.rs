//! Where and when it was measured.

use std::fs;
use std::process::Command;

use crate::pinned;

/// The date, the machine's size and what else it is busy with, and the versions of what does not stand in `Cargo.lock`. To be
/// called before anything is measured.
pub fn describe() -> String {
    let file = |path| fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_once(':').map_or("unknown", |(_, value)| value).trim().to_owned()
    };
    let memory = field(&file("/proc/meminfo"), "MemTotal").trim_end_matches("kB").trim().parse().unwrap_or(0.0);
    let all = std::thread::available_parallelism().map_or(0, |cpus| cpus.get());
    format!(
        "{}: {} of {all} CPUs ({}), {:.0} GiB, Linux {}, load before {}\n{}; {}",
        output("date", &["-u", "+%Y-%m-%d %H:%M UTC"]),
        pinned::cpus().len(),
        field(&file("/proc/cpuinfo"), "model name"),
        memory / 1024.0 / 1024.0,
        file("/proc/sys/kernel/osrelease").trim(),
        file("/proc/loadavg").split(' ').next().unwrap_or("unknown"),
        output("rustc", &["--version"]),
        output("go", &["version"]),
    )
}

fn output(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output();
    output.map_or(format!("no {program}"), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
