use std::fmt;
use std::fs::{self, FileTimes, Metadata, Permissions, TryLockError};
use std::io::{self, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::SystemTime;

use crate::sys::fs as sys;

use super::OpenOptions;

/// An open file: as [`std::fs::File`].
///
/// Where an operation has to wait, a coroutine is parked; see the [module's text](super) for what that means for files. It
/// converts to std's type and [`OwnedFd`](std::os::fd::OwnedFd), and back. std's [`FileExt`] is there for it as well.
///
/// # Examples
///
/// ```
/// use costd::fs::File;
/// use costd::io::{Read, Write};
///
/// # let path = std::env::temp_dir().join(format!("costd-doc-file-{}", std::process::id()));
/// File::create(&path)?.write_all(b"to be read")?;
/// let mut text = String::new();
/// File::open(&path)?.read_to_string(&mut text)?;
/// assert_eq!(text, "to be read");
/// # costd::fs::remove_file(&path)?;
/// # Ok::<(), costd::io::Error>(())
/// ```
pub struct File(pub(crate) sys::File);

impl File {
    /// Opens a file for reading. As std's; see [`OpenOptions::open`].
    ///
    /// # Errors
    /// As std's: there is none, it may not be read, …
    pub fn open<P: AsRef<Path>>(path: P) -> io::Result<File> {
        OpenOptions::new().read(true).open(path)
    }

    /// Opens a file for writing; it is made if there is none, and emptied if there is one. As std's; see
    /// [`OpenOptions::open`].
    ///
    /// # Errors
    /// As std's.
    pub fn create<P: AsRef<Path>>(path: P) -> io::Result<File> {
        OpenOptions::new().write(true).create(true).truncate(true).open(path)
    }

    /// Makes a file, for reading and writing. As std's; see [`OpenOptions::open`].
    ///
    /// # Errors
    /// As std's: there is one already, …
    pub fn create_new<P: AsRef<Path>>(path: P) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).create_new(true).open(path)
    }

    /// How a file is to be opened. As std's.
    #[must_use]
    pub fn options() -> OpenOptions {
        OpenOptions::new()
    }

    /// Waits until all that was written is on the disk. As std's.
    ///
    /// # Errors
    /// As std's: it could not be written, or not be synced.
    pub fn sync_all(&self) -> io::Result<()> {
        self.0.sync_all()
    }

    /// As [`sync_all`](Self::sync_all), but not for what is only said of the file. As std's.
    ///
    /// # Errors
    /// As [`sync_all`](Self::sync_all).
    pub fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    /// Takes the file's lock for itself, and waits until nobody else has it. As std's.
    ///
    /// The lock is that of the open file: a coroutine has no other one than a clone of it has.
    ///
    /// # Errors
    /// As std's.
    pub fn lock(&self) -> io::Result<()> {
        self.0.lock()
    }

    /// Takes the file's lock together with others who do so, and waits until nobody has it for themselves. As std's.
    ///
    /// # Errors
    /// As std's.
    pub fn lock_shared(&self) -> io::Result<()> {
        self.0.lock_shared()
    }

    /// As [`lock`](Self::lock), without waiting. As std's.
    ///
    /// # Errors
    /// As std's: somebody else has it, …
    pub fn try_lock(&self) -> Result<(), TryLockError> {
        self.0.try_lock()
    }

    /// As [`lock_shared`](Self::lock_shared), without waiting. As std's.
    ///
    /// # Errors
    /// As std's: somebody else has it, …
    pub fn try_lock_shared(&self) -> Result<(), TryLockError> {
        self.0.try_lock_shared()
    }

    /// Gives the file's lock back. As std's.
    ///
    /// # Errors
    /// As std's.
    pub fn unlock(&self) -> io::Result<()> {
        self.0.unlock()
    }

    /// Cuts the file off, or fills it up with zeros, so that it is `size` bytes long. As std's.
    ///
    /// # Errors
    /// As std's: it is not open for writing, …
    pub fn set_len(&self, size: u64) -> io::Result<()> {
        self.0.set_len(size)
    }

    /// What is said of the file. As std's.
    ///
    /// # Errors
    /// As std's.
    pub fn metadata(&self) -> io::Result<Metadata> {
        self.0.metadata()
    }

    /// Another handle of the same open file, which has the same position and the same lock. As std's.
    ///
    /// # Errors
    /// The system's, as that there are no more descriptors.
    pub fn try_clone(&self) -> io::Result<File> {
        self.0.try_clone().map(File)
    }

    /// Says who may do what with the file. As std's.
    ///
    /// # Errors
    /// As std's.
    pub fn set_permissions(&self, perm: Permissions) -> io::Result<()> {
        self.0.set_permissions(perm)
    }

    /// Says when the file was read and changed last. As std's.
    ///
    /// # Errors
    /// As std's.
    pub fn set_times(&self, times: FileTimes) -> io::Result<()> {
        self.0.set_times(times)
    }

    /// Says when the file was changed last. As std's.
    ///
    /// # Errors
    /// As std's.
    #[inline]
    pub fn set_modified(&self, time: SystemTime) -> io::Result<()> {
        self.set_times(FileTimes::new().set_modified(time))
    }
}

crate::io::delegate::reads!(File, {
    fn read_to_end(&mut self, buf: &mut Vec<u8>) -> io::Result<usize> {
        self.0.read_to_end(buf)
    }

    fn read_to_string(&mut self, buf: &mut String) -> io::Result<usize> {
        self.0.read_to_string(buf)
    }
});
crate::io::delegate::writes!(File);

impl Seek for &File {
    fn seek(&mut self, pos: SeekFrom) -> io::Result<u64> {
        self.0.seek(pos)
    }
}

impl Seek for File {
    fn seek(&mut self, pos: SeekFrom) -> io::Result<u64> {
        self.0.seek(pos)
    }
}

impl FileExt for File {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.read_at(buf, offset)
    }

    fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<usize> {
        self.0.write_at(buf, offset)
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.io().fmt(f)
    }
}

crate::os::convert::conversions! {
    File = fs::File,
}

impl From<File> for std::process::Stdio {
    fn from(file: File) -> std::process::Stdio {
        file.0.into_inner().into()
    }
}
