//! An open file, and the calls on it that neither read nor write.

use std::fs::{self, FileTimes, Metadata, Permissions, TryLockError};
use std::io::{self, Seek, SeekFrom};
use std::mem::ManuallyDrop;
use std::os::fd::BorrowedFd;
use std::ptr;

use crate::sched::current_coroutine;
use crate::sched::once_arc::OnceArc;
use crate::sys::descriptor::Descriptor;

use super::cursor::Cursor;
use super::kind::{Kind, KindCell};
use super::on_own_thread;

/// A file of std's, with what is known of it.
pub(crate) struct File {
    /// Taken out by `drop` and `into_inner`, which nothing comes after.
    descriptor: ManuallyDrop<Descriptor<fs::File>>,
    kind: KindCell,
    cursor: OnceArc<Cursor>,
}

impl From<fs::File> for File {
    /// Of a file that comes from elsewhere, and whose mode is the user's affair.
    fn from(file: fs::File) -> File {
        File::of(Descriptor::from_outside(file))
    }
}

impl File {
    /// Of a file that costd has opened, in blocking mode.
    pub(crate) fn new(file: fs::File) -> File {
        File::of(Descriptor::new(file))
    }

    fn of(descriptor: Descriptor<fs::File>) -> File {
        File { descriptor: ManuallyDrop::new(descriptor), kind: KindCell::new(), cursor: OnceArc::new() }
    }

    /// The file as std's, for use behind the user's back.
    #[inline]
    pub(crate) fn io(&self) -> &fs::File {
        self.descriptor.io()
    }

    /// The file as std's, for the user's hands.
    pub(crate) fn expose(&self) -> &fs::File {
        self.descriptor.expose()
    }

    /// The file as std's, for the user's hands, for good.
    pub(crate) fn into_inner(self) -> fs::File {
        let mut this = ManuallyDrop::new(self);
        // SAFETY: `this` is not dropped, and not used again but for what has to be dropped.
        let descriptor = unsafe { ManuallyDrop::take(&mut this.descriptor) };
        // SAFETY: it is taken out once. The kind needs no drop.
        drop(unsafe { ptr::read(&this.cursor) });
        descriptor.into_inner()
    }

    #[inline]
    pub(super) fn descriptor(&self) -> &Descriptor<fs::File> {
        &self.descriptor
    }

    #[inline]
    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.descriptor.fd()
    }

    /// For a coroutine.
    #[inline]
    pub(super) fn kind(&self) -> Kind {
        self.kind.get(self.fd())
    }

    #[inline]
    pub(super) fn cursor(&self) -> &Cursor {
        self.cursor.get_or_init(Cursor::new)
    }

    /// As std's.
    pub(crate) fn try_clone(&self) -> io::Result<File> {
        self.cursor();
        let cursor = self.cursor.share().expect("made above");
        let descriptor = self.descriptor.duplicate(fs::File::try_clone)?;
        Ok(File { descriptor: ManuallyDrop::new(descriptor), kind: self.kind.clone(), cursor: OnceArc::of(cursor) })
    }

    /// As std's.
    pub(crate) fn seek(&self, to: SeekFrom) -> io::Result<u64> {
        let mut io = self.io();
        if current_coroutine().is_none() {
            return io.seek(to);
        }
        let _turn = self.cursor().turn();
        self.kind().here_unless_remote(|| io.seek(to))
    }

    /// As std's.
    pub(crate) fn metadata(&self) -> io::Result<Metadata> {
        if current_coroutine().is_none() {
            return self.io().metadata();
        }
        self.kind().here_unless_remote(|| self.io().metadata())
    }

    /// As std's.
    pub(crate) fn sync_all(&self) -> io::Result<()> {
        self.elsewhere(fs::File::sync_all)
    }

    /// As std's.
    pub(crate) fn sync_data(&self) -> io::Result<()> {
        self.elsewhere(fs::File::sync_data)
    }

    /// As std's.
    pub(crate) fn set_len(&self, size: u64) -> io::Result<()> {
        self.elsewhere(|file| file.set_len(size))
    }

    /// As std's.
    pub(crate) fn set_permissions(&self, permissions: Permissions) -> io::Result<()> {
        self.elsewhere(|file| file.set_permissions(permissions))
    }

    /// As std's.
    pub(crate) fn set_times(&self, times: FileTimes) -> io::Result<()> {
        self.elsewhere(|file| file.set_times(times))
    }

    fn elsewhere<R: Send>(&self, call: impl FnOnce(&fs::File) -> R + Send) -> R {
        if current_coroutine().is_none() {
            return call(self.io());
        }
        self.kind().elsewhere(|| call(self.io()))
    }

    /// Takes a lock: `at_once` if it is free, `wait` if it is not.
    fn take_lock(
        &self,
        at_once: fn(&fs::File) -> Result<(), TryLockError>,
        wait: fn(&fs::File) -> io::Result<()>,
    ) -> io::Result<()> {
        if current_coroutine().is_none() {
            return wait(self.io());
        }
        match self.kind().here_unless_remote(|| at_once(self.io())) {
            // Whoever holds it may need the pool to go on.
            Err(TryLockError::WouldBlock) => on_own_thread(|| wait(self.io())),
            Err(TryLockError::Error(error)) => Err(error),
            Ok(()) => Ok(()),
        }
    }

    /// As std's.
    pub(crate) fn lock(&self) -> io::Result<()> {
        self.take_lock(fs::File::try_lock, fs::File::lock)
    }

    /// As std's.
    pub(crate) fn lock_shared(&self) -> io::Result<()> {
        self.take_lock(fs::File::try_lock_shared, fs::File::lock_shared)
    }

    /// As std's.
    pub(crate) fn try_lock(&self) -> Result<(), TryLockError> {
        self.of_lock(fs::File::try_lock)
    }

    /// As std's.
    pub(crate) fn try_lock_shared(&self) -> Result<(), TryLockError> {
        self.of_lock(fs::File::try_lock_shared)
    }

    /// As std's.
    pub(crate) fn unlock(&self) -> io::Result<()> {
        self.of_lock(fs::File::unlock)
    }

    fn of_lock<R: Send>(&self, call: fn(&fs::File) -> R) -> R {
        if current_coroutine().is_none() {
            return call(self.io());
        }
        self.kind().here_unless_remote(|| call(self.io()))
    }
}

impl Drop for File {
    fn drop(&mut self) {
        // SAFETY: `self` is not used again.
        let descriptor = unsafe { ManuallyDrop::take(&mut self.descriptor) };
        match self.kind.known() {
            // Closing sends off what has been written, or asks leave.
            Some(kind @ Kind::Remote) if current_coroutine().is_some() => kind.elsewhere(|| drop(descriptor)),
            _ => drop(descriptor),
        }
    }
}
