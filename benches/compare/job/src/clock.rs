use std::mem;
use std::time::Duration;

/// The CPU time that a process has used.
pub fn cpu_time(pid: u32) -> Duration {
    let mut clock = 0;
    // SAFETY: the place for the answer is this function's.
    let result = unsafe { libc::clock_getcpuclockid(pid.cast_signed(), &raw mut clock) };
    assert_eq!(result, 0, "no such process: {pid}");
    // SAFETY: a struct of integers.
    let mut time: libc::timespec = unsafe { mem::zeroed() };
    // SAFETY: as above.
    let result = unsafe { libc::clock_gettime(clock, &raw mut time) };
    assert_eq!(result, 0, "the CPU time of process {pid}");
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
