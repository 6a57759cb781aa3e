//! A pair of fences: of two OS threads, each of which stores something, passes its fence, and loads what the other one
//! stores, at least one sees the other's store.

use std::sync::atomic::{Ordering, fence};

/// Before the first of the others; as often as one likes.
pub(crate) fn prepare() {}

/// The one that is passed often.
#[inline]
pub(crate) fn light() {
    fence(Ordering::SeqCst);
}

/// The one that is passed seldom.
pub(crate) fn heavy() {
    fence(Ordering::SeqCst);
}
