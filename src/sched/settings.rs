//! How the runtime is set up: fixed once, by whoever starts it or else by the first who has to know.
//!
//! Each setting comes from the program ([`Asked`]); else from the environment (`variables`); else it is what has proven good.

use std::fmt;
use std::time::Duration;

use once_cell::sync::OnceCell;

use crate::pal::affinity;
use crate::pal::signal::Signal;

use super::variables;

/// What the program has asked for; `None`: nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) workers: Option<usize>,
    pub(crate) stack_size: Option<usize>,
    pub(crate) stack_limit: Option<usize>,
    pub(crate) stack_idle: Option<Duration>,
    pub(crate) thread_name: Option<String>,
    pub(crate) cpus: Option<Cpus>,
    pub(crate) blocking_threads: Option<usize>,
    pub(crate) stuck_after: Option<Option<Duration>>,
    pub(crate) on_deadlock: Option<OnDeadlock>,
    pub(crate) dump_on: Option<Option<Signal>>,
}

/// Which CPUs workers are pinned to.
#[derive(Clone, Debug)]
pub(crate) enum Cpus {
    /// All that the process may use, or none if there is no way to pin.
    All,
    /// These; none: workers are not pinned.
    These(Vec<usize>),
}

/// See the module's text.
pub(crate) struct Settings {
    pub(crate) workers: usize,
    /// Of a stack whose size nobody said, in bytes.
    pub(crate) stack_size: usize,
    /// The most address space for stacks, in bytes.
    pub(crate) stack_limit: usize,
    /// So long a free stack keeps its memory, at the least.
    pub(crate) stack_idle: Duration,
    /// How the names of OS threads begin.
    pub(crate) thread_name: String,
    /// The n-th worker is pinned to the n-th of these, and so on in turn.
    pub(crate) cpus: Vec<usize>,
    /// What the process could use before workers were pinned.
    pub(crate) all_cpus: Vec<usize>,
    pub(crate) blocking_threads: usize,
    pub(crate) stuck_after: Option<Duration>,
    pub(crate) on_deadlock: OnDeadlock,
    pub(crate) dump_on: Option<Signal>,
}

/// What is done when nothing can ever run again: see [`Builder::on_deadlock`](crate::runtime::Builder::on_deadlock). (Not in std.)
///
/// It is only said where it is certain, which it is if all of this is so:
///
/// * There are coroutines, and all of them wait: none with a deadline, none for a descriptor (a socket, a pipe, a child), none
///   for a file or for a call that runs on another OS thread.
/// * All other OS threads of the process wait in costd as well (in a `join`, a `lock`, a `recv`, …), without a deadline.
///
/// One OS thread that does anything else is enough for silence, even if it only sleeps or waits in a call of the real std, for
/// it might wake somebody later. So nothing is ever said under libtest, whose main thread waits so. Nor is it on other systems
/// than Linux, which do not tell how many OS threads there are. What some of the coroutines wait for in vain while others still
/// run is not found; [`dump`](crate::runtime::dump) shows it.
///
/// The report has who waits for what: all OS threads and all coroutines, with their backtraces.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum OnDeadlock {
    /// Nothing: everybody goes on waiting, as std's threads would.
    #[default]
    Ignore,
    /// Says on the standard error who waits for what.
    Report,
    /// Says it, and ends the process by an abort.
    Abort,
}

/// Why settings cannot be what was asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Invalid {
    /// This one must be at least 1.
    Zero(&'static str),
    /// No stack can be that large.
    StackSize(usize),
    /// The process may not use this CPU.
    Cpu(usize),
    /// The name contains a null byte.
    Name,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Invalid::Zero(what) => write!(f, "{what} must be at least 1"),
            Invalid::StackSize(size) => write!(f, "a stack of {size} bytes is too large"),
            Invalid::Cpu(cpu) => write!(f, "the process may not use CPU {cpu}"),
            Invalid::Name => f.write_str("the name of OS threads may not contain null bytes"),
        }
    }
}

const LEAST: usize = 64 << 10;
const STACK_SIZE: usize = 2 << 20;
const BLOCKING_THREADS: usize = 32;

static SETTINGS: OnceCell<Settings> = OnceCell::new();

/// The settings, fixed now if they were not.
#[inline]
pub(crate) fn settings() -> &'static Settings {
    SETTINGS.get_or_init(|| Settings::of(Asked::default()))
}

/// Fixes the settings. `false`: somebody has done so before.
pub(crate) fn fix(asked: Asked) -> bool {
    // The environment is read, and complained of, only if it counts.
    let mut fixed = false;
    SETTINGS.get_or_init(|| {
        fixed = true;
        Settings::of(asked)
    });
    fixed
}

/// The size of the largest stack that could be mapped, see `sched::stack`.
fn is_possible_stack(size: usize) -> bool {
    size.checked_next_power_of_two().is_some_and(|size| size <= isize::MAX as usize / 4)
}

impl Asked {
    /// Is all of it possible?
    pub(crate) fn check(&self) -> Result<(), Invalid> {
        let counts = [
            ("the number of workers", self.workers),
            ("the number of threads of the blocking pool", self.blocking_threads),
            ("the limit of memory for stacks", self.stack_limit),
        ];
        if let Some((what, _)) = counts.into_iter().find(|(_, count)| *count == Some(0)) {
            return Err(Invalid::Zero(what));
        }
        if self.stuck_after.flatten().is_some_and(|time| time.is_zero()) {
            return Err(Invalid::Zero("the time after which a worker is held up (in nanoseconds)"));
        }
        if let Some(size) = self.stack_size.filter(|&size| !is_possible_stack(size)) {
            return Err(Invalid::StackSize(size));
        }
        if self.thread_name.as_deref().is_some_and(|name| name.bytes().any(|byte| byte == 0)) {
            return Err(Invalid::Name);
        }
        match &self.cpus {
            Some(Cpus::These(cpus)) => {
                first_unusable(cpus, &affinity::allowed()).map_or(Ok(()), |cpu| Err(Invalid::Cpu(cpu)))
            }
            _ => Ok(()),
        }
    }
}

fn first_unusable(cpus: &[usize], allowed: &[usize]) -> Option<usize> {
    cpus.iter().copied().find(|cpu| !allowed.contains(cpu))
}

impl Settings {
    fn of(asked: Asked) -> Settings {
        use variables::read;
        let count =
            |name, asked: Option<usize>| asked.or_else(|| read(name, "a whole number of at least 1", variables::count));
        let size = "a number of bytes (64K, 2M)";
        let time = "a time (500ms, 2s)";
        let all_cpus = affinity::allowed();
        Settings {
            workers: count("COSTD_WORKERS", asked.workers).unwrap_or_else(super::cpus),
            stack_size: asked
                .stack_size
                .or_else(|| {
                    let possible = |text: &str| variables::bytes(text).filter(|&size| is_possible_stack(size));
                    read("COSTD_STACK_SIZE", size, possible)
                })
                // std's own, and read as std does.
                .or_else(|| {
                    std::env::var_os("RUST_MIN_STACK")?.to_str()?.parse().ok().filter(|&size| is_possible_stack(size))
                })
                .unwrap_or(STACK_SIZE),
            stack_limit: asked
                .stack_limit
                .or_else(|| read("COSTD_STACK_LIMIT", size, |text| variables::bytes(text).filter(|size| *size > 0)))
                .map_or(usize::MAX, |limit| limit.max(LEAST)),
            stack_idle: asked
                .stack_idle
                .or_else(|| read("COSTD_STACK_IDLE", time, variables::time))
                .unwrap_or(Duration::from_secs(1)),
            thread_name: asked
                .thread_name
                .or_else(|| read("COSTD_THREAD_NAME", "a name", |text| (!text.is_empty()).then(|| text.to_owned())))
                .unwrap_or_else(|| "costd".to_owned()),
            cpus: match asked.cpus {
                Some(Cpus::All) => all_cpus.clone(),
                Some(Cpus::These(cpus)) => cpus,
                None => cpus_of_environment(&all_cpus),
            },
            all_cpus,
            blocking_threads: count("COSTD_BLOCKING_THREADS", asked.blocking_threads).unwrap_or(BLOCKING_THREADS),
            stuck_after: asked
                .stuck_after
                .or_else(|| read("COSTD_STUCK", "a time (500ms, 2s), or off", variables::time_or_off))
                .unwrap_or(Some(Duration::from_secs(1))),
            on_deadlock: asked
                .on_deadlock
                .or_else(|| read("COSTD_DEADLOCK", "report, abort or off", variables::on_deadlock))
                .unwrap_or_default(),
            dump_on: asked.dump_on.unwrap_or_else(|| {
                read("COSTD_DUMP", "a signal (SIGQUIT, SIGUSR1, SIGUSR2, SIGHUP, SIGINT, SIGTERM)", Signal::by_name)
            }),
        }
    }
}

fn cpus_of_environment(all: &[usize]) -> Vec<usize> {
    match variables::read("COSTD_CPUS", "all, off, or a list of CPUs (0-3,6)", variables::cpus) {
        None => Vec::new(),
        Some(None) => all.to_vec(),
        Some(Some(cpus)) => match first_unusable(&cpus, all) {
            None => cpus,
            Some(cpu) => {
                let value = std::env::var_os("COSTD_CPUS").unwrap_or_default();
                variables::complain("COSTD_CPUS", &value.display(), &Invalid::Cpu(cpu));
                Vec::new()
            }
        },
    }
}
