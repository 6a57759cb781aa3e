//! A directory for a test, and both kinds of thread to run it on.

#![allow(dead_code, reason = "not every test binary needs all of it")]

use std::ffi::CString;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A directory that is removed at the end.
pub struct Dir(pub PathBuf);

impl Dir {
    /// Where temporary files are.
    pub fn new() -> Dir {
        Dir::within(&std::env::temp_dir())
    }

    pub fn within(parent: &Path) -> Dir {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("costd-fs-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = parent.join(name);
        std::fs::create_dir(&path).unwrap();
        Dir(path)
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs `f` on a plain OS thread, then in a coroutine, with a directory of its own each time.
pub fn everywhere(f: impl Fn(&Dir) + Copy + Send + 'static) {
    std::thread::spawn(move || f(&Dir::new())).join().unwrap();
    costd::thread::spawn(move || f(&Dir::new())).join().unwrap();
}

/// Bytes of which no two stretches are alike.
pub fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 7 + i / 251 + i / 65_537) as u8).collect()
}

/// Has the kernel forget what it has of a file, so that it must be read from the disk.
pub fn forget_cached(file: &impl AsRawFd) {
    // SAFETY: writes out, and gives advice on, an open file.
    unsafe {
        assert_eq!(libc::fsync(file.as_raw_fd()), 0);
        assert_eq!(libc::posix_fadvise(file.as_raw_fd(), 0, 0, libc::POSIX_FADV_DONTNEED), 0);
    }
}

pub fn make_fifo(path: &Path) {
    let path = CString::new(path.as_os_str().as_bytes()).unwrap();
    // SAFETY: a string that ends with 0.
    assert_eq!(unsafe { libc::mkfifo(path.as_ptr(), 0o600) }, 0);
}
