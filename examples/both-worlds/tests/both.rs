//! What holds in both worlds.

use both_worlds::{Total, depth, for_each};
use std::panic::catch_unwind;
use std::sync::Barrier;
use std::thread;

#[test]
fn the_results_are_in_the_order_of_the_items() {
    let numbers: Vec<u64> = (0..200).collect();
    assert_eq!(for_each(numbers.clone(), |number| number), numbers);
    assert_eq!(for_each(Vec::<u64>::new(), |number| number), []);
}

#[test]
fn all_of_them_are_there_at_once() {
    let barrier = Barrier::new(50);
    let leaders = for_each(vec![(); 50], |()| barrier.wait().is_leader());
    assert_eq!(leaders.iter().filter(|&&leader| leader).count(), 1);
}

#[test]
fn each_thread_knows_how_deep_it_is() {
    let depths = for_each(vec![2, 3], |children| {
        let inner = for_each(vec![(); children], |()| {
            thread::yield_now();
            depth()
        });
        (depth(), inner)
    });
    assert_eq!(depths, [(1, vec![2; 2]), (1, vec![2; 3])]);
    assert_eq!(depth(), 0);
}

#[test]
fn a_panic_comes_out_again() {
    let total = Total::default();
    let result = catch_unwind(std::panic::AssertUnwindSafe(|| {
        for_each(vec![1, 2, 3], |amount| {
            total.add(amount);
            assert_ne!(amount, 2, "this one");
        })
    }));
    assert!(result.is_err());
    assert_eq!(total.into_inner(), 6);
}
