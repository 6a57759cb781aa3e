//! What only Linux has.

pub(crate) mod affinity;
pub(crate) mod clock;
pub(crate) mod fences;
pub(crate) mod file_status;
pub(crate) mod futex;
pub(crate) mod guard;
pub(crate) mod nowait;
pub(crate) mod os_threads;
pub(crate) mod process;
pub(crate) mod thread_clock;
pub(crate) mod wait;
