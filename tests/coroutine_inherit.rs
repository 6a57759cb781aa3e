//! `coroutine::InheritableLocal`: values that a spawned thread starts with.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};

use costd::coroutine::{self, InheritableLocal, JoinHandleExt, os_thread};
use costd::sync::Arc;
use costd::sync::atomic::{AtomicUsize, Ordering};
use costd::thread;
use costd::time::Duration;

mod sync_support;

on_workers! {
    every_way_of_spawning_hands_on
    a_child_has_what_was_there_at_the_spawn
    parent_and_child_do_not_see_each_other
    many_at_once
    a_scope_restores
    a_scope_restores_when_it_unwinds
    keys_are_independent
    changed_while_it_is_looked_at
    blocking_has_the_callers
    dropped_with_the_last_who_has_it
    thread_locals_are_dropped_before
    when_its_own_is_dropped
}

/// Runs `body` in a coroutine and on a plain OS thread.
fn on_both(body: impl Fn() + Send + Sync + 'static) {
    let body = Arc::new(body);
    let in_coroutine = Arc::clone(&body);
    thread::spawn(move || in_coroutine()).join().unwrap();
    std::thread::spawn(move || body()).join().unwrap();
}

fn every_way_of_spawning_hands_on() {
    static KEY: InheritableLocal<String> = InheritableLocal::new();
    let got = || KEY.get().unwrap_or_default();
    on_both(move || {
        assert_eq!(KEY.get(), None);
        assert_eq!(thread::spawn(got).join().unwrap(), "");
        KEY.set("value".to_owned());
        assert_eq!(got(), "value");
        assert_eq!(thread::spawn(got).join().unwrap(), "value");
        assert_eq!(thread::Builder::new().name("named".to_owned()).spawn(got).unwrap().join().unwrap(), "value");
        thread::scope(|scope| {
            assert_eq!(scope.spawn(got).join().unwrap(), "value");
            assert_eq!(thread::Builder::new().spawn_scoped(scope, got).unwrap().join().unwrap(), "value");
        });
        assert_eq!(os_thread::spawn(got).join().unwrap(), "value");
        let grandchild = thread::spawn(move || thread::spawn(got).join().unwrap());
        assert_eq!(grandchild.join().unwrap(), "value");
        let by_an_os_thread = os_thread::spawn(move || thread::spawn(got).join().unwrap());
        assert_eq!(by_an_os_thread.join().unwrap(), "value");
        // The real std's knows nothing of it.
        assert_eq!(std::thread::spawn(got).join().unwrap(), "");
        KEY.clear();
        assert_eq!(thread::spawn(got).join().unwrap(), "");
    });
}

/// Not at its start.
fn a_child_has_what_was_there_at_the_spawn() {
    static KEY: InheritableLocal<usize> = InheritableLocal::new();
    on_both(|| {
        let children: Vec<_> = (0..100)
            .map(|n| {
                KEY.set(n);
                thread::spawn(|| KEY.get())
            })
            .collect();
        KEY.clear();
        for (n, child) in children.into_iter().enumerate() {
            assert_eq!(child.join().unwrap(), Some(n));
        }
    });
}

fn parent_and_child_do_not_see_each_other() {
    static KEY: InheritableLocal<u32> = InheritableLocal::new();
    on_both(|| {
        KEY.set(1);
        let (to_child, from_parent) = costd::sync::mpsc::channel();
        let child = thread::spawn(move || {
            KEY.set(2);
            from_parent.recv().unwrap();
            assert_eq!(KEY.get(), Some(2));
            KEY.clear();
            from_parent.recv().unwrap();
            assert_eq!(KEY.get(), None);
        });
        assert_eq!(KEY.get(), Some(1));
        KEY.set(3);
        to_child.send(()).unwrap();
        thread::yield_now();
        assert_eq!(KEY.get(), Some(3));
        to_child.send(()).unwrap();
        child.join().unwrap();
        assert_eq!(KEY.get(), Some(3));
        KEY.clear();
    });
}

/// Coroutines of one worker that wait in turn keep theirs.
fn many_at_once() {
    static KEY: InheritableLocal<usize> = InheritableLocal::new();
    let all: Vec<_> = (0..1_000)
        .map(|n| {
            thread::spawn(move || {
                KEY.scope(n, || {
                    let child = thread::spawn(move || {
                        thread::sleep(Duration::from_micros(n as u64 % 300));
                        KEY.with(|value| value.copied())
                    });
                    for _ in 0..5 {
                        thread::yield_now();
                        assert_eq!(KEY.get(), Some(n));
                    }
                    assert_eq!(child.join().unwrap(), Some(n));
                });
                assert_eq!(KEY.get(), None);
            })
        })
        .collect();
    for one in all {
        one.join().unwrap();
    }
}

fn a_scope_restores() {
    static KEY: InheritableLocal<u32> = InheritableLocal::new();
    on_both(|| {
        let result = KEY.scope(1, || {
            KEY.scope(2, || {
                assert_eq!(KEY.get(), Some(2));
                assert_eq!(thread::spawn(|| KEY.get()).join().unwrap(), Some(2));
                KEY.set(3);
            });
            assert_eq!(KEY.get(), Some(1));
            KEY.scope(4, || KEY.clear());
            assert_eq!(KEY.get(), Some(1));
            "result"
        });
        assert_eq!((result, KEY.get()), ("result", None));
    });
}

fn a_scope_restores_when_it_unwinds() {
    static KEY: InheritableLocal<u32> = InheritableLocal::new();
    on_both(|| {
        KEY.set(1);
        let caught = catch_unwind(|| KEY.scope(2, || std::panic::resume_unwind(Box::new(KEY.get()))));
        assert_eq!(*caught.unwrap_err().downcast::<Option<u32>>().unwrap(), Some(2));
        assert_eq!(KEY.get(), Some(1));
        KEY.clear();
    });

    /// What its owner has when it is dropped.
    struct AtEnd(Arc<AtomicUsize>);
    impl Drop for AtEnd {
        fn drop(&mut self) {
            self.0.store(KEY.get().unwrap() as usize, Ordering::Relaxed);
        }
    }
    let seen = Arc::new(AtomicUsize::new(0));
    let at_end = AtEnd(Arc::clone(&seen));
    let (ready, is_ready) = costd::sync::mpsc::channel();
    let cancelled = thread::spawn(move || {
        let _at_end = at_end;
        KEY.set(5);
        KEY.scope(6, || {
            ready.send(()).unwrap();
            thread::sleep(Duration::MAX);
        });
    });
    is_ready.recv().unwrap();
    cancelled.cancel();
    assert!(cancelled.join().unwrap_err().is::<coroutine::Cancelled>());
    assert_eq!(seen.load(Ordering::Relaxed), 5);
}

fn keys_are_independent() {
    static NUMBER: InheritableLocal<u32> = InheritableLocal::new();
    static OTHER: InheritableLocal<u32> = InheritableLocal::new();
    static TEXT: InheritableLocal<&str> = InheritableLocal::new();
    // Keys may be made while the program runs, too.
    let leaked: &'static InheritableLocal<u8> = Box::leak(Box::default());
    on_both(move || {
        let all = || (NUMBER.get(), OTHER.get(), TEXT.get(), leaked.get());
        NUMBER.scope(1, || {
            OTHER.set(2);
            TEXT.set("three");
            leaked.set(4);
            assert_eq!(thread::spawn(all).join().unwrap(), (Some(1), Some(2), Some("three"), Some(4)));
            TEXT.clear();
        });
        // Only its own is what it was before the scope.
        assert_eq!(all(), (None, Some(2), None, Some(4)));
        assert_eq!(thread::spawn(all).join().unwrap(), (None, Some(2), None, Some(4)));
        OTHER.clear();
        leaked.clear();
        assert_eq!(thread::spawn(all).join().unwrap(), (None, None, None, None));
    });
    assert_eq!(format!("{NUMBER:?}"), "InheritableLocal { .. }");
}

fn changed_while_it_is_looked_at() {
    static KEY: InheritableLocal<Vec<u32>> = InheritableLocal::new();
    on_both(|| {
        KEY.set(vec![1, 2, 3]);
        KEY.with(|outer| {
            KEY.set(vec![4]);
            thread::yield_now();
            KEY.with(|inner| assert_eq!(inner, Some(&vec![4])));
            KEY.clear();
            KEY.with(|inner| assert_eq!(inner, None));
            assert_eq!(outer, Some(&vec![1, 2, 3]));
        });
    });
}

fn blocking_has_the_callers() {
    static KEY: InheritableLocal<u32> = InheritableLocal::new();
    static OTHER: InheritableLocal<u32> = InheritableLocal::new();
    on_both(|| {
        assert_eq!(coroutine::blocking(|| KEY.get()), None);
        KEY.scope(1, || {
            let seen = coroutine::blocking(|| {
                let seen = KEY.get();
                OTHER.set(2);
                (seen, thread::spawn(|| (KEY.get(), OTHER.get())).join().unwrap())
            });
            assert_eq!(seen, (Some(1), (Some(1), Some(2))));
            // What was changed there is over.
            assert_eq!(OTHER.get(), None);
        });
        // Nor has the thread that has run it kept anything for the next.
        assert_eq!(coroutine::blocking(|| (KEY.get(), OTHER.get())), (None, None));
        let caught = catch_unwind(|| KEY.scope(3, || coroutine::blocking(|| std::panic::resume_unwind(Box::new(())))));
        assert!(caught.is_err());
        assert_eq!(coroutine::blocking(|| KEY.get()), None);
    });
}

/// Counts its drops.
struct Counted(&'static AtomicUsize);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn dropped_with_the_last_who_has_it() {
    static KEY: InheritableLocal<Counted> = InheritableLocal::new();
    static DROPPED: AtomicUsize = AtomicUsize::new(0);
    let dropped = || DROPPED.load(Ordering::Relaxed);
    on_both(move || {
        let before = dropped();
        KEY.set(Counted(&DROPPED));
        // By another value, or none.
        KEY.set(Counted(&DROPPED));
        assert_eq!(dropped(), before + 1);
        KEY.clear();
        assert_eq!(dropped(), before + 2);
        // By the end of a scope.
        KEY.scope(Counted(&DROPPED), || assert_eq!(dropped(), before + 2));
        assert_eq!(dropped(), before + 3);
        // By the end of the child, which has it alone at last.
        KEY.set(Counted(&DROPPED));
        let child = thread::spawn(thread::park);
        KEY.clear();
        assert_eq!(dropped(), before + 3);
        child.thread().unpark();
        child.join().unwrap();
        assert_eq!(dropped(), before + 4, "dropped before `join` returns");
        // By the end of the parent, which has it alone at last.
        let parent = thread::spawn(|| {
            KEY.set(Counted(&DROPPED));
            (0..100)
                .map(|_| thread::spawn(|| KEY.with(|value| assert!(value.is_some()))))
                .for_each(|child| child.join().unwrap());
        });
        parent.join().unwrap();
        assert_eq!(dropped(), before + 5);
    });
}

/// Writes down what is there when it is dropped.
struct Reader(Arc<AtomicUsize>);

static READ: InheritableLocal<usize> = InheritableLocal::new();

impl Drop for Reader {
    fn drop(&mut self) {
        self.0.store(READ.get().unwrap_or(usize::MAX), Ordering::Relaxed);
    }
}

costd::thread_local!(static READER: RefCell<Option<Reader>> = const { RefCell::new(None) });

/// An inherited value outlives the thread-locals, whichever of the two was used first.
fn thread_locals_are_dropped_before() {
    on_both(|| {
        READ.set(7);
        for use_it_first in [false, true] {
            let seen = Arc::new(AtomicUsize::new(0));
            let reader = Reader(Arc::clone(&seen));
            let child = move || {
                if use_it_first {
                    READER.set(Some(reader));
                    assert_eq!(READ.get(), Some(7));
                } else {
                    assert_eq!(READ.get(), Some(7));
                    READER.set(Some(reader));
                }
            };
            thread::spawn(child).join().unwrap();
            assert_eq!(seen.load(Ordering::Relaxed), 7);
        }
        READ.clear();
    });
}

/// What a thread has set itself is dropped in its turn, as a thread-local of its own; afterwards there is none, and none can be
/// set.
fn when_its_own_is_dropped() {
    static KEY: InheritableLocal<u32> = InheritableLocal::new();
    #[derive(Default)]
    struct Late(Cell<Option<Arc<AtomicUsize>>>);
    impl Drop for Late {
        fn drop(&mut self) {
            let Some(seen) = self.0.take() else { return };
            assert_eq!(KEY.get(), None);
            KEY.clear();
            // A spawn is possible.
            assert_eq!(thread::spawn(|| KEY.get()).join().unwrap(), None);
            // A panic that leaves a destructor would end the process.
            let set = catch_unwind(AssertUnwindSafe(|| KEY.set(2)));
            let text = *set.unwrap_err().downcast::<&str>().unwrap();
            assert!(text.starts_with("cannot set an inheritable value after it is destroyed"), "{text}");
            seen.fetch_add(1, Ordering::Relaxed);
        }
    }
    costd::thread_local!(static LATE: Late = Late::default());
    let seen = Arc::new(AtomicUsize::new(0));
    let in_coroutine = Arc::clone(&seen);
    let on_os_thread = Arc::clone(&seen);
    let body = |seen| {
        LATE.with(|late| late.0.set(Some(seen)));
        KEY.set(1);
        assert_eq!(KEY.get(), Some(1));
    };
    thread::spawn(move || body(in_coroutine)).join().unwrap();
    std::thread::spawn(move || body(on_os_thread)).join().unwrap();
    assert_eq!(seen.load(Ordering::Relaxed), 2);
}
