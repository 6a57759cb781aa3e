//! Processes as descriptors (5.3).

use std::os::fd::{FromRawFd, OwnedFd, RawFd};

/// A descriptor that becomes readable when the process `pid` has ended. `pid` must be a child that nobody has waited for yet,
/// so that the number is still its own. `None`: the kernel has no such thing, or no descriptors are left.
pub(crate) fn open(pid: u32) -> Option<OwnedFd> {
    let pid = libc::pid_t::try_from(pid).ok()?;
    // SAFETY: takes and returns numbers. The new descriptor is closed on exec.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    let fd = RawFd::try_from(fd).ok().filter(|&fd| fd >= 0)?;
    // SAFETY: just made, and nobody else's.
    Some(unsafe { OwnedFd::from_raw_fd(fd) })
}
