//! The CPU time of an OS thread, read by another.

use std::mem::MaybeUninit;
use std::time::Duration;

/// The clock of the OS thread that has made it, which must not end.
pub(crate) struct ThreadClock(Option<libc::clockid_t>);

impl ThreadClock {
    pub(crate) fn of_this_thread() -> ThreadClock {
        let mut clock = 0;
        // SAFETY: this thread's own handle; `clock` is written.
        let error = unsafe { libc::pthread_getcpuclockid(libc::pthread_self(), &mut clock) };
        ThreadClock((error == 0).then_some(clock))
    }

    /// `None`: it is not to be had.
    pub(crate) fn read(&self) -> Option<Duration> {
        let mut time = MaybeUninit::<libc::timespec>::uninit();
        // SAFETY: the time is written, if the call succeeds.
        let time = unsafe {
            if libc::clock_gettime(self.0?, time.as_mut_ptr()) != 0 {
                return None;
            }
            time.assume_init()
        };
        Some(Duration::new(u64::try_from(time.tv_sec).ok()?, u32::try_from(time.tv_nsec).ok()?))
    }
}
