//! Tests that need a process of their own start their own binary once more.
//!
//! Such a test asks [`case`] first. In the test run proper it is `None`, and the test starts children with [`Child`];
//! in a child it is the name of what the child has to do.

use crate::watchdog::Watchdog;
use std::__std::os::unix::process::{CommandExt, ExitStatusExt};
use std::__std::process::{Child as Process, Command, ExitStatus, Stdio};
use std::{env, io, mem};

const CASE: &str = "COSTD_TEST_CASE";

/// What this process was started for.
pub fn case() -> Option<String> {
    let case = env::var(CASE).ok()?;
    // For the rest of the process.
    mem::forget(Watchdog::start());
    Some(case)
}

/// A process that is about to be started.
pub struct Child(Command);

/// What became of a process.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Child {
    /// The test named `test` of this binary, to do `case`.
    pub fn new(test: &str, case: &str) -> Child {
        let mut command = Command::new(env::current_exe().expect("a process has a binary"));
        command.args([test, "--exact", "--nocapture"]).env(CASE, case).env("RUST_BACKTRACE", "0").stdin(Stdio::null());
        // SAFETY: the function makes one system call and nothing else between fork and exec.
        unsafe { command.pre_exec(without_core_dumps) };
        Child(command)
    }

    /// Sets a variable of its environment.
    pub fn env(mut self, name: &str, value: impl ToString) -> Child {
        self.0.env(name, value.to_string());
        self
    }

    /// Runs it to its end.
    pub fn run(mut self) -> Ended {
        let output = self.0.output().expect("the binary can be started");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ended { status: output.status, stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    /// Starts it, with pipes for its standard input and output.
    pub fn start(mut self) -> Process {
        self.0.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the binary can be started")
    }

    /// Runs it and fails if it does.
    #[track_caller]
    pub fn succeed(self) -> Ended {
        let ended = self.run();
        assert!(ended.status.success(), "the child failed, {}:\n{}{}", ended.status, ended.stdout, ended.stderr);
        // A test's name that is misspelt would make a child that does nothing.
        assert!(ended.stdout.contains("running 1 test"), "the child had nothing to do:\n{}", ended.stdout);
        ended
    }
}

impl Ended {
    pub fn signal(&self) -> Option<i32> {
        self.status.signal()
    }

    /// Its standard error without what differs from run to run: `thread 'name' (17)` becomes `thread 'name'`.
    pub fn stderr_without_ids(&self) -> String {
        let mut text = String::new();
        let mut rest = self.stderr.as_str();
        while let Some((before, after)) = rest.split_once(" (") {
            text.push_str(before);
            rest = match after.split_once(')') {
                Some((id, after)) if !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()) => after,
                _ => {
                    text.push_str(" (");
                    after
                }
            };
        }
        text + rest
    }
}

fn without_core_dumps() -> io::Result<()> {
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the call reads the struct that the reference points to.
    match unsafe { libc::setrlimit(libc::RLIMIT_CORE, &none) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
