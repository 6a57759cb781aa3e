//! Tests that need a process of their own start their own binary once more, with the case in a variable.

#![allow(dead_code, reason = "not every test binary needs all of it")]

use std::env;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output};

pub const CASE: &str = "COSTD_CASE";

/// In a child: what it is to do.
pub fn case() -> Option<String> {
    env::var(CASE).ok()
}

pub struct Ended {
    pub output: Output,
    pub stderr: String,
}

/// Runs the test `test` of this binary in a process of its own.
pub fn run(test: &str, case: &str, variables: &[(&str, &str)]) -> Ended {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture", "--test-threads=1"]);
    command.env_remove("RUST_BACKTRACE").env(CASE, case).envs(variables.iter().copied());
    let output = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    Ended { output, stderr }
}

impl Ended {
    pub fn signal(&self) -> Option<i32> {
        self.output.status.signal()
    }

    #[track_caller]
    pub fn succeeded(self) -> Self {
        let stdout = String::from_utf8_lossy(&self.output.stdout);
        assert!(self.output.status.success(), "{}\n{stdout}\n{}", self.output.status, self.stderr);
        assert!(stdout.contains("1 passed"), "no such test:\n{stdout}");
        self
    }

    /// The standard error, with every `(number)` made `(ID)`.
    pub fn text(&self) -> String {
        let mut parts = self.stderr.split(" (");
        let mut text = parts.next().unwrap_or_default().to_string();
        for part in parts {
            let digits = part.bytes().take_while(u8::is_ascii_digit).count();
            let rest = part.split_at(digits).1;
            text.push_str(" (");
            text.push_str(if digits > 0 && rest.starts_with(')') { "ID" } else { &part[..digits] });
            text.push_str(rest);
        }
        text
    }
}
