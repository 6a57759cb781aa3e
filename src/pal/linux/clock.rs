//! The clock that only goes forward, in nanoseconds since some moment.

/// As exact as there is.
pub(crate) fn precise() -> u64 {
    read(libc::CLOCK_MONOTONIC)
}

/// A few milliseconds late at the most, for a quarter of the price.
#[inline]
pub(crate) fn coarse() -> u64 {
    read(libc::CLOCK_MONOTONIC_COARSE)
}

#[inline]
fn read(clock: libc::clockid_t) -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the time is written there. These clocks are always to be had.
    unsafe { libc::clock_gettime(clock, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
