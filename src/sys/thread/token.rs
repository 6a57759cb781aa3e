//! The token of `thread::park` and `Thread::unpark`.
//!
//! It is apart from the wake-ups of `park`, which any lock's wait may take: a user's `unpark` is for the user's `park`
//! alone, as std has it.
//!
//! | token | meaning |
//! |---|---|
//! | EMPTY | nothing |
//! | SET | `unpark` was called: the present or next `park` returns |
//! | WAITING | a `park` is in progress |
//!
//! ```text
//! park                                   unpark
//!   a. SET -> EMPTY: done                   1. swap SET in
//!   b. EMPTY -> WAITING                     2. was it WAITING? unpark the task
//!   c. park the task until SET
//!   d. swap EMPTY in
//! ```
//!
//! 1 before b: b fails and takes the token. b before 1: 2 sees WAITING and the task is unparked, before it parks or
//! afterwards, which `park` makes equal.

use std::sync::atomic::Ordering;
use std::time::Instant;

use crate::park::{self, Outcome, Reason};
use crate::sched::current_task;
use crate::sched::task::Task;

const EMPTY: u32 = 0;
const SET: u32 = 1;
const WAITING: u32 = 2;

/// `thread::park`, for the current task.
pub(crate) fn park(deadline: Option<Instant>) {
    let token = &current_task().token;
    // Acquire wherever SET may be read: what the one who unparked did before is visible.
    if token.compare_exchange(EMPTY, WAITING, Ordering::Acquire, Ordering::Acquire) == Err(SET) {
        token.swap(EMPTY, Ordering::Acquire);
        return;
    }
    while token.load(Ordering::Relaxed) != SET {
        if park::park(deadline, Reason::Park) == Outcome::TimedOut {
            break;
        }
    }
    token.swap(EMPTY, Ordering::Acquire);
}

/// `Thread::unpark`.
pub(crate) fn unpark(task: &Task) {
    // A swap even if it is SET already: see `sched::park_state`. Release: see `park`.
    if task.token.swap(SET, Ordering::Release) == WAITING {
        task.unpark();
    }
}
