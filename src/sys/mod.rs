//! The mechanisms under the mirror: free of user types, poison and public docs.

pub(crate) mod descriptor;
pub(crate) mod fs;
pub(crate) mod io;
pub(crate) mod net;
pub(crate) mod process;
pub(crate) mod sync;
pub(crate) mod thread;
