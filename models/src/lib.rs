//! The wake-up protocols of costd, model-checked: loom runs each test once for every order in which its threads'
//! atomic operations can take effect.
//!
//! The protocol files themselves are compiled here, against loom's atomics; nothing of them is repeated. Run with
//!
//! ```text
//! RUSTFLAGS="--cfg loom" cargo test --release -p models
//! ```
//!
//! Without `--cfg loom` the crate is empty.
#![cfg(loom)]
#![allow(dead_code, reason = "the files have more than the models use")]

/// What `costd::sched::primitive` is there.
mod primitive {
    pub(crate) use loom::sync::atomic;
    pub(crate) use loom::sync::{Arc, Mutex, MutexGuard};

    pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        mutex.lock().unwrap()
    }
}

#[path = "../../src/sched/idle.rs"]
mod idle;
#[path = "../../src/sched/inbox.rs"]
mod inbox;
#[path = "../../src/sched/park_state.rs"]
mod park_state;
#[path = "../../src/sched/wait_list.rs"]
mod wait_list;
#[path = "../../src/sched/wait_queue.rs"]
mod wait_queue;

/// The rest of a task, reduced to what the protocols ask of it.
mod task;

#[path = "../../src/sched/reason.rs"]
mod reason;

/// What `park` and the mechanisms of `sync` know as `sched`.
mod sched {
    pub(crate) use crate::{primitive, reason, task, wait_list, wait_queue};

    /// Panics have no part in the protocols.
    pub(crate) mod panics {
        pub(crate) use std::panic::{catch_unwind, resume_unwind};
    }

    /// What an operation costs has none either.
    pub(crate) const OPERATION: u32 = 1;

    pub(crate) fn spend(_price: u32) {}

    /// Every task stops as an OS thread does.
    pub(crate) fn current_coroutine() -> Option<crate::task::Current> {
        None
    }

    pub(crate) fn os_thread() -> crate::task::Current {
        crate::task::Current
    }
}

#[path = "../../src/park/mod.rs"]
mod park;

#[cfg_attr(not(test), allow(unused_imports, reason = "the tests use them"))]
#[path = "../../src/sys/sync/channel/mod.rs"]
mod channel;

#[cfg(test)]
mod tests;
