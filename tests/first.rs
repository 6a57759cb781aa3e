//! The first things that must work.
use costd::thread;
use std::time::{Duration, Instant};
#[test]
fn spawn_join() {
    let h: Vec<_> = (0..10000u64).map(|n| thread::spawn(move || n)).collect();
    assert_eq!(h.into_iter().map(|h| h.join().unwrap()).sum::<u64>(), 49995000);
}
#[test]
fn nested() {
    thread::spawn(|| {
        let h: Vec<_> = (0..10000u64)
            .map(|n| {
                thread::spawn(move || {
                    thread::yield_now();
                    n
                })
            })
            .collect();
        assert_eq!(h.into_iter().map(|h| h.join().unwrap()).sum::<u64>(), 49995000);
    })
    .join()
    .unwrap();
}
#[test]
fn sleeping() {
    let body = |time: Duration| {
        let start = Instant::now();
        thread::sleep(time);
        assert!(start.elapsed() >= time, "{:?} of {time:?}", start.elapsed());
    };
    let h: Vec<_> = (0..1000u64).map(|n| thread::spawn(move || body(Duration::from_millis(n % 100)))).collect();
    for h in h {
        h.join().unwrap();
    }
    thread::spawn(move || body(Duration::from_micros(300))).join().unwrap();
}
#[test]
fn park_unpark() {
    let h = thread::spawn(|| {
        for _ in 0..1000 {
            thread::park();
        }
    });
    while !h.is_finished() {
        h.thread().unpark();
    }
    h.join().unwrap();
    let r = thread::spawn(|| panic!("x")).join();
    assert!(r.is_err());
}
#[test]
fn scoped() {
    let mut v = vec![0; 100];
    thread::scope(|s| {
        for (i, x) in v.iter_mut().enumerate() {
            s.spawn(move || *x = i);
        }
    });
    assert!(v.iter().enumerate().all(|(i, x)| i == *x));
}
