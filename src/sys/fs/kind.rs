//! What an open file is, as far as it matters for where it is read and written.

use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::pal::file::{self, FileSystem, Type};
use crate::pal::file_status;

use super::{in_pool, on_own_thread};

/// See the module's text. Of a regular file where it does not say otherwise.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(super) enum Kind {
    /// On a disk of this machine, behind the page cache. Or that disk itself.
    Disk = 1,
    /// The same, but written through to the disk.
    Synced = 2,
    /// In memory; a directory, which is not read by reading; a device that is nothing but memory.
    Memory = 3,
    /// The kernel makes the contents as they are read, and may have to wait for something to tell.
    Kernel = 4,
    /// Read and written past the page cache, or on a file system that nothing is known of.
    Slow = 5,
    /// On another machine, or made by a program: that one may be gone, or be this one.
    Remote = 6,
    /// A pipe, a terminal, any other device.
    Stream = 7,
    Socket = 8,
}

impl Kind {
    const ALL: [Kind; 8] =
        [Kind::Disk, Kind::Synced, Kind::Memory, Kind::Kernel, Kind::Slow, Kind::Remote, Kind::Stream, Kind::Socket];

    /// Looks at the file. For a coroutine, which may have to wait for the answer.
    fn of(fd: BorrowedFd<'_>) -> Kind {
        let (Ok(status), Ok(flags)) = (file_status::status(fd), file::flags(fd)) else {
            // It is not open, so whatever is done with it fails at once.
            return Kind::Memory;
        };
        let on_disk = if flags.synced { Kind::Synced } else { Kind::Disk };
        match status.kind {
            Type::Directory | Type::Memory => Kind::Memory,
            Type::Stream => Kind::Stream,
            Type::Socket => Kind::Socket,
            Type::Regular | Type::Blocks if flags.direct => Kind::Slow,
            Type::Blocks => on_disk,
            Type::Regular if status.on_device => on_disk,
            Type::Regular if file_status::is_in_memory(fd) => Kind::Memory,
            Type::Regular => match on_own_thread(|| file_status::file_system(fd)) {
                Ok(FileSystem::Disk) => on_disk,
                Ok(FileSystem::Kernel) => Kind::Kernel,
                Ok(FileSystem::Other) => Kind::Remote,
                Err(_) => Kind::Slow,
            },
        }
    }

    /// Makes a call that is not to be made here.
    pub(super) fn elsewhere<R: Send>(self, call: impl FnOnce() -> R + Send) -> R {
        match self {
            Kind::Disk | Kind::Synced | Kind::Memory | Kind::Slow => in_pool(call),
            Kind::Kernel | Kind::Remote | Kind::Stream | Kind::Socket => on_own_thread(call),
        }
    }

    /// Makes a call that reads or changes nothing but what the kernel keeps for itself, unless that is kept elsewhere.
    pub(super) fn here_unless_remote<R: Send>(self, call: impl FnOnce() -> R + Send) -> R {
        match self {
            Kind::Slow | Kind::Remote => self.elsewhere(call),
            _ => call(),
        }
    }
}

/// The kind of a file, once somebody has asked for it: 0 before.
pub(super) struct KindCell(AtomicU8);

impl KindCell {
    pub(super) const fn new() -> KindCell {
        KindCell(AtomicU8::new(0))
    }

    /// What is known already.
    pub(super) fn known(&self) -> Option<Kind> {
        // Relaxed: the number is all there is.
        let number = self.0.load(Ordering::Relaxed);
        Kind::ALL.get(usize::from(number).checked_sub(1)?).copied()
    }

    /// The kind of the file that `fd` is of. For a coroutine.
    #[inline]
    pub(super) fn get(&self, fd: BorrowedFd<'_>) -> Kind {
        self.known().unwrap_or_else(|| self.find_out(fd))
    }

    #[cold]
    fn find_out(&self, fd: BorrowedFd<'_>) -> Kind {
        let kind = Kind::of(fd);
        self.0.store(kind as u8, Ordering::Relaxed);
        kind
    }
}

impl Clone for KindCell {
    fn clone(&self) -> KindCell {
        KindCell(AtomicU8::new(self.0.load(Ordering::Relaxed)))
    }
}
