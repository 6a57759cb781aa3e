//! What a coroutine can do beyond a thread. (Not in std.)
//!
//! Everything here works from a coroutine and from a plain OS thread alike, as the rest of costd does.
//!
//! To leave the coroutines, and come back:
//!
//! * [`is_coroutine`] tells whether the caller is one.
//! * [`blocking`] runs a closure that blocks in foreign code where it stops nobody but the caller.
//! * [`os_thread`] starts real OS threads, for what is bound to one, with handles that a coroutine can join.
//!
//! To meet code that says "would block":
//!
//! * [`wait_readable`] and [`wait_writable`] wait until any descriptor is ready.
//! * [`Readiness`] makes what is on a descriptor in non-blocking mode block.
//!
//! To meet async code:
//!
//! * [`block_on`] waits for a future.
//! * [`join_async`] makes a future of a coroutine's end.
//!
//! To end before one's time:
//!
//! * [`cancel`] has a coroutine unwind from what it waits for, [`shield`] keeps it from that for a while.
//! * [`timeout`] runs a closure for so long at most.
//!
//! To wait for one another:
//!
//! * [`Semaphore`] lets so many do something at a time.
//! * [`Event`] is a flag that many can wait for.
//! * [`WaitGroup`] waits for the end of many.
//! * [`spsc`] is a faster channel, for one sender and one receiver.
//!
//! To do or await several things:
//!
//! * [`select!`](macro@select) and [`Select`] wait for what comes first of messages, connections, timers, locks and more;
//!   [`race!`](macro@race) and [`race()`] have expressions compete.
//! * [`join!`](macro@join) runs expressions side by side.
//!
//! To know what one works for:
//!
//! * [`InheritableLocal`] is a thread-local that a thread hands on to those it spawns.
//!
//! ```
//! use costd::coroutine::{self, Semaphore, WaitGroup};
//! use costd::thread;
//!
//! // So many may ask the one that answers slowly, at a time.
//! static SLOTS: Semaphore = Semaphore::new(4);
//!
//! /// It blocks the OS thread that calls it, and nobody can teach it otherwise.
//! fn ask_foreign_code(n: u32) -> u32 {
//!     n * n
//! }
//!
//! let group = WaitGroup::new();
//! for n in 0..20 {
//!     let member = group.clone();
//!     thread::spawn(move || {
//!         assert!(coroutine::is_coroutine());
//!         let slot = SLOTS.acquire();
//!         assert_eq!(coroutine::blocking(|| ask_foreign_code(n)), n * n);
//!         drop((slot, member));
//!     });
//! }
//! group.wait();
//! assert_eq!(SLOTS.available_permits(), 4);
//! ```

mod blocking;
mod cancel;
mod current;
#[cfg(feature = "macros")]
#[doc(hidden)]
pub mod entry;
mod event;
mod future;
mod inherit;
mod joined;
mod notice;
pub mod os_thread;
mod readiness;
pub mod select;
mod semaphore;
pub mod spsc;
mod timeout;
mod wait_group;

pub use blocking::blocking;
pub use cancel::{Cancelled, JoinHandleExt, cancel, is_cancelled, shield};
pub use current::is_coroutine;
pub use event::Event;
pub use future::block_on;
pub use inherit::InheritableLocal;
pub use joined::{Joined, join_async};
pub use readiness::{Readiness, SharedReadiness, wait_readable, wait_writable};
pub use select::{Select, race};
pub use semaphore::{Semaphore, SemaphoreGuard};
pub use timeout::{TimedOut, timeout};
pub use wait_group::WaitGroup;

#[doc(inline)]
pub use crate::{__costd_join as join, __costd_race as race, __costd_select as select};
