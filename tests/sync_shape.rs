//! costd's locks look like std's: the same auto traits, the same texts, the same poison.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, RefUnwindSafe, UnwindSafe, catch_unwind};
use std::rc::Rc;

use costd::thread;

/// Which auto traits a type has: an inherent constant hides the trait's where its bound holds.
macro_rules! traits {
    ($type:ty) => {{
        macro_rules! probe {
            ($mark:ident) => {{
                #[allow(dead_code)]
                struct Probe<T: ?Sized>(std::marker::PhantomData<T>);
                #[allow(dead_code)]
                trait Not {
                    const HAS: bool = false;
                }
                impl<T: ?Sized> Not for Probe<T> {}
                #[allow(dead_code)]
                impl<T: ?Sized + $mark> Probe<T> {
                    const HAS: bool = true;
                }
                <Probe<$type>>::HAS
            }};
        }
        [probe!(Send), probe!(Sync), probe!(Unpin), probe!(UnwindSafe), probe!(RefUnwindSafe)]
    }};
}

macro_rules! same_traits {
    ($($name:ident [$($args:tt)*])*) => {
        $(assert_eq!(
            traits!(costd::sync::$name<$($args)*>),
            traits!(std::sync::$name<$($args)*>),
            stringify!($name<$($args)*>)
        );)*
    };
}

macro_rules! same_traits_for {
    ($($arg:ty),*) => {
        $(same_traits! {
            Mutex[$arg]
            MutexGuard['static, $arg]
            RwLock[$arg]
            RwLockReadGuard['static, $arg]
            RwLockWriteGuard['static, $arg]
            OnceLock[$arg]
            LazyLock[$arg]
            LazyLock[$arg, Cell<u8>]
            LazyLock[u8, $arg]
        })*
    };
}

#[test]
fn auto_traits() {
    same_traits_for!(u8, Cell<u8>, Rc<u8>, &'static mut u8, *mut u8, std::sync::MutexGuard<'static, u8>, Vec<Cell<u8>>);
    same_traits! {
        Mutex[dyn Send]
        Mutex[[Cell<u8>]]
        RwLock[dyn Send + Sync]
        Condvar[]
        Barrier[]
        BarrierWaitResult[]
        Once[]
        OnceState[]
        WaitTimeoutResult[]
    }
    // What has no traits at all would look the same, too.
    assert_eq!(traits!(costd::sync::Mutex<Cell<u8>>), [true; 5]);
    assert_eq!(traits!(costd::sync::MutexGuard<'static, u8>), [false, true, true, true, true]);
}

/// The value of an expression with costd's `sync` and `thread`, and with std's.
macro_rules! both {
    ($body:block) => {{
        let ours = {
            #[allow(unused_imports)]
            use costd::{sync::*, thread};
            $body
        };
        let theirs = {
            #[allow(unused_imports)]
            use std::{sync::*, thread};
            $body
        };
        assert_eq!(ours, theirs);
        ours
    }};
}

#[test]
fn debug_texts() {
    both!({
        let mut texts = Vec::new();
        let mutex = Mutex::new(1);
        texts.push(format!("{mutex:?} {mutex:#?}"));
        let guard = mutex.lock().unwrap();
        texts.push(format!("{mutex:?} {guard:?} {guard}"));
        drop(guard);
        let lock = RwLock::new("text");
        texts.push(format!("{lock:?} {lock:#?}"));
        let guard = lock.write().unwrap();
        texts.push(format!("{lock:?} {guard:?} {guard}"));
        drop(guard);
        let guard = lock.read().unwrap();
        texts.push(format!("{lock:?} {guard:?} {guard}"));
        drop(guard);
        let cell = OnceLock::new();
        texts.push(format!("{cell:?}"));
        cell.set(1).unwrap();
        texts.push(format!("{cell:?} {cell:#?}"));
        let lazy = LazyLock::new(|| 1);
        texts.push(format!("{lazy:?}"));
        assert_eq!(*lazy, 1);
        texts.push(format!("{lazy:?}"));
        let once = Once::new();
        once.call_once_force(|state| texts.push(format!("{state:?}")));
        texts.push(format!("{once:?} {:?} {:?}", Condvar::new(), Barrier::new(1)));
        texts.push(format!("{:?}", Barrier::new(1).wait()));
        let result = Condvar::new().wait_timeout(mutex.lock().unwrap(), std::time::Duration::ZERO).unwrap().1;
        texts.push(format!("{result:?}"));
        thread::scope(|s| {
            let poisoner = s.spawn(|| {
                let _held = (mutex.lock(), lock.write());
                panic!("on purpose");
            });
            assert!(poisoner.join().is_err());
        });
        texts.push(format!("{mutex:?} {lock:?} {:?} {:?}", mutex.lock(), lock.try_read()));
        texts.push(format!("{:?} {:?}", Mutex::<u8>::default(), RwLock::from(3)));
        texts
    });
}

fn message(f: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(f)).unwrap_err();
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => payload.downcast::<&str>().unwrap().to_string(),
    }
}

#[test]
fn panic_messages() {
    both!({
        let once = Once::new();
        let lazy = LazyLock::<u8>::new(|| panic!("first"));
        let mut other = LazyLock::<u8>::new(|| panic!("second"));
        [
            message(|| once.call_once(|| panic!("at first"))),
            message(|| once.call_once(|| ())),
            message(|| once.wait()),
            message(|| assert_eq!(*lazy, 0)),
            message(|| assert_eq!(*lazy, 0)),
            message(|| *LazyLock::force_mut(&mut other) = 0),
            message(|| *LazyLock::force_mut(&mut other) = 0),
            message(|| assert_eq!(*other, 0)),
            format!("{lazy:?} {other:?}"),
        ]
    });
}

#[test]
fn poison() {
    both!({
        let (mutex, lock, changed) = (Mutex::new(1), RwLock::new(1), Condvar::new());
        let panic_with = |what: &(dyn Fn() + Sync)| thread::scope(|s| s.spawn(what).join().is_err());
        let mut seen = Vec::new();
        // Reading does not poison, nor does a panic that is over before the lock is taken.
        assert!(panic_with(&|| {
            let _guard = lock.read();
            panic!("on purpose");
        }));
        let _ = catch_unwind(|| panic!("on purpose"));
        drop((mutex.lock(), lock.write()));
        seen.push((mutex.is_poisoned(), lock.is_poisoned()));
        // Nor does a lock that is taken and released while unwinding.
        struct Unwinding<F: Fn()>(F);
        impl<F: Fn()> Drop for Unwinding<F> {
            fn drop(&mut self) {
                (self.0)();
            }
        }
        assert!(panic_with(&|| {
            let _unwinding = Unwinding(|| drop((mutex.lock(), lock.write())));
            panic!("on purpose");
        }));
        seen.push((mutex.is_poisoned(), lock.is_poisoned()));
        assert!(panic_with(&|| {
            let _held = (mutex.lock(), lock.write());
            panic!("on purpose");
        }));
        seen.push((mutex.is_poisoned(), lock.is_poisoned()));
        seen.push((mutex.lock().is_err(), lock.read().is_err()));
        seen.push((mutex.try_lock().is_err(), lock.try_write().is_err()));
        let waited = changed.wait_timeout(mutex.lock().unwrap_err().into_inner(), std::time::Duration::ZERO);
        seen.push((waited.unwrap_err().into_inner().1.timed_out(), false));
        mutex.clear_poison();
        lock.clear_poison();
        seen.push((mutex.into_inner().is_err(), lock.into_inner().is_err()));
        seen
    });
}

/// A guard for a shorter life, an unsized lock, a borrow that ends with its cell: what the compiler must accept.
#[test]
fn types() {
    fn shorter<'a>(guard: costd::sync::RwLockReadGuard<'a, &'static str>) -> costd::sync::RwLockReadGuard<'a, &'a str> {
        guard
    }
    let lock = costd::sync::RwLock::new("text");
    assert_eq!(*shorter(lock.read().unwrap()), "text");
    let unsized_lock: Box<costd::sync::Mutex<dyn Fn() -> u8 + Send>> = Box::new(costd::sync::Mutex::new(|| 7));
    assert_eq!(unsized_lock.lock().unwrap()(), 7);
    let slice: &costd::sync::Mutex<[u8]> = &costd::sync::Mutex::new([1, 2, 3]);
    slice.lock().unwrap()[1] = 5;
    assert_eq!(slice.lock().unwrap()[..], [1, 5, 3]);
    let (cell, text);
    text = String::from("text");
    cell = costd::sync::OnceLock::new();
    cell.set(&text).unwrap();
    assert_eq!(cell.get(), Some(&&text));
}

/// A coroutine that is suspended in a destructor while it unwinds does not poison what others on its worker hold.
#[test]
fn a_suspended_panic_is_its_own() {
    use costd::sync::{Arc, Mutex, RwLock};
    use costd::time::Duration;
    struct Unwinding;
    impl Drop for Unwinding {
        fn drop(&mut self) {
            thread::sleep(Duration::from_millis(20));
        }
    }
    thread::spawn(|| {
        let locks = Arc::new((Mutex::new(0), RwLock::new(0)));
        let mine = Arc::new(Mutex::new(0));
        let all: Vec<_> = (0..8)
            .map(|_| {
                let mine = Arc::clone(&mine);
                thread::spawn(move || {
                    let _guard = mine.lock();
                    let _unwinding = Unwinding;
                    panic!("on purpose");
                })
            })
            .collect();
        for turn in 1..=20 {
            let (mut a, mut b) = (locks.0.lock().unwrap(), locks.1.write().unwrap());
            thread::sleep(Duration::from_millis(1));
            *a += 1;
            *b += 1;
            drop((a, b));
            assert!(!locks.0.is_poisoned() && !locks.1.is_poisoned(), "in turn {turn}");
        }
        for one in all {
            assert!(one.join().is_err());
        }
        assert!(mine.is_poisoned());
    })
    .join()
    .unwrap();
}

/// The locks of one coroutine are not poisoned by the panic of another on the same worker.
#[test]
fn a_panic_is_its_own() {
    use costd::sync::{Arc, Mutex};
    let (ours, theirs) = (Arc::new(Mutex::new(0)), Arc::new(Mutex::new(0)));
    let all: Vec<_> = (0..100)
        .map(|index| {
            let mutex = Arc::clone(if index % 2 == 0 { &ours } else { &theirs });
            thread::spawn(move || {
                let mut guard = mutex.lock().unwrap_or_else(|error| error.into_inner());
                thread::yield_now();
                *guard += 1;
                assert!(index % 2 == 0, "on purpose");
            })
        })
        .collect();
    for (index, one) in all.into_iter().enumerate() {
        assert_eq!(one.join().is_ok(), index % 2 == 0);
    }
    assert_eq!(*ours.lock().unwrap(), 50);
    assert_eq!(*theirs.lock().unwrap_err().into_inner(), 50);
}
