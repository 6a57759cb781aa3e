//! Which CPUs an OS thread may run on.

use std::io;
use std::mem;

/// The CPUs that this OS thread may run on; none if the system does not say.
pub(crate) fn allowed() -> Vec<usize> {
    // SAFETY: a set of bits, which may all be 0.
    let mut set: libc::cpu_set_t = unsafe { mem::zeroed() };
    // SAFETY: so many bytes may be written there.
    if unsafe { libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &mut set) } != 0 {
        return Vec::new();
    }
    // SAFETY: within the set.
    (0..libc::CPU_SETSIZE as usize).filter(|&cpu| unsafe { libc::CPU_ISSET(cpu, &set) }).collect()
}

/// From now on this OS thread, and those that it starts, run on `cpus` only.
pub(crate) fn restrict(cpus: &[usize]) -> io::Result<()> {
    // SAFETY: as above.
    let mut set: libc::cpu_set_t = unsafe { mem::zeroed() };
    for &cpu in cpus.iter().filter(|&&cpu| cpu < libc::CPU_SETSIZE as usize) {
        // SAFETY: within the set.
        unsafe { libc::CPU_SET(cpu, &mut set) };
    }
    // SAFETY: so many bytes may be read there.
    if unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &set) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
