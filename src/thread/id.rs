use std::num::NonZeroU64;

/// A unique identifier for a running thread, as [`std::thread::ThreadId`]: of a coroutine, or of an OS thread.
///
/// # Examples
///
/// ```
/// use costd::thread;
///
/// let other = thread::spawn(|| thread::current().id());
/// assert_ne!(thread::current().id(), other.join().unwrap());
/// ```
#[derive(Eq, PartialEq, Clone, Copy, Hash, Debug)]
pub struct ThreadId(NonZeroU64);

impl ThreadId {
    pub(super) fn new(id: NonZeroU64) -> ThreadId {
        ThreadId(id)
    }

    /// The number behind it, which no other thread of the process has or had. Unstable in std.
    #[must_use]
    pub fn as_u64(&self) -> NonZeroU64 {
        self.0
    }
}
