//! On one worker, those that never wait long leave room for one that sleeps.
//!
//! Time that the worker itself spent waiting for a CPU is taken off: on a busy machine it is the larger part.

use compat_tests::child::{self, Child};
use compat_tests::{in_coroutine, os_thread, pair};
use std::__std::fs;
use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{channel, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

const NAP: Duration = Duration::from_millis(5);
const MEASURING: Duration = Duration::from_secs(2);
const WORST: Duration = Duration::from_millis(100);

/// Set when the sleeper has slept enough; counts what the others did meanwhile.
#[derive(Default)]
struct Noise {
    over: AtomicBool,
    rounds: AtomicU64,
}

impl Noise {
    fn goes_on(&self) -> bool {
        self.rounds.fetch_add(1, Relaxed);
        !self.over.load(Relaxed)
    }
}

/// A byte there and back, for ever.
fn chatty_sockets(noise: Arc<Noise>) -> Vec<JoinHandle<()>> {
    let (mut near, mut far) = pair::tcp();
    let asks = thread::spawn(move || {
        let mut byte = [1];
        while noise.goes_on() {
            near.write_all(&byte).unwrap();
            near.read_exact(&mut byte).unwrap();
        }
    });
    let answers = thread::spawn(move || {
        let mut byte = [0];
        while far.read(&mut byte).unwrap() == 1 {
            far.write_all(&byte).unwrap();
        }
    });
    vec![asks, answers]
}

/// A stream in one direction: neither end ever has to wait for long.
fn streaming_sockets(noise: Arc<Noise>) -> Vec<JoinHandle<()>> {
    let (mut near, mut far) = pair::tcp();
    let writes = thread::spawn(move || {
        while noise.goes_on() {
            near.write_all(&[0; 4096]).unwrap();
        }
    });
    let reads = thread::spawn(move || while far.read(&mut [0; 1024]).unwrap() > 0 {});
    vec![writes, reads]
}

fn chatty_channels(noise: Arc<Noise>) -> Vec<JoinHandle<()>> {
    let (there, at_far) = channel();
    let (back, at_near) = channel();
    let asks = thread::spawn(move || {
        while noise.goes_on() {
            there.send(()).unwrap();
            at_near.recv().unwrap();
        }
    });
    let answers = thread::spawn(move || at_far.into_iter().for_each(|()| back.send(()).unwrap()));
    vec![asks, answers]
}

fn streaming_channel(noise: Arc<Noise>) -> Vec<JoinHandle<()>> {
    let (sender, receiver) = sync_channel(1000);
    let sends = thread::spawn(move || while noise.goes_on() && sender.send(()).is_ok() {});
    let receives = thread::spawn(move || receiver.into_iter().for_each(drop));
    vec![sends, receives]
}

/// How long this OS thread has been ready to run and had no CPU.
fn waited_for_cpu(os_thread: i32) -> Duration {
    let statistics = fs::read_to_string(format!("/proc/self/task/{os_thread}/schedstat")).unwrap_or_default();
    // Time on a CPU, time waiting for one, and how often, in nanoseconds. A kernel built without it has zeros or no file.
    let waited = statistics.split_whitespace().nth(1).and_then(|number| number.parse().ok());
    Duration::from_nanos(waited.unwrap_or(0))
}

type Noisy = fn(Arc<Noise>) -> Vec<JoinHandle<()>>;

/// Sleeps beside the noise. Returns by how much the worst nap was too long.
fn worst_lateness(noisy: &[Noisy]) -> Duration {
    let noise = Arc::new(Noise::default());
    let talkers: Vec<_> = noisy.iter().flat_map(|start| start(noise.clone())).collect();
    let sleeper = thread::spawn(move || {
        let worker = os_thread::id();
        let start = Instant::now();
        let mut worst = Duration::ZERO;
        while start.elapsed() < MEASURING {
            let (asleep, waited) = (Instant::now(), waited_for_cpu(worker));
            thread::sleep(NAP);
            let late = asleep.elapsed() - NAP;
            worst = worst.max(late.saturating_sub(waited_for_cpu(worker) - waited));
        }
        noise.over.store(true, Relaxed);
        (worst, noise.rounds.load(Relaxed))
    });
    let (worst, rounds) = sleeper.join().unwrap();
    talkers.into_iter().for_each(|talker| talker.join().unwrap());
    assert!(rounds > 1000, "the others did next to nothing beside the sleeper: {rounds} rounds");
    eprintln!("worst lateness {worst:?} beside {rounds} rounds");
    worst
}

#[track_caller]
fn alone_on_one_worker(test: &str, noisy: &'static [Noisy]) {
    if child::case().is_none() {
        Child::new(test, "run").env("COSTD_WORKERS", 1).succeed();
        return;
    }
    let worst = in_coroutine(|| worst_lateness(noisy));
    assert!(worst < WORST, "the sleeper was {worst:?} late");
}

#[test]
fn beside_a_chatty_pair_of_sockets() {
    alone_on_one_worker("beside_a_chatty_pair_of_sockets", &[chatty_sockets]);
}

#[test]
fn beside_a_stream_of_bytes() {
    alone_on_one_worker("beside_a_stream_of_bytes", &[streaming_sockets]);
}

#[test]
fn beside_a_chatty_pair_of_channels() {
    alone_on_one_worker("beside_a_chatty_pair_of_channels", &[chatty_channels]);
}

#[test]
fn beside_a_stream_of_messages() {
    alone_on_one_worker("beside_a_stream_of_messages", &[streaming_channel]);
}

#[test]
fn beside_all_of_them() {
    alone_on_one_worker("beside_all_of_them", &[chatty_sockets, streaming_sockets, chatty_channels, streaming_channel]);
}

/// A socket that becomes readable from outside is seen although there is always somebody to run.
#[test]
fn a_quiet_socket_is_heard() {
    if child::case().is_none() {
        Child::new("a_quiet_socket_is_heard", "run").env("COSTD_WORKERS", 1).succeed();
        return;
    }
    let noise = Arc::new(Noise::default());
    let talkers = chatty_channels(noise.clone());
    let (mut near, mut far) = pair::tcp();
    let (sender, worker) = channel();
    let answers = thread::spawn(move || {
        sender.send(os_thread::id()).unwrap();
        let mut byte = [0];
        while far.read(&mut byte).unwrap() == 1 {
            far.write_all(&byte).unwrap();
        }
    });
    // An OS thread asks, so that only its question wakes the coroutine.
    let worst = os_thread::join(os_thread::spawn(move || {
        let busy = [os_thread::id(), worker.recv().unwrap()];
        let waited_for_cpu = || busy.into_iter().map(waited_for_cpu).sum::<Duration>();
        let mut worst = Duration::ZERO;
        for _ in 0..100 {
            let (asked, waited) = (Instant::now(), waited_for_cpu());
            near.write_all(&[1]).unwrap();
            near.read_exact(&mut [0]).unwrap();
            worst = worst.max(asked.elapsed().saturating_sub(waited_for_cpu() - waited));
        }
        worst
    }));
    noise.over.store(true, Relaxed);
    answers.join().unwrap();
    talkers.into_iter().for_each(|talker| talker.join().unwrap());
    assert!(worst < WORST, "an answer took {worst:?}");
}
