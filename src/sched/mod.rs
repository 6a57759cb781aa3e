//! The runtime: tasks, and the workers that run them.
//!
//! | module | what it is |
//! |---|---|
//! | `task`, `park_state` | whatever may park, and the protocol of parking and waking it |
//! | `current` | who runs on this OS thread |
//! | `locals` | a task's thread-locals |
//! | `panics`, `panic_hook`, `panic_message` | whose panics are whose, and what is said of them |
//! | `context`, `stack` | the switch, and the memory that it switches to |
//! | `wait_queue` | tasks that wait for one thing |
//! | `worker`, `run_queue`, `timers`, `inbox` | an OS thread that runs coroutines, and its parts |
//! | `reactor` | readiness of descriptors |
//! | `idle` | who sleeps and who searches |
//! | `runtime` | the workers together |
//! | `spawn` | a closure becomes a task |

pub(crate) mod context;
pub(crate) mod current;
mod idle;
mod inbox;
pub(crate) mod locals;
pub(crate) mod panic_hook;
mod panic_message;
pub(crate) mod panics;
pub(crate) mod park_state;
mod primitive;
pub(crate) mod reactor;
pub(crate) mod reason;
mod run_queue;
pub(crate) mod runtime;
pub(crate) mod spawn;
pub(crate) mod stack;
pub(crate) mod task;
mod timers;
pub(crate) mod wait_queue;
pub(crate) mod worker;

pub(crate) use current::{current_coroutine, current_task, os_thread};
