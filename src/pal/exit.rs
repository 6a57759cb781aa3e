//! The end of the process, as C has it.

/// Has `f` called when the process ends by `exit` or by returning from `main`, on the OS thread that does so. If the system
/// refuses, never.
pub(crate) fn at_exit(f: extern "C" fn()) {
    // SAFETY: a function that stays and takes nothing.
    unsafe { libc::atexit(f) };
}
