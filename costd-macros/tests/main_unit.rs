//! `#[costd::main]` on a `main` that returns nothing.

use std::hint::black_box;

use costd::coroutine::{InheritableLocal, is_coroutine};
use costd::thread;
use costd::time::{Duration, Instant};

mod child;

use child::text;

static KEY: InheritableLocal<u32> = InheritableLocal::new();

#[costd::main]
fn main() {
    assert!(is_coroutine());
    assert_eq!(thread::current().name(), Some("main"));
    match child::case().as_deref() {
        None => parent(),
        Some("nothing") => {}
        Some("panic") => panic!("with a message"),
        Some("payload") => std::panic::resume_unwind(Box::new(7)),
        Some("others") => {
            // Nobody waits for them.
            thread::spawn(|| thread::sleep(Duration::MAX));
            thread::yield_now();
            print!("printed");
        }
        Some("deep") => {
            // A spawned thread has 2 MiB.
            let top = 0_u8;
            descend(6 << 20, (&raw const top).addr());
        }
        Some("exit") => costd::process::exit(9),
        Some(other) => panic!("{other}: no such case"),
    }
}

fn parent() {
    let nothing = child::run("nothing", &[]);
    assert!(nothing.status.success() && nothing.stdout.is_empty() && nothing.stderr.is_empty());

    let panic = child::run("panic", &[]);
    let stderr = text(&panic.stderr);
    assert_eq!(panic.status.code(), Some(101));
    assert!(
        stderr.contains("thread 'main' (") && stderr.contains("panicked at costd-macros/tests/main_unit.rs:"),
        "{stderr}"
    );
    assert_eq!(stderr.matches("with a message").count(), 1, "{stderr}");

    let payload = child::run("payload", &[]);
    assert_eq!((payload.status.code(), text(&payload.stderr)), (Some(101), String::new()));

    let start = Instant::now();
    let others = child::run("others", &[]);
    assert!(others.status.success() && start.elapsed() < Duration::from_secs(60));
    assert_eq!(text(&others.stdout), "printed");

    let deep = child::run("deep", &[]);
    assert!(deep.status.success(), "{}", text(&deep.stderr));

    assert_eq!(child::run("exit", &[]).status.code(), Some(9));

    // The body is a coroutine as others are.
    KEY.scope(5, || assert_eq!(thread::spawn(|| KEY.get()).join().unwrap(), Some(5)));
}

/// Goes down on the stack as far as that, from an address near its top.
fn descend(bytes: usize, top: usize) {
    let block = black_box([0_u8; 1024]);
    if top - block.as_ptr().addr() < bytes {
        descend(bytes, top);
    }
    black_box(&block);
}
