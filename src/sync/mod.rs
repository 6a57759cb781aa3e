//! As `std::sync`, with coroutines for threads.

pub use ::std::sync::*;

pub mod mpmc;
pub mod mpsc;
pub mod oneshot;
