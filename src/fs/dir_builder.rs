use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use crate::sys::fs as sys;

/// How a directory is to be made: as [`std::fs::DirBuilder`].
///
/// # Examples
///
/// ```
/// use costd::fs::{self, DirBuilder};
///
/// # let top = std::env::temp_dir().join(format!("costd-doc-builder-{}", std::process::id()));
/// DirBuilder::new().recursive(true).create(top.join("a/b"))?;
/// assert!(fs::metadata(top.join("a/b"))?.is_dir());
/// # fs::remove_dir_all(top)?;
/// # Ok::<(), costd::io::Error>(())
/// ```
pub struct DirBuilder(fs::DirBuilder);

impl DirBuilder {
    /// As std's.
    #[allow(clippy::new_without_default, reason = "std's has no `Default`")]
    #[must_use]
    pub fn new() -> DirBuilder {
        DirBuilder(fs::DirBuilder::new())
    }

    /// What leads to the directory is to be made as well, and it is no error if it is there. As std's.
    pub fn recursive(&mut self, recursive: bool) -> &mut DirBuilder {
        self.0.recursive(recursive);
        self
    }

    /// Makes the directory. As std's.
    ///
    /// # Errors
    /// As std's.
    pub fn create<P: AsRef<Path>>(&self, path: P) -> io::Result<()> {
        sys::change(path.as_ref(), |path| self.0.create(path))
    }
}

impl DirBuilderExt for DirBuilder {
    fn mode(&mut self, mode: u32) -> &mut DirBuilder {
        self.0.mode(mode);
        self
    }
}

impl fmt::Debug for DirBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
