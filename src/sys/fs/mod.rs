//! The mechanism of `fs`: which call on a file or a path is made where. The figures behind it stand in `fs`.
//!
//! | module | what it is |
//! |---|---|
//! | `path` | calls on paths, opening included |
//! | `kind` | what an open file is, as far as it matters here |
//! | `cursor` | taking turns at the position of an open file |
//! | `file` | an open file, and the calls that neither read nor write |
//! | `read`, `write` | reading, writing |
//! | `to_end` | reading all that is left |
//!
//! # The places
//!
//! *Here*: the plain call, on the worker. *In the pool*: the plain call, on a thread of `sched::blocking_pool` that has its
//! turn sometime ([`blocking_pool::run`]), for what ends by itself. *On a thread of its own*: likewise, but at once
//! ([`blocking_pool::run_waiting`]), for what may wait for others, who may need the pool. On a plain OS thread everything is
//! here.

mod cursor;
mod file;
mod kind;
mod path;
mod read;
mod to_end;
mod write;

pub(crate) use file::File;
pub(crate) use path::{Opening, ask, change, change_two, metadata, open};

use crate::park::Reason;
use crate::sched::{self, OPERATION, blocking_pool};

/// Up to so many bytes are read here: copying them costs about what asking a thread of the pool would.
const MOST_READ_HERE: usize = 256 * 1024;
/// Up to so many bytes are written here, which has to find memory and note what is to be done with it.
const MOST_WRITTEN_HERE: usize = 64 * 1024;
/// So many bytes are read in the time of an operation on a socket, say, …
const READ_IN_AN_OPERATION: usize = 16 * 1024;
/// … and so many are written, if they go to where nothing was.
const WRITTEN_IN_AN_OPERATION: usize = 1024;
/// So many operations is a call on a path worth.
const PATH: usize = 8;

/// Makes a call that takes its time, but ends by itself.
pub(crate) fn in_pool<R: Send>(call: impl FnOnce() -> R + Send) -> R {
    blocking_pool::run(Reason::File, call)
}

/// Makes a call that may have to wait for others.
fn on_own_thread<R: Send>(call: impl FnOnce() -> R + Send) -> R {
    blocking_pool::run_waiting(Reason::File, call)
}

/// After what takes as long as so many operations, here: a coroutine that does much of it lets others go first.
fn spent(operations: usize) {
    // More than a turn is not to be had.
    let operations = u32::try_from(operations).unwrap_or(u32::MAX);
    sched::spend(operations.saturating_mul(OPERATION));
}
