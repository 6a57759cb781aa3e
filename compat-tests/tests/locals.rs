//! `thread_local!` belongs to the coroutine, in every form that the macro takes.

// The form without `const` is tested as well.
#![allow(clippy::missing_const_for_thread_local)]

use compat_tests::child::{self, Child};
use compat_tests::watchdog::Watchdog;
use compat_tests::{in_coroutine, on_both};
use std::cell::{Cell, OnceCell, RefCell};
use std::sync::mpsc::{Sender, channel, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;

mod forms {
    use super::*;

    // All that the macro takes, in one call: attributes, visibility, `const`, blocks, no semicolon at the end.
    thread_local! {
        /// A documented one.
        pub static DOCUMENTED: Cell<u32> = const { Cell::new(1) };
        #[allow(non_upper_case_globals)]
        pub(crate) static lower: RefCell<Vec<u32>> = RefCell::new(vec![1, 2]);
        pub(super) static BLOCK: Cell<u32> = {
            let one = 1;
            Cell::new(one + 1)
        };
        static PRIVATE: Cell<&'static str> = const { Cell::new("const") };
        pub static TEXT: RefCell<String> = const { RefCell::new(String::new()) }
    }
    // The same by its path.
    std::thread_local!(pub static BY_PATH: OnceCell<u32> = const { OnceCell::new() });
    thread_local!();

    pub fn private() -> &'static str {
        PRIVATE.get()
    }
}

#[test]
fn every_form_of_the_macro() {
    let _watchdog = Watchdog::start();
    on_both(|| {
        assert_eq!(forms::DOCUMENTED.get(), 1);
        assert_eq!(forms::lower.take(), [1, 2]);
        assert_eq!(forms::BLOCK.with(Cell::get), 2);
        assert_eq!(forms::private(), "const");
        forms::TEXT.with_borrow_mut(|text| text.push('x'));
        assert!(forms::TEXT.with_borrow(|text| text == "x"));
        assert_eq!(forms::BY_PATH.with(|cell| *cell.get_or_init(|| 7)), 7);
    });
}

thread_local! {
    static NUMBER: Cell<u32> = const { Cell::new(10) };
    static LAZY: Cell<u32> = Cell::new(NUMBER.get() * 2);
    static WORDS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

#[test]
fn the_methods_of_a_key() {
    let _watchdog = Watchdog::start();
    on_both(|| {
        in_coroutine(|| {
            assert_eq!(NUMBER.replace(11), 10);
            assert_eq!(NUMBER.get(), 11);
            // Made at the first use, from what the other holds by then.
            assert_eq!(LAZY.get(), 22);
            assert_eq!(NUMBER.take(), 11);
            NUMBER.set(3);
            assert_eq!(NUMBER.try_with(Cell::get), Ok(3));
            WORDS.set(vec!["a".into()]);
            assert_eq!(WORDS.replace(Vec::new()), ["a"]);
        });
        in_coroutine(|| {
            // `set` at the first use makes no initial value.
            thread_local!(static NEVER_MADE: Cell<u32> = panic!("an initial value nobody wants"));
            NEVER_MADE.set(1);
            assert_eq!(NEVER_MADE.get(), 1);
        });
    });
}

/// Coroutines that take turns, many of them on one OS thread, and each sees its own value alone.
fn take_turns() {
    thread_local!(static MINE: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) });
    const COROUTINES: usize = 20;
    const ROUNDS: usize = 20;
    let (mut next, first) = sync_channel(0);
    let mut coroutines = Vec::new();
    for id in 0..COROUTINES {
        let (my_turn, wait) = sync_channel(0);
        let pass_on = std::mem::replace(&mut next, my_turn);
        coroutines.push(thread::spawn(move || {
            let mut address = None;
            for _ in 0..ROUNDS {
                wait.recv().unwrap();
                MINE.with_borrow_mut(|mine| {
                    assert!(mine.iter().all(|&other| other == id));
                    mine.push(id);
                });
                // A reference to it stays good across a wait.
                let here = MINE.with(|mine| std::ptr::from_ref(mine).addr());
                assert_eq!(*address.get_or_insert(here), here);
                pass_on.send(()).unwrap();
            }
            assert_eq!(MINE.with_borrow(Vec::len), ROUNDS);
        }));
    }
    for _ in 0..ROUNDS {
        next.send(()).unwrap();
        first.recv().unwrap();
    }
    coroutines.into_iter().for_each(|coroutine| coroutine.join().unwrap());
    assert!(MINE.with_borrow(Vec::is_empty));
}

#[test]
fn each_coroutine_has_its_own() {
    match child::case().as_deref() {
        None => {
            for workers in [1, 2] {
                Child::new("each_coroutine_has_its_own", "run").env("COSTD_WORKERS", workers).succeed();
            }
        }
        _ => on_both(take_turns),
    }
}

type Log = Arc<Mutex<Vec<&'static str>>>;

/// Writes its name down when it is dropped.
struct Noted(&'static str, Log);

impl Drop for Noted {
    fn drop(&mut self) {
        self.1.lock().unwrap().push(self.0);
    }
}

thread_local! {
    static FIRST: OnceCell<Noted> = const { OnceCell::new() };
    static SECOND: RefCell<Option<Noted>> = RefCell::new(None);
    static THIRD: OnceCell<Noted> = const { OnceCell::new() };
}

/// Uses the three, the second of them first.
fn use_in_order(log: Log) {
    SECOND.set(Some(Noted("second", log.clone())));
    assert!(FIRST.with(|cell| cell.set(Noted("first", log.clone())).is_ok()));
    assert!(THIRD.with(|cell| cell.set(Noted("third", log)).is_ok()));
}

#[test]
fn destructors_run_before_join_in_the_order_of_std() {
    let _watchdog = Watchdog::start();
    on_both(|| {
        let log = Log::default();
        let for_coroutine = log.clone();
        thread::spawn(move || use_in_order(for_coroutine)).join().unwrap();
        let order = std::mem::take(&mut *log.lock().unwrap());
        // std's order on this platform: what was used last goes first.
        assert_eq!(order, ["third", "first", "second"]);

        // Also after a panic, and in a scope.
        let for_coroutine = log.clone();
        let panicked = thread::spawn(move || {
            use_in_order(for_coroutine);
            std::panic::resume_unwind(Box::new("no message"));
        });
        assert!(panicked.join().is_err());
        assert_eq!(log.lock().unwrap().len(), 3);
        let for_coroutine = log.clone();
        thread::scope(|scope| drop(scope.spawn(|| use_in_order(for_coroutine)).join()));
        assert_eq!(log.lock().unwrap().len(), 6);
    });
}

#[test]
fn a_destroyed_value_says_so() {
    struct Probe(Sender<bool>);
    impl Drop for Probe {
        fn drop(&mut self) {
            // Its own key, while it is being destroyed.
            self.0.send(PROBE.try_with(|_| ()).is_err()).unwrap();
            // One that needs no destructor is always there.
            NUMBER.set(NUMBER.get() + 1);
        }
    }
    thread_local!(static PROBE: RefCell<Option<Probe>> = const { RefCell::new(None) });
    let _watchdog = Watchdog::start();
    on_both(|| {
        let (sender, receiver) = channel();
        in_coroutine(move || PROBE.set(Some(Probe(sender))));
        assert_eq!(receiver.recv(), Ok(true));
    });
    let error = in_coroutine(|| {
        let (sender, receiver) = channel();
        struct Last(Sender<String>);
        impl Drop for Last {
            fn drop(&mut self) {
                let error = LAST.try_with(|_| ()).unwrap_err();
                self.0.send(format!("{error} / {error:?}")).unwrap();
            }
        }
        thread_local!(static LAST: RefCell<Option<Last>> = const { RefCell::new(None) });
        thread::spawn(move || LAST.set(Some(Last(sender)))).join().unwrap();
        receiver.recv().unwrap()
    });
    assert_eq!(error, "already destroyed / AccessError");
}

#[test]
fn destructors_may_use_other_values_and_make_new_ones() {
    struct Chain(u32, Sender<u32>);
    impl Drop for Chain {
        fn drop(&mut self) {
            self.1.send(self.0).unwrap();
            let next = (self.0 + 1, self.1.clone());
            match self.0 {
                1 => TWO.set(Some(Chain(next.0, next.1))),
                2 => THREE.set(Some(Chain(next.0, next.1))),
                _ => {}
            }
        }
    }
    thread_local! {
        static ONE: RefCell<Option<Chain>> = const { RefCell::new(None) };
        static TWO: RefCell<Option<Chain>> = RefCell::new(None);
        static THREE: RefCell<Option<Chain>> = const { RefCell::new(None) };
    }
    let _watchdog = Watchdog::start();
    on_both(|| {
        let (sender, receiver) = channel();
        in_coroutine(move || ONE.set(Some(Chain(1, sender))));
        assert!(receiver.into_iter().eq(1..=3));
    });
}

#[test]
fn destructors_may_block_and_start_coroutines() {
    struct Blocks(Sender<u32>);
    impl Drop for Blocks {
        fn drop(&mut self) {
            // The child waits for this destructor and this destructor for the child.
            let (ask, question) = sync_channel::<u32>(0);
            let child = thread::spawn(move || question.recv().unwrap() + NUMBER.get());
            NUMBER.set(99);
            ask.send(1).unwrap();
            self.0.send(child.join().unwrap()).unwrap();
        }
    }
    thread_local!(static BLOCKS: RefCell<Option<Blocks>> = const { RefCell::new(None) });
    match child::case().as_deref() {
        None => {
            Child::new("destructors_may_block_and_start_coroutines", "run").env("COSTD_WORKERS", 1).succeed();
        }
        _ => on_both(|| {
            let (sender, receiver) = channel();
            let coroutines: Vec<_> = (0..50)
                .map(|_| {
                    let sender = sender.clone();
                    thread::spawn(move || BLOCKS.set(Some(Blocks(sender))))
                })
                .collect();
            drop(sender);
            coroutines.into_iter().for_each(|coroutine| coroutine.join().unwrap());
            assert_eq!(receiver.into_iter().collect::<Vec<_>>(), [11; 50]);
        }),
    }
}
