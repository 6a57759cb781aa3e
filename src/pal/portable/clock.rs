//! The clock that only goes forward, in nanoseconds since some moment.

/// As exact as there is.
pub(crate) fn precise() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the time is written there. This clock is always to be had.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Perhaps a little late, and cheaper. Here the same.
#[inline]
pub(crate) fn coarse() -> u64 {
    precise()
}
