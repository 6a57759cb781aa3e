//! Quicksort that hands one half of every cut to a new thread.
//!
//! `quicksort [NUMBERS [CUT_OFF]]` sorts random numbers, 4,000,000 by default; a slice of CUT_OFF numbers or fewer
//! (2,048 by default) is sorted where it is. The result is checked against the standard library's own sort.

use std::time::Instant;
use std::{env, process, thread};

fn main() {
    let mut arguments = env::args().skip(1);
    let mut number = |default: usize| match arguments.next() {
        None => default,
        Some(text) => text.parse().unwrap_or_else(|_| {
            eprintln!("usage: quicksort [NUMBERS [CUT_OFF]]");
            process::exit(2);
        }),
    };
    let count = number(4_000_000);
    let cut_off = number(2048);

    let mut numbers = random_numbers(count);
    let mut expected = numbers.clone();

    let start = Instant::now();
    let threads = quicksort(&mut numbers, cut_off.max(2));
    println!("{count} numbers in {:.0?}, with {threads} threads", start.elapsed());

    let start = Instant::now();
    expected.sort_unstable();
    println!("sort_unstable on one thread: {:.0?}", start.elapsed());
    assert!(numbers == expected, "the numbers are not in order");
}

/// Sorts `numbers` and returns how many threads were started for it.
fn quicksort(numbers: &mut [u64], cut_off: usize) -> usize {
    if numbers.len() <= cut_off {
        numbers.sort_unstable();
        return 0;
    }
    let (low, high) = partition(numbers);
    thread::scope(|scope| {
        let low = scope.spawn(|| quicksort(low, cut_off));
        let of_high = quicksort(high, cut_off);
        1 + low.join().expect("sorting does not panic") + of_high
    })
}

/// Cuts the slice in two, neither of them empty and no number of the first above one of the second (Hoare's scheme).
fn partition(numbers: &mut [u64]) -> (&mut [u64], &mut [u64]) {
    let pivot = median(numbers[0], numbers[numbers.len() / 2], numbers[numbers.len() - 1]);
    let (mut i, mut j) = (0, numbers.len() - 1);
    loop {
        while numbers[i] < pivot {
            i += 1;
        }
        while numbers[j] > pivot {
            j -= 1;
        }
        if i >= j {
            break;
        }
        numbers.swap(i, j);
        i += 1;
        j -= 1;
    }
    // A median of three is neither the only smallest number nor the only largest, so both halves have something.
    debug_assert!(0 < i && i < numbers.len());
    numbers.split_at_mut(i)
}

fn median(a: u64, b: u64, c: u64) -> u64 {
    a.max(b).min(a.min(b).max(c))
}

/// The same numbers every time (splitmix64).
fn random_numbers(count: usize) -> Vec<u64> {
    let mut state = 0x5eed_u64;
    (0..count)
        .map(|_| {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(mut numbers: Vec<u64>, cut_off: usize) {
        let mut expected = numbers.clone();
        expected.sort_unstable();
        quicksort(&mut numbers, cut_off);
        assert_eq!(numbers, expected);
    }

    #[test]
    fn sorts_random_numbers() {
        for count in [0, 1, 2, 3, 10, 1000, 20_000] {
            check(random_numbers(count), 16);
        }
    }

    #[test]
    fn sorts_what_is_hard_on_the_pivot() {
        check((0..2000).collect(), 16);
        check((0..2000).rev().collect(), 16);
        check(vec![7; 2000], 16);
        check((0..2000).map(|n| n % 3).collect(), 2);
    }

    #[test]
    fn sorts_every_short_sequence() {
        for code in 0..4_u64.pow(6) {
            check((0..6).map(|digit| code / 4_u64.pow(digit) % 4).collect(), 2);
        }
    }
}
