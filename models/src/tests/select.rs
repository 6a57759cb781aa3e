//! Waiting for several things at once: exactly one takes effect, and nothing is lost to the others.

use std::panic::{AssertUnwindSafe, catch_unwind};

use loom::sync::Arc;
use loom::thread;

use crate::channel::{ReceiverEnd, Receiving, SenderEnd, Sending, new};
use crate::locks::arms::{Acquiring, Locking, Reading, Setting, Writing};
use crate::locks::event::Event;
use crate::locks::mutex::Mutex;
use crate::locks::rwlock::RwLock;
use crate::locks::semaphore::Semaphore;
use crate::park::{Reason, select};
use crate::sched::interrupt::Cancelled;
use crate::task::Unparker;

fn model(f: impl Fn() + Sync + Send + 'static) {
    model_with(2, f);
}

fn model_with(preemptions: usize, f: impl Fn() + Sync + Send + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(preemptions);
    model.check(f);
}

/// Receives from either: what, and from which.
fn recv_either(first: &ReceiverEnd<u32>, second: &ReceiverEnd<u32>) -> (usize, Option<u32>) {
    let (first, second) = (Receiving::new(first), Receiving::new(second));
    match select(&[&first, &second], None).unwrap() {
        0 => (0, first.take_result().unwrap().ok()),
        _ => (1, second.take_result().unwrap().ok()),
    }
}

/// Sends the one, or receives the other. What was received.
fn send_or_recv(to: &SenderEnd<u32>, message: u32, from: &ReceiverEnd<u32>) -> Option<u32> {
    let (sending, receiving) = (Sending::new(to, Some(message)), Receiving::new(from));
    match select(&[&sending, &receiving], None).unwrap() {
        0 => {
            sending.take_result().unwrap().unwrap();
            None
        }
        _ => Some(receiving.take_result().unwrap().unwrap()),
    }
}

/// Two senders, each to a channel of its own: the one is received, and the other stays.
#[test]
fn one_of_two_messages() {
    for capacity in [None, Some(0), Some(1)] {
        model(move || {
            let ends: [_; 2] = [0, 1].map(|_| new(capacity));
            let [(to_first, first), (to_second, second)] = ends;
            let senders = [to_first, to_second].map(|tx| thread::spawn(move || tx.send(7, None).unwrap()));
            let (winner, message) = recv_either(&first, &second);
            assert_eq!(message, Some(7));
            let loser = [&second, &first][winner];
            assert_eq!(loser.recv(None), Ok(7));
            senders.into_iter().for_each(|sender| sender.join().unwrap());
            assert!(first.try_recv().is_err() && second.try_recv().is_err());
        });
    }
}

/// Who was chosen for a message and takes another one passes the choice on to who waits for that message, too.
#[test]
fn the_choice_is_passed_on() {
    model(|| {
        let ((to_first, first), (to_second, second)) = (new(None), new(None));
        let other = {
            let first = first.clone();
            thread::spawn(move || first.recv(None).unwrap())
        };
        let sender = {
            let to_first = to_first.clone();
            thread::spawn(move || {
                to_first.send(1, None).unwrap();
                to_second.send(2, None).unwrap();
            })
        };
        // Both may be chosen, and the first of them wins then.
        match recv_either(&second, &first) {
            (0, Some(2)) => {}
            (1, Some(1)) => to_first.send(1, None).unwrap(),
            received => panic!("{received:?}"),
        }
        assert_eq!(other.join().unwrap(), 1);
        sender.join().unwrap();
    });
}

/// Both of those who meet make several offers.
#[test]
fn two_selects_meet() {
    model_with(3, || {
        let ((to_first, first), (to_second, second)) = (new(Some(0)), new(Some(0)));
        let other = {
            let (to_second, first) = (to_second.clone(), first.clone());
            thread::spawn(move || send_or_recv(&to_second, 2, &first))
        };
        let received = send_or_recv(&to_first, 1, &second);
        match other.join().unwrap() {
            Some(1) => assert_eq!(received, None),
            None => assert_eq!(received, Some(2)),
            other => panic!("{other:?}"),
        }
    });
}

/// A task cannot meet itself.
#[test]
fn nobody_meets_oneself() {
    model(|| {
        let (tx, rx) = new(Some(0));
        let other = {
            let tx = tx.clone();
            thread::spawn(move || tx.send(1, None).unwrap())
        };
        assert_eq!(send_or_recv(&tx, 2, &rx), Some(1));
        other.join().unwrap();
    });
}

/// The senders of one channel go, while a message comes in the other.
#[test]
fn a_channel_is_closed() {
    for capacity in [None, Some(0)] {
        model(move || {
            let ((to_first, first), (to_second, second)) = (new(capacity), new(capacity));
            let closing = thread::spawn(move || drop(to_first));
            let sending = thread::spawn(move || to_second.send(1, None).unwrap());
            if recv_either(&first, &second).0 == 0 {
                assert_eq!(second.recv(None), Ok(1));
            }
            closing.join().unwrap();
            sending.join().unwrap();
        });
    }
}

/// A select that is cancelled has received nothing, or returns what it has received.
#[test]
fn a_select_is_cancelled() {
    for capacity in [None, Some(0)] {
        model(move || {
            let ((tx, first), (_to_second, second)) = (new(capacity), new(capacity));
            let canceller = {
                let unparker = Unparker::current();
                thread::spawn(move || unparker.cancel())
            };
            let sender = thread::spawn(move || tx.send(1, None).is_ok());
            let received = match catch_unwind(AssertUnwindSafe(|| recv_either(&first, &second))) {
                Ok(received) => {
                    assert_eq!(received, (0, Some(1)));
                    true
                }
                Err(payload) => {
                    assert!(payload.is::<Cancelled>());
                    false
                }
            };
            canceller.join().unwrap();
            if capacity == Some(0) {
                drop(first);
                assert_eq!(sender.join().unwrap(), received);
            } else {
                sender.join().unwrap();
                assert_eq!(first.try_recv().is_ok(), !received);
            }
        });
    }
}

/// Of two mutexes the one that is free first; the other stays as it is, also for who waits for it.
#[test]
fn either_mutex() {
    model(|| {
        let mutexes = Arc::new([Mutex::new(), Mutex::new()]);
        mutexes[0].lock();
        mutexes[1].lock();
        let other = {
            let mutexes = mutexes.clone();
            thread::spawn(move || {
                mutexes[0].lock();
                // SAFETY: locked above.
                unsafe { mutexes[0].unlock() };
            })
        };
        let holder = {
            let mutexes = mutexes.clone();
            thread::spawn(move || {
                // SAFETY: locked by the one who has handed them to this thread.
                unsafe {
                    mutexes[0].unlock();
                    mutexes[1].unlock();
                }
            })
        };
        {
            let (first, second) = (Locking::new(&mutexes[1]), Locking::new(&mutexes[0]));
            let winner = select(&[&first, &second], None).unwrap();
            // Whoever has not been handed over is given back here.
            drop((first, second));
            assert!(winner < 2);
        }
        other.join().unwrap();
        holder.join().unwrap();
        assert!(mutexes[0].try_lock() && mutexes[1].try_lock());
    });
}

/// A lock for writing whose turn has come, and which loses while readers are there, keeps nobody out.
#[test]
fn a_writer_loses() {
    model(|| {
        let shared = Arc::new((RwLock::new(), Event::new()));
        shared.0.read();
        let setter = {
            let shared = shared.clone();
            thread::spawn(move || shared.1.set())
        };
        let reader = {
            let shared = shared.clone();
            thread::spawn(move || {
                shared.0.read();
                // SAFETY: locked above.
                unsafe { shared.0.read_unlock() };
            })
        };
        {
            let (writing, setting) = (Writing::new(&shared.0), Setting::new(&shared.1));
            assert_eq!(select(&[&writing, &setting], None), Some(1));
        }
        setter.join().unwrap();
        reader.join().unwrap();
        // SAFETY: locked above.
        unsafe { shared.0.read_unlock() };
        assert!(shared.0.try_write());
    });
}

/// A lock for reading and one for writing, of which the holder gives up both.
#[test]
fn either_side_of_a_lock() {
    model(|| {
        let locks = Arc::new([RwLock::new(), RwLock::new()]);
        locks[0].write();
        locks[1].read();
        let holder = {
            let locks = locks.clone();
            thread::spawn(move || {
                // SAFETY: locked by the one who has handed them to this thread.
                unsafe {
                    locks[0].write_unlock();
                    locks[1].read_unlock();
                }
            })
        };
        {
            let (reading, writing) = (Reading::new(&locks[0]), Writing::new(&locks[1]));
            assert!(select(&[&reading, &writing], None).is_some());
        }
        holder.join().unwrap();
        assert!(locks[0].try_write() && locks[1].try_write());
    });
}

/// Permits that were given to an arm that loses are given back, to who waits for them.
#[test]
fn permits_are_given_back() {
    model(|| {
        let shared = Arc::new((Semaphore::new(0), Event::new()));
        let giver = {
            let shared = shared.clone();
            thread::spawn(move || {
                shared.0.release(1);
                shared.1.set();
            })
        };
        let other = {
            let shared = shared.clone();
            thread::spawn(move || assert!(shared.0.acquire(1, None)))
        };
        {
            let (setting, acquiring) = (Setting::new(&shared.1), Acquiring::new(&shared.0, 1));
            assert!(select(&[&setting, &acquiring], None).is_some());
            // What has won and was not handed over is given back, too.
        }
        other.join().unwrap();
        giver.join().unwrap();
        shared.1.wait(None, Reason::Event);
        assert_eq!(shared.0.available(), 0);
    });
}

/// For locks that somebody else wants, too, and that are released twice.
macro_rules! locks_released_twice {
    ($name:ident, $locks:ident) => {
        mod $name {
            use loom::sync::Arc;
            use loom::thread;

            use super::model;
            use crate::park::select;
            use crate::$locks::arms::{Locking, Setting, Writing};
            use crate::$locks::event::Event;
            use crate::$locks::mutex::Mutex;
            use crate::$locks::rwlock::RwLock;

            /// An arm that was woken for a mutex, came too late, finds it free after all, and loses all the same: the next one in the
            /// queue is woken.
            #[test]
            fn a_wake_is_passed_on_that_was_of_no_use_at_first() {
                model(|| {
                    let shared = Arc::new((Mutex::new(), Event::new()));
                    shared.0.lock();
                    let other = {
                        let shared = shared.clone();
                        thread::spawn(move || {
                            shared.0.lock();
                            // SAFETY: locked above.
                            unsafe { shared.0.unlock() };
                        })
                    };
                    let holder = {
                        let shared = shared.clone();
                        thread::spawn(move || {
                            // SAFETY: locked by the one who has handed it to this thread, or here.
                            unsafe {
                                shared.0.unlock();
                                if shared.0.try_lock() {
                                    shared.0.unlock();
                                }
                            }
                            shared.1.set();
                        })
                    };
                    {
                        let (setting, locking) = (Setting::new(&shared.1), Locking::new(&shared.0));
                        assert!(select(&[&setting, &locking], None).is_some());
                    }
                    other.join().unwrap();
                    holder.join().unwrap();
                    assert!(shared.0.try_lock());
                });
            }

            /// As above, of a lock for writing.
            #[test]
            fn a_writers_wake_is_passed_on_that_was_of_no_use_at_first() {
                model(|| {
                    let shared = Arc::new((RwLock::new(), Event::new()));
                    shared.0.write();
                    let other = {
                        let shared = shared.clone();
                        thread::spawn(move || {
                            shared.0.write();
                            // SAFETY: locked above.
                            unsafe { shared.0.write_unlock() };
                        })
                    };
                    let holder = {
                        let shared = shared.clone();
                        thread::spawn(move || {
                            // SAFETY: locked by the one who has handed it to this thread, or here.
                            unsafe {
                                shared.0.write_unlock();
                                if shared.0.try_write() {
                                    shared.0.write_unlock();
                                }
                            }
                            shared.1.set();
                        })
                    };
                    {
                        let (setting, writing) = (Setting::new(&shared.1), Writing::new(&shared.0));
                        assert!(select(&[&setting, &writing], None).is_some());
                    }
                    other.join().unwrap();
                    holder.join().unwrap();
                    assert!(shared.0.try_write());
                });
            }

            /// A lock for writing that an arm is woken for, and gets in the end: those who are behind it in the queue are still its business.
            #[test]
            fn a_writer_that_wins_late_wakes_the_next() {
                model(|| {
                    let lock = Arc::new(RwLock::new());
                    lock.write();
                    let other = {
                        let lock = lock.clone();
                        thread::spawn(move || {
                            lock.write();
                            // SAFETY: locked above.
                            unsafe { lock.write_unlock() };
                        })
                    };
                    let holder = {
                        let lock = lock.clone();
                        thread::spawn(move || {
                            // SAFETY: locked by the one who has handed it to this thread, or here.
                            unsafe {
                                lock.write_unlock();
                                if lock.try_write() {
                                    lock.write_unlock();
                                }
                            }
                        })
                    };
                    assert_eq!(select(&[&Writing::new(&lock)], None), Some(0));
                    other.join().unwrap();
                    holder.join().unwrap();
                    assert!(lock.try_write());
                });
            }
        }
    };
}

locks_released_twice!(patient, locks);
locks_released_twice!(impatient, impatient_locks);
