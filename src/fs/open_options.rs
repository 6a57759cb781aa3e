use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::pal;
use crate::sys::fs as sys;
use crate::sys::fs::Opening;

use super::File;

/// How a file is to be opened: as [`std::fs::OpenOptions`].
///
/// Its counterpart in std's `os::unix::fs`, [`OpenOptionsExt`], is there for it as well.
///
/// # Examples
///
/// ```
/// use costd::fs::OpenOptions;
/// use costd::io::Write;
///
/// # let path = std::env::temp_dir().join(format!("costd-doc-options-{}", std::process::id()));
/// let mut log = OpenOptions::new().append(true).create(true).open(&path)?;
/// log.write_all(b"one more line\n")?;
/// # drop(log);
/// # costd::fs::remove_file(&path)?;
/// # Ok::<(), costd::io::Error>(())
/// ```
#[derive(Clone)]
pub struct OpenOptions {
    real: fs::OpenOptions,
    // std's do not tell.
    makes: bool,
    makes_new: bool,
    empties: bool,
    custom_flags: i32,
}

impl OpenOptions {
    /// Nothing is asked for yet. As std's.
    #[allow(clippy::new_without_default, reason = "std's has no `Default`")]
    #[must_use]
    pub fn new() -> OpenOptions {
        OpenOptions { real: fs::OpenOptions::new(), makes: false, makes_new: false, empties: false, custom_flags: 0 }
    }

    /// The file is to be read. As std's.
    pub fn read(&mut self, read: bool) -> &mut OpenOptions {
        self.real.read(read);
        self
    }

    /// The file is to be written. As std's.
    pub fn write(&mut self, write: bool) -> &mut OpenOptions {
        self.real.write(write);
        self
    }

    /// Whatever is written goes to the end. As std's.
    pub fn append(&mut self, append: bool) -> &mut OpenOptions {
        self.real.append(append);
        self
    }

    /// The file is to be emptied. As std's.
    pub fn truncate(&mut self, truncate: bool) -> &mut OpenOptions {
        self.real.truncate(truncate);
        self.empties = truncate;
        self
    }

    /// The file is to be made if there is none. As std's.
    pub fn create(&mut self, create: bool) -> &mut OpenOptions {
        self.real.create(create);
        self.makes = create;
        self
    }

    /// The file is to be made; if there is one already, that is an error. As std's.
    pub fn create_new(&mut self, create_new: bool) -> &mut OpenOptions {
        self.real.create_new(create_new);
        self.makes_new = create_new;
        self
    }

    /// Opens the file at `path`. As std's.
    ///
    /// A coroutine that opens a FIFO is parked until somebody opens the other end.
    ///
    /// # Errors
    /// As std's.
    pub fn open<P: AsRef<Path>>(&self, path: P) -> io::Result<File> {
        let opening = if self.makes_new {
            // Where there is a file it is an error, and nothing changes.
            Opening::Makes
        } else if self.empties || pal::file::changes(self.custom_flags) {
            Opening::Changes
        } else if self.makes {
            Opening::Makes
        } else {
            Opening::Plain
        };
        let file = sys::open(path.as_ref(), opening, |path| self.real.open(path))?;
        // The flags may say that it is not to block, or anything else.
        Ok(if self.custom_flags == 0 { File(sys::File::new(file)) } else { file.into() })
    }
}

impl OpenOptionsExt for OpenOptions {
    fn mode(&mut self, mode: u32) -> &mut OpenOptions {
        self.real.mode(mode);
        self
    }

    fn custom_flags(&mut self, flags: i32) -> &mut OpenOptions {
        self.real.custom_flags(flags);
        self.custom_flags = flags;
        self
    }
}

impl fmt::Debug for OpenOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real.fmt(f)
    }
}
