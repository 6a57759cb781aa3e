//! What every coroutine is doing: the public types. `ask` gets it from the workers, `names` finds out what the addresses mean,
//! `text` and `json` write it down.

use std::panic::Location;
use std::time::Duration;

mod ask;
mod json;
mod names;
mod text;

use names::Names;

/// What every coroutine was doing at one time: see [`dump`].
///
/// As text ([`Display`](std::fmt::Display)), with those that are at the same place together; and as JSON
/// ([`to_json`](Dump::to_json)).
#[derive(Debug)]
#[non_exhaustive]
pub struct Dump {
    /// The coroutines.
    pub coroutines: Vec<CoroutineDump>,
    /// The workers that did not answer.
    pub held_up: Vec<HeldUp>,
    /// What was the backtrace of some coroutine, each once: return addresses.
    stacks: Vec<std::sync::Arc<[usize]>>,
    names: Names,
}

/// What one coroutine was doing: a part of a [`Dump`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CoroutineDump {
    /// The number that panic messages, too, call it by.
    pub id: u64,
    /// The name that it was given.
    pub name: Option<String>,
    /// The number of the worker that it belongs to, or that has it in its queue. `None`: any may take it.
    pub worker: Option<usize>,
    /// What it was doing.
    pub state: State,
    /// How long ago it was spawned.
    pub age: Duration,
    /// Where it was spawned.
    pub spawned_at: Option<&'static Location<'static>>,
    stack: Option<usize>,
}

/// What a coroutine was doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum State {
    /// It had not begun to run.
    Unstarted,
    /// It kept its worker, which did not answer.
    Running,
    /// It could go on, and waited for its turn.
    Ready,
    /// It waited.
    Parked {
        /// For what: the function that it had called.
        reason: &'static str,
        /// For how long.
        time: Duration,
    },
}

/// A worker that did not answer, since a coroutine kept it: a part of a [`Dump`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HeldUp {
    /// Its number.
    pub worker: usize,
    /// The [`id`](CoroutineDump::id) of the coroutine that kept it.
    pub by: Option<u64>,
    /// How many other coroutines of it are missing in the dump.
    pub missing: usize,
}

/// A place in a backtrace.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Frame {
    /// The function, or the address of the code if its name is not known.
    pub function: String,
    /// The file, line and column, as far as they are known.
    pub location: Option<String>,
}

/// What every coroutine is doing, where, for how long, and who has spawned it. (Not in std.)
///
/// Works from any thread. Nobody is stopped: each worker answers between two coroutines, some hundred coroutines at a time
/// (about a microsecond each). Who lives from the beginning to the end of the call is in the dump once; who is spawned or ends meanwhile is in it
/// once or not at all. A worker that is kept by one coroutine cannot answer: after half a second the dump
/// says so, names that coroutine ([`State::Running`]), and does without the others of that worker.
///
/// Times are those of the worker's clock, which it looks at every 64 turns and after each sleep: a wait may have begun up to
/// 64 turns of others, and some milliseconds, later than it says.
///
/// What the addresses mean is looked up when the dump is written down, or [`backtrace`](Dump::backtrace) is called for the first
/// time, which can take longer than all the rest.
///
/// # Examples
///
/// ```
/// use costd::{runtime, thread};
/// use costd::sync::mpsc::channel;
///
/// let (tx, rx) = channel::<()>();
/// let waiting = thread::Builder::new().name("waiting".into()).spawn(move || rx.recv()).unwrap();
/// # while !runtime::metrics().parked.contains(&("Receiver::recv", 1)) { thread::yield_now(); }
///
/// let dump = runtime::dump();
/// let coroutine = &dump.coroutines[0];
/// assert_eq!(coroutine.name.as_deref(), Some("waiting"));
/// assert!(matches!(coroutine.state, runtime::State::Parked { reason: "Receiver::recv", .. }));
/// println!("{dump}");
/// println!("{}", dump.to_json());
/// # assert!(dump.to_json().contains("\"name\":\"waiting\""));
/// # drop(tx);
/// # waiting.join().unwrap().unwrap_err();
/// ```
#[must_use]
pub fn dump() -> Dump {
    ask::ask()
}

impl Dump {
    /// Where a coroutine of this dump was: the innermost frame first, from the call that it waits in to the function it was spawned
    /// with. Empty if it had not started, if it runs, or if its stack cannot be looked at.
    #[must_use]
    pub fn backtrace(&self, coroutine: &CoroutineDump) -> Vec<Frame> {
        coroutine.stack.map_or_else(Vec::new, |stack| self.names.backtrace(&self.stacks[stack]))
    }

    /// The dump as JSON: an object with `coroutines`, `held_up`, and `stacks`, which coroutines refer to by number.
    ///
    /// Times are in seconds. What a coroutine has not got is `null`.
    #[must_use]
    pub fn to_json(&self) -> String {
        json::write(self)
    }
}
