//! Waiting for one descriptor.

use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::Duration;

/// Waits until `fd` has something to read, at most `timeout`, rounded up to a millisecond. `false`: it has not, as far as
/// is known. May return early for no reason.
pub(crate) fn readable(fd: BorrowedFd<'_>, timeout: Duration) -> bool {
    ready(fd, libc::POLLIN, timeout)
}

/// As [`readable`], until `fd` takes something.
pub(crate) fn writable(fd: BorrowedFd<'_>, timeout: Duration) -> bool {
    ready(fd, libc::POLLOUT, timeout)
}

fn ready(fd: BorrowedFd<'_>, events: libc::c_short, timeout: Duration) -> bool {
    let mut poll = libc::pollfd { fd: fd.as_raw_fd(), events, revents: 0 };
    let millis = timeout.as_nanos().div_ceil(1_000_000);
    let millis = libc::c_int::try_from(millis).unwrap_or(libc::c_int::MAX);
    // SAFETY: one pollfd, alive for the whole call.
    unsafe { libc::poll(&mut poll, 1, millis) > 0 }
}
