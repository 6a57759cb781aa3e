//! Runs the programs of the examples for their tests, as their users would. It is on the real std.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

/// A program that has not ended by then hangs.
const LIMIT: Duration = Duration::from_secs(60);

/// Runs `test` for programs with one worker, and with two.
pub fn on_1_and_2_workers(test: impl Fn(usize)) {
    for workers in [1, 2] {
        println!("-- {workers} of them");
        test(workers);
    }
}

/// A program that runs. It is ended when this is dropped.
pub struct Program {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    /// Who waits for the end of the time does so no longer when this is dropped.
    _watch: Sender<()>,
}

impl Program {
    /// Starts `binary`, a `CARGO_BIN_EXE_…`, with so many workers.
    pub fn start(binary: &str, workers: usize, arguments: &[&str]) -> Program {
        let mut command = Command::new(binary);
        command.args(arguments).env("COSTD_WORKERS", workers.to_string());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the example was built");
        let (stdin, stdout) = (child.stdin.take(), BufReader::new(child.stdout.take().expect("it was asked for")));
        let (watch, is_over) = channel::<()>();
        let (id, name) = (child.id(), binary.to_owned());
        thread::spawn(move || {
            if is_over.recv_timeout(LIMIT) == Err(RecvTimeoutError::Timeout) {
                eprintln!("{name}, with {workers} workers, hangs");
                // Whoever reads from it sees the end.
                let _ = Command::new("kill").args(["-KILL", &id.to_string()]).status();
            }
        });
        Program { child, stdin, stdout, _watch: watch }
    }

    /// Runs it to its end, which must be a good one; what it has printed.
    pub fn output(binary: &str, workers: usize, arguments: &[&str]) -> String {
        Program::start(binary, workers, arguments).finish()
    }

    /// The next line that it prints.
    #[track_caller]
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("it prints UTF-8");
        assert!(line.ends_with('\n'), "it has ended, and its last words were {line:?}");
        line.pop();
        line
    }

    /// The next line, which must begin with `prefix`, without it.
    #[track_caller]
    pub fn line_after(&mut self, prefix: &str) -> String {
        let line = self.line();
        line.strip_prefix(prefix).unwrap_or_else(|| panic!("{line:?} does not begin with {prefix:?}")).to_owned()
    }

    /// Writes to its standard input.
    pub fn say(&mut self, text: &str) {
        self.stdin.as_mut().expect("it is open").write_all(text.as_bytes()).expect("it reads");
    }

    /// Closes its standard input and waits for its end, which must be a good one; what it has printed since the last line that
    /// was asked for.
    #[track_caller]
    pub fn finish(mut self) -> String {
        drop(self.stdin.take());
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).expect("it prints UTF-8");
        let status = self.child.wait().expect("nobody else waits for it");
        assert!(status.success(), "{status}, after {rest:?}");
        rest
    }

    /// How many OS threads it has.
    pub fn os_threads(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/task", self.child.id())).expect("it runs").count()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
