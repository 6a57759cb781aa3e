//! std's blocking half, run on coroutines.

#[doc(hidden)]
pub use ::std as __std;
pub use ::std::*;

pub mod net;
pub mod panic;
pub mod prelude;
pub mod sync;
pub mod thread;

mod pal;
#[allow(dead_code)]
mod park;
#[allow(dead_code)]
mod sched;
mod sys;
