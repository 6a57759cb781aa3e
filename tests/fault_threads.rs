//! The kernel makes no more OS threads: what needs one says so or does without, and nobody hangs.

#![cfg(target_os = "linux")]

mod child;
mod fault_common;

use std::time::Duration;

use child::{case, run};
use costd::coroutine::{blocking, os_thread};
use costd::net::ToSocketAddrs;
use costd::sync::atomic::{AtomicBool, Ordering};
use costd::sync::mpsc::channel;
use costd::sync::{Arc, Barrier};
use costd::thread::{self, Builder};
use costd::{fs, io};
use fault_common::{Refused, limit, refuse, refuse_threads, watch};

fn workers() -> usize {
    let is_worker = |entry: std::fs::DirEntry| {
        std::fs::read_to_string(entry.path().join("comm")).is_ok_and(|name| name.starts_with("costd-worker"))
    };
    std::fs::read_dir("/proc/self/task").unwrap().flatten().filter_map(|entry| is_worker(entry).then_some(())).count()
}

/// Not even one worker: as std where it cannot make a thread. Nothing of the try is left.
#[test]
fn the_first_spawn() {
    if case().is_none() {
        run("the_first_spawn", "go", &[]).succeeded();
        return;
    }
    watch("the_first_spawn");
    refuse_threads();
    let theirs = std::thread::Builder::new().spawn(|| ()).unwrap_err();
    assert_eq!(theirs.raw_os_error(), Some(libc::EAGAIN));
    let before = std::fs::read_dir("/proc/self/fd").unwrap().count();
    for _ in 0..3 {
        let ours = Builder::new().spawn(|| ()).unwrap_err();
        assert_eq!((ours.raw_os_error(), ours.kind()), (theirs.raw_os_error(), theirs.kind()));
    }
    assert_eq!(std::fs::read_dir("/proc/self/fd").unwrap().count(), before);
    let panicked = std::panic::catch_unwind(|| thread::spawn(|| ()));
    let text = panicked.unwrap_err().downcast::<String>().unwrap();
    assert_eq!(*text, format!("failed to spawn thread: {theirs:?}"));
    // The rest of the crate works as it does on any thread.
    let (sender, receiver) = channel();
    sender.send(5).unwrap();
    assert_eq!(receiver.recv(), Ok(5));
    assert_eq!(fs::read_to_string("/proc/self/comm").unwrap(), std::fs::read_to_string("/proc/self/comm").unwrap());
}

/// Some workers and not as many as are wanted: they do. As a user of one's own, who may have so many threads.
#[test]
fn fewer_workers() {
    if case().is_none() {
        // SAFETY: asks for a number.
        if unsafe { libc::geteuid() } == 0 {
            run("fewer_workers", "go", &[("COSTD_WORKERS", "8")]).succeeded();
        } else {
            eprintln!("skipped: only root can become a user who has no other threads");
        }
        return;
    }
    watch("fewer_workers");
    // A number that nobody has.
    let user = 3_000_000_000 + std::process::id();
    limit(libc::RLIMIT_NPROC, 6);
    // SAFETY: takes a number, for the whole process.
    assert_eq!(unsafe { libc::setuid(user) }, 0);
    // There are three threads: libtest's two, and the watch.
    let barrier = Arc::new(Barrier::new(1000));
    let spawn = |_| {
        let barrier = Arc::clone(&barrier);
        thread::spawn(move || barrier.wait().is_leader())
    };
    let threads: Vec<_> = (0..1000).map(spawn).collect();
    let workers = workers();
    assert!((1..=4).contains(&workers), "{workers} workers");
    assert_eq!(threads.into_iter().map(|thread| thread.join().unwrap()).filter(|&it| it).count(), 1);
}

/// The runtime stands, and gets no more threads: no pool, no reserves, no real threads.
#[test]
fn later_on() {
    if case().is_none() {
        for workers in ["1", "2"] {
            run("later_on", "go", &[("COSTD_WORKERS", workers)]).succeeded();
        }
        return;
    }
    watch("later_on");
    assert_eq!(thread::spawn(|| 5).join().unwrap(), 5);
    refuse_threads();
    let everything = || {
        // What is lent to the pool is done in place.
        assert_eq!(blocking(|| 7), 7);
        assert!(fs::metadata("/").unwrap().is_dir());
        assert!(!fs::read("/proc/self/status").unwrap().is_empty());
        assert!(("localhost", 80).to_socket_addrs().unwrap().count() > 0);
        let error = os_thread::Builder::new().spawn(|| ()).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EAGAIN));
        let error = costd::process::Command::new("true").spawn().unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EAGAIN));
        // And what needs none is as ever.
        let (mut reader, mut writer) = io::pipe().unwrap();
        let child = thread::spawn(move || io::Write::write_all(&mut writer, b"xyz").unwrap());
        assert_eq!(io::read_to_string(&mut reader).unwrap(), "xyz");
        child.join().unwrap();
        thread::sleep(Duration::from_millis(1));
    };
    // Spawns that never end keep the one thread of the pool, which watches over them, from ever doing anything else.
    let over = Arc::new(AtomicBool::new(false));
    let spawns = {
        let over = Arc::clone(&over);
        thread::spawn(move || {
            while !over.load(Ordering::Relaxed) {
                thread::spawn(|| ()).join().unwrap();
                thread::yield_now();
            }
        })
    };
    let many: Vec<_> = (0..200).map(|_| thread::spawn(everything)).collect();
    many.into_iter().for_each(|thread| thread.join().unwrap());
    everything();
    // Without a moment in which there are no spawns.
    over.store(true, Ordering::Relaxed);
    spawns.join().unwrap();
    // A burst, with nobody to give its stacks back, and another.
    for _ in 0..2 {
        let burst: Vec<_> = (0..5000).map(|n| thread::spawn(move || n)).collect();
        assert_eq!(burst.into_iter().map(|thread| thread.join().unwrap()).sum::<u64>(), 12_497_500);
    }
}

/// The kernel has no descriptor of processes (an old one, or a filter that does not know it): children are waited for all the
/// same.
#[test]
fn no_descriptors_of_processes() {
    if case().is_none() {
        run("no_descriptors_of_processes", "go", &[]).succeeded();
        return;
    }
    watch("no_descriptors_of_processes");
    refuse(&[Refused::always(libc::SYS_pidfd_open, libc::ENOSYS)]);
    let spawn = || costd::process::Command::new("sh").args(["-c", "sleep 0.05; exit 3"]).status().unwrap().code();
    let children: Vec<_> = (0..20).map(|_| thread::spawn(spawn)).collect();
    assert!(children.into_iter().all(|child| child.join().unwrap() == Some(3)));
}
