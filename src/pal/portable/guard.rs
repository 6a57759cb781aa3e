//! Guards by page protection.

pub(crate) use crate::pal::memory::protect as install;
