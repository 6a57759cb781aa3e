//! A test's own binary, run once more with a case to do.

use costd::process::{Command, Output, Stdio};

const CASE: &str = "COSTD_TEST_CASE";

/// What this process was started for; `None` in the test itself.
pub fn case() -> Option<String> {
    std::env::var(CASE).ok()
}

/// Runs this binary with these arguments, to do `case`.
pub fn run(case: &str, arguments: &[&str]) -> Output {
    let binary = std::env::current_exe().expect("a process has a binary");
    let mut command = Command::new(binary);
    command.args(arguments).env(CASE, case).env("RUST_BACKTRACE", "0").stdin(Stdio::null());
    command.output().expect("the binary can be started")
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
