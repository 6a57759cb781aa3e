//! Waiting for one descriptor with the kernel's full resolution.

use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::Duration;

/// Waits until `fd` has something to read, at most `timeout`; to the microsecond, where the readiness calls of the
/// reactor's library round up to milliseconds. `false`: it has not, as far as is known. May return early for no reason.
pub(crate) fn readable(fd: BorrowedFd<'_>, timeout: Duration) -> bool {
    ready(fd, libc::POLLIN, timeout)
}

/// As [`readable`], until `fd` takes something.
pub(crate) fn writable(fd: BorrowedFd<'_>, timeout: Duration) -> bool {
    ready(fd, libc::POLLOUT, timeout)
}

fn ready(fd: BorrowedFd<'_>, events: libc::c_short, timeout: Duration) -> bool {
    let mut poll = libc::pollfd { fd: fd.as_raw_fd(), events, revents: 0 };
    let timeout = libc::timespec {
        tv_sec: libc::time_t::try_from(timeout.as_secs()).unwrap_or(libc::time_t::MAX),
        tv_nsec: timeout.subsec_nanos() as libc::c_long,
    };
    // SAFETY: one pollfd, and a timespec, both alive for the whole call; no signal mask.
    unsafe { libc::ppoll(&mut poll, 1, &timeout, std::ptr::null()) > 0 }
}
