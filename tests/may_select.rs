//! What may's own tests ask of `select!`, `join!` and its queue of events (`cqueue`), of costd's `select!`, `join!` and `Select`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

use costd::coroutine::select::{after, child, recv};
use costd::coroutine::{Cancelled, Event, JoinHandleExt, Select, join, os_thread, select, timeout};
use costd::sync::{Arc, mpsc};
use costd::thread;
use costd::time::{Duration, Instant};

mod sync_support;

on_workers! {
    the_one_that_is_ready_wins
    all_of_a_join
    a_panic_in_a_join
    events_of_many
    some_that_win_once
    a_loop_over_two
    time_is_up
    what_is_left_is_cancelled
    a_panic_around_it
    a_panic_inside_of_it
    cancelled_as_a_whole
}

const HOUR: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(5);

/// Runs `body` in a coroutine, and on a plain OS thread.
fn on_both(body: fn()) {
    thread::spawn(body).join().unwrap();
    os_thread::spawn(body).join().unwrap();
}

fn the_one_that_is_ready_wins() {
    on_both(|| {
        let (numbers, number) = mpsc::channel();
        let (words, word) = mpsc::channel();
        let seen = Arc::new(Event::new());
        let sending = thread::spawn({
            let seen = Arc::clone(&seen);
            move || {
                words.send("hello").unwrap();
                seen.wait();
                numbers.send(42).unwrap();
            }
        });
        let id = select! {
            () = after(HOUR) => 0,
            _ = recv(&number) => 1,
            text = recv(&word) => { assert_eq!(text, Ok("hello")); 2 }
        };
        assert_eq!(id, 2);
        seen.set();
        assert_eq!(number.recv(), Ok(42));
        sending.join().unwrap();
    });
}

fn all_of_a_join() {
    on_both(|| {
        let (numbers, number) = mpsc::channel();
        let (words, word) = mpsc::channel();
        // The third sends to the second what the first has sent to it, whatever begins first.
        let ((), got, ()) = join!(
            words.send("hello").unwrap(),
            number.into_iter().next(),
            word.into_iter().take(1).for_each(|text: &str| numbers.send(text.len()).unwrap()),
        );
        assert_eq!(got, Some(5));
    });
}

fn a_panic_in_a_join() {
    on_both(|| {
        static DONE: AtomicUsize = AtomicUsize::new(0);
        DONE.store(0, Ordering::Relaxed);
        let result = catch_unwind(|| {
            join!(
                _ = DONE.fetch_add(1, Ordering::Relaxed),
                assert!(DONE.load(Ordering::Relaxed) > 100, "one of them"),
                {
                    thread::yield_now();
                    DONE.fetch_add(1, Ordering::Relaxed);
                },
            )
        });
        assert_eq!(result.unwrap_err().downcast_ref::<&str>(), Some(&"one of them"));
        assert_eq!(DONE.load(Ordering::Relaxed), 2);
    });
}

/// Each of them says something twice and is done; the last one is followed by nothing. (What runs in an arm itself, as may's
/// does, has one chance: see `what_is_left_is_cancelled`.)
fn events_of_many() {
    on_both(|| {
        let squares: Vec<usize> = (0..10).map(|n| n * n).collect();
        thread::scope(|scope| {
            let receivers: Vec<_> = (0..10)
                .map(|token| {
                    let (sender, receiver) = mpsc::channel();
                    let squares = &squares;
                    scope.spawn(move || {
                        sender.send(squares[token]).unwrap();
                        thread::yield_now();
                        sender.send(squares[token] + 1).unwrap();
                    });
                    receiver
                })
                .collect();
            let mut events = Select::new();
            for (token, receiver) in receivers.iter().enumerate() {
                events.add(recv(receiver), move |square| square.ok().map(|square| (token, square)));
            }
            let mut seen = Vec::new();
            while !events.is_empty() {
                match events.wait() {
                    (_, Some(event)) => seen.push(event),
                    (source, None) => assert!(events.remove(source)),
                }
            }
            seen.sort_unstable();
            assert!(seen.into_iter().eq((0..10).flat_map(|n| [(n, n * n), (n, n * n + 1)])));
            assert!(events.wait_timeout(Duration::ZERO).is_none());
        });
    });
}

fn some_that_win_once() {
    on_both(|| {
        let (words, word) = mpsc::channel();
        let (numbers, number) = mpsc::channel();
        let mut events = Select::new();
        let for_words = events.add(recv(&word), |text: Result<&str, _>| text.unwrap().len());
        let for_numbers = events.add(recv(&number), Result::unwrap);
        words.send("hello").unwrap();
        assert_eq!(events.wait(), (for_words, 5));
        assert!(events.remove(for_words) && !events.remove(for_words));
        numbers.send(100).unwrap();
        // Nobody asks for it any more.
        words.send("again").unwrap();
        assert_eq!(events.wait(), (for_numbers, 100));
        assert!(events.remove(for_numbers) && events.is_empty());
        drop(events);
        assert_eq!(word.try_recv(), Ok("again"));
    });
}

fn a_loop_over_two() {
    on_both(|| {
        let (numbers, number) = mpsc::channel();
        let (done, is_done) = mpsc::channel();
        let sending = thread::spawn(move || {
            for n in [10, 20, 30, 40, 50] {
                numbers.send(n).unwrap();
                thread::yield_now();
            }
            drop(numbers);
            done.send(()).unwrap();
        });
        let mut latest = Vec::new();
        let mut open = true;
        loop {
            select! {
                n = recv(&number), if open => match n {
                    Ok(n) => latest.push(n),
                    // One that is never empty any more would be ready for ever.
                    Err(_) => open = false,
                },
                _ = recv(&is_done), if !open => break,
            }
        }
        assert_eq!(latest, [10, 20, 30, 40, 50]);
        sending.join().unwrap();
    });
}

fn time_is_up() {
    on_both(|| {
        let mut events = Select::new();
        let long = events.add(after(HOUR), |()| "too long");
        let start = Instant::now();
        assert_eq!(events.wait_timeout(SHORT), None);
        assert!(start.elapsed() >= SHORT);
        let short = events.add(after(SHORT), |()| "in time");
        assert_eq!(events.wait(), (short, "in time"));
        assert!(events.remove(long));
    });
}

/// Whatever runs in an arm and has not ended when another one wins has ended when that is known.
fn what_is_left_is_cancelled() {
    struct Counted<'a>(&'a AtomicUsize);
    impl Drop for Counted<'_> {
        fn drop(&mut self) {
            thread::yield_now();
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    on_both(|| {
        let ended = AtomicUsize::new(0);
        let begun = AtomicUsize::new(0);
        let mut events = Select::new();
        for n in 0..10 {
            let (begun, ended) = (&begun, &ended);
            events.add(
                child(move || {
                    let _counted = Counted(ended);
                    begun.fetch_add(1, Ordering::Relaxed);
                    while n == 0 && begun.load(Ordering::Relaxed) < 10 {
                        thread::yield_now();
                    }
                    if n > 0 {
                        thread::sleep(HOUR);
                    }
                    n
                }),
                |n| n,
            );
        }
        // The nine others are in their sleep, or on the way there.
        assert_eq!(events.wait().1, 0);
        assert!(events.is_empty());
        assert_eq!((begun.load(Ordering::Relaxed), ended.load(Ordering::Relaxed)), (10, 10));
    });
}

/// The one that has won is dealt with by a function that panics: the set is as good as before.
fn a_panic_around_it() {
    on_both(|| {
        let (numbers, number) = mpsc::channel();
        let mut events = Select::new();
        let source = events.add(recv(&number), |n| {
            let n: u32 = n.unwrap();
            assert_ne!(n, 13, "around it");
            n
        });
        (12..15).for_each(|n| numbers.send(n).unwrap());
        assert_eq!(events.wait(), (source, 12));
        let result = catch_unwind(AssertUnwindSafe(|| events.wait()));
        let text = panic_text(result.unwrap_err());
        assert!(text.contains("around it"), "{text}");
        assert_eq!(events.wait(), (source, 14));
    });
}

fn panic_text(payload: Box<dyn std::any::Any + Send>) -> String {
    payload.downcast::<String>().map_or_else(|_| "not a text".to_owned(), |text| *text)
}

fn a_panic_inside_of_it() {
    on_both(|| {
        let result = catch_unwind(|| {
            let mut events = Select::new();
            events.add(child(|| panic!("inside")), |()| ());
            events.add(after(HOUR), |()| ());
            events.wait();
        });
        assert_eq!(result.unwrap_err().downcast_ref::<&str>(), Some(&"inside"));
        let result = catch_unwind(|| {
            select! {
                () = panic!("in an arm") => {}
                () = after(HOUR) => {}
            }
        });
        assert_eq!(result.unwrap_err().downcast_ref::<&str>(), Some(&"in an arm"));
    });
}

fn cancelled_as_a_whole() {
    static ENDED: AtomicUsize = AtomicUsize::new(0);
    let (begins, has_begun) = mpsc::channel();
    let selecting = thread::spawn(move || {
        let mut events = Select::new();
        for _ in 0..5 {
            let begins = begins.clone();
            events.add(
                child(move || {
                    struct Counted;
                    impl Drop for Counted {
                        fn drop(&mut self) {
                            ENDED.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                    let _counted = Counted;
                    begins.send(()).unwrap();
                    thread::sleep(HOUR);
                }),
                |()| (),
            );
        }
        events.wait();
    });
    (0..5).for_each(|_| has_begun.recv().unwrap());
    selecting.cancel();
    assert!(selecting.join().unwrap_err().is::<Cancelled>());
    assert_eq!(ENDED.load(Ordering::Relaxed), 5);
    // And by a time that is up.
    let limited = timeout(SHORT, || {
        select! {
            () = thread::sleep(HOUR) => {}
            () = after(HOUR) => {}
        }
    });
    assert!(limited.is_err());
}
