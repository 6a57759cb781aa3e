//! What the runtime says of itself in numbers.

#![cfg(unix)]

mod child;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use child::{case, run};
use costd::io::Read;
use costd::net::{TcpListener, TcpStream};
use costd::runtime::{Metrics, metrics};
use costd::sync::{Condvar, Mutex, mpmc, mpsc};
use costd::thread;

/// Waits for the numbers to say something: a coroutine is counted a moment after it has said that it is going to wait, and
/// the numbers of one reading are each of a moment of their own. So what belongs together has to be wanted together.
fn until(wanted: impl Fn(&Metrics) -> bool) -> Metrics {
    let start = Instant::now();
    loop {
        let metrics = metrics();
        if wanted(&metrics) {
            return metrics;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "{metrics:#?}");
        thread::yield_now();
    }
}

fn parked(metrics: &Metrics, reason: &str) -> usize {
    metrics.parked.iter().find(|(known, _)| *known == reason).map_or(0, |(_, count)| *count)
}

/// In a process of its own for each number of workers; the test itself on a plain thread and in a coroutine.
fn everywhere(test: &str, body: fn()) {
    let Some(case) = case() else {
        for workers in ["1", "2", "8"] {
            for case in ["thread", "coroutine"] {
                run(test, case, &[("COSTD_WORKERS", workers)]).succeeded();
            }
        }
        return;
    };
    if case == "thread" { body() } else { thread::spawn(body).join().unwrap() }
}

fn this_is_one() -> usize {
    usize::from(costd::coroutine::is_coroutine())
}

#[test]
fn nothing_has_started() {
    let Some(_) = case() else {
        run("nothing_has_started", "thread", &[]).succeeded();
        return;
    };
    let metrics = metrics();
    assert_eq!((metrics.alive, metrics.spawns, metrics.stack_reserved, metrics.workers.len()), (0, 0, 0, 0));
    assert_eq!(metrics.stack_committed(), 0);
}

#[test]
fn who_waits_for_what() {
    everywhere("who_waits_for_what", || {
        let me = this_is_one();
        let (release, released) = mpmc::channel::<()>();
        let lock = Arc::new((Mutex::new(false), Condvar::new()));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mut all = Vec::new();
        for _ in 0..50 {
            let released = released.clone();
            all.push(thread::spawn(move || assert!(released.recv().is_err())));
        }
        for _ in 0..20 {
            let lock = Arc::clone(&lock);
            all.push(thread::spawn(move || drop(lock.1.wait_while(lock.0.lock().unwrap(), |go| !*go).unwrap())));
        }
        for _ in 0..10 {
            all.push(thread::spawn(|| thread::park_timeout(Duration::from_secs(1000))));
        }
        let sockets: Vec<_> =
            (0..5).map(|_| (TcpStream::connect(address).unwrap(), listener.accept().unwrap().0)).collect();
        let (ours, theirs): (Vec<_>, Vec<_>) = sockets.into_iter().unzip();
        all.extend(theirs.into_iter().map(|mut stream| thread::spawn(move || drop(stream.read(&mut [0])))));
        let counts = |metrics: &Metrics| {
            ["Receiver::recv", "Condvar::wait", "thread::park", "reading from a socket"]
                .map(|reason| parked(metrics, reason))
        };
        let of_workers = |metrics: &Metrics| metrics.workers.iter().map(|worker| worker.alive).sum::<usize>();
        let metrics = until(|metrics| {
            counts(metrics) == [50, 20, 10, 5]
                && (metrics.alive, metrics.unstarted, metrics.spawns) == (85 + me, 0, 85 + me as u64)
                && (metrics.running, metrics.ready) == (me, 0)
                && metrics.timers == 10
                && metrics.sockets >= 5
                && of_workers(metrics) == 85 + me
        });
        let (reserved, committed) = (metrics.stack_reserved, metrics.stack_committed());
        assert!(reserved >= 85 << 21 && committed >= 85 * 4096 && committed < reserved, "{committed} of {reserved}");
        assert!(metrics.to_string().contains("50 parked in Receiver::recv"), "{metrics}");
        // Awake again, all of them.
        drop((release, ours));
        *lock.0.lock().unwrap() = true;
        lock.1.notify_all();
        for one in &all {
            one.thread().unpark();
        }
        for one in all {
            one.join().unwrap();
        }
        until(|metrics| {
            metrics.alive == me
                && (metrics.parked.len(), metrics.timers, metrics.unstarted) == (0, 0, 0)
                && metrics.workers.iter().map(|worker| worker.ended).sum::<u64>() == 85
        });
    });
}

/// Some wait in each way, are woken in each way, many times over, from both kinds of threads: the counts come out even.
#[test]
fn counts_come_out_even() {
    everywhere("counts_come_out_even", || {
        let me = this_is_one();
        let (to_all, from_one) = mpmc::channel::<u32>();
        let (back, all_back) = mpsc::channel();
        let echoes: Vec<_> = (0..20)
            .map(|n| {
                let (from_one, back) = (from_one.clone(), back.clone());
                thread::spawn(move || {
                    for value in from_one {
                        match (n + value) % 4 {
                            0 => thread::sleep(Duration::from_micros(100)),
                            1 => thread::park_timeout(Duration::from_micros(50)),
                            2 => thread::yield_now(),
                            _ => thread::spawn(thread::yield_now).join().unwrap(),
                        }
                        back.send(value).unwrap();
                    }
                })
            })
            .collect();
        for round in 0..200 {
            for n in 0..10 {
                to_all.send(round * 10 + n).unwrap();
            }
            for _ in 0..10 {
                all_back.recv().unwrap();
            }
        }
        until(|metrics| {
            metrics.parked == [("Receiver::recv", 20)]
                && (metrics.alive, metrics.ready, metrics.timers) == (20 + me, 0, 0)
        });
        drop(to_all);
        for echo in echoes {
            echo.join().unwrap();
        }
        until(|metrics| {
            metrics.alive == me
                && metrics.parked.is_empty()
                && metrics.spawns == metrics.workers.iter().map(|worker| worker.ended).sum::<u64>() + me as u64
        });
    });
}

#[test]
fn what_has_been_done() {
    everywhere("what_has_been_done", || {
        let before = metrics();
        thread::spawn(|| (0..1000).for_each(|_| thread::yield_now())).join().unwrap();
        let metrics = until(|metrics| metrics.switches >= before.switches + 1000);
        assert!(metrics.switches < before.switches + 100_000, "{metrics}");
        assert_eq!(metrics.spawns, before.spawns + 1);
    });
}

#[test]
fn wakes_from_another_os_thread() {
    everywhere("wakes_from_another_os_thread", || {
        let (tx, rx) = mpsc::sync_channel(0);
        let (back, answers) = std::sync::mpsc::channel();
        let echo = thread::spawn(move || rx.iter().for_each(|n: u32| back.send(n).unwrap()));
        let before = until(|metrics| parked(metrics, "Receiver::recv") == 1).remote_wakes;
        // A real thread, wherever this test runs.
        let waker = costd::coroutine::os_thread::spawn(move || {
            for n in 0..100 {
                until(|metrics| parked(metrics, "Receiver::recv") == 1);
                tx.send(n).unwrap();
                assert_eq!(answers.recv().unwrap(), n);
            }
        });
        waker.join().unwrap();
        echo.join().unwrap();
        let woken = metrics().remote_wakes - before;
        // Besides: the end of the channel, and of the OS thread.
        assert!((100..=110).contains(&woken), "{woken}");
    });
}

#[test]
fn steals() {
    let Some(_) = case() else {
        for workers in ["2", "8"] {
            run("steals", "child", &[("COSTD_WORKERS", workers)]).succeeded();
        }
        let one = run("steals", "child", &[("COSTD_WORKERS", "1"), ("COSTD_STUCK", "off")]);
        assert!(!one.output.status.success(), "nobody steals where there is one worker");
        return;
    };
    // A child of a parent that computes until it has run.
    thread::spawn(|| {
        let done = Arc::new(AtomicBool::new(false));
        let child = thread::spawn({
            let done = Arc::clone(&done);
            move || done.store(true, Ordering::Release)
        });
        let start = Instant::now();
        while !done.load(Ordering::Acquire) && start.elapsed() < Duration::from_secs(60) {
            std::hint::spin_loop();
        }
        child.join().unwrap();
    })
    .join()
    .unwrap();
    let steals = until(|metrics| metrics.alive == 0).steals;
    assert_eq!(steals, 1);
}

#[test]
fn busy_and_idle() {
    let Some(_) = case() else {
        run("busy_and_idle", "child", &[("COSTD_WORKERS", "1")]).succeeded();
        return;
    };
    const LONG: Duration = Duration::from_millis(50);
    let times = || {
        let metrics = metrics();
        (metrics.workers[0].busy, metrics.workers[0].idle)
    };
    let compute = || {
        let start = Instant::now();
        while start.elapsed() < LONG {
            std::hint::spin_loop();
        }
    };
    thread::spawn(compute).join().unwrap();
    until(|metrics| metrics.workers[0].asleep);
    let start = Instant::now();
    let (busy, idle) = times();
    assert!(busy >= LONG, "{busy:?}");
    // A plain thread sleeps, and so does the worker.
    std::thread::sleep(LONG);
    let (later_busy, later_idle) = times();
    assert!(later_idle >= idle + LONG, "{idle:?} {later_idle:?}");
    assert!(later_busy - busy + (later_idle - idle) <= start.elapsed(), "counted twice: {busy:?} {later_busy:?}");
    thread::spawn(compute).join().unwrap();
    assert!(times().0 >= later_busy + LONG);
}
