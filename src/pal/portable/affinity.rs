//! Which CPUs an OS thread may run on: there is no common way to say it.

use std::io;

/// The CPUs that this OS thread may run on: the system does not say.
pub(crate) fn allowed() -> Vec<usize> {
    Vec::new()
}

/// From now on this OS thread, and those that it starts, run on `cpus` only.
pub(crate) fn restrict(_cpus: &[usize]) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
