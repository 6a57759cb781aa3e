//! The sieve of Eratosthenes as a pipeline: one thread per prime, each passing on what its prime does not divide.
//!
//! `primes [COUNT]` finds that many primes, 2,000 by default, and checks them against a sieve in an array. It is a
//! stress of channels: almost all the work is handing one number from one thread to the next.

use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Instant;
use std::{env, process, thread};

/// Numbers that may wait between two stages. More of them means fewer switches.
const QUEUE: usize = 64;

fn main() {
    let count = match env::args().nth(1).map_or(Ok(2000), |text| text.parse::<usize>()) {
        Ok(count) => count,
        Err(_) => {
            eprintln!("usage: primes [COUNT]");
            process::exit(2);
        }
    };
    let start = Instant::now();
    let primes = pipeline(count);
    println!("{count} primes, the last {:?}, in {:.2?}", primes.last(), start.elapsed());
    assert!(primes == sieve(count), "these are not the first {count} primes");
}

/// The first `count` primes, each found by a stage of its own.
fn pipeline(count: usize) -> Vec<u32> {
    let mut numbers = candidates();
    let mut primes = Vec::with_capacity(count);
    for _ in 0..count {
        let prime = numbers.recv().expect("there are always more candidates");
        primes.push(prime);
        numbers = without_multiples(prime, numbers);
    }
    primes
}

/// 2, 3, 4, … until nobody listens any more.
fn candidates() -> Receiver<u32> {
    let (sender, receiver) = sync_channel(QUEUE);
    thread::spawn(move || (2..).try_for_each(|number| sender.send(number)));
    receiver
}

/// Passes on the numbers that `prime` does not divide. Ends when either neighbour has.
fn without_multiples(prime: u32, numbers: Receiver<u32>) -> Receiver<u32> {
    let (sender, receiver) = sync_channel(QUEUE);
    thread::spawn(move || {
        numbers.into_iter().filter(|number| number % prime != 0).try_for_each(|number| sender.send(number))
    });
    receiver
}

/// The first `count` primes the usual way.
fn sieve(count: usize) -> Vec<u32> {
    // The n-th prime is below n (ln n + ln ln n) from n = 6 on.
    let n = count.max(6) as f64;
    let limit = (n * (n.ln() + n.ln().ln())).ceil() as usize + 1;
    let mut composite = vec![false; limit];
    let mut primes = Vec::with_capacity(count);
    for number in 2..limit {
        if primes.len() == count {
            break;
        }
        if !composite[number] {
            primes.push(number as u32);
            (number * number..limit).step_by(number).for_each(|multiple| composite[multiple] = true);
        }
    }
    primes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sieves_agree() {
        for count in [0, 1, 2, 5, 6, 300] {
            assert_eq!(pipeline(count), sieve(count));
        }
    }

    #[test]
    fn the_sieve_knows_the_thousandth_prime() {
        assert_eq!(sieve(1000).last(), Some(&7919));
    }
}
