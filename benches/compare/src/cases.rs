//! What is measured, and what costd is to reach.

use crate::peers::Peer;

/// One piece of work.
pub struct Case {
    pub name: &'static str,
    pub title: &'static str,
    /// The peers' name of it.
    pub program: &'static str,
    pub how: How,
    pub size: Option<Size>,
    /// Who cannot do it, beside mio, which has servers only.
    pub without: &'static [Peer],
    pub lines: &'static [Line],
}

/// How a peer is run.
pub enum How {
    /// It does its work, on two CPUs, and reports.
    Alone,
    /// A server on one CPU; who asks it is on the other.
    Asked(Load),
    /// The same with wrk.
    Wrk { pipelined: u32 },
    /// From start to end, many times.
    Startup,
}

/// See `load`.
pub struct Load {
    pub kind: &'static str,
    pub connections: u32,
    pub idle: u32,
    pub bytes: u64,
}

/// For a case that has a size.
#[derive(Clone, Copy)]
pub struct Size {
    pub usual: u64,
    /// Who would fail, or take minutes.
    pub smaller: &'static [(Peer, u64)],
    /// Three rounds will do.
    pub is_slow: bool,
}

impl Size {
    pub fn of(self, peer: Peer) -> u64 {
        self.smaller.iter().find(|(smaller, _)| *smaller == peer).map_or(self.usual, |&(_, size)| size)
    }
}

/// One figure of a case: a line of the table.
pub struct Line {
    /// As the peer reports it.
    pub key: &'static str,
    pub unit: &'static str,
    pub more_is_better: bool,
    pub target: Target,
}

/// What costd is to reach.
pub enum Target {
    /// So many times the best peer's.
    OfBest(f64),
    /// So many times the bare loop's, and better than every other peer.
    OfBare(f64),
    /// So many times that of OS threads.
    OfThreads(f64),
    /// So much.
    Absolute(f64),
}

use Target::{Absolute, OfBare, OfBest, OfThreads};

const fn less(key: &'static str, unit: &'static str, target: Target) -> Line {
    Line { key, unit, more_is_better: false, target }
}

const fn more(key: &'static str, unit: &'static str, target: Target) -> Line {
    Line { key, unit, more_is_better: true, target }
}

const fn alone(name: &'static str, title: &'static str, without: &'static [Peer], lines: &'static [Line]) -> Case {
    Case { name, title, program: name, how: How::Alone, size: None, without, lines }
}

const fn sized(case: Case, usual: u64, smaller: &'static [(Peer, u64)], is_slow: bool) -> Case {
    Case { size: Some(Size { usual, smaller, is_slow }), ..case }
}

const fn asked(
    name: &'static str,
    title: &'static str,
    program: &'static str,
    load: Load,
    without: &'static [Peer],
    lines: &'static [Line],
) -> Case {
    Case { name, title, program, how: How::Asked(load), size: None, without, lines }
}

const fn load(kind: &'static str, connections: u32, bytes: u64) -> Load {
    Load { kind, connections, idle: 0, bytes }
}

const fn wrk(name: &'static str, title: &'static str, pipelined: u32) -> Case {
    Case { name, title, program: "http", how: How::Wrk { pipelined }, size: None, without: &[], lines: RATE_AND_CPU }
}

const RATE_AND_CPU: &[Line] = &[more("rate", "req/s", OfBare(0.97)), less("cpu", "CPU s/M", OfBare(1.03))];
/// Where there is no bare loop to compare with.
const OF_THE_PEERS: &[Line] = &[more("rate", "req/s", OfBest(1.0)), less("cpu", "CPU s/M", OfBest(1.0))];

pub static ALL: &[Case] = &[
    alone("spawn_join", "spawn + join, one at a time", &[], &[less("ns", "ns", OfBest(0.5))]),
    sized(
        alone("spawn_many", "spawn 1,000,000, then join all", &[], &[less("ns", "ns", OfBest(0.5))]),
        1_000_000,
        &[(Peer::Threads, 10_000), (Peer::May, 20_000)],
        false,
    ),
    alone("yield", "yield, two tasks", &[], &[less("ns", "ns", OfBest(0.7))]),
    alone("ping_pong", "ping-pong over two channels", &[], &[less("ns", "ns", OfBest(0.5))]),
    alone(
        "rendezvous",
        "the same over two sync_channel(0)",
        &[Peer::May, Peer::Tokio],
        &[less("ns", "ns", OfBest(0.5))],
    ),
    alone("mpsc", "mpsc, 4 senders, unbounded", &[], &[less("ns", "ns", OfBest(0.8))]),
    alone("bounded", "sync_channel(128), 4 senders", &[Peer::May], &[less("ns", "ns", OfBest(0.8))]),
    alone("mutex", "Mutex, uncontended", &[], &[less("ns", "ns", OfBest(1.05))]),
    alone("mutex_8", "Mutex, 8 tasks", &[], &[less("ns", "ns", OfBest(1.0))]),
    alone("rwlock", "RwLock, 8 tasks, 1 % write", &[], &[less("ns", "ns", OfBest(1.0))]),
    alone("condvar", "Condvar, to and fro", &[], &[less("ns", "ns", OfBest(1.0))]),
    alone("barrier", "Barrier of 64", &[Peer::Go], &[less("ns", "ns", OfBest(0.9))]),
    alone("once_lock", "OnceLock, get", &[Peer::May], &[less("ns", "ns", OfThreads(1.05))]),
    alone("thread_local", "thread_local!, get", &[Peer::Go], &[less("ns", "ns", OfThreads(2.0))]),
    sized(
        alone("skynet", "skynet, 1,000,000 leaves", &[Peer::Threads], &[less("ns", "ns", OfBest(0.5))]),
        1_000_000,
        &[(Peer::May, 10_000)],
        true,
    ),
    sized(
        alone(
            "parked",
            "1,000,000 parked, stacks of 2 MiB: memory",
            &[],
            &[less("bytes", "bytes", Absolute(8.6 * 1024.0))],
        ),
        1_000_000,
        &[(Peer::Threads, 10_000), (Peer::May, 30_000)],
        true,
    ),
    Case {
        without: &[Peer::Threads, Peer::May, Peer::Tokio, Peer::Go],
        ..sized(
            alone(
                "parked_small",
                "the same with stacks of 64 KiB",
                &[],
                &[less("bytes", "bytes", Absolute(4.6 * 1024.0))],
            ),
            1_000_000,
            &[],
            true,
        )
    },
    sized(
        alone("sleepers", "100,000 sleepers over 1 s: lateness p99", &[], &[less("ms", "ms", OfBest(0.5))]),
        100_000,
        &[(Peer::Threads, 3_000), (Peer::May, 20_000)],
        true,
    ),
    sized(
        alone("spread", "a fan-out over 2 CPUs, against one", &[], &[more("times", "×", Absolute(1.9))]),
        100_000_000,
        &[],
        false,
    ),
    asked("echo_64", "echo 64 B, 64 connections", "echo", load("tcp", 64, 64), &[], RATE_AND_CPU),
    asked("echo_1000", "echo 64 B, 1,000 connections", "echo", load("tcp", 1000, 64), &[], RATE_AND_CPU),
    asked("echo_512_64", "echo 512 B, 64 connections", "echo", load("tcp", 64, 512), &[], RATE_AND_CPU),
    asked("echo_512_1000", "echo 512 B, 1,000 connections", "echo", load("tcp", 1000, 512), &[], RATE_AND_CPU),
    wrk("http", "HTTP hello, 64 connections", 1),
    wrk("http_pipelined", "HTTP hello, pipelined by 16", 16),
    asked("udp", "UDP echo 64 B, 64 sockets", "udp", load("udp", 64, 64), &[], RATE_AND_CPU),
    asked("unix", "Unix-stream echo 64 B, 64 connections", "unix", load("unix", 64, 64), &[], RATE_AND_CPU),
    asked("churn", "connect, one request, close", "echo", load("churn", 64, 64), &[], RATE_AND_CPU),
    asked(
        "per_request",
        "a spawn for each request, 64 connections",
        "per_request",
        load("tcp", 64, 64),
        &[Peer::Mio],
        OF_THE_PEERS,
    ),
    asked(
        "idle",
        "9,000 idle connections, 100 busy",
        "echo",
        Load { kind: "tcp", connections: 100, idle: 9000, bytes: 64 },
        &[],
        RATE_AND_CPU,
    ),
    Case {
        size: None,
        ..asked(
            "bulk",
            "1 GB through a socket",
            "bulk",
            load("bulk", 1, 1_000_000_000),
            &[Peer::Mio],
            &[more("rate", "MB/s", OfThreads(0.95))],
        )
    },
    Case {
        how: How::Startup,
        ..alone(
            "startup",
            "a program that never spawns",
            &[Peer::May, Peer::Tokio, Peer::Go],
            &[less("us", "µs", OfThreads(1.1)), less("extras", "threads + epolls", Absolute(0.0))],
        )
    },
];
