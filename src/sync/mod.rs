//! As `std::sync`, with coroutines for threads.

pub use ::std::sync::*;

pub mod mpsc;
