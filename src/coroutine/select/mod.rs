//! Waiting for several things at once, of which exactly one takes effect.
//!
//! Three ways to do so, for what the functions of this module make (*arms*):
//!
//! * the macro [`select!`](crate::coroutine::select!), for a fixed number of arms,
//! * [`Select`], for any number, that come and go,
//! * [`race!`](crate::coroutine::race!) and [`race`], where only the first value counts.
//!
//! # What loses has taken nothing
//!
//! An arm that loses has not taken effect: it has received no message, accepted no connection, holds no lock. Nothing is taken
//! and put back either (but for a lock or a permit that was *given* to the arm at the very moment when another won, which it
//! gives on at once). In a channel without room, where a send and a receive meet, either both take effect or neither, also when
//! both are arms.
//!
//! A place in a queue, of a lock or a semaphore say, is a select's only for as long as it waits: the next one stands at the end
//! again.
//!
//! If several arms are ready, each has the same chance. A cancellation, or the end of a [`timeout`](super::timeout), comes while
//! no arm has taken effect, or after the select.
//!
//! # Expressions
//!
//! [`child`], and so an expression in [`select!`](crate::coroutine::select!) that is none of the functions here, is something else:
//! it runs in a coroutine of its own, beside the caller, which waits for it. It starts once no other arm is ready at once. If it
//! loses, it is [cancelled](super::cancel): it unwinds from the blocking call that it is in, or from its next one. The select
//! returns when it has ended. So it may borrow from the caller; what it has done until then *is done*; and if it computes for
//! long without a blocking call, or [shields](super::shield) itself, the caller waits for that. What it returns although it has
//! lost is dropped. If it panics, so does the select.
//!
//! So `select! { n = recv(&rx) => … }` loses no message, and `select! { n = rx.recv() => … }` may: that is an expression, which may
//! have received one at the moment when another arm wins.
//!
//! # Many sources in a loop
//!
//! ```
//! use costd::coroutine::{Event, select};
//! use costd::sync::mpsc;
//! use costd::thread;
//! use costd::time::{Duration, Instant};
//!
//! static STOP: Event = Event::new();
//!
//! let (jobs, next_job) = mpsc::channel::<u32>();
//! let (results, next_result) = mpsc::sync_channel::<u32>(0);
//! let worker = thread::spawn(move || {
//!     let (mut done, mut result) = (0, None);
//!     let mut tick = Instant::now() + Duration::from_millis(1);
//!     loop {
//!         select! {
//!             // One job at a time.
//!             job = recv(&next_job), if result.is_none() => result = job.ok().map(|n| n * n),
//!             sent = send_from(&results, &mut result) => { sent.unwrap(); done += 1 }
//!             () = at(tick) => tick += Duration::from_millis(1),
//!             () = set(&STOP) => break done,
//!         }
//!     }
//! });
//! for n in 0..3 {
//!     jobs.send(n).unwrap();
//!     assert_eq!(next_result.recv(), Ok(n * n));
//! }
//! STOP.set();
//! assert_eq!(worker.join().unwrap(), 3);
//! ```

mod arm;
mod channel;
mod io;
mod lock;
mod macros;
mod race;
mod set;
mod thread;

pub use arm::Arm;
pub use channel::{Receiver, Sender, recv, send, send_from};
pub use io::{Datagrams, Listener, Readable, Writable, accept, exited, readable, recv_from, writable};
pub use lock::{acquire, acquire_many, done, lock, read, set, write};
pub use race::race;
pub use set::{ArmId, Select};
pub use thread::{Handle, after, at, child, finished};

/// What the macros call.
#[doc(hidden)]
pub mod __macros {
    pub use super::arm::{AnySlot, Slot};
    pub use super::macros::{Chosen, attempt, one_has_won, value_of, wait};
}
