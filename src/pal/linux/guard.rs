//! Guards that are marks in the page table and not mappings of their own, where the kernel has them (6.13).

use std::io;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::pal::memory;

/// The advice that makes a range fault on every touch. Not in the `libc` crate yet.
const MADV_GUARD_INSTALL: libc::c_int = 102;

/// Makes every touch of the `len` bytes at `start` a fault, for as long as they are mapped.
///
/// # Safety
/// The range is page-aligned, mapped by `memory::reserve`, and nobody uses it.
pub(crate) unsafe fn install(start: NonNull<u8>, len: usize) -> io::Result<()> {
    static MISSING: AtomicBool = AtomicBool::new(false);
    if !MISSING.load(Ordering::Relaxed) {
        // SAFETY: the caller's promise; the advice changes no other memory.
        if unsafe { libc::madvise(start.as_ptr().cast(), len, MADV_GUARD_INSTALL) } == 0 {
            return Ok(());
        }
        // EINVAL is a kernel that does not know the advice, or locked memory (`mlockall`), which it does not take.
        MISSING.store(true, Ordering::Relaxed);
    }
    // SAFETY: the caller's promise.
    unsafe { memory::protect(start, len) }
}
