//! Steps with threads of their own, which compete; what they come to together is known.

use crate::extra;
use crate::{World, fold};
use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier, Condvar, Mutex, RwLock};
use std::thread;

use stress_program::program::Crowd;

pub(crate) fn run(world: &Arc<World>, crowd: &Crowd) -> u64 {
    match *crowd {
        Crowd::Scope { threads, lock } => scope(world, threads, lock),
        Crowd::Pool { capacity, senders, receivers, each } => pool(capacity, senders, receivers, each),
        Crowd::Queue { room, producers, consumers, each } => queue(world, room, producers, consumers, each),
        Crowd::Readers { readers, writers, each } => read_and_write(world, readers, writers, each),
        Crowd::Echo { clients, each } => echo(clients, each),
        Crowd::Rounds { threads, rounds } => meet(world, threads, rounds),
    }
}

fn scope(world: &World, threads: usize, lock: usize) -> u64 {
    let sum = AtomicU64::new(0);
    let mut left = 0;
    thread::scope(|s| {
        let joined = s.spawn(|| left = 5);
        for n in 1..threads as u64 {
            let sum = &sum;
            s.spawn(move || {
                let mut pair = world.locks[lock].lock().unwrap();
                pair.0 += n;
                thread::yield_now();
                pair.1 += n;
                drop(pair);
                sum.fetch_add(n, Ordering::Relaxed);
            });
        }
        joined.join().unwrap();
    });
    fold(left, sum.into_inner())
}

fn pool(capacity: Option<usize>, senders: usize, receivers: usize, each: usize) -> u64 {
    let (sender, receiver) = extra::shared(capacity);
    let sending: Vec<_> = (0..senders)
        .map(|n| {
            let sender = sender.clone();
            thread::spawn(move || {
                for i in 0..each {
                    sender.send((n * each + i) as u64).expect("there is a receiver");
                }
            })
        })
        .collect();
    let receiving: Vec<_> = (0..receivers)
        .map(|_| {
            let receiver = receiver.clone();
            thread::spawn(move || {
                let mut got = (0, 0);
                while let Ok(value) = receiver.recv() {
                    got = (got.0 + 1, got.1 + value);
                }
                got
            })
        })
        .collect();
    drop((sender, receiver));
    sending.into_iter().for_each(|thread| thread.join().unwrap());
    let got = receiving.into_iter().map(|thread| thread.join().unwrap());
    let (count, sum) = got.fold((0, 0), |all, got| (all.0 + got.0, all.1 + got.1));
    fold(count, sum)
}

#[derive(Default)]
struct Queue {
    state: Mutex<(VecDeque<u64>, bool)>,
    not_full: Condvar,
    not_empty: Condvar,
}

fn queue(world: &World, room: usize, producers: usize, consumers: usize, each: usize) -> u64 {
    let queue = Queue::default();
    let sum = AtomicU64::new(0);
    thread::scope(|s| {
        let producing: Vec<_> = (0..producers)
            .map(|_| {
                s.spawn(|| {
                    for item in 1..=each as u64 {
                        let state = queue.state.lock().unwrap();
                        let mut state = queue.not_full.wait_while(state, |state| state.0.len() >= room).unwrap();
                        state.0.push_back(item);
                        queue.not_empty.notify_one();
                    }
                })
            })
            .collect();
        for _ in 0..consumers {
            s.spawn(|| {
                loop {
                    let state = queue.state.lock().unwrap();
                    let mut state = queue.not_empty.wait_while(state, |state| state.0.is_empty() && !state.1).unwrap();
                    let Some(item) = state.0.pop_front() else { break };
                    if state.0.len() >= room {
                        world.fault(format!("{} items in a queue for {room}", state.0.len() + 1));
                    }
                    queue.not_full.notify_one();
                    drop(state);
                    sum.fetch_add(item, Ordering::Relaxed);
                }
            });
        }
        producing.into_iter().for_each(|thread| thread.join().unwrap());
        queue.state.lock().unwrap().1 = true;
        queue.not_empty.notify_all();
    });
    sum.into_inner()
}

fn read_and_write(world: &World, readers: usize, writers: usize, each: usize) -> u64 {
    let lock = RwLock::new((0, 0));
    thread::scope(|s| {
        for _ in 0..readers {
            s.spawn(|| {
                for _ in 0..each {
                    let pair = lock.read().unwrap();
                    thread::yield_now();
                    world.check("read beside writers", *pair);
                }
            });
        }
        for _ in 0..writers {
            s.spawn(|| {
                for _ in 0..each {
                    let mut pair = lock.write().unwrap();
                    pair.0 += 1;
                    thread::yield_now();
                    pair.1 += 1;
                }
            });
        }
    });
    lock.into_inner().unwrap().0
}

fn echo(clients: usize, each: usize) -> u64 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let serving: Vec<_> = (0..clients)
            .map(|_| {
                let mut stream = listener.accept().unwrap().0;
                thread::spawn(move || {
                    let (mut bytes, mut served) = ([0; 8], 0);
                    while stream.read_exact(&mut bytes).is_ok() {
                        stream.write_all(&bytes).unwrap();
                        served += 1;
                    }
                    served
                })
            })
            .collect();
        serving.into_iter().map(|thread| thread.join().unwrap()).sum::<u64>()
    });
    let asking: Vec<_> = (0..clients as u64)
        .map(|client| {
            thread::spawn(move || {
                let mut stream = TcpStream::connect(address).unwrap();
                let mut sum = 0;
                for n in 0..each as u64 {
                    let mut bytes = (client * 1000 + n).to_le_bytes();
                    stream.write_all(&bytes).unwrap();
                    bytes = [0; 8];
                    stream.read_exact(&mut bytes).unwrap();
                    sum += u64::from_le_bytes(bytes);
                }
                sum
            })
        })
        .collect();
    let sum = asking.into_iter().map(|thread| thread.join().unwrap()).sum();
    fold(server.join().unwrap(), sum)
}

fn meet(world: &World, threads: usize, rounds: usize) -> u64 {
    let barrier = Barrier::new(threads);
    let (here, leaders) = (AtomicU64::new(0), AtomicU64::new(0));
    thread::scope(|s| {
        for _ in 0..threads {
            s.spawn(|| {
                for round in 1..=rounds {
                    here.fetch_add(1, Ordering::Relaxed);
                    if barrier.wait().is_leader() {
                        leaders.fetch_add(1, Ordering::Relaxed);
                    }
                    // All of this round are here, and perhaps some of the next.
                    let seen = here.load(Ordering::Relaxed) as usize;
                    if seen < threads * round {
                        world.fault(format!("{seen} at a barrier in round {round} of {threads}"));
                    }
                }
            });
        }
    });
    leaders.into_inner()
}
