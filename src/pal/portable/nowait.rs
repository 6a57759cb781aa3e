//! Reading and writing that does not block whatever the descriptor's mode is: there is no such call here.

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::BorrowedFd;

/// As `readv` at the descriptor's own position, without waiting. `None`: such a descriptor takes no such call here.
pub(crate) fn read(_: BorrowedFd<'_>, _: &mut [IoSliceMut<'_>]) -> Option<io::Result<usize>> {
    None
}

/// As [`read`], at the position `offset`.
pub(crate) fn read_at(_: BorrowedFd<'_>, _: &mut [IoSliceMut<'_>], _offset: u64) -> Option<io::Result<usize>> {
    None
}

/// As `writev` at the descriptor's own position, without waiting. `None`: such a descriptor takes no such call here.
pub(crate) fn write(_: BorrowedFd<'_>, _: &[IoSlice<'_>]) -> Option<io::Result<usize>> {
    None
}
