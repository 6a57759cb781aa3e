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
//! | PINNED | as WAITING, of a coroutine that must not be switched away from (in a panic hook): its OS thread stops on the token |
//!
//! ```text
//! park                                   unpark
//!   a. SET -> EMPTY: done                   1. swap SET in
//!   b. EMPTY -> WAITING                     2. was it WAITING? unpark the task
//!   c. park the task until SET
//!   d. swap EMPTY in
//! ```
//!
//! With PINNED for WAITING, the OS thread stops on the token itself: the task's own word is that of the coroutine, whom
//! nobody may make ready while it runs.
//!
//! 1 before b: b fails and takes the token. b before 1: 2 sees WAITING and the task is unparked, before it parks or
//! afterwards, which `park` makes equal.

use std::time::Instant;

use crate::park::{self, Outcome, Reason};
use crate::sched::primitive::atomic::{AtomicU32, Ordering};
use crate::sched::task::Task;
use crate::sched::{current_coroutine, current_task};

const EMPTY: u32 = 0;
const SET: u32 = 1;
const WAITING: u32 = 2;
const PINNED: u32 = 3;

/// `thread::park`, for the current task.
pub(crate) fn park(deadline: Option<Instant>) {
    let task = current_task();
    let token = &task.token;
    let pinned = task.home().is_some() && current_coroutine().is_none();
    let waiting = if pinned { PINNED } else { WAITING };
    // Acquire wherever SET may be read: what the one who unparked did before is visible.
    if !pinned {
        park::enter();
    }
    if token.compare_exchange(EMPTY, waiting, Ordering::Acquire, Ordering::Acquire) == Err(SET) {
        token.swap(EMPTY, Ordering::Acquire);
        return;
    }
    /// However it ends, unwinding included.
    struct Empty<'a>(&'a AtomicU32);
    impl Drop for Empty<'_> {
        fn drop(&mut self) {
            self.0.swap(EMPTY, Ordering::Acquire);
        }
    }
    let _empty = Empty(token);
    while token.load(Ordering::Relaxed) != SET {
        let in_time = if pinned {
            task.os_parker.wait(token, PINNED, deadline)
        } else {
            park::park_or_unwind(deadline, Reason::Park) == Outcome::Unparked
        };
        if !in_time {
            break;
        }
    }
}

/// `Thread::unpark`.
pub(crate) fn unpark(task: &Task) {
    // A swap even if it is SET already: see `sched::park_state`. Release: see `park`.
    match task.token.swap(SET, Ordering::Release) {
        WAITING => task.unpark(),
        PINNED => task.os_parker.wake(&task.token),
        _ => {}
    }
}
