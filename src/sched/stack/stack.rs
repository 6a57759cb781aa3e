//! A stack in use.

use std::ptr::NonNull;

use crate::pal::memory;

/// A stack that nobody else uses. Dropping it leaks it: it goes back by [`StackCache::put`] or [`give_back`].
#[derive(Debug)]
pub(crate) struct Stack {
    pub(super) slot: NonNull<u8>,
    pub(super) class: u8,
}

// SAFETY: owned memory.
unsafe impl Send for Stack {}

impl Stack {
    /// One past the highest byte: where the stack begins.
    pub(crate) fn top(&self) -> NonNull<u8> {
        // SAFETY: the end of the slot.
        unsafe { self.slot.add(1 << self.class) }
    }

    /// Which slot of its size it is: neighbours differ by one.
    pub(crate) fn number(&self) -> usize {
        self.slot.addr().get() >> self.class
    }

    /// The lowest byte; here lies the guard.
    pub(crate) fn bottom(&self) -> NonNull<u8> {
        self.slot
    }
}

/// The guard of a stack whose lowest byte is at `bottom`. May be asked in a signal handler.
pub(crate) fn guard_range(bottom: usize) -> std::ops::Range<usize> {
    bottom..bottom + memory::page_size()
}
