use std::collections::VecDeque;
use std::fmt;
use std::fs::{self, DirEntry};
use std::io;
use std::panic::AssertUnwindSafe;
use std::path::Path;

use crate::sched::current_coroutine;
use crate::sys::fs as sys;
use crate::sys::fs::Opening;

/// So many entries are fetched at a time.
const BATCH: usize = 256;

/// The entries of a directory. As [`std::fs::read_dir`].
///
/// # Errors
/// As std's: there is no such directory, it may not be read, …
///
/// # Examples
///
/// ```
/// for entry in costd::fs::read_dir("src")? {
///     println!("{}", entry?.path().display());
/// }
/// # Ok::<(), costd::io::Error>(())
/// ```
pub fn read_dir<P: AsRef<Path>>(path: P) -> io::Result<ReadDir> {
    let real = sys::open(path.as_ref(), Opening::Plain, |path| fs::read_dir(path))?;
    Ok(ReadDir { real, fetched: AssertUnwindSafe(VecDeque::new()) })
}

/// Iterates over the entries of a directory: as [`std::fs::ReadDir`], whose entries it gives.
///
/// In a coroutine they are fetched in batches by another OS thread, the coroutine being parked.
pub struct ReadDir {
    real: fs::ReadDir,
    // It is whole at any moment, so that this is as unwind safe as std's.
    fetched: AssertUnwindSafe<VecDeque<io::Result<DirEntry>>>,
}

impl Iterator for ReadDir {
    type Item = io::Result<DirEntry>;

    fn next(&mut self) -> Option<io::Result<DirEntry>> {
        if let Some(entry) = self.fetched.pop_front() {
            return Some(entry);
        }
        if current_coroutine().is_none() {
            return self.real.next();
        }
        sys::in_pool(|| self.fetched.extend(self.real.by_ref().take(BATCH)));
        self.fetched.pop_front()
    }
}

impl fmt::Debug for ReadDir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real.fmt(f)
    }
}
