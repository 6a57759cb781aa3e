//! Address space for stacks, as any Unix gives it.

use std::io;
use std::ptr::{self, NonNull};

use once_cell::race::OnceNonZeroUsize;

/// The error code for a thread that cannot be made for lack of memory.
pub(crate) const NO_THREAD: i32 = libc::EAGAIN;

/// The size of a page.
pub(crate) fn page_size() -> usize {
    static SIZE: OnceNonZeroUsize = OnceNonZeroUsize::new();
    let size = SIZE.get_or_init(|| {
        // SAFETY: no memory is involved.
        let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        usize::try_from(size).ok().and_then(|size| size.try_into().ok()).expect("the system has a page size")
    });
    size.get()
}

/// Reserves `len` bytes of zeroed memory, aligned to `align` (a power of two, at least a page); pages are committed as
/// they are touched.
pub(crate) fn reserve(len: usize, align: usize) -> io::Result<NonNull<u8>> {
    // A neighbour of the last reservation is often aligned already, and then no larger one has to be cut.
    let start = map(len)?;
    if start.addr().get().is_multiple_of(align) {
        return Ok(advise(start, len));
    }
    // SAFETY: just mapped, in use by nobody.
    unsafe { release(start, len) };
    let larger = len.checked_add(align).ok_or(io::ErrorKind::OutOfMemory)?;
    let start = map(larger)?;
    let before = start.addr().get().next_multiple_of(align) - start.addr().get();
    let after = larger - before - len;
    // SAFETY: inside what was just mapped, and in use by nobody; the parts do not overlap.
    unsafe {
        let inner = start.add(before);
        if before > 0 {
            release(start, before);
        }
        if after > 0 {
            release(inner.add(len), after);
        }
        Ok(advise(inner, len))
    }
}

fn map(len: usize) -> io::Result<NonNull<u8>> {
    cfg_if::cfg_if! {
        if #[cfg(any(target_os = "linux", target_os = "android", target_os = "netbsd"))] {
            let flags = libc::MAP_PRIVATE | libc::MAP_ANON | libc::MAP_NORESERVE | libc::MAP_STACK;
        } else {
            let flags = libc::MAP_PRIVATE | libc::MAP_ANON;
        }
    }
    // SAFETY: a new mapping wherever the kernel likes touches no memory in use.
    let start = unsafe { libc::mmap(ptr::null_mut(), len, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0) };
    if start == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    Ok(NonNull::new(start.cast()).expect("the kernel maps nothing at null unasked"))
}

/// One touched page must cost a page, also where the kernel likes to hand out huge ones.
fn advise(start: NonNull<u8>, len: usize) -> NonNull<u8> {
    #[cfg(target_os = "linux")]
    // SAFETY: just mapped; the advice does not change what is in memory. A kernel without huge pages refuses: no matter.
    unsafe {
        libc::madvise(start.as_ptr().cast(), len, libc::MADV_NOHUGEPAGE);
    }
    let _ = len;
    start
}

/// Gives a range back for good.
///
/// # Safety
/// The range was mapped by [`reserve`], and nobody uses it or will.
pub(crate) unsafe fn release(start: NonNull<u8>, len: usize) {
    // SAFETY: the caller's promise.
    let failed = unsafe { libc::munmap(start.as_ptr().cast(), len) } != 0;
    debug_assert!(!failed, "munmap: {}", io::Error::last_os_error());
}

/// Gives the pages of a range back; the range stays reserved, its contents become arbitrary.
///
/// # Safety
/// The range is page-aligned, was mapped by [`reserve`], and nobody relies on what is in it.
pub(crate) unsafe fn discard(start: NonNull<u8>, len: usize) {
    // SAFETY: the caller's promise.
    unsafe { libc::madvise(start.as_ptr().cast(), len, libc::MADV_DONTNEED) };
}

/// How many bytes of memory a page-aligned range takes. Those that are not mapped take none.
pub(crate) fn resident(start: usize, len: usize) -> usize {
    let mut pages = [0_u8; 4096];
    let chunk = pages.len() * page_size();
    let mut resident = 0;
    for at in (start..start + len).step_by(chunk) {
        let len = chunk.min(start + len - at);
        // SAFETY: only asks about the range, and writes a byte for each of its pages.
        if unsafe { libc::mincore(ptr::without_provenance_mut(at), len, pages.as_mut_ptr().cast()) } == 0 {
            resident += pages[..len / page_size()].iter().filter(|page| **page & 1 != 0).count();
        }
    }
    resident * page_size()
}

/// Makes every touch of a range a fault, at the price of a mapping of its own.
///
/// # Safety
/// The range is page-aligned, was mapped by [`reserve`], and nobody uses it.
pub(crate) unsafe fn protect(start: NonNull<u8>, len: usize) -> io::Result<()> {
    // SAFETY: the caller's promise.
    if unsafe { libc::mprotect(start.as_ptr().cast(), len, libc::PROT_NONE) } == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
