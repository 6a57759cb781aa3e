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
    pub(crate) use loom::cell::UnsafeCell;
    pub(crate) use loom::sync::atomic;
    pub(crate) use loom::sync::{Arc, Mutex, MutexGuard};

    pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        mutex.lock().unwrap()
    }
}

#[path = "../../src/sched/ending.rs"]
mod ending;
#[path = "../../src/sched/idle.rs"]
mod idle;
#[path = "../../src/sched/inbox.rs"]
mod inbox;
#[path = "../../src/sched/park_state.rs"]
mod park_state;
#[path = "../../src/sched/readiness.rs"]
mod readiness;
#[path = "../../src/sched/slot.rs"]
mod slot;
#[path = "../../src/sched/wait_list.rs"]
mod wait_list;
#[path = "../../src/sched/wait_queue.rs"]
mod wait_queue;

#[cfg_attr(not(test), allow(unused_imports, reason = "the tests use them"))]
#[path = "../../src/park/mod.rs"]
mod park;

mod chosen;

/// The rest of a task, reduced to what the protocols ask of it.
mod task;

/// What `park` and the mechanisms of `sync` find in `costd::sched`.
mod sched;

/// The locks and their like, as `costd::sys::sync` has them.
mod locks;

/// The same where nobody has any patience: whoever waits has the lock handed over.
mod impatient_locks;

#[cfg_attr(not(test), allow(unused_imports, reason = "the tests use them"))]
#[path = "../../src/sys/sync/channel/mod.rs"]
mod channel;

#[path = "../../src/coroutine/notice.rs"]
mod notice;

#[path = "../../src/sys/thread/running.rs"]
mod running;
#[path = "../../src/sys/thread/token.rs"]
mod token;

#[cfg(test)]
mod tests;
