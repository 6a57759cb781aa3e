//! The platform: every call to the operating system that is not made by std, mio or socket2.
//!
//! A port defines these items, and nothing outside `pal` asks which platform it is:
//!
//! | item | what it does |
//! |---|---|
//! | `OsParker` | stops and wakes one OS thread over a word of memory |
//! | `memory::{page_size, reserve, release, discard, NO_THREAD}` | address space for stacks |
//! | `fences::{prepare, light, heavy}` | a pair of fences, of which one is cheap where that can be had |
//! | `frames::Frames` | the return addresses on a stack that is stopped |
//! | `guard::{install, takes_mapping}` | makes a range of it fault on every touch; whether that takes a mapping |
//! | `socket` | calls on sockets that do not block whatever the descriptor's mode is |
//! | `credentials::of_peer` | who is at the other end of a Unix socket |
//! | `ancillary` | what goes beside the bytes on a Unix socket: only where std has it |
//! | `bare_thread::spawn` | starts an OS thread behind std's back |
//! | `clock::{precise, coarse}` | a clock that only goes forward |
//! | `affinity::{allowed, restrict}` | which CPUs an OS thread may run on |
//! | `signal::{Signal, catch}` | a signal that wakes an OS thread |
//! | `os_threads::count` | how many OS threads the process has |
//! | `thread_clock::ThreadClock` | the CPU time of another OS thread, and whether it waits |
//! | `thread_exit::leave` | has something done at the very end of an OS thread |
//! | `exit::at_exit` | has something done at the end of the process |
//! | `fault::{install, ensure_signal_stack}` | has a function look at every bad access |
//! | `stderr::write` | writes to the standard error, also from a signal handler |
//! | `wait::{readable, writable}` | waits for one descriptor, with as fine a timeout as there is |
//! | `nowait::{read, read_at, write}` | reads and writes that do not block, on descriptors that have such calls |
//! | `child` | what std does not tell of a child, or does to it |
//! | `file_status::{look_up, status, is_in_memory, file_system}` | finds a file, and its kind, without asking anybody, as far as that goes |
//! | `prefetch` | has a cache line fetched: an architecture's, not a port's |
//! | `fiber` | tells ThreadSanitizer of switches: not a port's, but a build's |
//! | `process::open` | a descriptor that becomes readable when a process ends, where there is such a thing |
//!
//! `linux` is what only Linux has, the rest what any Unix has. With `--cfg costd_portable` Linux uses
//! `portable` in `linux`'s stead, which is how code for other kernels is run on a Linux machine.

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) mod ancillary;
#[cfg(unix)]
pub(crate) mod bare_thread;
#[cfg(unix)]
pub(crate) mod child;
#[cfg(unix)]
pub(crate) mod credentials;
#[cfg(unix)]
pub(crate) mod exit;
#[cfg(unix)]
pub(crate) mod fault;
#[cfg(unix)]
pub(crate) mod file;
#[cfg(unix)]
pub(crate) mod frames;
#[cfg(unix)]
pub(crate) mod memory;
pub(crate) mod prefetch;
#[cfg(unix)]
pub(crate) mod signal;
#[cfg(unix)]
pub(crate) mod socket;
#[cfg(unix)]
pub(crate) mod stderr;
#[cfg(unix)]
pub(crate) mod thread_exit;

#[cfg_attr(costd_tsan, path = "thread_sanitizer.rs")]
#[cfg_attr(not(costd_tsan), path = "no_sanitizer.rs")]
pub(crate) mod fiber;

#[cfg(all(costd_tsan, not(feature = "sanitizer")))]
compile_error!("costd_tsan needs the feature sanitizer, by which corosensei tells of its switches");

cfg_if::cfg_if! {
    if #[cfg(all(target_os = "linux", not(costd_portable)))] {
        mod linux;
        pub(crate) use linux::{affinity, clock, fences, file_status, futex::OsParker, guard, nowait, os_threads, process, thread_clock, wait};
    } else if #[cfg(unix)] {
        mod portable;
        pub(crate) use portable::{affinity, clock, fences, file_status, guard, nowait, os_parker::OsParker, os_threads, process, thread_clock, wait};
    } else {
        compile_error!("costd has no platform layer for this target yet: src/pal/mod.rs lists what it needs");
    }
}
