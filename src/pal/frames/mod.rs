//! The frames of a stack that is stopped: the return addresses on it, innermost first.
//!
//! Two steps, for one who looks at many stacks which are as small as can be: `note` runs on the stack that is to be looked
//! at, and `collect` afterwards, on the stack of whoever wants to know, while the other one is stopped.
//!
//! `x86_64` only notes the registers in the first step, and does all the work in the second one, so that a stack of one
//! page stays one of one page. `in_place` is what there is for all other processors: it does the work in the first step.

use std::ops::RangeInclusive;

cfg_if::cfg_if! {
    if #[cfg(all(target_arch = "x86_64", not(costd_portable)))] {
        mod x86_64;
        use x86_64 as arch;
    } else {
        mod in_place;
        use in_place as arch;
    }
}

mod unwinder;

/// Addresses of a stack, both included.
struct Range {
    low: usize,
    high: usize,
}

/// So many frames are collected at the most.
pub(crate) const MOST: usize = 256;

/// Not an address of code: the frames beyond were not collected.
pub(crate) const CUT: usize = 0;

/// [`Frames::note`] needs so much of the stack that it runs on.
pub(crate) const ROOM: usize = arch::ROOM;

/// See the module's text.
#[repr(C)]
pub(crate) struct Frames {
    noted: arch::Noted,
    /// Where the frames lie that are wanted: from the low end of their stack to an address in the outermost one.
    range: Range,
    addresses: [usize; MOST],
    len: usize,
}

impl Frames {
    pub(crate) const fn new() -> Frames {
        Frames { noted: arch::Noted::new(), range: Range { low: 0, high: 0 }, addresses: [0; MOST], len: 0 }
    }

    /// The return addresses. If there are more than could be collected, [`CUT`] stands in the place of the last one.
    pub(crate) fn addresses(&self) -> &[usize] {
        &self.addresses[..self.len]
    }

    /// The first step, for the frames whose stack pointers lie in `range`: from the low end of this stack to an address in the
    /// outermost frame that is wanted. The caller's frame must stay as it is, but for a switch to another stack, until the second
    /// step is done; and it must have [`ROOM`] below it.
    #[inline(always)]
    pub(crate) fn note(&mut self, range: RangeInclusive<usize>) {
        self.len = 0;
        self.range = Range { low: *range.start(), high: *range.end() };
        // SAFETY: it writes there, and only there.
        unsafe { arch::note(self) };
    }

    /// There is nothing to collect.
    pub(crate) fn clear(&mut self) {
        self.len = 0;
        self.range = Range { low: 0, high: 0 };
    }

    /// The second step: collects the frames.
    ///
    /// # Safety
    /// The stack on which [`note`](Self::note) was called is stopped in the very function that has called it.
    pub(crate) unsafe fn collect(&mut self) {
        if self.range.high != 0 {
            // SAFETY: the caller's promise.
            unsafe { arch::collect(self) };
        }
    }

    /// Takes the next frame. `false`: that is enough.
    fn take(&mut self, stack_pointer: usize, address: usize) -> bool {
        if stack_pointer < self.range.low || stack_pointer > self.range.high {
            // Those of this very code come first, and lie elsewhere.
            return self.len == 0;
        }
        if self.len == MOST {
            self.addresses[MOST - 1] = CUT;
            return false;
        }
        self.addresses[self.len] = address;
        self.len += 1;
        true
    }
}
