//! The cases, one after the other, in one of the worlds.

use crate::child::{Child, Failure};
use crate::limits::Status;
use std::time::Instant;

const THREADS: usize = 10_000;
const CONTENDERS: usize = 64;
/// Connections that the load client asks for.
pub const CONNECTIONS: usize = 8000;

/// What is known of one world. A figure that could not be had is `None`, and a note says why.
#[derive(Default)]
pub struct Figures {
    pub threads: Option<Threads>,
    pub round_trip: Option<f64>,
    pub lock: Option<f64>,
    pub server: Option<Server>,
    pub notes: Vec<String>,
}

pub struct Threads {
    pub started: f64,
    /// Seconds until all were alive.
    pub seconds: f64,
    /// Bytes for each of them.
    pub memory: f64,
}

pub struct Server {
    /// Connections that were open at once and had been answered.
    pub held: f64,
    /// Bytes in the server for each of them.
    pub memory: f64,
    pub requests_per_second: f64,
    /// OS threads of the server while it held them.
    pub os_threads: f64,
}

/// Measures one world. Gives up on what is not finished at `end`.
pub fn world(name: &str, connections: usize, end: Instant) -> Figures {
    let mut world = World { name, end, notes: Vec::new() };
    let threads = world.case("starting 10,000 threads", World::threads);
    let round_trip = world.case("ping-pong over two channels", |world| world.nanoseconds("ping-pong", 2));
    let lock = world.case("a contended lock", |world| world.nanoseconds("lock", CONTENDERS));
    let server = world.case("connections and requests", |world| world.server(connections));
    Figures { threads, round_trip, lock, server, notes: world.notes }
}

struct World<'a> {
    name: &'a str,
    end: Instant,
    notes: Vec<String>,
}

impl World<'_> {
    fn case<T>(&mut self, title: &str, measure: impl FnOnce(&mut Self) -> Result<T, Failure>) -> Option<T> {
        eprint!("{:>5}: {title} ... ", self.name);
        let start = Instant::now();
        let result = measure(self);
        match &result {
            Ok(_) => eprintln!("{:.1} s", start.elapsed().as_secs_f64()),
            Err(failure) => {
                eprintln!("no result: {failure}");
                self.note(format!("{title}: {failure}"));
            }
        }
        result.ok()
    }

    fn note(&mut self, text: String) {
        self.notes.push(format!("{}: {text}", self.name));
    }

    fn start(&self, case: &str, size: usize) -> Result<Child, Failure> {
        Child::start(&["case", self.name, case, &size.to_string()], self.end)
    }

    fn take_notes(&mut self, child: &mut Child) {
        child.notes().into_iter().for_each(|note| self.note(note));
    }

    fn threads(&mut self) -> Result<Threads, Failure> {
        let mut child = self.start("threads", THREADS)?;
        child.word("ready")?;
        let before = Status::of(child.id())?;
        child.go()?;
        let started = child.number("started")?;
        let seconds = child.number("nanoseconds")? / 1e9;
        let after = Status::of(child.id())?;
        self.take_notes(&mut child);
        child.go()?;
        child.word("joined")?;
        Ok(Threads { started, seconds, memory: memory_each(before, after, started) })
    }

    fn nanoseconds(&mut self, case: &str, size: usize) -> Result<f64, Failure> {
        self.start(case, size)?.number("nanoseconds")
    }

    fn server(&mut self, connections: usize) -> Result<Server, Failure> {
        let mut server = self.start("server", connections)?;
        let address = server.word("address")?;
        let before = Status::of(server.id())?;

        let mut client = Child::start(&["load", &address, &connections.to_string()], self.end)?;
        let held = client.number("held");
        let after = Status::of(server.id())?;
        // Asked for first: if the server refused connections, that is the better explanation.
        self.take_notes(&mut server);
        server.check()?;
        let held = held?;
        client.go()?;
        let requests_per_second = client.number("requests_per_second");
        self.take_notes(&mut client);
        server.check()?;
        Ok(Server {
            held,
            memory: memory_each(before, after, held),
            requests_per_second: requests_per_second?,
            os_threads: after.threads as f64,
        })
    }
}

fn memory_each(before: Status, after: Status, count: f64) -> f64 {
    after.memory.saturating_sub(before.memory) as f64 / count.max(1.0)
}
