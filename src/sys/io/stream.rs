//! One read or write that does not block the worker, of anything that comes as a stream of bytes: a pipe, a terminal, a
//! device, whatever the standard input may be. The descriptor may be shared with other processes, so its mode is not touched.
//!
//! 1. The system call that takes "do not wait" as a flag, where the descriptor has it: no more than that.
//! 2. Otherwise: is it ready (`poll`)? Then a thread of the blocking pool makes the ordinary call; the coroutine is parked
//!    meanwhile. That returns at once, unless somebody else was faster and there is nothing left.

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::BorrowedFd;
use std::time::Duration;

use crate::pal;
use crate::park::Reason;
use crate::sched::blocking_pool;

/// Reads; `blocking` is the ordinary call. See the module's text.
#[inline]
pub(in crate::sys) fn read(
    fd: BorrowedFd<'_>,
    bufs: &mut [IoSliceMut<'_>],
    blocking: impl FnOnce(&mut [IoSliceMut<'_>]) -> io::Result<usize> + Send,
) -> io::Result<usize> {
    pal::nowait::read(fd, bufs).unwrap_or_else(|| read_when_ready(fd, bufs, blocking))
}

/// As [`read`], of what is known to have no call that does not wait.
pub(in crate::sys) fn read_when_ready(
    fd: BorrowedFd<'_>,
    bufs: &mut [IoSliceMut<'_>],
    blocking: impl FnOnce(&mut [IoSliceMut<'_>]) -> io::Result<usize> + Send,
) -> io::Result<usize> {
    if !pal::wait::readable(fd, Duration::ZERO) {
        return if does_not_block(fd) { blocking(bufs) } else { Err(pal::socket::would_block()) };
    }
    blocking_pool::run_waiting(Reason::PipeRead, || blocking(bufs))
}

/// Writes; `blocking` is the ordinary call. See the module's text.
#[inline]
pub(in crate::sys) fn write(
    fd: BorrowedFd<'_>,
    bufs: &[IoSlice<'_>],
    blocking: impl FnOnce(&[IoSlice<'_>]) -> io::Result<usize> + Send,
) -> io::Result<usize> {
    pal::nowait::write(fd, bufs).unwrap_or_else(|| write_when_ready(fd, bufs, blocking))
}

/// As [`write`], of what is known to have no call that does not wait.
pub(in crate::sys) fn write_when_ready(
    fd: BorrowedFd<'_>,
    bufs: &[IoSlice<'_>],
    blocking: impl FnOnce(&[IoSlice<'_>]) -> io::Result<usize> + Send,
) -> io::Result<usize> {
    if !pal::wait::writable(fd, Duration::ZERO) {
        return if does_not_block(fd) { blocking(bufs) } else { Err(pal::socket::would_block()) };
    }
    blocking_pool::run_waiting(Reason::PipeWrite, || blocking(bufs))
}

/// Is it in non-blocking mode? Then the ordinary call says best what there is: not to be ready may be an end, as of a FIFO that
/// nobody has opened for writing yet.
fn does_not_block(fd: BorrowedFd<'_>) -> bool {
    pal::socket::is_nonblocking(fd).unwrap_or(false)
}
