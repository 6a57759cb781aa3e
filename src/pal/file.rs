//! What kind of file a descriptor is of, as far as it matters for whether reading or writing it may block.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd};

/// The kinds by what the system says of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Type {
    Regular,
    Directory,
    /// A device that is nothing but memory: one that swallows all, one that gives zeros.
    Memory,
    /// Blocks on a disk, without a file system.
    Blocks,
    Socket,
    /// A pipe, a terminal, any other device.
    Stream,
}

/// What the system knows of an open file without asking anybody.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Status {
    pub(crate) kind: Type,
    /// It lies on a device of this machine.
    pub(crate) on_device: bool,
}

/// How a file was opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Flags {
    /// Writing ends when the data is on the disk.
    pub(crate) synced: bool,
    /// Reading and writing go past the page cache.
    pub(crate) direct: bool,
}

/// What stands behind a file that does not lie on a device of this machine.
#[cfg_attr(costd_portable, allow(dead_code, reason = "not every kernel tells"))]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum FileSystem {
    /// Disks after all, under a layer of its own.
    Disk,
    /// The kernel makes the contents when it is asked: processes, groups of them.
    Kernel,
    /// Another machine, a program, hardware: anybody.
    Other,
}

/// Asks how the file was opened.
pub(crate) fn flags(fd: BorrowedFd<'_>) -> io::Result<Flags> {
    #[cfg(target_os = "linux")]
    const DIRECT: libc::c_int = libc::O_DIRECT;
    #[cfg(not(target_os = "linux"))]
    const DIRECT: libc::c_int = 0;
    // SAFETY: asks for the flags of a descriptor that is open.
    let flags = unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETFL) };
    if flags == -1 {
        return Err(io::Error::last_os_error());
    }
    // `O_SYNC` has the bit of `O_DSYNC` in it where they differ.
    Ok(Flags { synced: flags & (libc::O_SYNC | libc::O_DSYNC) != 0, direct: flags & DIRECT != 0 })
}

/// Do these flags of `open` make a file, or change what is in one?
pub(crate) fn changes(flags: i32) -> bool {
    #[cfg(target_os = "linux")]
    // Not `O_TMPFILE` as it is: it has the bit of `O_DIRECTORY` in it.
    const TEMPORARY: i32 = libc::O_TMPFILE & !libc::O_DIRECTORY;
    #[cfg(not(target_os = "linux"))]
    const TEMPORARY: i32 = 0;
    flags & (libc::O_CREAT | libc::O_TRUNC | TEMPORARY) != 0
}

/// [`Type`] from the mode, and the device's number where it is one.
pub(super) fn kind(mode: libc::mode_t, device: impl FnOnce() -> (u32, u32)) -> Type {
    match mode & libc::S_IFMT {
        libc::S_IFREG => Type::Regular,
        libc::S_IFDIR => Type::Directory,
        libc::S_IFBLK => Type::Blocks,
        libc::S_IFSOCK => Type::Socket,
        libc::S_IFCHR if is_memory(device()) => Type::Memory,
        _ => Type::Stream,
    }
}

/// `null`, `zero` and `full`, by the numbers that they have for good on Linux.
fn is_memory(device: (u32, u32)) -> bool {
    cfg!(target_os = "linux") && matches!(device, (1, 3 | 5 | 7))
}

/// `fstat`, for where there is nothing that promises not to ask anybody.
#[allow(dead_code, reason = "the newer call is missing only on old kernels and on other systems")]
pub(super) fn plain_status(fd: BorrowedFd<'_>) -> io::Result<Status> {
    let mut stat = MaybeUninit::<libc::stat>::uninit();
    // SAFETY: writes one `stat`, which is large enough for one.
    if unsafe { libc::fstat(fd.as_raw_fd(), stat.as_mut_ptr()) } == -1 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call has succeeded, so it is written.
    let stat = unsafe { stat.assume_init() };
    let device = || (libc::major(stat.st_rdev) as u32, libc::minor(stat.st_rdev) as u32);
    Ok(Status { kind: kind(stat.st_mode, device), on_device: false })
}
