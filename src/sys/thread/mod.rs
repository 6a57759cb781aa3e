//! What `thread` is built on besides spawning.

pub(crate) mod token;
