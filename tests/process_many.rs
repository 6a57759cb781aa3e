//! Many children at once, much through their pipes, and what is left of them.

mod child;
mod net_common;

use std::fs;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use costd::io::{Read, Write};
use costd::os::unix::net::UnixStream;
use costd::process::{Command, Stdio};
use costd::thread;

const ONE_WORKER: &[(&str, &str)] = &[("COSTD_WORKERS", "1")];

/// Runs the test `name` in a process of its own, and passes on what it says.
#[track_caller]
fn alone(name: &str, variables: &[(&str, &str)]) {
    let ended = child::run(name, "alone", variables).succeeded();
    for line in ended.stderr.lines().filter(|line| line.starts_with(name)) {
        println!("{line}");
    }
}

/// How late a coroutine's sleeps of 1 ms end, at the worst, and how many there are, until `over`.
fn watch_timers(over: &Arc<AtomicBool>) -> thread::JoinHandle<(Duration, u32)> {
    let over = Arc::clone(over);
    thread::spawn(move || {
        let (mut worst, mut sleeps) = (Duration::ZERO, 0);
        while !over.load(Ordering::SeqCst) {
            let due = Instant::now() + Duration::from_millis(1);
            thread::sleep(Duration::from_millis(1));
            worst = worst.max(Instant::now().saturating_duration_since(due));
            sleeps += 1;
        }
        (worst, sleeps)
    })
}

/// How often an OS thread sleeps for 1 ms until `over`.
fn watch_machine(over: &Arc<AtomicBool>) -> std::thread::JoinHandle<u32> {
    let over = Arc::clone(over);
    std::thread::spawn(move || {
        let mut sleeps = 0;
        while !over.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(1));
            sleeps += 1;
        }
        sleeps
    })
}

#[test]
fn forty_children_take_as_long_as_one() {
    const NAME: &str = "forty_children_take_as_long_as_one";
    if child::case().is_none() {
        return alone(NAME, ONE_WORKER);
    }
    fn run_one(n: i32) {
        let script = format!("sleep 0.4; echo out {n}; echo err {n} >&2; exit {n}");
        let output = Command::new("sh").args(["-c", &script]).output().unwrap();
        assert_eq!(output.status.code(), Some(n));
        assert_eq!(output.stdout, format!("out {n}\n").into_bytes());
        assert_eq!(output.stderr, format!("err {n}\n").into_bytes());
    }
    net_common::in_coroutine(NAME, || {
        let start = Instant::now();
        run_one(100);
        let one = start.elapsed();
        let start = Instant::now();
        let all: Vec<_> = (0..40).map(|n| thread::spawn(move || run_one(n))).collect();
        all.into_iter().for_each(|one| one.join().unwrap());
        let forty = start.elapsed();
        eprintln!("{NAME}: one {one:?}, forty {forty:?}");
        // One after the other, they could not be as fast as this.
        assert!(forty < 40 * Duration::from_millis(400), "one {one:?}, forty {forty:?}");
    });
}

#[test]
fn much_through_a_child() {
    const NAME: &str = "much_through_a_child";
    const LEN: usize = 100_000_000;
    const PIECE: usize = 100_000;
    if child::case().is_none() {
        return alone(NAME, ONE_WORKER);
    }
    /// As long as no power of two divides it, a piece that is lost or doubled shows.
    fn pattern() -> Vec<u8> {
        (0..65_521 + PIECE).map(|i| (i % 65_521 * 7 + i % 65_521 / 251) as u8).collect()
    }
    net_common::in_coroutine(NAME, || {
        let over = Arc::new(AtomicBool::new(false));
        let (timers, beside) = (watch_timers(&over), watch_machine(&over));
        let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let start = Instant::now();
        let writing = thread::spawn(move || {
            let pattern = pattern();
            for written in (0..LEN).step_by(PIECE) {
                stdin.write_all(&pattern[written % 65_521..][..PIECE]).unwrap();
            }
        });
        let pattern = pattern();
        let (mut received, mut buf) = (0, vec![0; PIECE]);
        loop {
            let n = stdout.read(&mut buf).unwrap();
            if n == 0 {
                break;
            }
            assert!(buf[..n] == pattern[received % 65_521..][..n], "after {received} bytes");
            received += n;
        }
        assert_eq!(received, LEN);
        let took = start.elapsed();
        writing.join().unwrap();
        assert!(child.wait().unwrap().success());
        over.store(true, Ordering::SeqCst);
        let (worst, sleeps) = timers.join().unwrap();
        eprintln!("{NAME}: {took:?}; {sleeps} sleeps of 1 ms, at the worst {worst:?} late");
        // The machine stops an OS thread as it does the worker; who keeps the worker to himself, stops that alone.
        let beside = beside.join().unwrap();
        assert!(sleeps >= (beside / 20).max(5), "{sleeps} sleeps, {beside} beside them, {worst:?} late, in {took:?}");
    });
}

/// Whoever starts child after child lets others of his worker go first in between.
#[test]
fn timers_while_children_are_started() {
    const NAME: &str = "timers_while_children_are_started";
    if child::case().is_none() {
        return alone(NAME, ONE_WORKER);
    }
    net_common::in_coroutine(NAME, || {
        let over = Arc::new(AtomicBool::new(false));
        let (timers, beside) = (watch_timers(&over), watch_machine(&over));
        let start = Instant::now();
        // As many as would not be noticed if each counted as one operation that does not block.
        let mut children: Vec<_> = (0..300).map(|_| Command::new("true").spawn().unwrap()).collect();
        let took = start.elapsed();
        over.store(true, Ordering::SeqCst);
        let (worst, sleeps) = timers.join().unwrap();
        eprintln!("{NAME}: {took:?}; {sleeps} sleeps of 1 ms, at the worst {worst:?} late");
        let beside = beside.join().unwrap();
        assert!(sleeps >= (beside / 20).max(5), "{sleeps} sleeps, {beside} beside them, {worst:?} late, in {took:?}");
        assert!(children.iter_mut().all(|child| child.wait().unwrap().success()));
    });
}

#[test]
fn a_thousand_children_at_once() {
    const NAME: &str = "a_thousand_children_at_once";
    if child::case().is_none() {
        alone(NAME, ONE_WORKER);
        return alone(NAME, &[]);
    }
    // Three descriptors each while they run, and a few when one is started.
    let children = 1000.min(raise_descriptor_limit().saturating_sub(100) / 4);
    // Those of a kind that it takes for a child. (Workers have others, and there may be more workers meanwhile.)
    let descriptors = || {
        let kinds = fs::read_dir("/proc/self/fd").unwrap().filter_map(|fd| fs::read_link(fd.unwrap().path()).ok());
        let ours = |kind: &str| ["pipe:", "socket:", "pidfd"].iter().any(|name| kind.contains(name));
        kinds.filter(|kind| ours(&kind.to_string_lossy())).count()
    };
    net_common::in_coroutine(NAME, move || {
        // Everything that costd itself makes for the first one, it has by now.
        assert!(Command::new("true").output().unwrap().status.success());
        let before = descriptors();
        let start = Instant::now();
        // They say that they are there, and end when they are told to.
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        let theirs = Arc::new(theirs);
        let all: Vec<_> = (0..children)
            .map(|n| {
                let theirs = Arc::clone(&theirs);
                thread::spawn(move || {
                    let stdin = OwnedFd::from(theirs.try_clone().unwrap());
                    drop(theirs);
                    let script = "echo >&0; read line; echo out $0; echo err $0 >&2; exit $(($0 % 200))";
                    let output = Command::new("sh").args(["-c", script, &n.to_string()]).stdin(stdin).output().unwrap();
                    assert_eq!(output.status.code(), Some(n as i32 % 200));
                    assert_eq!(output.stdout, format!("out {n}\n").into_bytes());
                    assert_eq!(output.stderr, format!("err {n}\n").into_bytes());
                })
            })
            .collect();
        drop(theirs);
        ours.read_exact(&mut vec![0; children]).unwrap();
        let together = start.elapsed();
        drop(ours);
        all.into_iter().for_each(|one| one.join().unwrap());
        eprintln!("{NAME}: {children} run together after {together:?}, all have ended after {:?}", start.elapsed());
        assert_eq!(descriptors(), before);
        assert!(!has_children(), "somebody was not waited for");
    });
}

fn raise_descriptor_limit() -> usize {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: both calls get the address of such a struct.
    unsafe {
        assert_eq!(libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit), 0);
        limit.rlim_cur = limit.rlim_max;
        assert_eq!(libc::setrlimit(libc::RLIMIT_NOFILE, &limit), 0);
    }
    usize::try_from(limit.rlim_cur).unwrap_or(usize::MAX)
}

/// Is there a child that nobody has waited for?
fn has_children() -> bool {
    // SAFETY: all zero is a piece of information without anything in it, and the call writes one.
    unsafe {
        let mut info: libc::siginfo_t = std::mem::zeroed();
        libc::waitid(libc::P_ALL, 0, &mut info, libc::WEXITED | libc::WNOHANG | libc::WNOWAIT) == 0
    }
}
