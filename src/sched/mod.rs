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
//! | `context`, `stack` | the switch, and the memory that it switches to |
//! | `wait_list`, `wait_queue` | tasks that wait for one thing, under another's lock or their own |
//! | `worker`, `run_queue`, `timers`, `inbox` | an OS thread that runs coroutines, and its parts |
//! | `reactor`, `registration`, `source`, `readiness` | whether descriptors are ready, and who waits for them |
//! | `blocking_pool` | OS threads for what blocks in the kernel |
//! | `once_arc` | a place that is filled once |
//! | `idle` | who sleeps and who searches |
//! | `reserve` | more workers, for when all are held up |
//! | `runtime` | the workers together |
//! | `spawn` | a closure becomes a task |
//! | `async_joiner` | an async task that waits for a coroutine's end |

pub(crate) mod async_joiner;
pub(crate) mod blocking_pool;
pub(crate) mod context;
pub(crate) mod current;
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
pub(crate) mod primitive;
pub(crate) mod reactor;
pub(crate) mod readiness;
pub(crate) mod reason;
pub(crate) mod registration;
pub(crate) mod reserve;
mod run_queue;
pub(crate) mod runtime;
pub(crate) mod source;
pub(crate) mod spawn;
pub(crate) mod stack;
pub(crate) mod task;
mod timers;
pub(crate) mod wait_list;
pub(crate) mod wait_queue;
pub(crate) mod worker;

pub(crate) use current::{OPERATION, current_coroutine, current_task, os_thread, spend, spend_turn, without_switching};

/// Can what the current task waits for be brought about while it keeps its CPU? Not where there is but one, nor in a
/// coroutine whose worker is the only one.
#[cold]
pub(crate) fn others_may_be_running() -> bool {
    use once_cell::sync::OnceCell;
    static SEVERAL_CPUS: OnceCell<bool> = OnceCell::new();
    *SEVERAL_CPUS.get_or_init(|| std::thread::available_parallelism().is_ok_and(|cpus| cpus.get() > 1))
        && (current_coroutine().is_none() || runtime::started().is_none_or(|runtime| runtime.workers.len() > 1))
}
