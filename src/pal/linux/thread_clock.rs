//! What an OS thread does, seen by another: the CPU time that it has used, and whether it waits.

use std::mem::MaybeUninit;
use std::time::Duration;

/// Of the OS thread that has made it, which must not end.
pub(crate) struct ThreadClock {
    clock: Option<libc::clockid_t>,
    /// The kernel's number of it.
    thread: libc::pid_t,
}

impl ThreadClock {
    pub(crate) fn of_this_thread() -> ThreadClock {
        let mut clock = 0;
        // SAFETY: this thread's own handle; `clock` is written.
        let error = unsafe { libc::pthread_getcpuclockid(libc::pthread_self(), &mut clock) };
        // SAFETY: asks for a number.
        ThreadClock { clock: (error == 0).then_some(clock), thread: unsafe { libc::gettid() } }
    }

    /// `None`: it is not to be had.
    pub(crate) fn read(&self) -> Option<Duration> {
        let mut time = MaybeUninit::<libc::timespec>::uninit();
        // SAFETY: the time is written, if the call succeeds.
        let time = unsafe {
            if libc::clock_gettime(self.clock?, time.as_mut_ptr()) != 0 {
                return None;
            }
            time.assume_init()
        };
        Some(Duration::new(u64::try_from(time.tv_sec).ok()?, u32::try_from(time.tv_nsec).ok()?))
    }

    /// Does it wait in a system call, and not run or want to? `None`: that is not to be had.
    pub(crate) fn is_waiting(&self) -> Option<bool> {
        let status = std::fs::read_to_string(format!("/proc/self/task/{}/stat", self.thread)).ok()?;
        // The name, which comes before, ends with the last parenthesis.
        let (_, rest) = status.rsplit_once(") ")?;
        Some(!rest.starts_with('R'))
    }
}
