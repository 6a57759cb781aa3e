//! The mechanisms of `io`, `process` and `fs`: what reads and writes anything but sockets.
//!
//! | module | what it is |
//! |---|---|
//! | `stream` | one read or write that does not block, of a descriptor of any kind |
//! | `pipe` | the ends of pipes |
//! | `standard` | the three standard streams |

mod pipe;
mod standard;
pub(in crate::sys) mod stream;

pub(super) use pipe::{read_both_to_end, read_to_end};
pub(crate) use standard::{Standard, flush_real_stdout};
