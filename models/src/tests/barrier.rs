//! The barrier.

use loom::sync::Arc;
use loom::sync::atomic::{AtomicU32, Ordering};
use loom::thread;

use super::interrupt::or_interrupted;
use crate::locks::barrier::Barrier;
use crate::task::Unparker;

fn model(preemptions: usize, f: impl Fn() + Sync + Send + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(preemptions);
    model.check(f);
}

/// Twice in a row: nobody passes before all have come, one of them leads, and what they did before is seen.
#[test]
fn two_passages() {
    model(3, || {
        let shared = Arc::new((Barrier::new(2), [AtomicU32::new(0), AtomicU32::new(0)]));
        let meet = |shared: &(Barrier, [AtomicU32; 2]), me: usize| {
            let mut led = 0;
            for passage in 1..=2 {
                shared.1[me].store(passage, Ordering::Relaxed);
                led += u32::from(shared.0.wait());
                assert!(shared.1[1 - me].load(Ordering::Relaxed) >= passage);
            }
            led
        };
        let other = {
            let shared = shared.clone();
            thread::spawn(move || meet(&shared, 0))
        };
        let led = meet(&shared, 1);
        assert_eq!(led + other.join().unwrap(), 2);
    });
}

/// One is cancelled while it waits: either it has passed, or it has never arrived.
#[test]
fn one_is_cancelled() {
    model(2, || {
        let barrier = Arc::new(Barrier::new(2));
        let canceller = {
            let unparker = Unparker::current();
            thread::spawn(move || unparker.cancel())
        };
        let other = {
            let barrier = barrier.clone();
            thread::spawn(move || barrier.wait())
        };
        let led = or_interrupted(|| barrier.wait());
        canceller.join().unwrap();
        let partner = led.is_none().then(|| thread::spawn(move || barrier.wait()));
        let others = u32::from(other.join().unwrap()) + partner.map_or(0, |partner| u32::from(partner.join().unwrap()));
        assert_eq!(others + u32::from(led == Some(true)), 1);
    });
}
