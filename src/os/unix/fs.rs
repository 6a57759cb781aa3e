//! As `std::os::unix::fs`, with functions that stop the coroutine that has to wait, and not its OS thread.
//!
//! The traits are std's own, and implemented for costd's [`File`](crate::fs::File), [`OpenOptions`](crate::fs::OpenOptions)
//! and [`DirBuilder`](crate::fs::DirBuilder).

pub use ::std::os::unix::fs::*;

use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs as real;
use std::path::Path;

use crate::sys::fs as sys;

/// Makes a link at `link` that leads to `original`. As [`std::os::unix::fs::symlink`].
///
/// # Errors
/// As std's.
pub fn symlink<P: AsRef<Path>, Q: AsRef<Path>>(original: P, link: Q) -> io::Result<()> {
    let original = original.as_ref();
    sys::change(link.as_ref(), |link| real::symlink(original, link))
}

/// Gives a file to another user or group. As [`std::os::unix::fs::chown`].
///
/// # Errors
/// As std's.
pub fn chown<P: AsRef<Path>>(dir: P, uid: Option<u32>, gid: Option<u32>) -> io::Result<()> {
    sys::change(dir.as_ref(), |path| real::chown(path, uid, gid))
}

/// As [`chown`], of an open file. As [`std::os::unix::fs::fchown`].
///
/// # Errors
/// As std's.
pub fn fchown<F: AsFd>(fd: F, uid: Option<u32>, gid: Option<u32>) -> io::Result<()> {
    let fd = fd.as_fd();
    sys::in_pool(|| real::fchown(fd, uid, gid))
}

/// As [`chown`], of the link itself if it is one. As [`std::os::unix::fs::lchown`].
///
/// # Errors
/// As std's.
pub fn lchown<P: AsRef<Path>>(dir: P, uid: Option<u32>, gid: Option<u32>) -> io::Result<()> {
    sys::change(dir.as_ref(), |path| real::lchown(path, uid, gid))
}
