//! Thread-locals: one value for each coroutine, and for each OS thread outside of one.
#![allow(clippy::missing_const_for_thread_local, reason = "the forms without `const` are tested, too")]

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use costd::thread::{self, LocalKey};
use costd::thread_local;

/// The same in a coroutine and on a plain OS thread.
fn both(f: impl Fn() + Send + Sync + 'static) {
    let f = Arc::new(f);
    let g = Arc::clone(&f);
    thread::spawn(move || f()).join().unwrap();
    std::thread::spawn(move || g()).join().unwrap();
}

type Log = Arc<Mutex<Vec<&'static str>>>;

struct Noted(&'static str, Log);

impl Drop for Noted {
    fn drop(&mut self) {
        self.1.lock().unwrap().push(self.0);
    }
}

#[test]
fn every_form_of_the_macro() {
    mod inner {
        thread_local! {
            /// Documented,
            /// on two lines.
            #[allow(unused)]
            pub static PUBLIC: Cell<u8> = const { Cell::new(1) };
            pub(crate) static CRATE: Cell<u8> = Cell::new(2);
            pub(super) static HERE: Cell<u8> = const { Cell::new(3) };
            #[cfg(any())]
            static MISSING: Missing = missing();
            static TEXT: &str = const { "four" };
            static LAST: Vec<u8> = vec![5]
        }
        thread_local!();
        thread_local!(static SINGLE: u8 = 6);
        thread_local!(
            static SINGLE_CONST: u8 = const { 7 };
        );
        thread_local!(static EXPRESSION: u8 = const { 7u8 }.wrapping_add(1));

        use std::cell::Cell;

        pub fn all() -> (u8, u8, u8, usize, usize, u8, u8, u8) {
            (
                PUBLIC.get(),
                CRATE.get(),
                HERE.get(),
                TEXT.with(|text| text.len()),
                LAST.with(Vec::len),
                SINGLE.with(|n| *n),
                SINGLE_CONST.with(|n| *n),
                EXPRESSION.with(|n| *n),
            )
        }
    }
    both(|| assert_eq!(inner::all(), (1, 2, 3, 4, 1, 6, 7, 8)));

    // In a function; as a constant one may use in patterns of generic code.
    fn with<T: 'static>(key: &'static LocalKey<T>, f: impl FnOnce(&T)) {
        key.with(f);
    }
    thread_local!(static LOCAL: u64 = 9);
    with(&LOCAL, |n| assert_eq!(*n, 9));
    assert_eq!(format!("{LOCAL:?}"), "LocalKey { .. }");
    // In an `impl`, as std's.
    struct Type;
    impl Type {
        thread_local!(pub static KEY: Cell<i32> = const { Cell::new(10) });
    }
    assert_eq!(Type::KEY.get(), 10);
}

#[test]
fn whole_api() {
    thread_local! {
        static CELL: Cell<i32> = const { Cell::new(1) };
        static REF: RefCell<Vec<i32>> = RefCell::new(vec![1]);
    }
    both(|| {
        assert_eq!(CELL.get(), 1);
        CELL.set(2);
        assert_eq!(CELL.replace(3), 2);
        CELL.update(|n| n + 1);
        assert_eq!(CELL.take(), 4);
        assert_eq!(CELL.try_with(Cell::get), Ok(0));
        REF.with_borrow_mut(|v| v.push(2));
        REF.with_borrow(|v| assert_eq!(*v, [1, 2]));
        assert_eq!(REF.replace(vec![3]), [1, 2]);
        assert_eq!(REF.take(), [3]);
        REF.set(vec![4]);
        assert_eq!(REF.with(|v| v.borrow()[0]), 4);
    });
}

#[test]
fn values_are_the_coroutines_own_and_stay_with_it() {
    thread_local!(static N: Cell<usize> = const { Cell::new(0) });
    N.set(1_000_000);
    let threads: Vec<_> = (0..200)
        .map(|n| {
            thread::spawn(move || {
                assert_eq!(N.get(), 0);
                N.set(n);
                for _ in 0..20 {
                    thread::yield_now();
                    assert_eq!(N.get(), n);
                }
                let address = N.with(|cell| std::ptr::from_ref(cell).addr());
                thread::yield_now();
                assert_eq!(N.with(|cell| std::ptr::from_ref(cell).addr()), address);
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(N.get(), 1_000_000);
}

#[test]
fn many_keys() {
    macro_rules! keys {
        ($($name:ident)*) => {
            thread_local!($(static $name: Cell<usize> = const { Cell::new(0) };)*);
            const KEYS: &[&LocalKey<Cell<usize>>] = &[$(&$name),*];
        };
    }
    keys!(A B C D E F G H I J K L M N O P Q R S T U V W X Y Z);
    both(|| {
        for (n, key) in KEYS.iter().enumerate().rev() {
            assert_eq!(key.replace(n + 1), 0);
        }
        for (n, key) in KEYS.iter().enumerate() {
            assert_eq!(key.get(), n + 1);
        }
    });
}

#[test]
fn set_does_not_run_the_initialiser() {
    thread_local! {
        static CELL: Cell<i32> = panic!("not to be run");
        static REF: RefCell<i32> = panic!("not to be run");
    }
    both(|| {
        CELL.set(1);
        assert_eq!(CELL.get(), 1);
        REF.set(2);
        assert_eq!(REF.take(), 2);
    });
}

#[test]
fn initialiser_that_uses_its_own_key() {
    static DROPS: AtomicUsize = AtomicUsize::new(0);
    struct Counted(u32);
    impl Drop for Counted {
        fn drop(&mut self) {
            DROPS.fetch_add(1, Ordering::Relaxed);
        }
    }
    thread_local! {
        static DEPTH: Cell<u32> = const { Cell::new(0) };
        static KEY: Counted = {
            let depth = DEPTH.replace(DEPTH.get() + 1);
            if depth < 2 {
                KEY.with(|inner| assert_eq!(inner.0, depth + 1));
            }
            Counted(depth)
        };
    }
    both(|| {
        let before = DROPS.load(Ordering::Relaxed);
        KEY.with(|outermost| assert_eq!(outermost.0, 0));
        assert_eq!(DROPS.load(Ordering::Relaxed), before + 2);
    });
    assert_eq!(DROPS.load(Ordering::Relaxed), 6);
}

#[test]
fn initialiser_that_panics_runs_again() {
    thread_local! {
        static FAIL: Cell<bool> = const { Cell::new(true) };
        static KEY: Box<i32> = { assert!(!FAIL.get(), "on purpose"); Box::new(1) };
    }
    both(|| {
        assert!(std::panic::catch_unwind(|| KEY.with(|_| ())).is_err());
        FAIL.set(false);
        KEY.with(|n| assert_eq!(**n, 1));
    });
}

#[test]
fn destructors_run_in_reverse_before_join() {
    thread_local! {
        static FIRST: RefCell<Option<Noted>> = const { RefCell::new(None) };
        static SECOND: RefCell<Option<Noted>> = RefCell::new(None);
        static THIRD: Cell<Option<Noted>> = const { Cell::new(None) };
    }
    let log = Log::default();
    let log2 = Arc::clone(&log);
    both(move || {
        log2.lock().unwrap().clear();
        FIRST.set(Some(Noted("first", Arc::clone(&log2))));
        SECOND.set(Some(Noted("second", Arc::clone(&log2))));
        THIRD.set(Some(Noted("third", Arc::clone(&log2))));
        // A value that is replaced keeps its place in the order.
        FIRST.set(Some(Noted("first again", Arc::clone(&log2))));
    });
    assert_eq!(*log.lock().unwrap(), ["first", "third", "second", "first again"]);
}

#[test]
fn destructors_of_a_coroutine_that_panicked() {
    thread_local!(static KEY: Cell<Option<Noted>> = const { Cell::new(None) });
    let log = Log::default();
    let log2 = Arc::clone(&log);
    let result = thread::spawn(move || {
        KEY.set(Some(Noted("dropped", log2)));
        panic!("on purpose");
    });
    assert!(result.join().is_err());
    assert_eq!(*log.lock().unwrap(), ["dropped"]);
}

#[test]
fn what_destructors_may_use() {
    struct Probe(fn());
    impl Drop for Probe {
        fn drop(&mut self) {
            (self.0)();
        }
    }
    static SEEN: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static PLAIN: Cell<u32> = const { Cell::new(0) };
        static OLDER: Box<u32> = Box::new(7);
        static PROBE: Cell<Option<Probe>> = const { Cell::new(None) };
        static YOUNGER: Box<u32> = Box::new(8);
        static LATE: Cell<Option<Probe>> = const { Cell::new(None) };
        static LATE_PLAIN: Cell<u32> = const { Cell::new(30) };
    }
    both(|| {
        let before = SEEN.load(Ordering::Relaxed);
        PLAIN.set(5);
        OLDER.with(|_| ());
        PROBE.set(Some(Probe(|| {
            // No destructor: still there. Initialised before: not dropped yet.
            assert_eq!(PLAIN.get(), 5);
            OLDER.with(|n| assert_eq!(**n, 7));
            // Itself and what came later: gone.
            assert!(PROBE.try_with(|_| ()).is_err());
            let error = YOUNGER.try_with(|_| ()).unwrap_err();
            assert_eq!(format!("{error} {error:?}"), "already destroyed AccessError");
            assert_eq!(error, error.clone());
            // Initialised only now: made, and dropped next.
            LATE.set(Some(Probe(|| {
                assert_eq!(PLAIN.replace(6), 5);
                assert_eq!(LATE_PLAIN.replace(31), 30);
                thread::yield_now();
                assert_eq!(LATE_PLAIN.get(), 31);
                OLDER.with(|n| assert_eq!(**n, 7));
                SEEN.fetch_add(1, Ordering::Relaxed);
            })));
            SEEN.fetch_add(1, Ordering::Relaxed);
        })));
        YOUNGER.with(|_| ());
        let _ = before;
    });
    assert_eq!(SEEN.load(Ordering::Relaxed), 4);
}

#[test]
fn access_error_is_stds() {
    struct Real;
    impl Drop for Real {
        fn drop(&mut self) {
            let theirs: std::thread::AccessError = REAL.try_with(|_| ()).unwrap_err();
            *ERROR.lock().unwrap() = Some(theirs);
        }
    }
    static ERROR: Mutex<Option<std::thread::AccessError>> = Mutex::new(None);
    std::thread_local!(static REAL: Real = const { Real });
    std::thread::spawn(|| REAL.with(|_| ())).join().unwrap();

    struct Ours;
    impl Drop for Ours {
        fn drop(&mut self) {
            assert_eq!(OURS.try_with(|_| ()), Err(ERROR.lock().unwrap().unwrap()));
            let payload = std::panic::catch_unwind(|| OURS.with(|_| ())).unwrap_err();
            assert_eq!(
                payload.downcast_ref::<String>().unwrap(),
                "cannot access a Thread Local Storage value during or after destruction: AccessError"
            );
        }
    }
    thread_local!(static OURS: Ours = const { Ours });
    both(|| OURS.with(|_| ()));
}

/// Destructors of real thread-locals that run after costd's use costd's.
#[test]
fn later_than_everything_on_an_os_thread() {
    struct Late;
    impl Drop for Late {
        fn drop(&mut self) {
            assert_eq!(KEPT.get(), 3);
            assert!(GONE.try_with(|_| ()).is_err());
            // Not used before: made now, and dropped at the very end.
            FRESH.set(Some(Noted("fresh", GLOBAL.lock().unwrap().clone().unwrap())));
            ID.lock().unwrap().push(thread::current().id());
        }
    }
    static GLOBAL: Mutex<Option<Log>> = Mutex::new(None);
    static ID: Mutex<Vec<thread::ThreadId>> = Mutex::new(Vec::new());
    std::thread_local!(static LATE: Late = const { Late });
    thread_local! {
        static KEPT: Cell<u32> = const { Cell::new(0) };
        static GONE: Box<u32> = Box::new(1);
        static FRESH: Cell<Option<Noted>> = const { Cell::new(None) };
    }
    let log = Log::default();
    *GLOBAL.lock().unwrap() = Some(Arc::clone(&log));
    std::thread::Builder::new()
        .spawn(|| {
            LATE.with(|_| ());
            KEPT.set(3);
            GONE.with(|_| ());
            ID.lock().unwrap().push(thread::current().id());
        })
        .unwrap()
        .join()
        .unwrap();
    let ids = ID.lock().unwrap();
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1]);
    // `join` of a real thread waits for its real thread-locals only on some systems; on Linux for all of it.
    assert_eq!(*log.lock().unwrap(), ["fresh"]);
}

#[test]
fn layouts() {
    #[repr(align(128))]
    struct Aligned(Cell<u8>);
    #[derive(Default)]
    struct Empty;
    thread_local! {
        static ALIGNED: Aligned = const { Aligned(Cell::new(1)) };
        static EMPTY: Empty = Empty;
        static BIG: [Cell<u8>; 100_000] = const { [const { Cell::new(9) }; 100_000] };
    }
    both(|| {
        ALIGNED.with(|value| {
            assert!(std::ptr::from_ref(value).addr().is_multiple_of(128));
            value.0.set(value.0.get() + 1);
        });
        EMPTY.with(|_| ());
        BIG.with(|big| assert_eq!(big.iter().map(|b| usize::from(b.get())).sum::<usize>(), 900_000));
    });
}

#[test]
fn auto_traits() {
    fn all<T: Send + Sync + Unpin + std::panic::UnwindSafe + std::panic::RefUnwindSafe>() {}
    all::<LocalKey<std::rc::Rc<Cell<u8>>>>();
    assert_eq!(size_of::<LocalKey<String>>(), size_of::<std::thread::LocalKey<String>>());
}
