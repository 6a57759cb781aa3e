//! Async code that waits for coroutines: `join_async`, on an executor of a few lines and on `block_on`.

mod child;
mod sync_support;

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex as StdMutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use costd::coroutine::{Cancelled, JoinHandleExt, Joined, block_on, join_async};
use costd::sync::mpsc;
use costd::thread::{self, JoinHandle};

on_workers! {
    the_result
    panics_and_cancellations
    ended_before_the_first_poll
    many
    many_at_once
    the_last_waker_is_called
    ending_while_it_is_polled
    thread_locals_are_destroyed
    dropping_detaches
    dropped_while_the_coroutine_ends
    a_leaked_one
    a_waker_that_polls
    a_waker_with_thread_locals
}

/// Counts how often it is called, and wakes an OS thread.
struct Count {
    calls: AtomicUsize,
    thread: std::thread::Thread,
}

impl Count {
    fn new() -> Arc<Count> {
        Arc::new(Count { calls: AtomicUsize::new(0), thread: std::thread::current() })
    }
}

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.calls.fetch_add(1, SeqCst);
        self.thread.unpark();
    }
}

/// An executor that has nothing to do with costd.
fn run<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let count = Count::new();
    let waker = Waker::from(Arc::clone(&count));
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        std::thread::park();
    }
}

fn poll<T>(joined: &mut Joined<T>, waker: &Waker) -> Poll<thread::Result<T>> {
    Pin::new(joined).poll(&mut Context::from_waker(waker))
}

/// A coroutine that waits for a word, which is what it returns.
fn waiting() -> (mpsc::Sender<u32>, JoinHandle<u32>) {
    let (tell, told) = mpsc::channel();
    (tell, thread::spawn(move || told.recv().unwrap()))
}

fn finished<T>(thread: &JoinHandle<T>) {
    while !thread.is_finished() {
        thread::sleep(Duration::from_micros(100));
    }
}

fn is_send<T: Send + Sync + Unpin>(_: &T) {}

fn the_result() {
    let joining = || {
        let (tell, thread) = waiting();
        let teller = thread::spawn(move || {
            thread::sleep(Duration::from_millis(5));
            tell.send(6).unwrap();
        });
        let joined = join_async(thread);
        is_send(&joined);
        (joined, teller)
    };
    let (joined, teller) = joining();
    assert_eq!(run(joined).unwrap(), 6);
    teller.join().unwrap();
    let (joined, teller) = joining();
    assert_eq!(block_on(joined).unwrap(), 6);
    teller.join().unwrap();
    let both = thread::spawn(move || {
        let (joined, teller) = joining();
        assert_eq!(block_on(joined).unwrap(), 6);
        block_on(join_async(teller)).unwrap();
    });
    run(join_async(both)).unwrap();
}

fn panics_and_cancellations() {
    let panicking = thread::spawn(|| std::panic::resume_unwind(Box::new(12_u8)));
    assert_eq!(*run(join_async(panicking)).unwrap_err().downcast::<u8>().unwrap(), 12);

    let (_tell, thread) = waiting();
    let other = thread.thread().clone();
    let mut joined = join_async(thread);
    let count = Count::new();
    assert!(poll(&mut joined, &Waker::from(Arc::clone(&count))).is_pending());
    costd::coroutine::cancel(&other);
    assert!(run(joined).unwrap_err().is::<Cancelled>());

    // Of the one who awaits: the coroutine is detached, and the handle gone with the future.
    let (tell, thread) = waiting();
    let joined = join_async(thread);
    let (awaits, is_awaiting) = mpsc::channel();
    let awaiting = thread::spawn(move || {
        awaits.send(()).unwrap();
        block_on(joined).unwrap()
    });
    is_awaiting.recv().unwrap();
    awaiting.cancel();
    assert!(awaiting.join().unwrap_err().is::<Cancelled>());
    tell.send(1).unwrap();
}

fn ended_before_the_first_poll() {
    let thread = thread::spawn(|| "long ago");
    finished(&thread);
    let mut joined = join_async(thread);
    let Poll::Ready(result) = poll(&mut joined, Waker::noop()) else { panic!("it has ended") };
    assert_eq!(result.unwrap(), "long ago");
    let again = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| poll(&mut joined, Waker::noop())));
    assert!(again.is_err(), "polled after it was ready");
}

fn many() {
    let threads: Vec<_> = (0..2000_u64).map(|n| thread::spawn(move || n)).collect();
    let sum = run(async {
        let mut sum = 0;
        for thread in threads {
            sum += join_async(thread).await.unwrap();
        }
        sum
    });
    assert_eq!(sum, 1999 * 1000);
}

/// All are waited for before the first ends.
fn many_at_once() {
    let (tells, mut joined): (Vec<_>, Vec<_>) =
        (0..1000).map(|_| waiting()).map(|(tell, thread)| (tell, join_async(thread))).unzip();
    let mut teller = Some(move || {
        for (n, tell) in tells.into_iter().enumerate().rev() {
            tell.send(n as u32).unwrap();
        }
    });
    let mut sum = 0;
    run(poll_fn(|context| {
        joined.retain_mut(|joined| match Pin::new(joined).poll(context) {
            Poll::Ready(n) => {
                sum += n.unwrap();
                false
            }
            Poll::Pending => true,
        });
        if let Some(teller) = teller.take() {
            thread::spawn(teller);
        }
        if joined.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    }));
    assert_eq!(sum, 999 * 500);
}

fn the_last_waker_is_called() {
    let (tell, thread) = waiting();
    let mut joined = join_async(thread);
    let (first, second) = (Count::new(), Count::new());
    assert!(poll(&mut joined, &Waker::from(Arc::clone(&first))).is_pending());
    assert!(poll(&mut joined, &Waker::from(Arc::clone(&second))).is_pending());
    assert!(poll(&mut joined, &Waker::from(Arc::clone(&second))).is_pending());
    assert_eq!((Arc::strong_count(&first), Arc::strong_count(&second)), (1, 2), "one waker is kept, and no more");
    tell.send(4).unwrap();
    while second.calls.load(SeqCst) == 0 {
        std::thread::park();
    }
    assert_eq!(first.calls.load(SeqCst), 0);
    let Poll::Ready(result) = poll(&mut joined, &Waker::from(Arc::clone(&first))) else { panic!("it has ended") };
    assert_eq!(result.unwrap(), 4);
    assert_eq!(second.calls.load(SeqCst), 1);
}

/// The end comes at no particular moment between polls, each of which leaves another waker.
fn ending_while_it_is_polled() {
    for _ in 0..500 {
        let (tell, thread) = waiting();
        let mut joined = join_async(thread);
        let teller = std::thread::spawn(move || tell.send(9).unwrap());
        let polls = (0..20).find_map(|_| match poll(&mut joined, &Waker::from(Count::new())) {
            Poll::Ready(result) => Some(result),
            Poll::Pending => None,
        });
        let result = polls.unwrap_or_else(|| run(joined));
        assert_eq!(result.unwrap(), 9);
        teller.join().unwrap();
    }
}

/// Says that it was dropped.
struct Flag(Arc<AtomicUsize>);

impl Drop for Flag {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

costd::thread_local! {
    static KEPT: RefCell<Option<Flag>> = const { RefCell::new(None) };
}

fn thread_locals_are_destroyed() {
    for _ in 0..100 {
        let dropped = Arc::new(AtomicUsize::new(0));
        let flag = Flag(Arc::clone(&dropped));
        let thread = thread::spawn(move || KEPT.set(Some(flag)));
        run(join_async(thread)).unwrap();
        assert_eq!(dropped.load(SeqCst), 1);
    }
}

fn dropping_detaches() {
    let dropped = Arc::new(AtomicUsize::new(0));
    let (tell, told) = mpsc::channel::<()>();
    let flag = Flag(Arc::clone(&dropped));
    let mut joined = join_async(thread::spawn(move || {
        told.recv().unwrap();
        flag
    }));
    let count = Count::new();
    assert!(poll(&mut joined, &Waker::from(Arc::clone(&count))).is_pending());
    drop(joined);
    assert_eq!(Arc::strong_count(&count), 1, "nothing is kept");
    assert_eq!(dropped.load(SeqCst), 0, "it goes on");
    tell.send(()).unwrap();
    while dropped.load(SeqCst) == 0 {
        thread::sleep(Duration::from_micros(100));
    }
    assert_eq!(count.calls.load(SeqCst), 0);

    // Never polled, and when it has ended already.
    drop(join_async(thread::spawn(|| ())));
    let flag = Flag(Arc::clone(&dropped));
    let thread = thread::spawn(move || flag);
    finished(&thread);
    drop(join_async(thread));
    assert_eq!(dropped.load(SeqCst), 2);
}

fn dropped_while_the_coroutine_ends() {
    let dropped = Arc::new(AtomicUsize::new(0));
    for n in 1..=500 {
        let (tell, told) = mpsc::channel::<()>();
        let flag = Flag(Arc::clone(&dropped));
        let mut joined = join_async(thread::spawn(move || {
            told.recv().unwrap();
            flag
        }));
        let count = Count::new();
        assert!(poll(&mut joined, &Waker::from(Arc::clone(&count))).is_pending());
        let teller = std::thread::spawn(move || tell.send(()).unwrap());
        drop(joined);
        teller.join().unwrap();
        while dropped.load(SeqCst) < n || Arc::strong_count(&count) > 1 {
            thread::sleep(Duration::from_micros(50));
        }
        assert_eq!(dropped.load(SeqCst), n);
    }
}

fn a_leaked_one() {
    let (tell, thread) = waiting();
    let mut joined = join_async(thread);
    let count = Count::new();
    assert!(poll(&mut joined, &Waker::from(Arc::clone(&count))).is_pending());
    std::mem::forget(joined);
    tell.send(1).unwrap();
    while count.calls.load(SeqCst) == 0 {
        std::thread::park();
    }
}

/// An executor may run a task where it is woken: here, on the coroutine that ends.
fn a_waker_that_polls() {
    struct Inline {
        joined: StdMutex<Option<Joined<Box<u32>>>>,
        result: std::sync::mpsc::Sender<u32>,
    }
    impl Inline {
        fn poll(self: Arc<Self>) {
            let mut joined = self.joined.lock().unwrap();
            let waker = Waker::from(Arc::clone(&self));
            if let Poll::Ready(result) = poll(joined.as_mut().unwrap(), &waker) {
                *joined = None;
                self.result.send(*result.unwrap()).unwrap();
            }
        }
    }
    impl Wake for Inline {
        fn wake(self: Arc<Self>) {
            self.poll();
        }
    }
    let (tell, told) = mpsc::channel::<()>();
    let thread = thread::spawn(move || {
        told.recv().unwrap();
        Box::new(5)
    });
    let (result, results) = std::sync::mpsc::channel();
    let inline = Arc::new(Inline { joined: StdMutex::new(Some(join_async(thread))), result });
    Arc::clone(&inline).poll();
    assert!(results.try_recv().is_err());
    tell.send(()).unwrap();
    assert_eq!(results.recv(), Ok(5));
}

/// What a waker does on the coroutine that ends: it parks, is not interrupted, and its thread-locals are dropped.
fn a_waker_with_thread_locals() {
    struct Blocking {
        dropped: Arc<AtomicUsize>,
        woken: AtomicBool,
    }
    impl Wake for Blocking {
        fn wake(self: Arc<Self>) {
            KEPT.set(Some(Flag(Arc::clone(&self.dropped))));
            thread::sleep(Duration::from_millis(1));
            self.woken.store(true, SeqCst);
        }
    }
    let dropped = Arc::new(AtomicUsize::new(0));
    let blocking = Arc::new(Blocking { dropped: Arc::clone(&dropped), woken: AtomicBool::new(false) });
    let (_tell, thread) = waiting();
    let coroutine = thread.thread().clone();
    let mut joined = join_async(thread);
    assert!(poll(&mut joined, &Waker::from(Arc::clone(&blocking))).is_pending());
    costd::coroutine::cancel(&coroutine);
    while dropped.load(SeqCst) == 0 {
        thread::sleep(Duration::from_micros(100));
    }
    assert!(blocking.woken.load(SeqCst));
    assert!(run(joined).unwrap_err().is::<Cancelled>());
}

#[test]
fn a_waker_that_panics_aborts() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("of a waker");
        }
    }
    const NAME: &str = "a_waker_that_panics_aborts";
    if child::case().is_none() {
        let ended = child::run(NAME, "child", &[]);
        assert_eq!(ended.signal(), Some(libc::SIGABRT), "{}", ended.stderr);
        assert!(ended.stderr.contains("fatal runtime error: waker panicked, aborting"), "{}", ended.stderr);
        return;
    }
    let (tell, thread) = waiting();
    let mut joined = join_async(thread);
    assert!(poll(&mut joined, &Waker::from(Arc::new(Panics))).is_pending());
    tell.send(1).unwrap();
    std::thread::sleep(Duration::from_secs(60));
}
