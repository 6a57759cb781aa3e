//! What a channel of one sender and one receiver allocates: all of it is freed, and a steady stream allocates nothing.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicIsize, AtomicUsize, Ordering};

use costd::coroutine::spsc::channel;

/// Counts what is alive, and what was ever made, of the size of a block or more.
struct Counting;

static ALIVE: AtomicIsize = AtomicIsize::new(0);
static MADE: AtomicUsize = AtomicUsize::new(0);
const MESSAGE: usize = 1000;

// SAFETY: the system's allocator does everything.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size() >= 30 * MESSAGE {
            ALIVE.fetch_add(1, Ordering::Relaxed);
            MADE.fetch_add(1, Ordering::Relaxed);
        }
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        if layout.size() >= 30 * MESSAGE {
            ALIVE.fetch_sub(1, Ordering::Relaxed);
        }
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// One test, since the counts are the process's.
#[test]
fn blocks_go_round_and_are_freed() {
    let (tx, rx) = channel();
    let send = || tx.send([1_u8; MESSAGE]).unwrap();
    let before = ALIVE.load(Ordering::Relaxed);
    // In step: two blocks, in turns.
    for _ in 0..1000 {
        send();
        rx.recv().unwrap();
    }
    assert_eq!(ALIVE.load(Ordering::Relaxed) - before, 1);
    let made = MADE.load(Ordering::Relaxed);
    for _ in 0..10_000 {
        (0..20).for_each(|_| send());
        (0..20).for_each(|_| _ = rx.recv().unwrap());
    }
    assert_eq!(MADE.load(Ordering::Relaxed), made);
    // A backlog is given back when it has gone.
    (0..10_000).for_each(|_| send());
    assert!(ALIVE.load(Ordering::Relaxed) - before > 100);
    (0..10_000).for_each(|_| _ = rx.recv().unwrap());
    assert_eq!(ALIVE.load(Ordering::Relaxed) - before, 1);
    // At the end nothing is left, whichever goes first, and whatever is there.
    for left in [0, 1, 32, 33, 1000] {
        for receiver_first in [true, false] {
            let before = ALIVE.load(Ordering::Relaxed);
            let (tx, rx) = channel();
            (0..100).for_each(|_| tx.send([1_u8; MESSAGE]).unwrap());
            (0..100).for_each(|_| _ = rx.recv().unwrap());
            (0..left).for_each(|_| tx.send([1_u8; MESSAGE]).unwrap());
            if receiver_first {
                drop(rx);
                drop(tx);
            } else {
                drop(tx);
                drop(rx);
            }
            assert_eq!(ALIVE.load(Ordering::Relaxed), before, "{left} left");
        }
    }
}
