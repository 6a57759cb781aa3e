//! One peer at one case: its processes, and what they report.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use crate::cases::{Case, How, Load};
use crate::options::Options;
use crate::peers::{Peer, Peers};
use crate::pinned;
use crate::results::Figures;

/// Whoever takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(120);

pub fn run(case: &Case, peer: Peer, peers: &Peers, options: &Options) -> Result<Figures, String> {
    let cpus = pinned::cpus();
    let (first, last) = (&cpus[..1], &cpus[cpus.len() - 1..]);
    let mut command = Command::new(peers.program(peer));
    let size = case.size.map_or(0, |size| options.size(size.of(peer)));
    let time = options.time(&case.how);
    command.args([case.program, &size.to_string(), &time.as_millis().to_string()]);
    match &case.how {
        How::Alone => Process::start(command, &cpus)?.finish(),
        How::Startup => startup(peers, peer, options),
        How::Asked(load) => {
            let ask = |address: &str, pid: u32| {
                let mut command = Command::new(peers.load());
                let bytes = if load.kind == "bulk" { options.size(load.bytes) } else { load.bytes };
                command.args(arguments(load, address, bytes, time, pid));
                Process::start(command, last)?.finish()
            };
            serve(command, first, ask)
        }
        How::Wrk { pipelined } => serve(command, first, |address, pid| wrk(address, pid, *pipelined, time, last)),
    }
}

/// Runs costd alone at a case, on so many workers, or as many as it takes by itself.
pub fn costd(peers: &Peers, case: &str, size: u64, time: Duration, workers: Option<u32>) -> Result<Figures, String> {
    let mut command = Command::new(peers.program(Peer::Costd));
    command.args([case, &size.to_string(), &time.as_millis().to_string()]);
    if let Some(workers) = workers {
        command.env("COSTD_WORKERS", workers.to_string());
    }
    Process::start(command, &pinned::cpus())?.finish()
}

fn arguments(load: &Load, address: &str, bytes: u64, time: Duration, pid: u32) -> [String; 7] {
    [
        load.kind.to_owned(),
        address.to_owned(),
        load.connections.to_string(),
        load.idle.to_string(),
        bytes.to_string(),
        time.as_millis().to_string(),
        pid.to_string(),
    ]
}

/// Runs a server, and `ask` beside it.
fn serve(
    command: Command,
    cpus: &[usize],
    ask: impl FnOnce(&str, u32) -> Result<Figures, String>,
) -> Result<Figures, String> {
    let mut server = Process::start(command, cpus)?;
    let address = loop {
        let line = server.line()?.ok_or_else(|| server.failure("it has not begun to listen"))?;
        if let Some(address) = line.strip_prefix("listening ") {
            break address.to_owned();
        }
    };
    let answer = ask(&address, server.child.id());
    if address.starts_with('/') {
        // The socket's file. That it is gone already is no harm.
        let _ = std::fs::remove_file(&address);
    }
    let mut figures = answer?;
    // The end of its standard input is its end.
    drop(server.child.stdin.take());
    figures.extend(server.finish()?);
    Ok(figures)
}

fn wrk(address: &str, pid: u32, pipelined: u32, time: Duration, cpus: &[usize]) -> Result<Figures, String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipeline.lua");
    let mut command = Command::new("wrk");
    command.args(["-t1", "-c64", &format!("-d{}s", time.as_secs().max(1)), "-s"]).arg(script);
    command.arg(format!("http://{address}/")).args(["--", &pipelined.to_string()]);
    let before = job::cpu_time(pid);
    let mut wrk = Process::start(command, cpus)?;
    let mut output = String::new();
    while let Some(line) = wrk.line()? {
        output.push_str(&line);
        output.push('\n');
    }
    let cpu = job::cpu_time(pid) - before;
    wrk.finish()?;
    if output.contains("Socket errors") || output.contains("Non-2xx") {
        return Err(output);
    }
    let rate = output.lines().find_map(|line| line.strip_prefix("Requests/sec:")?.trim().parse::<f64>().ok());
    let requests = output.lines().find_map(|line| line.split_once(" requests in ")?.0.trim().parse::<f64>().ok());
    match (rate, requests) {
        (Some(rate), Some(requests)) if requests > 0.0 => {
            Ok(vec![("rate".to_owned(), rate), ("cpu".to_owned(), cpu.as_secs_f64() * 1e6 / requests)])
        }
        _ => Err(output),
    }
}

/// The time from the start of a program to its end, and what it has started beside its one thread.
fn startup(peers: &Peers, peer: Peer, options: &Options) -> Result<Figures, String> {
    let mut times = Vec::new();
    let mut last = Vec::new();
    for _ in 0..options.startups() {
        let mut command = Command::new(peers.program(peer));
        command.args(["startup", "0", "0"]);
        let start = Instant::now();
        let mut process = Process::start(command, &pinned::cpus())?;
        process.child.wait().map_err(|error| error.to_string())?;
        times.push(start.elapsed().as_secs_f64() * 1e6);
        last = process.finish()?;
    }
    let value = |key: &str| last.iter().find(|(name, _)| name == key).map_or(f64::NAN, |(_, value)| *value);
    times.sort_by(f64::total_cmp);
    Ok(vec![("us".to_owned(), times[times.len() / 2]), ("extras".to_owned(), value("threads") - 1.0 + value("epolls"))])
}

/// A process whose lines can be waited for. It does not outlive this.
struct Process {
    child: Child,
    lines: Receiver<String>,
    errors: thread::JoinHandle<String>,
    deadline: Instant,
}

impl Process {
    fn start(mut command: Command, cpus: &[usize]) -> Result<Process, String> {
        pinned::pin(&mut command, cpus);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // What would change how many workers there are, or how large stacks are.
        for name in ["COSTD_WORKERS", "GOMAXPROCS", "TOKIO_WORKER_THREADS", "RUST_MIN_STACK"] {
            if !command.get_envs().any(|(set, _)| set == name) {
                command.env_remove(name);
            }
        }
        let name = command.get_program().to_owned();
        let mut child = command.spawn().map_err(|error| format!("{}: {error}", name.display()))?;
        let (to, lines) = mpsc::channel();
        let output = BufReader::new(child.stdout.take().expect("it is a pipe"));
        thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| to.send(line)));
        let mut errors = child.stderr.take().expect("it is a pipe");
        let errors = thread::spawn(move || {
            let mut text = Vec::new();
            // As much as there is.
            let _ = errors.read_to_end(&mut text);
            String::from_utf8_lossy(&text).into_owned()
        });
        Ok(Process { child, lines, errors, deadline: Instant::now() + PATIENCE })
    }

    /// The next line; `None` at the end of the output.
    fn line(&mut self) -> Result<Option<String>, String> {
        match self.lines.recv_timeout(self.deadline.saturating_duration_since(Instant::now())) {
            Ok(line) => Ok(Some(line)),
            Err(mpsc::RecvTimeoutError::Disconnected) => Ok(None),
            Err(mpsc::RecvTimeoutError::Timeout) => Err(format!("nothing after {} s", PATIENCE.as_secs())),
        }
    }

    /// Waits for its end, and takes the lines that are figures.
    fn finish(mut self) -> Result<Figures, String> {
        let mut figures = Figures::new();
        while let Some(line) = self.line()? {
            if let Some((key, value)) = line.split_once(' ')
                && let Ok(value) = value.parse()
            {
                figures.push((key.to_owned(), value));
            }
        }
        let status = self.child.wait().map_err(|error| error.to_string())?;
        if status.success() { Ok(figures) } else { Err(self.failure(&status.to_string())) }
    }

    fn failure(&mut self, what: &str) -> String {
        // It may still run, and then has its errors open.
        let _ = self.child.kill();
        let errors = std::mem::replace(&mut self.errors, thread::spawn(String::new)).join().unwrap_or_default();
        format!("{what}: {}", errors.trim())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that has ended is not there to be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
