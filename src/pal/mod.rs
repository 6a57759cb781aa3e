//! The platform: every call to the operating system that is not made by std, mio or socket2.
//!
//! A port defines these items, and nothing outside `pal` asks which platform it is:
//!
//! | item | what it does |
//! |---|---|
//! | `OsParker` | stops and wakes one OS thread over a word of memory |
//! | `memory::{page_size, reserve, release, discard}` | address space for stacks |
//! | `guard::{install, takes_mapping}` | makes a range of it fault on every touch; whether that takes a mapping |
//! | `socket` | calls on sockets that do not block whatever the descriptor's mode is |
//! | `thread_exit::leave` | has something done at the very end of an OS thread |
//! | `wait::readable` | waits for one descriptor, with as fine a timeout as there is |
//!
//! `memory`, `socket`, `thread_exit` and `portable` are what any Unix has, `linux` what only Linux has. With
//! `--cfg costd_portable` Linux uses
//! `portable` in `linux`'s stead, which is how code for other kernels is run on a Linux machine.

#[cfg(unix)]
pub(crate) mod memory;
#[cfg(unix)]
pub(crate) mod socket;
#[cfg(unix)]
pub(crate) mod thread_exit;

cfg_if::cfg_if! {
    if #[cfg(all(target_os = "linux", not(costd_portable)))] {
        mod linux;
        pub(crate) use linux::{futex::OsParker, guard, wait};
    } else if #[cfg(unix)] {
        mod portable;
        pub(crate) use portable::{guard, os_parker::OsParker, wait};
    } else {
        compile_error!("costd has no platform layer for this target yet: src/pal/mod.rs lists what it needs");
    }
}
