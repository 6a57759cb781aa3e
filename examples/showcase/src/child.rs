//! A process of this binary, and the lines exchanged with it.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child as Process, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use std::{env, fmt};

/// The longest that a child may be silent.
const SILENCE: Duration = Duration::from_secs(12);

pub struct Child {
    process: Process,
    input: ChildStdin,
    lines: Receiver<String>,
    errors: Option<JoinHandle<String>>,
    said: HashMap<String, String>,
    notes: Vec<String>,
    end: Instant,
}

/// Why a case has no figures.
#[derive(Debug)]
pub struct Failure(pub String);

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure(error.to_string())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Child {
    /// Starts this binary once more. Nothing waits for it beyond `end`.
    pub fn start(arguments: &[&str], end: Instant) -> Result<Child, Failure> {
        let mut process = Command::new(env::current_exe()?)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let (sender, lines) = channel();
        let output = BufReader::new(process.stdout.take().expect("it is a pipe"));
        thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let mut errors = process.stderr.take().expect("it is a pipe");
        let errors = thread::spawn(move || {
            let mut text = Vec::new();
            // A child that goes on for ever about its errors is cut short; it ends by SIGPIPE or not at all.
            let _ = errors.by_ref().take(64 * 1024).read_to_end(&mut text);
            String::from_utf8_lossy(&text).into_owned()
        });
        let input = process.stdin.take().expect("it is a pipe");
        let (said, notes) = (HashMap::new(), Vec::new());
        Ok(Child { process, input, lines, errors: Some(errors), said, notes, end })
    }

    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// What the child says under this name, waiting for it if it has not.
    pub fn word(&mut self, name: &str) -> Result<String, Failure> {
        loop {
            if let Some(value) = self.said.remove(name) {
                return Ok(value);
            }
            let wait = SILENCE.min(self.end.saturating_duration_since(Instant::now()));
            match self.lines.recv_timeout(wait) {
                Ok(line) => self.hear(&line),
                Err(RecvTimeoutError::Timeout) => return Err(Failure("it took too long and was ended".into())),
                Err(RecvTimeoutError::Disconnected) => return Err(self.ended()),
            }
        }
    }

    pub fn number(&mut self, name: &str) -> Result<f64, Failure> {
        let word = self.word(name)?;
        word.parse().map_err(|_| Failure(format!("{name} is not a number: {word}")))
    }

    /// Lets the child go on.
    pub fn go(&mut self) -> Result<(), Failure> {
        Ok(self.input.write_all(b"\n")?)
    }

    /// What the child had to say that is no figure, so far.
    pub fn notes(&mut self) -> Vec<String> {
        while let Ok(line) = self.lines.try_recv() {
            self.hear(&line);
        }
        std::mem::take(&mut self.notes)
    }

    fn hear(&mut self, line: &str) {
        match line.split_once(' ') {
            Some(("note", text)) => self.notes.push(text.to_owned()),
            Some((name, value)) => drop(self.said.insert(name.to_owned(), value.to_owned())),
            None => self.notes.push(line.to_owned()),
        }
    }

    /// Fails if the process is no more.
    pub fn check(&mut self) -> Result<(), Failure> {
        match self.process.try_wait()? {
            None => Ok(()),
            Some(_) => Err(self.ended()),
        }
    }

    /// The process is gone, or has closed its output: what became of it?
    fn ended(&mut self) -> Failure {
        // It may have closed its output and live on.
        let _ = self.process.kill();
        let status = self.process.wait().map_or_else(|error| error.to_string(), |status| status.to_string());
        let errors = self.errors.take().and_then(|errors| errors.join().ok()).unwrap_or_default();
        // A panic says where in its first line and why in its second.
        let lines: Vec<&str> = errors.lines().filter(|line| !line.trim().is_empty()).take(2).collect();
        Failure(format!("the process ended by itself, {status} {}", lines.join(" ")))
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // Both fail only for a process that has ended and been waited for.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
