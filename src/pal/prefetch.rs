/// Has the cache line of an address fetched, if that is memory; else nothing happens.
#[inline(always)]
pub(crate) fn prefetch(address: usize) {
    cfg_if::cfg_if! {
        if #[cfg(target_arch = "x86_64")] {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            // SAFETY: a hint, which never faults.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::without_provenance(address)) };
        } else if #[cfg(target_arch = "aarch64")] {
            // SAFETY: as above.
            unsafe { std::arch::asm!("prfm pldl1keep, [{}]", in(reg) address, options(nostack, readonly, preserves_flags)) };
        } else {
            let _ = address;
        }
    }
}
