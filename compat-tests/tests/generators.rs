//! Generators: stacks of somebody else's making, which are entered and left in a coroutine. What runs on them is that coroutine,
//! and may wait.

use compat_tests::child::{Child, case};
use compat_tests::in_coroutine;
use corosensei::{Coroutine, CoroutineResult, Yielder};
use std::cell::Cell;
use std::coroutine::is_coroutine;
use std::sync::{Arc, Mutex, mpsc};
use std::thread::{self, ThreadId};
use std::time::Duration;

thread_local!(static STEPS: Cell<u32> = const { Cell::new(0) });

/// Fibonacci's numbers times `n`, with a wait of every kind before each.
fn generator(n: u32, lock: Arc<Mutex<u32>>) -> Coroutine<(), u32, ThreadId> {
    Coroutine::new(move |out: &Yielder<(), u32>, ()| {
        let (sender, receiver) = mpsc::channel();
        let (mut one, mut next) = (n, n);
        while one < 200 {
            assert!(is_coroutine());
            thread::yield_now();
            {
                // Held over a wait, so the others of this worker queue up for it.
                let mut held = lock.lock().unwrap();
                *held += 1;
                thread::sleep(Duration::from_micros(50));
            }
            let sender = sender.clone();
            thread::spawn(move || sender.send(one).unwrap());
            assert_eq!(receiver.recv(), Ok(one));
            STEPS.set(STEPS.get() + 1);
            out.suspend(one);
            (one, next) = (next, one + next);
        }
        thread::current().id()
    })
}

fn many_at_once() {
    let lock = Arc::new(Mutex::new(0));
    let threads: Vec<_> = (1..=20)
        .map(|n| {
            let lock = Arc::clone(&lock);
            thread::spawn(move || {
                let mut generator = generator(n, lock);
                let mut all = Vec::new();
                loop {
                    match generator.resume(()) {
                        CoroutineResult::Yield(number) => all.push(number),
                        CoroutineResult::Return(id) => {
                            assert_eq!(id, thread::current().id());
                            assert_eq!(STEPS.get() as usize, all.len());
                            return all;
                        }
                    }
                    thread::yield_now();
                }
            })
        })
        .collect();
    let mut steps = 0;
    for (n, thread) in (1..).zip(threads) {
        let all = thread.join().unwrap();
        let fibonacci = [1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144];
        let expected: Vec<u32> = fibonacci.iter().map(|one| one * n).take_while(|&one| one < 200).collect();
        assert_eq!(all, expected);
        steps += all.len();
    }
    assert_eq!(*lock.lock().unwrap() as usize, steps);
}

#[test]
fn generators_may_wait() {
    if case().is_some() {
        return many_at_once();
    }
    for workers in [1, 2, 8] {
        Child::new("generators_may_wait", "many_at_once").env("COSTD_WORKERS", workers).succeed();
    }
}

/// A generator inside of a generator, left in the middle of both.
#[test]
fn one_inside_of_another() {
    let sum = in_coroutine(|| {
        let lock = Arc::new(Mutex::new(0));
        let mut outer = Coroutine::new(move |out: &Yielder<(), u32>, ()| {
            let mut inner = generator(1, lock);
            let mut sum = 0;
            while let CoroutineResult::Yield(number) = inner.resume(()) {
                thread::yield_now();
                sum += number;
                out.suspend(number);
            }
            sum
        });
        loop {
            if let CoroutineResult::Return(sum) = outer.resume(()) {
                return sum;
            }
        }
    });
    assert_eq!(sum, 376);
}
