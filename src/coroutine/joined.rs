use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread::Result;

use crate::sched::async_joiner::AsyncJoiner;
use crate::sched::spawn::Handle;
use crate::thread::JoinHandle;

/// Waits for a coroutine as [`JoinHandle::join`] does, in async code: on any executor, and on any thread.
///
/// The output is what `join` returns, once the destructors of the coroutine's thread-locals have run. Dropping the future
/// detaches the coroutine, as dropping the handle does; to have it end as well, [`cancel`](super::cancel) it.
///
/// The task's waker is called by the coroutine, at its very end: whatever it does holds up that coroutine's worker, and if it
/// panics, the process is aborted. It costs an allocation, if the coroutine has not ended by the first poll.
///
/// # Examples
///
/// ```
/// use costd::coroutine;
/// use costd::thread;
///
/// async fn computed_elsewhere() -> u64 {
///     let thread = thread::spawn(|| (1..=20).product());
///     coroutine::join_async(thread).await.unwrap()
/// }
///
/// // On an executor; here it is this one.
/// assert_eq!(coroutine::block_on(computed_elsewhere()), 2_432_902_008_176_640_000);
/// ```
pub fn join_async<T>(thread: JoinHandle<T>) -> Joined<T> {
    Joined { joiner: None, handle: thread.into_inner() }
}

/// The future that [`join_async`] returns.
///
/// # Panics
/// If it is polled once more after it was ready.
#[must_use = "a future does nothing unless it is awaited, and the coroutine is detached when it is dropped"]
pub struct Joined<T> {
    /// From the first poll on, if the coroutine had not ended by then.
    joiner: Option<AsyncJoiner>,
    handle: Handle<T>,
}

impl<T> Future for Joined<T> {
    type Output = Result<T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<T>> {
        let Joined { joiner, handle } = self.get_mut();
        let is_done = handle.is_done()
            || match joiner {
                Some(joiner) => joiner.set_waker(context.waker()),
                None => {
                    *joiner = AsyncJoiner::enter(handle.task(), context.waker());
                    joiner.is_none()
                }
            };
        if !is_done {
            return Poll::Pending;
        }
        Poll::Ready(handle.take().expect("`Joined` was polled after it was ready"))
    }
}

impl<T> fmt::Debug for Joined<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Joined").finish_non_exhaustive()
    }
}
