//! Which panics are whose.

use std::cell::Cell;

use super::task::Task;

/// How many coroutines of one worker are suspended in the middle of an unwinding.
pub(crate) struct SuspendedPanics(Cell<u32>);

impl SuspendedPanics {
    pub(crate) const fn new() -> SuspendedPanics {
        SuspendedPanics(Cell::new(0))
    }

    /// The running coroutine is about to switch away. `true`: in the middle of an unwinding.
    #[inline]
    pub(crate) fn before_switch(&self, _task: &Task) -> bool {
        false
    }

    /// It has come back, after `before_switch` had returned `true`.
    pub(crate) fn after_switch(&self) {
        self.0.set(self.0.get() - 1);
    }
}

/// `thread::panicking`, for the current task.
#[inline]
pub(crate) fn panicking() -> bool {
    std::thread::panicking()
}
