//! What `LocalKey::get` and its like cost, beside std's: medians of many short runs, taken in turn.
//!
//! `cargo bench --bench thread_local`

use std::cell::{Cell, RefCell};
use std::hint::black_box;
use std::time::Instant;

macro_rules! keys {
    ($module:ident, $macro:path) => {
        mod $module {
            use super::*;
            $macro! {
                static CONST: Cell<u64> = const { Cell::new(1) };
                static LAZY: Cell<u64> = Cell::new(black_box(1));
                static DROP: RefCell<Vec<u64>> = RefCell::new(vec![1]);
            }

            #[inline(never)]
            pub fn const_get(n: u64) -> u64 {
                (0..n).fold(0, |sum, _| black_box(sum + CONST.get()))
            }
            #[inline(never)]
            pub fn const_set(n: u64) -> u64 {
                (0..n).for_each(|n| CONST.set(black_box(n)));
                0
            }
            #[inline(never)]
            pub fn const_add(n: u64) -> u64 {
                (0..n).for_each(|_| CONST.set(black_box(CONST.get() + 1)));
                0
            }
            #[inline(never)]
            pub fn lazy_get(n: u64) -> u64 {
                (0..n).fold(0, |sum, _| black_box(sum + LAZY.get()))
            }
            #[inline(never)]
            pub fn drop_with(n: u64) -> u64 {
                (0..n).fold(0, |sum, _| black_box(sum + DROP.with_borrow(|v| v[0])))
            }
            #[inline(never)]
            pub fn one_get() -> u64 {
                CONST.get()
            }
            #[inline(never)]
            pub fn call_get(n: u64) -> u64 {
                (0..n).fold(0, |sum, _| sum + black_box(one_get()))
            }
            pub const ALL: [fn(u64) -> u64; 6] = [const_get, const_set, const_add, lazy_get, drop_with, call_get];
        }
    };
}

keys!(real, std::thread_local);
keys!(ours, costd::thread_local);

const NAMES: [&str; 6] = ["const get", "const set", "const get + set", "lazy get", "with_borrow", "get in a call"];

fn nanos(f: fn(u64) -> u64) -> f64 {
    const N: u64 = 100_000;
    let start = Instant::now();
    black_box(f(black_box(N)));
    start.elapsed().as_nanos() as f64 / N as f64
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn measure(place: &str) {
    println!("{place}: ns");
    for ((name, theirs), ours) in NAMES.iter().zip(real::ALL).zip(ours::ALL) {
        let (mut a, mut b) = (Vec::new(), Vec::new());
        for _ in 0..101 {
            a.push(nanos(theirs));
            b.push(nanos(ours));
        }
        let (a, b) = (median(a), median(b));
        println!("  {name:16} std {a:6.2}  costd {b:6.2}  ratio {:5.2}", b / a);
    }
}

fn main() {
    measure("on an OS thread");
    costd::thread::spawn(|| measure("in a coroutine")).join().unwrap();
}
