//! A moment of a worker's clock in five bytes, to 65 µs, for two years from the clock's beginning: what fits between other small
//! things in a task's header, where a switch has to go anyway.

use std::cell::Cell;

/// See the module's text.
#[repr(C, packed)]
pub(crate) struct Stamp {
    high: Cell<u8>,
    low: Cell<u32>,
}

/// What is left out of a time in nanoseconds.
const FINER: u32 = 16;

impl Stamp {
    pub(crate) const fn new() -> Stamp {
        Stamp { high: Cell::new(0), low: Cell::new(0) }
    }

    #[inline]
    pub(crate) fn set(&self, time: u64) {
        self.high.set((time >> (FINER + u32::BITS)) as u8);
        let low = (&raw const self.low).cast::<u32>().cast_mut();
        // SAFETY: in bounds, inside a cell, and not aligned.
        unsafe { low.write_unaligned((time >> FINER) as u32) };
    }

    /// No later than what was [`set`](Self::set).
    pub(crate) fn get(&self) -> u64 {
        // SAFETY: as in `set`.
        let low = unsafe { (&raw const self.low).cast::<u32>().read_unaligned() };
        (u64::from(self.high.get()) << u32::BITS | u64::from(low)) << FINER
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn to_65_microseconds() {
        let stamp = Stamp::new();
        assert_eq!(stamp.get(), 0);
        for time in [1, 65_535, 65_536, 1_000_000_000, 400 * 86_400 * 1_000_000_000, (1 << 56) - 1] {
            stamp.set(time);
            assert!(stamp.get() <= time && time - stamp.get() < 1 << 16, "{time} {}", stamp.get());
        }
    }
}
