//! What the system allows this process, and what it says of another.

use std::{fs, io, thread};

/// Descriptors that a process needs besides those of its connections.
const SPARE: u64 = 64;

/// Raises the soft limit of open descriptors to the hard one; children inherit it. Returns how many of the wanted
/// connections it leaves room for, and says so if these are not all.
pub fn raise_descriptors(wanted: usize) -> usize {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: both calls only read or write the struct that the reference points to.
    let raised = unsafe {
        libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) == 0 && {
            limit.rlim_cur = limit.rlim_max;
            libc::setrlimit(libc::RLIMIT_NOFILE, &limit) == 0
        }
    };
    if !raised {
        eprintln!("The limit of open descriptors cannot be raised: {}", io::Error::last_os_error());
        // SAFETY: as above.
        unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) };
    }
    let room = limit.rlim_cur.saturating_sub(SPARE);
    if room >= wanted as u64 {
        return wanted;
    }
    eprintln!("The system allows {} open descriptors, so {room} connections instead of {wanted}.", limit.rlim_cur);
    room as usize
}

/// Says so if other programs want the CPUs too: the world with more OS threads then gets a larger part of them.
pub fn warn_if_busy() {
    let load = fs::read_to_string("/proc/loadavg").ok();
    let load: Option<f64> = load.and_then(|text| text.split_whitespace().next()?.parse().ok());
    let cpus = thread::available_parallelism().map_or(1, usize::from);
    if let Some(load) = load
        && load > cpus as f64 / 2.0
    {
        eprintln!("The machine is busy (load {load} on {cpus} CPUs): these figures compare little.");
    }
}

/// What `/proc` says of a process.
#[derive(Clone, Copy, Default)]
pub struct Status {
    /// Memory in use and the page tables for it, in bytes. Kernel stacks are not in it.
    pub memory: u64,
    pub threads: u64,
}

impl Status {
    pub fn of(process: u32) -> io::Result<Status> {
        let text = fs::read_to_string(format!("/proc/{process}/status"))?;
        let number = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0)
        };
        Ok(Status { memory: (number("VmRSS") + number("VmPTE")) * 1024, threads: number("Threads") })
    }
}
