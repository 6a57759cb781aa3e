use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use crate::park;
use crate::sched::interrupt;

use super::notice::Notice;

/// Runs a future on this coroutine until it is ready, and returns its output. While it is not, the coroutine is parked
/// and others run; on a plain OS thread, that thread stops.
///
/// The future is polled here and nowhere else, so it may borrow and need not be `Send`. Its [`Waker`] may be called from
/// anywhere, also after the end. One `block_on` may be inside another. It costs an allocation, and a switch for each
/// time that the future is not ready.
///
/// There is no reactor for futures: a future that needs a runtime of its own kind (sockets and timers of tokio, say) gets it
/// by being made in the context of one that runs elsewhere, or by being spawned there and awaited here. What such a runtime
/// keeps in thread-locals of the OS thread, the guard of `Handle::enter` for one, must be dropped before `block_on` is called:
/// another coroutine of the worker would find it there.
///
/// It is a cancellation point: a coroutine that is [cancelled](super::cancel), or whose [`timeout`](super::timeout) is up,
/// drops the future, here, and unwinds. A future that has been woken by then is polled once more, and if it is ready, its output
/// is returned.
///
/// # Panics
/// The future does.
///
/// # Examples
///
/// ```
/// use costd::coroutine;
/// use costd::thread;
/// use std::future;
///
/// let thread = thread::spawn(|| {
///     coroutine::block_on(async {
///         let seven = future::ready(7).await;
///         seven * 6
///     })
/// });
/// assert_eq!(thread.join().unwrap(), 42);
/// ```
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    park::enter();
    let notice = Arc::new(Notice::new());
    let waker = Waker::from(Arc::clone(&notice));
    let mut context = Context::from_waker(&waker);
    loop {
        // An interruption that was there before leaves this poll to be the last, also of a future that wakes itself for ever.
        let is_last = interrupt::is_due();
        notice.clear();
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        if is_last {
            interrupt::unwind();
        }
        notice.wait();
        // What the future waits for may have to be done by another coroutine of this worker.
        park::checkpoint();
    }
}

impl Wake for Notice {
    fn wake(self: Arc<Self>) {
        self.give();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.give();
    }
}
