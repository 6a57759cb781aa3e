//! Looking for a file, and at one, without asking anybody but the kernel's own memory.

use std::ffi::CString;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::pal::file::{FileSystem, Status, kind, plain_status};

/// What `openat2` takes. Not in the `libc` crate for every C library.
#[repr(C)]
struct OpenHow {
    flags: u64,
    mode: u64,
    resolve: u64,
}

/// Fail rather than look for a name that the kernel has not in its memory (5.12). Not in the `libc` crate everywhere.
const RESOLVE_CACHED: u64 = 0x20;

/// Looks for what `path` names (the link itself if it is one and not to be followed), if the kernel can tell by heart. The
/// descriptor stands for the place only: nothing is opened by it. `None`: somebody would have to be asked, or there is no
/// such call here.
pub(crate) fn look_up(path: &Path, follow: bool) -> Option<io::Result<OwnedFd>> {
    let path = CString::new(path.as_os_str().as_bytes()).ok()?;
    let flags = libc::O_PATH | libc::O_CLOEXEC | if follow { 0 } else { libc::O_NOFOLLOW };
    let how = OpenHow { flags: flags as u64, mode: 0, resolve: RESOLVE_CACHED };
    // SAFETY: the path and the structure are alive for the whole call, which is told how long the latter is.
    let fd = unsafe {
        libc::syscall(libc::SYS_openat2, libc::AT_FDCWD, path.as_ptr(), &raw const how, size_of::<OpenHow>())
    };
    if let Some(fd) = RawFd::try_from(fd).ok().filter(|&fd| fd >= 0) {
        // SAFETY: just made, and nobody else's.
        return Some(Ok(unsafe { OwnedFd::from_raw_fd(fd) }));
    }
    let error = io::Error::last_os_error();
    match error.raw_os_error() {
        Some(libc::ENOENT | libc::ENOTDIR | libc::EACCES | libc::ELOOP | libc::ENAMETOOLONG) => Some(Err(error)),
        // Not known by heart; or a kernel that has not got it, a filter that forbids it, no descriptors left.
        _ => None,
    }
}

/// What is known of a file without asking the machine or the program that it lies with.
pub(crate) fn status(fd: BorrowedFd<'_>) -> io::Result<Status> {
    const FLAGS: libc::c_int = libc::AT_EMPTY_PATH | libc::AT_STATX_DONT_SYNC;
    let mut status = MaybeUninit::<libc::statx>::uninit();
    let (fd_number, mask) = (fd.as_raw_fd(), libc::STATX_TYPE);
    // SAFETY: an empty string, and space for one `statx`.
    let result = unsafe { libc::syscall(libc::SYS_statx, fd_number, c"".as_ptr(), FLAGS, mask, status.as_mut_ptr()) };
    if result == -1 {
        return plain_status(fd);
    }
    // SAFETY: the call has succeeded, so it is written.
    let status = unsafe { status.assume_init() };
    let kind = kind(libc::mode_t::from(status.stx_mode), || (status.stx_rdev_major, status.stx_rdev_minor));
    // What lies on no device has a number that the kernel makes up, with 0 in front.
    Ok(Status { kind, on_device: status.stx_dev_major != 0 })
}

/// Is the file one of a file system in memory (`tmpfs`, `memfd_create`)? Only these have seals, and the kernel knows of itself
/// which they are.
pub(crate) fn is_in_memory(fd: BorrowedFd<'_>) -> bool {
    // SAFETY: asks for a number.
    unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GET_SEALS) != -1 }
}

/// The file system that a file lies on. This *may block*: it asks the machine or the program that the file lies with.
pub(crate) fn file_system(fd: BorrowedFd<'_>) -> io::Result<FileSystem> {
    let mut status = MaybeUninit::<libc::statfs>::uninit();
    // SAFETY: writes one `statfs`.
    if unsafe { libc::fstatfs(fd.as_raw_fd(), status.as_mut_ptr()) } == -1 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call has succeeded, so it is written.
    let status = unsafe { status.assume_init() };
    // The type of the field is another on every architecture; the numbers have 32 bits.
    Ok(match status.f_type as u32 {
        BTRFS | OVERLAY | ZFS | BCACHEFS => FileSystem::Disk,
        PROC | CGROUP | CGROUP_2 => FileSystem::Kernel,
        _ => FileSystem::Other,
    })
}

const BTRFS: u32 = 0x9123_683e;
const OVERLAY: u32 = 0x794c_7630;
const ZFS: u32 = 0x2fc1_2fc1;
const BCACHEFS: u32 = 0xca45_1a4e;
const PROC: u32 = 0x9fa0;
const CGROUP: u32 = 0x0027_e0eb;
const CGROUP_2: u32 = 0x6367_7270;
