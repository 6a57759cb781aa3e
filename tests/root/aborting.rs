//! Built with `panic = "abort"`: everything works until somebody panics, and then the process ends with the message.

mod common {
    thread_local!(pub static KEY: std::cell::Cell<u32> = const { std::cell::Cell::new(1) });
}

fn main() {
    let threads: Vec<_> = (0..100)
        .map(|n| {
            std::thread::spawn(move || {
                common::KEY.set(n);
                std::thread::yield_now();
                assert!(!std::thread::panicking());
                common::KEY.get()
            })
        })
        .collect();
    assert_eq!(threads.into_iter().map(|thread| thread.join().unwrap()).sum::<u32>(), 4950);
    assert_eq!(std::panic::catch_unwind(|| 5).unwrap(), 5);
    println!("done");
    match std::env::args().nth(1).as_deref() {
        Some("scope") => std::thread::scope(|scope| {
            std::thread::Builder::new().name("last".into()).spawn_scoped(scope, || panic!("words")).unwrap();
        }),
        Some("destructor") => {
            struct Panics;
            impl Drop for Panics {
                fn drop(&mut self) {
                    std::thread::yield_now();
                    panic!("words");
                }
            }
            std::thread::Builder::new().name("last".into()).spawn(|| drop(Panics)).unwrap().join().unwrap();
        }
        // There is no unwinding: who is cancelled ends the process.
        Some("cancelled") => {
            let parked = std::thread::spawn(std::thread::park);
            std::coroutine::cancel(parked.thread());
            let _ = parked.join();
        }
        _ => {
            let _ = std::thread::Builder::new().name("last".into()).spawn(|| panic!("words")).unwrap().join();
        }
    }
    println!("never");
}
