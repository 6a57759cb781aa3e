use std::time::Duration;

use crate::sched::runtime::runtime;
use crate::sched::settings::{self, Asked, Cpus, OnDeadlock};

use super::{Signal, StartError};

/// How the runtime is to be. (Not in std.)
///
/// Only before it starts: at the beginning of `main`, as a rule. What is not set here is what the environment says (see
/// [`runtime`](super)), or else what the method's text says.
///
/// # Examples
///
/// ```
/// use costd::{runtime, thread};
/// use std::time::Duration;
///
/// runtime::Builder::new()
///     .workers(2)
///     .thread_name("web")
///     .stack_size(256 << 10)
///     .stuck_after(Some(Duration::from_millis(200)))
///     .start()?;
///
/// thread::spawn(|| println!("set up")).join().unwrap();
///
/// // Too late.
/// let error = runtime::Builder::new().workers(4).start().unwrap_err();
/// assert!(matches!(error, runtime::StartError::AlreadyStarted));
/// # Ok::<(), runtime::StartError>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "does nothing until `start` is called"]
pub struct Builder {
    asked: Asked,
}

impl Builder {
    /// Nothing is asked for yet.
    pub fn new() -> Builder {
        Builder::default()
    }

    /// How many OS threads run coroutines; else as many as the process may use CPUs.
    pub fn workers(mut self, workers: usize) -> Builder {
        self.asked.workers = Some(workers);
        self
    }

    /// The size of a coroutine's stack in bytes where its spawn does not say it; else 2 MiB.
    ///
    /// It is rounded up as [`thread::Builder::stack_size`](crate::thread::Builder::stack_size) says. Memory is used only as
    /// far as the stack is.
    pub fn stack_size(mut self, bytes: usize) -> Builder {
        self.asked.stack_size = Some(bytes);
        self
    }

    /// How much address space the stacks of all coroutines together may take, in bytes; else as much as the system gives.
    ///
    /// A spawn for which there is no room any more fails as one does for which the system has no memory:
    /// [`thread::Builder::spawn`](crate::thread::Builder::spawn) returns an error, [`thread::spawn`](crate::thread::spawn)
    /// panics.
    pub fn stack_limit(mut self, bytes: usize) -> Builder {
        self.asked.stack_limit = Some(bytes);
        self
    }

    /// How long the memory of stacks that are not used any more is kept for others, at the least, before it goes back to the
    /// system; else one second.
    pub fn stack_idle(mut self, time: Duration) -> Builder {
        self.asked.stack_idle = Some(time);
        self
    }

    /// How the names of the runtime's OS threads begin: `NAME-worker-0`; else `costd`. (Linux shows the first 15 bytes.)
    pub fn thread_name(mut self, name: impl Into<String>) -> Builder {
        self.asked.thread_name = Some(name.into());
        self
    }

    /// Pins each worker to one of the CPUs that the process may use; else the system moves them as it likes. Without effect
    /// where the system has no way to pin.
    ///
    /// The threads and processes that a coroutine starts (through costd) are not pinned, and
    /// [`thread::available_parallelism`](crate::thread::available_parallelism) tells of all CPUs. What foreign code starts
    /// from a coroutine inherits the worker's one CPU.
    pub fn pin_workers(mut self) -> Builder {
        self.asked.cpus = Some(Cpus::All);
        self
    }

    /// As [`pin_workers`](Self::pin_workers), to these CPUs: the first worker to the first, and so on, in turn.
    pub fn cpus(mut self, cpus: impl IntoIterator<Item = usize>) -> Builder {
        self.asked.cpus = Some(Cpus::These(cpus.into_iter().collect()));
        self
    }

    /// The most OS threads at a time for what blocks in the kernel and ends by itself (files, names of hosts); else 32. Those
    /// for what may wait for others, such as [`coroutine::blocking`](crate::coroutine::blocking), do not count.
    pub fn blocking_threads(mut self, threads: usize) -> Builder {
        self.asked.blocking_threads = Some(threads);
        self
    }

    /// How long a coroutine may keep its worker, computing or blocking in foreign code, before a line on the standard error
    /// names it; else one second. `None`: as long as it likes.
    ///
    /// The line is written once each time, and has the coroutine, where it was spawned, its worker, how long that has been,
    /// whether it computes or blocks, and what to do. The other coroutines of that worker wait meanwhile; those that have not
    /// started are run by others. A worker that does not get a CPU from the system is not blamed. It costs an OS thread that
    /// looks eight times a second while some worker is awake.
    pub fn stuck_after(mut self, time: Option<Duration>) -> Builder {
        self.asked.stuck_after = Some(time);
        self
    }

    /// What is done when nothing can ever run again; else nothing. [`OnDeadlock`] says when that is.
    ///
    /// It costs an OS thread that looks four times a second while all coroutines wait.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use costd::runtime::{Builder, OnDeadlock};
    /// use costd::sync::{Arc, Barrier};
    /// use costd::thread;
    ///
    /// Builder::new().on_deadlock(OnDeadlock::Abort).start()?;
    /// let barrier = Arc::new(Barrier::new(3));
    /// // One too few: the process ends, and says that this one and `main` wait for one another.
    /// let one = thread::spawn({
    ///     let barrier = Arc::clone(&barrier);
    ///     move || barrier.wait().is_leader()
    /// });
    /// barrier.wait();
    /// # one.join().unwrap();
    /// # Ok::<(), costd::runtime::StartError>(())
    /// ```
    pub fn on_deadlock(mut self, what: OnDeadlock) -> Builder {
        self.asked.on_deadlock = Some(what);
        self
    }

    /// At this signal, what every coroutine does ([`dump`](super::dump), as text) is written to the standard error; else at
    /// none.
    ///
    /// Whatever was done at that signal before is not done any more (as a rule, to end the process). The handler only wakes an
    /// OS thread, which does the rest.
    pub fn dump_on(mut self, signal: Option<Signal>) -> Builder {
        self.asked.dump_on = Some(signal);
        self
    }

    /// Starts the runtime so.
    ///
    /// # Errors
    /// It has started already; a setting cannot be; or the system refuses what even one worker needs. See [`StartError`].
    pub fn start(self) -> Result<(), StartError> {
        self.asked.check()?;
        if !settings::fix(self.asked) {
            return Err(StartError::AlreadyStarted);
        }
        let runtime = runtime().map_err(StartError::Os)?;
        runtime.take_reporter(super::report);
        Ok(())
    }
}
