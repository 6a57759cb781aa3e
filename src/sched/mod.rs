//! The runtime: tasks, and the workers that run them.
//!
//! | module | what it is |
//! |---|---|
//! | `task`, `park_state` | whatever may park, and the protocol of parking and waking it |
//! | `current` | who runs on this OS thread |
//! | `locals`, `inherited` | a task's thread-locals, and those that it hands on |
//! | `panics`, `panic_hook`, `panic_message` | whose panics are whose, and what is said of them |
//! | `interrupt` | tasks that are cancelled, or whose time is up |
//! | `overflow` | the last words of a coroutine whose stack was too small |
//! | `ending` | a task's end, and who waits for it |
//! | `context`, `stack` | the switch, and the memory that it switches to |
//! | `wait_list`, `wait_queue`, `slot` | tasks that wait for one thing: under another's lock, under their own, or one without |
//! | `chosen` | whom a notifier has taken out of there |
//! | `stamp` | when a task parked |
//! | `worker`, `run_queue`, `roll`, `timers`, `inbox` | an OS thread that runs coroutines, and its parts |
//! | `reactor`, `registration`, `source`, `readiness` | whether descriptors are ready, and who waits for them |
//! | `settings`, `variables`, `pinning` | how the runtime is set up |
//! | `blocking_pool` | OS threads for what blocks in the kernel |
//! | `once_arc` | a place that is filled once |
//! | `idle` | who sleeps and who searches |
//! | `reserve` | more workers, for when all are held up |
//! | `stuck` | a worker that one coroutine keeps for long |
//! | `deadlock` | whether anything can run again |
//! | `runtime` | the workers together |
//! | `census` | asking all workers who is there |
//! | `spawn` | a closure becomes a task |
//! | `async_joiner` | an async task that waits for a coroutine's end |

pub(crate) mod async_joiner;
pub(crate) mod blocking_pool;
pub(crate) mod census;
pub(crate) mod chosen;
pub(crate) mod context;
pub(crate) mod current;
mod deadlock;
pub(crate) mod ending;
mod idle;
mod inbox;
pub(crate) mod inherited;
pub(crate) mod interrupt;
pub(crate) mod locals;
pub(crate) mod once_arc;
mod overflow;
pub(crate) mod panic_hook;
mod panic_message;
pub(crate) mod panics;
pub(crate) mod park_state;
pub(crate) mod pinning;
pub(crate) mod primitive;
pub(crate) mod reactor;
pub(crate) mod readiness;
pub(crate) mod reason;
pub(crate) mod registration;
pub(crate) mod reserve;
pub(crate) mod roll;
mod run_queue;
pub(crate) mod runtime;
pub(crate) mod settings;
mod slot;
pub(crate) mod source;
pub(crate) mod spawn;
pub(crate) mod stack;
mod stamp;
mod stuck;
pub(crate) mod task;
mod timers;
mod variables;
pub(crate) mod wait_list;
pub(crate) mod wait_queue;
pub(crate) mod worker;

pub(crate) use current::{OPERATION, current_coroutine, current_task, os_thread, spend, spend_turn, without_switching};

/// Of a coroutine that is going to wait for something from outside, as many others may: notes where its frames are, so that they
/// can be fetched before its turn.
#[inline]
pub(crate) fn note_depth() {
    if let Some(coroutine) = current_coroutine() {
        context::note_depth(coroutine.task());
    }
}

/// Can what the current task waits for be brought about while it keeps its CPU? Not where there is but one, nor in a
/// coroutine whose worker is the only one.
#[cold]
pub(crate) fn others_may_be_running() -> bool {
    cpus() > 1 && (current_coroutine().is_none() || runtime::started().is_none_or(|runtime| runtime.workers.len() > 1))
}

/// How many CPUs the process had when it was first asked.
pub(crate) fn cpus() -> usize {
    use once_cell::sync::OnceCell;
    static CPUS: OnceCell<usize> = OnceCell::new();
    *CPUS.get_or_init(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get))
}
