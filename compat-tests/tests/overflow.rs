//! A stack overflow ends the process as std ends it, with the coroutine's name in the message.

use compat_tests::child::{self, Child, Ended};
use compat_tests::in_coroutine;
use std::hint::black_box;
use std::sync::{Arc, Barrier};
use std::thread;

/// Recursion without an end that is in sight.
fn overflow(depth: u64) -> u64 {
    let frame = black_box([depth; 16]);
    if frame[0] == u64::MAX { 0 } else { overflow(depth + 1) + frame[(depth % 16) as usize] }
}

fn assert_aborted(ended: &Ended) {
    assert_eq!(ended.signal(), Some(libc::SIGABRT), "{} {}", ended.status, ended.stderr);
}

/// Runs one test in a child with costd and in a child with the real std; they have to end alike.
fn assert_alike(test: &str, workers: u32) {
    let costd = Child::new(test, "costd").env("COSTD_WORKERS", workers).run();
    let real = Child::new(test, "real").run();
    assert_aborted(&real);
    assert_aborted(&costd);
    assert_eq!(costd.stderr_without_ids(), real.stderr_without_ids());
}

#[test]
fn of_a_named_coroutine() {
    match child::case().as_deref() {
        None => {
            assert_alike("of_a_named_coroutine", 1);
            assert_alike("of_a_named_coroutine", 2);
        }
        Some("costd") => drop(thread::Builder::new().name("deep".into()).spawn(|| overflow(0)).unwrap().join()),
        _ => drop(std::__std::thread::Builder::new().name("deep".into()).spawn(|| overflow(0)).unwrap().join()),
    }
}

#[test]
fn of_a_coroutine_without_a_name() {
    match child::case().as_deref() {
        None => assert_alike("of_a_coroutine_without_a_name", 2),
        Some("costd") => drop(thread::spawn(|| overflow(0)).join()),
        _ => drop(std::__std::thread::spawn(|| overflow(0)).join()),
    }
}

#[test]
fn of_an_os_thread_beside_coroutines() {
    let deep = || std::__std::thread::Builder::new().name("os".into()).spawn(|| overflow(0)).unwrap();
    match child::case().as_deref() {
        None => assert_alike("of_an_os_thread_beside_coroutines", 2),
        Some("costd") => {
            in_coroutine(|| ());
            drop(deep().join());
        }
        _ => drop(deep().join()),
    }
}

#[test]
fn of_stacks_of_any_size_and_age() {
    let Some(case) = child::case() else {
        for case in ["small", "large", "used before", "among many", "in a scope", "while unwinding"] {
            let ended = Child::new("of_stacks_of_any_size_and_age", case).run();
            assert_aborted(&ended);
            let message = format!("thread '{case}' has overflowed its stack");
            assert!(ended.stderr_without_ids().contains(&message), "{case}: {}", ended.stderr);
        }
        return;
    };
    let builder = thread::Builder::new().name(case.clone());
    let deep = || overflow(0);
    let overflowing = match case.as_str() {
        "small" => builder.stack_size(20_000).spawn(deep),
        "large" => builder.stack_size(64 << 20).spawn(deep),
        "used before" => {
            // The stack that is used next is one that has been used.
            (0..100).for_each(|_| assert_eq!(in_coroutine(|| black_box([0_u8; 100_000])[0]), 0));
            builder.spawn(deep)
        }
        "among many" => {
            const MANY: usize = 2000;
            let alive = Arc::new(Barrier::new(MANY + 1));
            for _ in 0..MANY {
                let alive = alive.clone();
                thread::spawn(move || {
                    alive.wait();
                    loop {
                        thread::park();
                    }
                });
            }
            alive.wait();
            builder.spawn(deep)
        }
        "in a scope" => thread::scope(|scope| {
            drop(builder.spawn_scoped(scope, deep).unwrap().join());
            unreachable!("the process has ended");
        }),
        _ => {
            struct Deep;
            impl Drop for Deep {
                fn drop(&mut self) {
                    overflow(0);
                }
            }
            builder.spawn(|| {
                let _deep = Deep;
                panic!("the destructor overflows")
            })
        }
    };
    drop(overflowing.unwrap().join());
}

#[test]
fn another_fault_is_not_called_an_overflow() {
    match child::case() {
        None => {
            let ended = Child::new("another_fault_is_not_called_an_overflow", "run").run();
            assert_eq!(ended.signal(), Some(libc::SIGSEGV), "{} {}", ended.status, ended.stderr);
            assert!(!ended.stderr.contains("overflow"), "{}", ended.stderr);
        }
        Some(_) => in_coroutine(|| {
            // SAFETY: none. It is the fault that the test is about.
            unsafe { std::ptr::null_mut::<u8>().wrapping_add(8).write_volatile(1) };
        }),
    }
}
