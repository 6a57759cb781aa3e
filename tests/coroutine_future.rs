//! Futures on coroutines: wakes at every moment and from everywhere, cancelling, time limits, panics.

mod sync_support;

use std::future::{self, poll_fn};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex as StdMutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use costd::coroutine::{self, Cancelled, JoinHandleExt, TimedOut, block_on, shield, timeout};
use costd::panic::catch_unwind;
use costd::sync::mpsc;
use costd::thread;

on_workers! {
    ready_at_once
    woken_within_the_poll
    woken_by_another_before_the_park
    woken_long_after
    many_and_often
    a_wake_to_a_poll
    nested
    many_futures_in_one
    a_future_that_wakes_itself_lets_others_go_first
    cancelled
    cancelled_with_a_future_that_wakes_itself
    woken_and_then_cancelled
    the_time_is_up
    panics_go_on
    wakers_outlive_it
    it_may_borrow_and_block
}

/// Runs `body` in a coroutine, and then on an OS thread.
fn on_both(body: impl Fn() + Clone + Send + 'static) {
    thread::spawn(body.clone()).join().unwrap();
    std::thread::spawn(body).join().unwrap();
}

/// What a future waits for: a value, which somebody sets.
struct Signal<T>(Arc<StdMutex<State<T>>>);

struct State<T> {
    value: Option<T>,
    waker: Option<Waker>,
    polls: usize,
}

impl<T> Clone for Signal<T> {
    fn clone(&self) -> Self {
        Signal(Arc::clone(&self.0))
    }
}

impl<T> Signal<T> {
    fn new() -> Signal<T> {
        Signal(Arc::new(StdMutex::new(State { value: None, waker: None, polls: 0 })))
    }

    fn set(&self, value: T) {
        let mut state = self.0.lock().unwrap();
        state.value = Some(value);
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn polls(&self) -> usize {
        self.0.lock().unwrap().polls
    }

    /// Waits for the first poll.
    fn polled(&self) {
        while self.polls() == 0 {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

impl<T> Future for Signal<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let mut state = self.0.lock().unwrap();
        state.polls += 1;
        match state.value.take() {
            Some(value) => Poll::Ready(value),
            None => {
                state.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

/// Pending once, after `first`.
async fn pending_once(mut first: impl FnMut(&Waker)) -> u32 {
    let mut polls = 0;
    poll_fn(|context| {
        polls += 1;
        if polls > 1 {
            return Poll::Ready(polls);
        }
        first(context.waker());
        Poll::Pending
    })
    .await
}

fn ready_at_once() {
    on_both(|| {
        assert_eq!(block_on(future::ready(7)), 7);
        assert_eq!(block_on(async { "a block" }), "a block");
    });
}

fn woken_within_the_poll() {
    on_both(|| {
        assert_eq!(block_on(pending_once(Waker::wake_by_ref)), 2);
        assert_eq!(block_on(pending_once(|waker| vec![waker.clone(); 3].into_iter().for_each(Waker::wake))), 2);
        assert_eq!(block_on(pending_once(|waker| (0..100).for_each(|_| waker.wake_by_ref()))), 2);
    });
}

/// The waker is called by somebody else, and that has happened when the poll returns.
fn woken_by_another_before_the_park() {
    on_both(|| {
        let by_a_coroutine = |waker: &Waker| {
            let waker = waker.clone();
            thread::spawn(move || waker.wake()).join().unwrap();
        };
        assert_eq!(block_on(pending_once(by_a_coroutine)), 2);
        let by_an_os_thread = |waker: &Waker| {
            let waker = waker.clone();
            std::thread::spawn(move || waker.wake()).join().unwrap();
        };
        assert_eq!(block_on(pending_once(by_an_os_thread)), 2);
    });
}

fn woken_long_after() {
    on_both(|| {
        let signal = Signal::new();
        let from_outside = signal.clone();
        let setter = std::thread::spawn(move || {
            from_outside.polled();
            std::thread::sleep(Duration::from_millis(5));
            from_outside.set(1);
        });
        assert_eq!(block_on(signal), 1);
        setter.join().unwrap();

        let signal = Signal::new();
        let from_a_coroutine = signal.clone();
        let setter = thread::spawn(move || {
            from_a_coroutine.polled();
            thread::sleep(Duration::from_millis(5));
            from_a_coroutine.set(2);
        });
        assert_eq!(block_on(signal), 2);
        setter.join().unwrap();
    });
}

type ToSet = (Signal<usize>, usize);

/// Rounds of signals between many coroutines and a few OS threads and coroutines that set them, at no particular moment.
fn many_and_often() {
    const WAITERS: usize = 300;
    const ROUNDS: usize = 40;
    let (to_threads, signals) = mpsc::channel::<ToSet>();
    let signals = Arc::new(costd::sync::Mutex::new(signals));
    let set_all = |signals: Arc<costd::sync::Mutex<mpsc::Receiver<ToSet>>>| {
        move || loop {
            let next = signals.lock().unwrap().recv();
            let Ok((signal, value)) = next else { return };
            signal.set(value);
        }
    };
    let os_threads: Vec<_> = (0..2).map(|_| std::thread::spawn(set_all(Arc::clone(&signals)))).collect();
    let setters: Vec<_> = (0..2).map(|_| thread::spawn(set_all(Arc::clone(&signals)))).collect();
    let waiters: Vec<_> = (0..WAITERS)
        .map(|waiter| {
            let to_threads = to_threads.clone();
            thread::spawn(move || {
                (0..ROUNDS)
                    .map(|round| {
                        let signal = Signal::new();
                        to_threads.send((signal.clone(), waiter * round)).unwrap();
                        block_on(signal)
                    })
                    .sum::<usize>()
            })
        })
        .collect();
    drop(to_threads);
    let sum: usize = waiters.into_iter().map(|waiter| waiter.join().unwrap()).sum();
    assert_eq!(sum, (0..WAITERS).sum::<usize>() * (0..ROUNDS).sum::<usize>());
    os_threads.into_iter().for_each(|thread| thread.join().unwrap());
    setters.into_iter().for_each(|thread| thread.join().unwrap());
}

/// What ends a park and is no wake does not poll.
fn a_wake_to_a_poll() {
    let signal = Signal::new();
    let awaited = signal.clone();
    let waiting = thread::spawn(move || shield(|| block_on(awaited)));
    signal.polled();
    for _ in 0..20 {
        waiting.thread().unpark();
        waiting.cancel();
        thread::sleep(Duration::from_micros(200));
    }
    assert_eq!(signal.polls(), 1);
    signal.set(5);
    assert_eq!(waiting.join().unwrap(), 5);
    assert_eq!(signal.polls(), 2);
}

fn nested() {
    on_both(|| {
        let (inner, outer) = (Signal::new(), Signal::new());
        let (set_inner, set_outer) = (inner.clone(), outer.clone());
        let setter = std::thread::spawn(move || {
            set_inner.polled();
            // The outer one's wake comes while the inner one waits, and is not lost.
            set_outer.set("outer");
            set_inner.set("inner");
        });
        let both = block_on(async move {
            let mut outer = outer;
            let mut first = None;
            poll_fn(|context| {
                if let Poll::Ready(value) = Pin::new(&mut outer).poll(context) {
                    return Poll::Ready((first.unwrap(), value));
                }
                first.get_or_insert_with(|| block_on(inner.clone()));
                Poll::Pending
            })
            .await
        });
        assert_eq!(both, ("inner", "outer"));
        setter.join().unwrap();
    });
}

/// The one waker is cloned for many futures, which become ready in another order.
fn many_futures_in_one() {
    on_both(|| {
        let mut signals: Vec<_> = (0..100).map(|_| Signal::new()).collect();
        let to_set = signals.clone();
        let setter = thread::spawn(move || {
            for (number, signal) in to_set.into_iter().enumerate().rev() {
                signal.set(number);
                if number % 7 == 0 {
                    thread::yield_now();
                }
            }
        });
        let mut sum = 0;
        block_on(poll_fn(|context| {
            signals.retain_mut(|signal| match Pin::new(signal).poll(context) {
                Poll::Ready(number) => {
                    sum += number;
                    false
                }
                Poll::Pending => true,
            });
            if signals.is_empty() { Poll::Ready(()) } else { Poll::Pending }
        }));
        assert_eq!(sum, 4950);
        setter.join().unwrap();
    });
}

fn a_future_that_wakes_itself_lets_others_go_first() {
    let done = Arc::new(AtomicBool::new(false));
    let is_done = Arc::clone(&done);
    let (started, has_started) = mpsc::channel();
    let other = thread::spawn(move || {
        started.send(()).unwrap();
        thread::park();
        done.store(true, SeqCst);
    });
    // It has a worker by now, which with one worker is everybody's.
    has_started.recv().unwrap();
    let waiting = thread::spawn(move || {
        other.thread().unpark();
        block_on(poll_fn(|context| {
            context.waker().wake_by_ref();
            if is_done.load(SeqCst) { Poll::Ready(()) } else { Poll::Pending }
        }));
        other.join().unwrap();
    });
    waiting.join().unwrap();
}

/// Says on which thread it was dropped.
struct Dropped(mpsc::Sender<thread::ThreadId>);

impl Drop for Dropped {
    fn drop(&mut self) {
        let _ = self.0.send(thread::current().id());
    }
}

fn cancelled() {
    let (dropped, is_dropped) = mpsc::channel();
    let signal = Signal::<()>::new();
    let awaited = signal.clone();
    let waiting = thread::spawn(move || {
        block_on(async move {
            let _dropped = Dropped(dropped);
            awaited.await;
        });
    });
    let id = waiting.thread().id();
    signal.polled();
    waiting.cancel();
    assert!(waiting.join().unwrap_err().is::<Cancelled>());
    assert_eq!(is_dropped.try_recv(), Ok(id));
    assert_eq!(signal.polls(), 1);
    // The waker of one who is gone.
    signal.set(());

    // One that is cancelled before does not begin.
    let (go, gone) = mpsc::channel::<()>();
    let polled = Arc::new(AtomicBool::new(false));
    let is_polled = Arc::clone(&polled);
    let waiting = thread::spawn(move || {
        shield(|| gone.recv().unwrap());
        block_on(async { polled.store(true, SeqCst) });
    });
    waiting.cancel();
    go.send(()).unwrap();
    assert!(waiting.join().unwrap_err().is::<Cancelled>());
    assert!(!is_polled.load(SeqCst));
}

fn cancelled_with_a_future_that_wakes_itself() {
    let polls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&polls);
    let waiting = thread::spawn(move || {
        block_on(poll_fn(|context| {
            counted.fetch_add(1, SeqCst);
            context.waker().wake_by_ref();
            Poll::<()>::Pending
        }));
    });
    while polls.load(SeqCst) < 10 {
        thread::yield_now();
    }
    waiting.cancel();
    assert!(waiting.join().unwrap_err().is::<Cancelled>());
}

/// What has been woken is not interrupted.
fn woken_and_then_cancelled() {
    for _ in 0..200 {
        let signal = Signal::new();
        let awaited = signal.clone();
        let waiting = thread::spawn(move || block_on(awaited));
        let canceller = thread::spawn(move || {
            while signal.polls() == 0 {
                thread::yield_now();
            }
            signal.set(3);
            waiting.cancel();
            waiting.join().unwrap()
        });
        assert_eq!(canceller.join().unwrap(), 3);
    }
}

fn the_time_is_up() {
    on_both(|| {
        let (dropped, is_dropped) = mpsc::channel();
        let start = Instant::now();
        let result = timeout(Duration::from_millis(10), || {
            block_on(async {
                let _dropped = Dropped(dropped);
                future::pending::<()>().await;
            });
        });
        assert_eq!(result, Err(TimedOut));
        assert!(start.elapsed() >= Duration::from_millis(10));
        assert_eq!(is_dropped.try_recv(), Ok(thread::current().id()));

        let awake = poll_fn(|context| {
            context.waker().wake_by_ref();
            Poll::<()>::Pending
        });
        assert_eq!(timeout(Duration::from_millis(10), || block_on(awake)), Err(TimedOut));
        assert_eq!(timeout(Duration::from_secs(1000), || block_on(pending_once(Waker::wake_by_ref))), Ok(2));
        // Nothing of the limit is left.
        let signal = Signal::new();
        let late = signal.clone();
        let setter = thread::spawn(move || {
            thread::sleep(Duration::from_millis(20));
            late.set(());
        });
        block_on(signal);
        setter.join().unwrap();
    });
}

fn panics_go_on() {
    on_both(|| {
        let (dropped, is_dropped) = mpsc::channel();
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            block_on(async {
                let _dropped = Dropped(dropped);
                pending_once(Waker::wake_by_ref).await;
                std::panic::resume_unwind(Box::new("in the future"));
            })
        }));
        assert_eq!(*panicked.unwrap_err().downcast::<&str>().unwrap(), "in the future");
        assert_eq!(is_dropped.try_recv(), Ok(thread::current().id()));
    });
}

fn wakers_outlive_it() {
    on_both(|| {
        let mut kept = Vec::new();
        block_on(pending_once(|waker| {
            kept.extend(std::iter::repeat_n(waker.clone(), 100));
            waker.wake_by_ref();
        }));
        kept[0].wake_by_ref();
        // Nobody waits for it, and it confuses nobody.
        let other = Signal::new();
        let late = other.clone();
        let setter = std::thread::spawn(move || {
            late.polled();
            for waker in kept.drain(1..) {
                waker.wake();
            }
            late.set(());
            kept
        });
        block_on(other.clone());
        assert_eq!(other.polls(), 2);
        setter.join().unwrap().pop().unwrap().wake();
    });
    // Beyond the end of the coroutine, on another thread.
    let kept = Arc::new(StdMutex::new(None));
    let keep = Arc::clone(&kept);
    let ended = thread::spawn(move || {
        block_on(pending_once(|waker| {
            *keep.lock().unwrap() = Some(waker.clone());
            waker.wake_by_ref();
        }))
    });
    assert_eq!(ended.join().unwrap(), 2);
    let waker = kept.lock().unwrap().take().unwrap();
    waker.wake_by_ref();
    std::thread::spawn(move || waker.wake()).join().unwrap();
}

/// The future is this coroutine's own: it may borrow, need not be `Send`, and may block in the middle.
fn it_may_borrow_and_block() {
    on_both(|| {
        let text = String::from("borrowed");
        let shared = std::rc::Rc::new(&text);
        let (tx, rx) = mpsc::sync_channel(0);
        let sender = thread::spawn(move || tx.send(8).unwrap());
        let length = block_on(async {
            pending_once(Waker::wake_by_ref).await;
            assert_eq!(rx.recv(), Ok(8));
            thread::sleep(Duration::from_millis(1));
            shared.len()
        });
        assert_eq!(length, 8);
        sender.join().unwrap();
        assert!(!coroutine::is_cancelled());
    });
}
