//! The OS threads of this process: there is no common way to count them.

/// How many there are; `None`: that is not to be had.
pub(crate) fn count() -> Option<usize> {
    None
}
