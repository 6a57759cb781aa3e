//! `coroutine::{wait_readable, wait_writable, Readiness}`: waiting, until something is there, a deadline or a cancellation.

use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;

use costd::coroutine::{
    self, Cancelled, JoinHandleExt, Readiness, TimedOut, os_thread, timeout, wait_readable, wait_writable,
};
use costd::sync::atomic::{AtomicUsize, Ordering};
use costd::sync::{Arc, mpsc};
use costd::thread;
use costd::time::{Duration, Instant};
use readiness_common::{LONG, NONE, SHORT, on_both, pair};

mod readiness_common;
mod sync_support;

on_workers! {
    a_coroutine_that_waits_keeps_nobody
    deadlines
    it_is_a_matter_of_level
    what_is_there_in_the_end_counts
    a_stream_in_both_directions_at_once
    all_who_wait_are_told
    who_panics_passes_it_on
    cancelled_with_nothing_lost
    limits_on_both_kinds
}

/// Writes until there is no more space.
fn fill(mut stream: &UnixStream) -> usize {
    let mut written = 0;
    loop {
        match stream.write(&[1; 4096]) {
            Ok(n) => written += n,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return written,
            Err(error) => panic!("{error}"),
        }
    }
}

/// Reads as much.
fn drain(mut stream: &UnixStream, mut rest: usize) {
    while rest > 0 {
        match stream.read(&mut [0; 65536]) {
            Ok(n) => rest -= n,
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
        }
    }
}

/// With one worker this would never end if the first one kept it.
fn a_coroutine_that_waits_keeps_nobody() {
    let (near, mut far) = pair();
    let near = Arc::new(near);
    let (waits, has_to_write) = mpsc::channel();
    let reading = thread::spawn({
        let near = Arc::clone(&near);
        move || {
            assert!(!wait_readable(&*near, NONE).unwrap());
            waits.send(()).unwrap();
            assert!(wait_readable(&*near, None).unwrap());
            let mut byte = [0];
            assert_eq!((&*near).read(&mut byte).unwrap(), 1);
            byte[0]
        }
    });
    let writing = thread::spawn(move || {
        has_to_write.recv().unwrap();
        far.write_all(&[7]).unwrap();
        far
    });
    assert_eq!(reading.join().unwrap(), 7);
    let far = writing.join().unwrap();

    let written = fill(&near);
    let waiting = thread::spawn(move || wait_writable(&*near, LONG).unwrap());
    let draining = thread::spawn(move || {
        drain(&far, written);
        far
    });
    assert!(waiting.join().unwrap());
    drop(draining.join().unwrap());
}

fn deadlines() {
    on_both(|| {
        let (near, far) = pair();
        fill(&near);
        for _ in 0..2 {
            let start = Instant::now();
            assert!(!wait_readable(&near, SHORT).unwrap());
            assert!(start.elapsed() >= SHORT.unwrap());
            let start = Instant::now();
            assert!(!wait_writable(&near, SHORT).unwrap());
            assert!(start.elapsed() >= SHORT.unwrap());
        }
        assert!(!wait_writable(&near, NONE).unwrap());
        let far_ready = Readiness::new(&far).unwrap();
        assert!(far_ready.wait_readable(NONE).unwrap() && far_ready.wait_readable(LONG).unwrap());
        // A time that no clock can tell.
        assert!(far_ready.wait_readable(Some(Duration::MAX)).unwrap());
        let near_ready = Readiness::new(&near).unwrap();
        for _ in 0..3 {
            assert!(!near_ready.wait_writable(NONE).unwrap());
            assert!(!near_ready.wait_readable(SHORT).unwrap());
        }
    });
}

/// Others read what there is, with calls that costd knows nothing of.
fn it_is_a_matter_of_level() {
    on_both(|| {
        let (near, mut far) = pair();
        let ready = Readiness::new(&near).unwrap();
        let mut byte = [0];
        for round in 0..100 {
            assert!(!ready.wait_readable(NONE).unwrap(), "{round}");
            far.write_all(&[1, 2]).unwrap();
            assert!(ready.wait_readable(None).unwrap());
            (&near).read_exact(&mut byte).unwrap();
            // One is left, and there is no event that tells of it.
            assert!(ready.wait_readable(None).unwrap());
            assert!(wait_readable(&near, None).unwrap());
            (&near).read_exact(&mut byte).unwrap();
        }
    });
}

/// A wait whose time is up looks one last time: it has been the turn of others for long.
fn what_is_there_in_the_end_counts() {
    if std::env::var("COSTD_WORKERS").unwrap() != "1" {
        return;
    }
    let (near, mut far) = pair();
    let (waits, it_waits) = mpsc::channel();
    let waiting = thread::spawn(move || {
        waits.send(()).unwrap();
        wait_readable(&near, Some(Duration::from_millis(10))).unwrap()
    });
    let holding = thread::spawn(move || {
        it_waits.recv().unwrap();
        thread::yield_now();
        far.write_all(&[1]).unwrap();
        // The only worker is held until long after the deadline.
        std::thread::sleep(Duration::from_millis(30));
        far
    });
    assert!(waiting.join().unwrap());
    holding.join().unwrap();
}

fn a_stream_in_both_directions_at_once() {
    const LEN: usize = 3_000_000;
    fn send_and_receive(stream: &Readiness<UnixStream>, seed: usize) {
        let byte = |seed: usize, n: usize| (n * 31 + seed) as u8;
        thread::scope(|s| {
            s.spawn(move || {
                let bytes: Vec<u8> = (0..LEN).map(|n| byte(seed, n)).collect();
                stream.shared().write_all(&bytes).unwrap();
                stream.shared().flush().unwrap();
                stream.get_ref().shutdown(std::net::Shutdown::Write).unwrap();
            });
            let mut got = Vec::new();
            stream.shared().read_to_end(&mut got).unwrap();
            assert!(got.len() == LEN && got.iter().enumerate().all(|(n, &it)| it == byte(1 - seed, n)));
        });
    }
    let (near, far) = pair();
    let (near, far) = (Readiness::new(near).unwrap(), Readiness::new(far).unwrap());
    let near = thread::spawn(move || send_and_receive(&near, 0));
    let far = os_thread::spawn(move || send_and_receive(&far, 1));
    near.join().unwrap();
    far.join().unwrap();
}

/// One byte is enough for all who only look.
fn all_who_wait_are_told() {
    let (near, mut far) = pair();
    let near = Arc::new(Readiness::new(near).unwrap());
    let waiting = Arc::new(AtomicUsize::new(0));
    let wait = {
        let (near, waiting) = (Arc::clone(&near), Arc::clone(&waiting));
        move || {
            waiting.fetch_add(1, Ordering::Relaxed);
            near.wait_readable(None).unwrap()
        }
    };
    let coroutines: Vec<_> = (0..50).map(|_| thread::spawn(wait.clone())).collect();
    let os_threads: Vec<_> = (0..3).map(|_| os_thread::spawn(wait.clone())).collect();
    while waiting.load(Ordering::Relaxed) < 53 {
        thread::yield_now();
    }
    far.write_all(&[1]).unwrap();
    assert!(coroutines.into_iter().all(|thread| thread.join().unwrap()));
    assert!(os_threads.into_iter().all(|thread| thread.join().unwrap()));
}

/// The one who is woken reads nothing, since its closure panics: the next one shall.
fn who_panics_passes_it_on() {
    let (near, mut far) = pair();
    near.set_nonblocking(true).unwrap();
    let near = Arc::new(Readiness::new(near).unwrap());
    let parked = || costd::runtime::metrics().parked.iter().map(|(_, count)| count).sum::<usize>();
    let before = parked();
    let first = thread::spawn({
        let near = Arc::clone(&near);
        let mut calls = 0;
        move || {
            near.read_with(|mut stream| {
                calls += 1;
                // First it finds nothing; then it is the one who was woken.
                if calls == 1 { stream.read(&mut [0]) } else { panic!("with a byte there") }
            })
        }
    });
    let until = |more: usize| {
        while parked() < before + more {
            thread::yield_now();
        }
    };
    until(1);
    let second = thread::spawn({
        let near = Arc::clone(&near);
        move || near.read_with(|mut stream| stream.read(&mut [0]))
    });
    until(2);
    far.write_all(&[1]).unwrap();
    first.join().unwrap_err();
    assert_eq!(second.join().unwrap().unwrap(), 1);
}

fn cancelled_with_nothing_lost() {
    let (near, mut far) = pair();
    let near = Arc::new(Readiness::new(near).unwrap());
    let (begins, has_begun) = mpsc::channel();
    for with_call in [false, true] {
        let begins = begins.clone();
        let near = Arc::clone(&near);
        let waiting = thread::spawn(move || {
            begins.send(()).unwrap();
            match with_call {
                false => drop(near.wait_readable(None)),
                true => drop(near.read_with(|mut near| near.read(&mut [0]))),
            }
        });
        has_begun.recv().unwrap();
        waiting.cancel();
        assert!(waiting.join().unwrap_err().is::<Cancelled>());
    }
    // One of two is cancelled at the moment when there is something for one of them.
    for round in 0..300 {
        let read = || {
            let near = Arc::clone(&near);
            move || {
                let mut byte = [0];
                near.read_with(|mut near| near.read(&mut byte)).unwrap();
                byte[0]
            }
        };
        let (first, second) = (thread::spawn(read()), thread::spawn(read()));
        thread::yield_now();
        let writing = thread::spawn(move || {
            far.write_all(&[round as u8]).unwrap();
            far
        });
        first.cancel();
        far = writing.join().unwrap();
        match first.join() {
            Ok(byte) => {
                assert_eq!(byte, round as u8);
                second.cancel();
                assert!(second.join().unwrap_err().is::<Cancelled>());
            }
            Err(payload) => {
                assert!(payload.is::<Cancelled>());
                assert_eq!(second.join().unwrap(), round as u8);
            }
        }
    }
}

fn limits_on_both_kinds() {
    on_both(|| {
        let (near, mut far) = pair();
        let near = Readiness::new(near).unwrap();
        let limit = Duration::from_millis(5);
        assert_eq!(timeout(limit, || near.wait_readable(None).unwrap()), Err(TimedOut));
        assert_eq!(timeout(limit, || near.read_with(|mut near| near.read(&mut [0])).unwrap()), Err(TimedOut));
        far.write_all(&[1]).unwrap();
        assert_eq!(timeout(limit, || near.wait_readable(None).unwrap()), Ok(true));
        assert_eq!(timeout(limit, || coroutine::shield(|| near.wait_writable(SHORT).unwrap())), Ok(true));
    });
}

#[test]
fn shape() {
    fn is_shared<T: Send + Sync + Unpin>() {}
    is_shared::<Readiness<UnixStream>>();
    fn reads_and_writes<T: Read + Write + AsFd + AsRawFd>(_: T) {}
    let (near, far) = pair();
    let (mut near, far) = (Readiness::new(near).unwrap(), Readiness::new(far).unwrap());
    reads_and_writes(far);
    assert_eq!(near.as_raw_fd(), near.get_ref().as_raw_fd());
    assert_eq!(format!("{near:?}"), format!("Readiness({:?})", near.get_ref()));
    near.get_mut().set_nonblocking(false).unwrap();
    assert_eq!(near.shared().read(&mut [0]).unwrap(), 0);
    assert_eq!(near.into_inner().read(&mut [0]).unwrap(), 0);
}
