//! The trait of a thread's handle that a coroutine's cannot keep to.

use std::os::unix::thread::{JoinHandleExt, RawPthread};

use crate::thread::JoinHandle;

/// It is there for code that is generic over it, or that passes it on for a type of its own. A coroutine has no pthread to
/// return, and that of its worker would be a trap: a signal sent to it, or a `pthread_join`, would meet other coroutines.
impl<T> JoinHandleExt for JoinHandle<T> {
    /// # Panics
    /// Always.
    #[track_caller]
    fn as_pthread_t(&self) -> RawPthread {
        no_pthread()
    }

    /// # Panics
    /// Always.
    #[track_caller]
    fn into_pthread_t(self) -> RawPthread {
        no_pthread()
    }
}

#[cold]
#[track_caller]
fn no_pthread() -> ! {
    panic!("a coroutine has no pthread of its own")
}
