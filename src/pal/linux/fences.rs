//! A pair of fences, one of which costs next to nothing because the other one does the work for both: of two OS threads, each of
//! which stores something, passes its fence, and loads what the other one stores, at least one sees the other's store.

use std::sync::atomic::{AtomicU8, Ordering, compiler_fence, fence};

const UNKNOWN: u8 = 0;
/// The kernel has every OS thread of the process pass a fence when it is asked to.
const ASYMMETRIC: u8 = 1;
/// It does not; both sides pass a real one.
const SYMMETRIC: u8 = 2;

static KIND: AtomicU8 = AtomicU8::new(UNKNOWN);

// From the kernel's `linux/membarrier.h`.
const PRIVATE_EXPEDITED: libc::c_int = 1 << 3;
const REGISTER_PRIVATE_EXPEDITED: libc::c_int = 1 << 4;

fn membarrier(command: libc::c_int) -> bool {
    // SAFETY: no memory of ours is involved.
    unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
}

/// Before the first of the others; as often as one likes.
pub(crate) fn prepare() {
    let kind = if membarrier(REGISTER_PRIVATE_EXPEDITED) { ASYMMETRIC } else { SYMMETRIC };
    // Relaxed: whoever passes a light fence was started after this.
    KIND.store(kind, Ordering::Relaxed);
}

/// The one that is passed often.
#[inline]
pub(crate) fn light() {
    if KIND.load(Ordering::Relaxed) == ASYMMETRIC {
        compiler_fence(Ordering::SeqCst);
    } else {
        fence(Ordering::SeqCst);
    }
}

/// The one that is passed seldom.
pub(crate) fn heavy() {
    fence(Ordering::SeqCst);
    if KIND.load(Ordering::Relaxed) == ASYMMETRIC {
        // Registered, so it does not fail.
        let done = membarrier(PRIVATE_EXPEDITED);
        assert!(done, "membarrier, which was there before");
    }
}
