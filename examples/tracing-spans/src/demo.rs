//! A server of sorts, which knows nothing of what records its spans.

use std::sync::{Arc, Barrier};
use std::thread;

use tracing::{info, info_span};

/// Serves so many requests at a time, each in a coroutine and in a span of its own. All wait for each other in the middle.
pub fn serve(requests: u64) {
    let barrier = Arc::new(Barrier::new(requests as usize));
    let serving: Vec<_> = (0..requests)
        .map(|request| {
            let barrier = Arc::clone(&barrier);
            thread::spawn(move || info_span!("serve", request).in_scope(|| serve_one(request, &barrier)))
        })
        .collect();
    for one in serving {
        one.join().unwrap();
    }
}

fn serve_one(request: u64, barrier: &Barrier) {
    info!(request, "asked");
    info_span!("compute").in_scope(|| {
        barrier.wait();
        info!(request, "computed");
    });
    // Somebody else does a part of it, and is not done when this is.
    let part = thread::spawn(move || {
        thread::yield_now();
        info!(request, "logged by a child");
    });
    barrier.wait();
    info!(request, "answered");
    part.join().unwrap();
}
