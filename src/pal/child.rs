//! Children, beyond what std does with them.

use std::io;
#[cfg(target_os = "linux")]
use std::os::fd::{AsRawFd, BorrowedFd};
#[cfg(target_os = "linux")]
use std::os::unix::process::ExitStatusExt;
#[cfg(target_os = "linux")]
use std::process::ExitStatus;

fn number(pid: u32) -> io::Result<libc::pid_t> {
    libc::pid_t::try_from(pid).map_err(|_| io::Error::from_raw_os_error(libc::ESRCH))
}

/// Is the process `pid` a child that nobody has waited for yet? It may have ended.
pub(crate) fn is_to_be_waited_for(pid: u32) -> bool {
    // SAFETY: all zero is a piece of information without anything in it.
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    let options = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
    // SAFETY: writes what it finds to `info`, alive for the whole call.
    unsafe { libc::waitid(libc::P_PID, pid as libc::id_t, &mut info, options) == 0 }
}

/// Waits until the process `pid`, a child that nobody has waited for yet, has ended, and leaves its status where it is. Returns
/// early if somebody else takes that.
pub(crate) fn await_end(pid: u32) {
    loop {
        // SAFETY: all zero is a piece of information without anything in it.
        let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
        // SAFETY: writes what it finds to `info`, alive for the whole call.
        let result = unsafe { libc::waitid(libc::P_PID, pid as libc::id_t, &mut info, libc::WEXITED | libc::WNOWAIT) };
        if result == 0 || io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
            return;
        }
    }
}

/// `kill`. `pid` must be a child that nobody has waited for yet, so that the number is still its own.
pub(crate) fn send_signal(pid: u32, signal: i32) -> io::Result<()> {
    // SAFETY: takes and returns numbers.
    match unsafe { libc::kill(number(pid)?, signal) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// `setsid`. May be called between fork and exec.
pub(crate) fn lead_session() -> io::Result<()> {
    // SAFETY: takes nothing and returns a number.
    match unsafe { libc::setsid() } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Waits for the child that a descriptor refers to (5.4), unless `at_once` is asked for and it still runs.
#[cfg(target_os = "linux")]
pub(crate) fn wait_for(fd: BorrowedFd<'_>, at_once: bool) -> io::Result<Option<ExitStatus>> {
    let options = libc::WEXITED | if at_once { libc::WNOHANG } else { 0 };
    loop {
        // SAFETY: all zero is a piece of information without anything in it, and stays so where there is nothing to tell.
        let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
        // SAFETY: writes what it finds to `info`, alive for the whole call.
        if unsafe { libc::waitid(libc::P_PIDFD, fd.as_raw_fd() as libc::id_t, &mut info, options) } == 0 {
            // SAFETY: the call fills in what belongs to a child.
            let (pid, status) = unsafe { (info.si_pid(), info.si_status()) };
            // In the form that `waitpid` has for it.
            let raw = match info.si_code {
                libc::CLD_EXITED => status << 8,
                libc::CLD_DUMPED => status | 0x80,
                _ => status,
            };
            return Ok((pid != 0).then(|| ExitStatus::from_raw(raw)));
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

/// Sends `SIGKILL` to the process that a descriptor refers to (5.1).
#[cfg(target_os = "linux")]
pub(crate) fn kill(fd: BorrowedFd<'_>) -> io::Result<()> {
    const NONE: *const libc::siginfo_t = std::ptr::null();
    // SAFETY: takes numbers, and no information of the caller's own.
    match unsafe { libc::syscall(libc::SYS_pidfd_send_signal, fd.as_raw_fd(), libc::SIGKILL, NONE, 0) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}
