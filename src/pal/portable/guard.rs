//! Guards by page protection.

pub(crate) use crate::pal::memory::protect as install;

/// Does a guard take a mapping of its own here?
pub(crate) const fn takes_mapping() -> bool {
    true
}
