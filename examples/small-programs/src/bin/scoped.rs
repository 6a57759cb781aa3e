//! Threads that borrow what belongs to their parent, in scopes inside of scopes.

use std::thread;

fn main() {
    let mut numbers = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
    println!("before: {numbers:?}");
    thread::scope(|outer| {
        for number in &mut numbers {
            outer.spawn(move || {
                let seen = *number;
                thread::scope(|inner| {
                    inner.spawn(|| {
                        thread::yield_now();
                        *number *= 10;
                    });
                });
                // The inner one has ended, and its borrow with it.
                thread::yield_now();
                *number += seen;
            });
        }
    });
    println!("after: {numbers:?}");
}
