//! std's blocking half, run on coroutines.
//!
//! costd has std's module tree, std's names, std's signatures and std's behaviour; its threads are coroutines on a few OS
//! threads. A crate says in its `Cargo.toml`
//!
//! ```toml
//! [dependencies]
//! std = { package = "costd", version = "0.1" }
//! ```
//!
//! and every `std::` path in it, its prelude and its macros are costd's. Or it says `costd::` where it said `std::`.
//!
//! What is declared in this crate shadows std's item of the same name; all else is std's own, re-exported: `Arc`, atomics,
//! `Duration`, `io::Error`, `SocketAddr`, collections, … The runtime starts with the first spawn. Everything that blocks
//! works from a coroutine and from any other thread, on the same locks, channels and sockets.
//!
//! ```
//! use costd::io::{Read, Write};
//! use costd::net::{TcpListener, TcpStream};
//! use costd::thread;
//!
//! let listener = TcpListener::bind("127.0.0.1:0")?;
//! let address = listener.local_addr()?;
//! thread::spawn(move || {
//!     for stream in listener.incoming().flatten() {
//!         // A thread for each connection: a coroutine, which costs a page.
//!         thread::spawn(move || (&stream).write_all(b"hello"));
//!     }
//! });
//! let mut text = String::new();
//! TcpStream::connect(address)?.read_to_string(&mut text)?;
//! assert_eq!(text, "hello");
//! # Ok::<(), costd::io::Error>(())
//! ```
//!
//! What std does not have is in [`coroutine`] and [`runtime`]. With the feature `macros` there are two attributes as well, `#[costd::main]` and
//! `#[costd::test]`, which run a program's `main`, or a test, in a coroutine.
//!
//! | variable | meaning |
//! |---|---|
//! | `COSTD_WORKERS` | how many OS threads run coroutines; else as many as the process may use CPUs |
//! | `RUST_MIN_STACK` | the size of a stack in bytes where a spawn does not say it, as with std; else 2 MiB |
//! | `COSTD_GUARDS` | `mprotect`: the guard of each stack is a mapping of its own, also where the kernel has cheaper ones; a process has some 65,000 mappings |
//!
//! [`runtime`] has the others.

#[doc(hidden)]
pub use ::std as __std;
pub use ::std::*;

#[cfg(feature = "macros")]
#[doc(hidden)]
pub use coroutine::entry as __entry;
#[cfg(feature = "macros")]
pub use costd_macros::{main, test};

pub mod coroutine;
pub mod fs;
pub mod io;
pub mod net;
pub mod os;
pub mod panic;
pub mod prelude;
pub mod process;
pub mod runtime;
pub mod sync;
pub mod thread;

mod pal;
mod park;
mod sched;
mod sys;
