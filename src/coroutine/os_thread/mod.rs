//! Real OS threads, for what has to be on one: as the real [`std::thread`].
//!
//! A coroutine has no thread of the kernel's to itself. Some things want one: a library that is bound to the thread that it
//! was set up on, a signal mask, a priority, a name space, a call that blocks for as long as the program runs. (For a call
//! that comes back see [`blocking`](super::blocking).)
//!
//! [`spawn`], [`Builder`] and [`scope`] are std's but for the handles: a coroutine that joins one of these is parked, where
//! std's would stop its worker; so is one at the end of [`scope`]. On such a thread all of costd works as on any other that is
//! no coroutine, [`thread::current`](crate::thread::current), [`park`](crate::thread::park) and
//! [`thread_local!`](crate::thread_local) included. Coroutines that it spawns run where all coroutines do.
//!
//! ```
//! use costd::coroutine::{self, os_thread};
//! use costd::sync::mpsc::channel;
//! use costd::thread;
//!
//! let (to_thread, requests) = channel();
//! let (to_others, answers) = channel();
//! // It may use a library that knows no other thread.
//! let worker = os_thread::spawn(move || {
//!     assert!(!coroutine::is_coroutine());
//!     for request in requests {
//!         to_others.send(request + 1).unwrap();
//!     }
//! });
//! let asking = thread::spawn(move || {
//!     to_thread.send(41).unwrap();
//!     let answer = answers.recv().unwrap();
//!     drop(to_thread);
//!     worker.join().unwrap();
//!     answer
//! });
//! assert_eq!(asking.join().unwrap(), 42);
//! ```

mod builder;
mod join_handle;
mod scoped;

pub use builder::{Builder, spawn};
pub use join_handle::JoinHandle;
pub use scoped::{Scope, ScopedJoinHandle, scope};
