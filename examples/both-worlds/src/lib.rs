//! A library for both worlds: one thread for each piece of work, whatever a thread costs.
//!
//! It is written for std. With its feature `costd` the threads, locks, channels and thread-locals are costd's; there is no
//! `cfg` here, since all that the feature does is to add a dependency by the name of `std`.

use std::any::type_name;
use std::cell::Cell;
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;

thread_local!(static DEPTH: Cell<usize> = const { Cell::new(0) });

/// The name of the crate that is `std` here.
pub fn world() -> &'static str {
    type_name::<thread::Thread>().split("::").next().unwrap_or_default()
}

/// Runs `work` on each item in a thread of its own; the results are in the order of the items. `work` may call this
/// function again.
///
/// # Panics
///
/// If `work` does.
///
/// # Examples
///
/// ```
/// assert_eq!(both_worlds::for_each(vec![1, 2, 3], |item| item * item), [1, 4, 9]);
/// ```
pub fn for_each<T: Send, R: Send>(items: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let depth = depth() + 1;
    let (sender, receiver) = mpsc::channel();
    thread::scope(|scope| {
        for (place, item) in items.into_iter().enumerate() {
            let (sender, work) = (sender.clone(), &work);
            scope.spawn(move || {
                DEPTH.set(depth);
                // The receiver lives as long as the scope.
                let _ = sender.send((place, work(item)));
            });
        }
    });
    drop(sender);
    let mut results: Vec<_> = receiver.into_iter().collect();
    results.sort_unstable_by_key(|&(place, _)| place);
    results.into_iter().map(|(_, result)| result).collect()
}

/// How many calls of [`for_each`] the present thread is inside of.
pub fn depth() -> usize {
    DEPTH.get()
}

/// A sum that many threads add to.
#[derive(Debug, Default)]
pub struct Total(Mutex<u64>);

impl Total {
    pub fn add(&self, amount: u64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += amount;
    }

    pub fn into_inner(self) -> u64 {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}
