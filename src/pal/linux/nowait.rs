//! Reading and writing that does not block, whatever the descriptor's mode is and whatever it is a descriptor of: the
//! system calls that take a flag for it (4.14; for pipes 6.4).

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd, BorrowedFd};

/// As many buffers does the system take in one call.
const MAX_BUFS: usize = 1024;

/// As `readv` at the descriptor's own position, without waiting. `None`: such a descriptor takes no such call here.
#[inline]
pub(crate) fn read(fd: BorrowedFd<'_>, bufs: &mut [IoSliceMut<'_>]) -> Option<io::Result<usize>> {
    // SAFETY: the buffers are borrowed for the whole call, which writes initialised bytes only; std promises that an
    // `IoSliceMut` is the system's `iovec`.
    unsafe { call(libc::SYS_preadv2, fd, bufs.as_mut_ptr().cast(), bufs.len(), OWN_POSITION) }
}

/// As [`read`], at the position `offset`.
#[inline]
pub(crate) fn read_at(fd: BorrowedFd<'_>, bufs: &mut [IoSliceMut<'_>], offset: u64) -> Option<io::Result<usize>> {
    let offset = libc::c_long::try_from(offset).ok()?;
    // SAFETY: as above.
    unsafe { call(libc::SYS_preadv2, fd, bufs.as_mut_ptr().cast(), bufs.len(), offset) }
}

/// As `writev` at the descriptor's own position, without waiting. `None`: such a descriptor takes no such call here.
#[inline]
pub(crate) fn write(fd: BorrowedFd<'_>, bufs: &[IoSlice<'_>]) -> Option<io::Result<usize>> {
    // SAFETY: the buffers are borrowed for the whole call, which reads them; std promises that an `IoSlice` is the
    // system's `iovec`.
    unsafe { call(libc::SYS_pwritev2, fd, bufs.as_ptr().cast(), bufs.len(), OWN_POSITION) }
}

const OWN_POSITION: libc::c_long = -1;
/// The flag. Not in the `libc` crate for every C library.
const RWF_NOWAIT: libc::c_int = 8;

/// # Safety
/// `number` is that of `preadv2` or `pwritev2`, and `len` buffers at `bufs` are lent for that.
#[inline]
unsafe fn call(
    number: libc::c_long,
    fd: BorrowedFd<'_>,
    bufs: *const libc::iovec,
    len: usize,
    offset: libc::c_long,
) -> Option<io::Result<usize>> {
    let high: libc::c_long = offset >> (libc::c_long::BITS - 1);
    // SAFETY: the caller's promise. The position is two words, of which one is all of it on a 64-bit system.
    let n = unsafe { libc::syscall(number, fd.as_raw_fd(), bufs, len.min(MAX_BUFS), offset, high, RWF_NOWAIT) };
    if let Ok(n) = usize::try_from(n) {
        return Some(Ok(n));
    }
    let error = io::Error::last_os_error();
    match error.raw_os_error() {
        Some(libc::EOPNOTSUPP | libc::ENOSYS) => None,
        _ => Some(Err(error)),
    }
}
