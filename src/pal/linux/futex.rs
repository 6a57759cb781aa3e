//! Stopping an OS thread on a word: the futex system call.

use std::sync::atomic::AtomicU32;
use std::time::Instant;

/// Stops and wakes one OS thread over a word that its owner keeps. Holds nothing: the kernel keys waiters by address.
pub(crate) struct OsParker;

impl OsParker {
    pub(crate) const fn new() -> OsParker {
        OsParker
    }

    /// Stops this OS thread while `word` holds `expected`, until [`wake`](Self::wake) or the deadline; it may also
    /// return for no reason. Returns `false` only when the deadline has passed.
    pub(crate) fn wait(&self, word: &AtomicU32, expected: u32, deadline: Option<Instant>) -> bool {
        let timeout = match deadline {
            None => None,
            Some(deadline) => {
                let left = deadline.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return false;
                }
                // A wait too long for the kernel's clock has no end that anyone will see.
                libc::time_t::try_from(left.as_secs())
                    .ok()
                    .map(|seconds| libc::timespec { tv_sec: seconds, tv_nsec: left.subsec_nanos() as libc::c_long })
            }
        };
        let timeout = timeout.as_ref().map_or(std::ptr::null(), |t| t as *const libc::timespec);
        // SAFETY: FUTEX_WAIT reads the word and the timespec, both alive for the whole call.
        unsafe {
            libc::syscall(
                libc::SYS_futex,
                word.as_ptr(),
                libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG,
                expected,
                timeout,
            );
        }
        // Whatever ended the call (a wake, a changed word, a signal, the deadline), the caller looks at the word, and
        // comes back here to learn of a deadline.
        true
    }

    /// Ends one [`wait`](Self::wait) on `word`.
    pub(crate) fn wake(&self, word: &AtomicU32) {
        // SAFETY: FUTEX_WAKE only uses the address as a key.
        unsafe {
            libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG, 1);
        }
    }
}
