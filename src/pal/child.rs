//! Children, beyond what std does with them.

use std::io;

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
