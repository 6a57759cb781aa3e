//! What `sync` is built on.

pub(crate) mod channel;
