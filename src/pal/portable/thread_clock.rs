//! The CPU time of an OS thread, read by another: not to be had everywhere.

use std::time::Duration;

pub(crate) struct ThreadClock;

impl ThreadClock {
    pub(crate) fn of_this_thread() -> ThreadClock {
        ThreadClock
    }

    /// `None`: it is not to be had.
    pub(crate) fn read(&self) -> Option<Duration> {
        None
    }

    /// Does it wait in a system call, and not run or want to? That is not to be had.
    pub(crate) fn is_waiting(&self) -> Option<bool> {
        None
    }
}
