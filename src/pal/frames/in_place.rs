//! Walking a stack on itself, for any processor. It takes some KiB of that stack.

use super::Frames;
use super::unwinder::walk;

/// As much as an unwinder may need.
pub(super) const ROOM: usize = 16 << 10;

/// Nothing but the frames themselves.
pub(super) struct Noted(());

impl Noted {
    pub(super) const fn new() -> Noted {
        Noted(())
    }
}

/// # Safety
/// `frames` may be written.
#[inline(never)]
pub(super) unsafe fn note(frames: *mut Frames) {
    let here = (&raw const frames).addr();
    // SAFETY: the caller's promise. What lies below this frame is the unwinder's own.
    unsafe { (*frames).range.low = here };
    // SAFETY: they are the caller's, who lends them.
    unsafe { walk(frames.cast()) };
}

/// # Safety
/// As [`Frames::collect`].
pub(super) unsafe fn collect(_: &mut Frames) {}
