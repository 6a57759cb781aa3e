//! As `std::thread`, with coroutines for threads.
//!
//! [`spawn`], [`Builder`] and [`scope`] start coroutines; [`current`], [`park`], [`sleep`], [`yield_now`] and
//! [`panicking`] mean the coroutine that calls them, or the OS thread where there is none (`main`, a thread that another
//! crate has started). Everything else is std's own.
//!
//! ```
//! use costd::thread;
//!
//! let threads: Vec<_> = (0..10_000).map(|n| thread::spawn(move || n * 2)).collect();
//! let sum: u64 = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
//! assert_eq!(sum, 99_990_000);
//! ```

pub use ::std::thread::*;

mod builder;
mod functions;
mod id;
mod join_handle;
mod local;
#[doc(hidden)]
pub mod local_impl;
mod scoped;
#[expect(clippy::module_inception, reason = "named for the type in it")]
mod thread;

pub use builder::Builder;
pub use functions::{available_parallelism, panicking, park, park_timeout, sleep, sleep_until, spawn, yield_now};
#[expect(deprecated, reason = "std has them")]
pub use functions::{park_timeout_ms, sleep_ms};
pub use id::ThreadId;
pub use join_handle::JoinHandle;
pub use local::LocalKey;
pub use scoped::{Scope, ScopedJoinHandle, scope};
pub use thread::{Thread, current};
