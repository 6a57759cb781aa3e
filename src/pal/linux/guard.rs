//! Guards that are marks in the page table and not mappings of their own, where the kernel has them (6.13).

use std::io;
use std::ptr::NonNull;

use once_cell::race::OnceBool;

use crate::pal::memory;

/// The advice that makes a range fault on every touch. Not in the `libc` crate yet.
const MADV_GUARD_INSTALL: libc::c_int = 102;

/// Does a guard take a mapping of its own here, of which a process has some 65,000? So it is with `COSTD_GUARDS=mprotect` as
/// well: a tool or a sandbox need not know the advice, and what older kernels get is to be run on this one, too.
pub(crate) fn takes_mapping() -> bool {
    static TAKES: OnceBool = OnceBool::new();
    TAKES.get_or_init(|| {
        if std::env::var_os("COSTD_GUARDS").is_some_and(|how| how == "mprotect") {
            return true;
        }
        let Ok(page) = memory::reserve(memory::page_size(), memory::page_size()) else { return false };
        // SAFETY: reserved above, and nobody's.
        unsafe {
            // EINVAL is a kernel that does not know the advice, or locked memory (`mlockall`), which it does not take.
            let refused = libc::madvise(page.as_ptr().cast(), memory::page_size(), MADV_GUARD_INSTALL) != 0;
            memory::release(page, memory::page_size());
            refused
        }
    })
}

/// Makes every touch of the `len` bytes at `start` a fault, for as long as they are mapped.
///
/// # Safety
/// The range is page-aligned, mapped by `memory::reserve`, and nobody uses it.
pub(crate) unsafe fn install(start: NonNull<u8>, len: usize) -> io::Result<()> {
    // SAFETY: the caller's promise; the advice changes no other memory.
    if !takes_mapping() && unsafe { libc::madvise(start.as_ptr().cast(), len, MADV_GUARD_INSTALL) } == 0 {
        return Ok(());
    }
    // SAFETY: the caller's promise.
    unsafe { memory::protect(start, len) }
}
