//! Mutex, condition variable, reader-writer lock, once.

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

/// Runs `parts` side by side, the last one on the model's own thread; all orders with so many preemptions.
pub(super) fn side_by_side<S: Send + Sync + 'static>(
    preemptions: usize,
    shared: impl Fn() -> S + Send + Sync + 'static,
    parts: &'static [fn(&S)],
    after: fn(&S),
) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(preemptions);
    model.check(move || {
        let shared = Arc::new(shared());
        let (last, others) = parts.split_last().unwrap();
        let others: Vec<_> = others
            .iter()
            .map(|part| {
                let shared = shared.clone();
                thread::spawn(move || part(&shared))
            })
            .collect();
        last(&shared);
        for other in others {
            other.join().unwrap();
        }
        after(&shared);
    });
}

/// A lock with data, which loom checks to be reached by one writer, or by readers, at a time.
struct Guarded<L> {
    lock: L,
    data: UnsafeCell<u32>,
}

// SAFETY: loom checks what the locks are there to make sure of.
unsafe impl<L: Sync> Sync for Guarded<L> {}
// SAFETY: as above.
unsafe impl<L: Send> Send for Guarded<L> {}

impl<L> Guarded<L> {
    fn new(lock: L) -> Guarded<L> {
        Guarded { lock, data: UnsafeCell::new(0) }
    }

    fn add(&self) {
        // SAFETY: see `Guarded`.
        self.data.with_mut(|data| unsafe { *data += 1 });
    }

    fn get(&self) -> u32 {
        // SAFETY: see `Guarded`.
        self.data.with(|data| unsafe { *data })
    }
}

macro_rules! mutex_and_rwlock {
    ($module:ident, $locks:ident) => {
        mod $module {
            use super::*;
            use crate::$locks::mutex::Mutex;
            use crate::$locks::rwlock::RwLock;

            fn mutex() -> Guarded<Mutex> {
                Guarded::new(Mutex::new())
            }

            fn locked(shared: &Guarded<Mutex>) {
                shared.lock.lock();
                shared.add();
                // SAFETY: locked above.
                unsafe { shared.lock.unlock() };
            }

            fn tried(shared: &Guarded<Mutex>) {
                if shared.lock.try_lock() {
                    shared.add();
                    // SAFETY: locked above.
                    unsafe { shared.lock.unlock() };
                }
            }

            #[test]
            fn mutex_of_two() {
                fn twice(shared: &Guarded<Mutex>) {
                    locked(shared);
                    locked(shared);
                }
                side_by_side(3, mutex, &[twice, locked], |shared| assert_eq!(shared.get(), 3));
            }

            #[test]
            fn mutex_of_three() {
                side_by_side(2, mutex, &[locked, locked, locked], |shared| {
                    assert_eq!(shared.get(), 3);
                    assert!(shared.lock.try_lock());
                });
            }

            #[test]
            fn mutex_and_try_lock() {
                side_by_side(2, mutex, &[locked, tried, locked], |shared| assert!(shared.get() >= 2));
            }

            fn rwlock() -> Guarded<RwLock> {
                Guarded::new(RwLock::new())
            }

            fn written(shared: &Guarded<RwLock>) {
                shared.lock.write();
                shared.add();
                // SAFETY: locked above.
                unsafe { shared.lock.write_unlock() };
            }

            fn read(shared: &Guarded<RwLock>) {
                shared.lock.read();
                shared.get();
                // SAFETY: locked above.
                unsafe { shared.lock.read_unlock() };
            }

            fn downgraded(shared: &Guarded<RwLock>) {
                shared.lock.write();
                shared.add();
                let mine = shared.get();
                // SAFETY: locked above, one way and then the other.
                unsafe {
                    shared.lock.downgrade();
                    assert_eq!(shared.get(), mine);
                    shared.lock.read_unlock();
                }
            }

            fn free(shared: &Guarded<RwLock>) {
                assert!(shared.lock.try_write());
            }

            #[test]
            fn writer_and_reader() {
                fn twice(shared: &Guarded<RwLock>) {
                    written(shared);
                    written(shared);
                }
                side_by_side(3, rwlock, &[twice, read], free);
            }

            #[test]
            fn two_writers_and_a_reader() {
                side_by_side(2, rwlock, &[written, written, read], free);
            }

            #[test]
            fn three_writers() {
                side_by_side(2, rwlock, &[written, written, written], free);
            }

            #[test]
            fn a_writer_and_two_readers() {
                side_by_side(2, rwlock, &[read, read, written], free);
            }

            #[test]
            fn a_downgrade_a_writer_and_a_reader() {
                side_by_side(2, rwlock, &[written, read, downgraded], free);
            }
        }
    };
}

mutex_and_rwlock!(patient, locks);
mutex_and_rwlock!(impatient, impatient_locks);

mod condvar {
    use super::*;
    use crate::locks::condvar::Condvar;
    use crate::locks::mutex::Mutex;

    struct Shared {
        count: Guarded<Mutex>,
        changed: Condvar,
    }

    fn shared() -> Shared {
        Shared { count: Guarded::new(Mutex::new()), changed: Condvar::new() }
    }

    fn wait(shared: &Shared) {
        shared.count.lock.lock();
        while shared.count.get() == 0 {
            // SAFETY: locked above.
            assert!(unsafe { shared.changed.wait(&shared.count.lock, None) });
        }
        // SAFETY: locked above, and after each wait.
        unsafe { shared.count.lock.unlock() };
    }

    fn change(shared: &Shared) {
        shared.count.lock.lock();
        shared.count.add();
        // SAFETY: locked above.
        unsafe { shared.count.lock.unlock() };
    }

    #[test]
    fn a_notification_is_not_missed() {
        fn notify_one(shared: &Shared) {
            change(shared);
            shared.changed.notify_one();
        }
        side_by_side(3, shared, &[notify_one, wait], |_| ());
    }

    #[test]
    fn all_are_notified() {
        fn notify_all(shared: &Shared) {
            change(shared);
            shared.changed.notify_all();
        }
        side_by_side(2, shared, &[notify_all, wait, wait], |_| ());
    }
}

mod once {
    use super::*;
    use crate::locks::once::Once;

    fn call(shared: &Guarded<Once>) {
        shared.lock.call(true, &mut |_| {
            shared.add();
            true
        });
        assert_eq!(shared.get(), 1);
    }

    fn fail(shared: &Guarded<Once>) {
        shared.lock.call(true, &mut |_| false);
    }

    fn wait(shared: &Guarded<Once>) {
        shared.lock.wait(true);
        assert_eq!(shared.get(), 1);
    }

    fn once() -> Guarded<Once> {
        Guarded::new(Once::new())
    }

    #[test]
    fn runs_once() {
        side_by_side(3, once, &[call, call], |_| ());
    }

    #[test]
    fn is_waited_for() {
        side_by_side(2, once, &[wait, call, call], |_| ());
    }

    #[test]
    fn is_waited_for_beyond_a_failure() {
        fn try_call(shared: &Guarded<Once>) {
            shared.lock.call(true, &mut |_| {
                shared.add();
                true
            });
        }
        side_by_side(2, once, &[fail, wait, try_call], |_| ());
    }
}
