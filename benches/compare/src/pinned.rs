//! Processes on some of the CPUs.

use std::io;
use std::mem;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// The CPUs that are used: two of those that this process may use, or the one.
pub fn cpus() -> Vec<usize> {
    // SAFETY: a set of bits, for which 0 is the empty one.
    let mut set: libc::cpu_set_t = unsafe { mem::zeroed() };
    // SAFETY: of the size that is said.
    let result = unsafe { libc::sched_getaffinity(0, mem::size_of_val(&set), &raw mut set) };
    assert_eq!(result, 0, "the CPUs of this process: {}", io::Error::last_os_error());
    // SAFETY: below the size of the set.
    let allowed = (0..libc::CPU_SETSIZE as usize).filter(|&cpu| unsafe { libc::CPU_ISSET(cpu, &set) });
    allowed.take(2).collect()
}

/// Lets the process run on these only.
pub fn pin(command: &mut Command, cpus: &[usize]) {
    // SAFETY: a set of bits, for which 0 is the empty one.
    let mut set: libc::cpu_set_t = unsafe { mem::zeroed() };
    for &cpu in cpus {
        // SAFETY: a CPU that is in such a set already.
        unsafe { libc::CPU_SET(cpu, &mut set) };
    }
    let pin = move || {
        // SAFETY: of the size that is said.
        match unsafe { libc::sched_setaffinity(0, mem::size_of_val(&set), &raw const set) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    };
    // SAFETY: it makes one system call, and no error of it allocates.
    unsafe { command.pre_exec(pin) };
}

/// As many open files as this process may have, and those that it starts.
pub fn allow_many_descriptors() {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the place is this function's.
    if unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) } == 0 {
        limit.rlim_cur = limit.rlim_max;
        // SAFETY: as above. If it fails, the case with 9,000 connections says so.
        unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) };
    }
}
