//! Taking turns at the position of an open file.
//!
//! With std a read or a write at the file's own position is one system call, and the kernel lets one at a time have the
//! position. Here a read may be several (what is in the page cache, then the rest), and others that share the position must not
//! come between. So coroutines take turns before the kernel makes them, which also keeps a worker from waiting in the kernel for
//! what another coroutine does in the pool. Plain OS threads do not: they make one system call, as with std.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::sys::sync::Mutex;

/// A write that took so long did not just copy.
const STALL: Duration = Duration::from_millis(1);
/// After a stall, so many writes are left to the pool.
const CAUTION: u32 = 64;

/// Shared by the clones of a file, as the position is.
pub(super) struct Cursor {
    lock: Mutex,
    /// So many more writes are left to the pool.
    caution: AtomicU32,
}

impl Cursor {
    pub(super) fn new() -> Cursor {
        Cursor { lock: Mutex::new(), caution: AtomicU32::new(0) }
    }

    /// Until the result is dropped, no other coroutine has the position.
    pub(super) fn turn(&self) -> Turn<'_> {
        self.lock.lock();
        Turn(&self.lock)
    }

    /// May the next write be made here, as far as the last ones tell?
    pub(super) fn is_fluent(&self) -> bool {
        // Relaxed, and read and written apart: it is a guess either way.
        let left = self.caution.load(Ordering::Relaxed);
        if left > 0 {
            self.caution.store(left - 1, Ordering::Relaxed);
        }
        left == 0
    }

    /// Makes a write here, and learns from how long it takes.
    pub(super) fn watch<R>(&self, write: impl FnOnce() -> R) -> R {
        let start = Instant::now();
        let result = write();
        if start.elapsed() >= STALL {
            self.caution.store(CAUTION, Ordering::Relaxed);
        }
        result
    }
}

/// See [`Cursor::turn`].
pub(super) struct Turn<'a>(&'a Mutex);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        // SAFETY: locked in `turn`, and by nobody else since.
        unsafe { self.0.unlock() }
    }
}
