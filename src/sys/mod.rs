//! The mechanisms under the mirror: free of user types, poison and public docs.

pub(crate) mod net;
pub(crate) mod sync;
pub(crate) mod thread;
