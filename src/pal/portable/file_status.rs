//! Looking for a file, and at one, without asking anybody but the kernel's own memory: there is no such call here.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::Path;

use crate::pal::file::{FileSystem, Status, plain_status};

/// Looks for what `path` names, if the kernel can tell by heart. `None`: there is no such call here.
pub(crate) fn look_up(_: &Path, _follow: bool) -> Option<io::Result<OwnedFd>> {
    None
}

/// What is known of a file.
pub(crate) fn status(fd: BorrowedFd<'_>) -> io::Result<Status> {
    plain_status(fd)
}

/// Is the file known to be one of a file system in memory?
pub(crate) fn is_in_memory(_: BorrowedFd<'_>) -> bool {
    false
}

/// The file system that a file lies on: there is no telling.
pub(crate) fn file_system(_: BorrowedFd<'_>) -> io::Result<FileSystem> {
    Err(io::ErrorKind::Unsupported.into())
}
