//! Size classes: the power of two that a stack's size is rounded up to.

use std::io;

use once_cell::sync::OnceCell;

use crate::pal::memory;
use crate::sched::settings::settings;

/// The smallest slot: room for a panic's message besides the guard; what is not touched costs nothing.
pub(super) const LEAST_CLASS: u8 = 16;

/// The size class of a stack of at least `size` bytes; an error where nothing that large could be mapped.
pub(crate) fn class_of(size: usize) -> io::Result<u8> {
    match size.checked_next_power_of_two() {
        Some(size) if size <= isize::MAX as usize / 4 => Ok((size.trailing_zeros() as u8).max(LEAST_CLASS)),
        _ => Err(refused()),
    }
}

/// What std's spawn returns when the system has no memory for a stack: it is `pthread_create`'s answer to that.
pub(super) fn refused() -> io::Error {
    io::Error::from_raw_os_error(memory::NO_THREAD)
}

/// The class of a stack whose size nobody said.
pub(crate) fn default_class() -> u8 {
    static DEFAULT: OnceCell<u8> = OnceCell::new();
    *DEFAULT.get_or_init(|| class_of(settings().stack_size).expect("a size that was found possible"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes() {
        assert_eq!(class_of(0).unwrap(), LEAST_CLASS);
        assert_eq!(class_of(2 << 20).unwrap(), 21);
        assert_eq!(class_of((2 << 20) + 1).unwrap(), 22);
        assert_eq!(class_of(usize::MAX).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    }
}
