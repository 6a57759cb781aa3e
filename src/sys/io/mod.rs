//! The mechanisms of `io`, `process` and `fs`: what reads and writes anything but sockets.
//!
//! | module | what it is |
//! |---|---|
//! | `stream` | one read or write that does not block, of a descriptor of any kind |
//! | `pipe` | the ends of pipes |

mod pipe;
pub(in crate::sys) mod stream;

pub(crate) use pipe::read_both_to_end;
