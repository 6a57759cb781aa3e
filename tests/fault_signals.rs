//! Signals at a high rate while everything works; handlers that run on a coroutine's stack; processes that are forked in the
//! midst of it.

#![cfg(target_os = "linux")]

mod child;
mod fault_common;

use std::hint::black_box;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use child::{case, run};
use costd::coroutine::blocking;
use costd::io::{self, Read, Write};
use costd::net::{TcpListener, TcpStream, ToSocketAddrs, UdpSocket};
use costd::process::Command;
use costd::sync::mpsc::{channel, sync_channel};
use costd::sync::{Arc, Condvar, Mutex};
use costd::{fs, thread};
use fault_common::watch;

static SIGNALS: AtomicUsize = AtomicUsize::new(0);

extern "C" fn count(_: libc::c_int) {
    SIGNALS.fetch_add(1, Ordering::Relaxed);
}

fn install(handler: extern "C" fn(libc::c_int), flags: libc::c_int) {
    // SAFETY: integers and a set of signals.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handler as *const () as libc::sighandler_t;
    action.sa_flags = flags;
    // SAFETY: a handler of the simple kind, which the flags do not deny.
    assert_eq!(unsafe { libc::sigaction(libc::SIGUSR1, &action, ptr::null_mut()) }, 0);
}

fn gettid() -> i32 {
    // SAFETY: returns a number.
    unsafe { libc::gettid() }
}

/// Interrupts every other thread of the process over and over, until told to stop. System calls are not begun again.
fn storm(stop: &AtomicBool) {
    install(count, libc::SA_ONSTACK);
    let me = gettid();
    while !stop.load(Ordering::Relaxed) {
        for entry in std::fs::read_dir("/proc/self/task").unwrap().flatten() {
            let thread: i32 = entry.file_name().to_str().unwrap().parse().unwrap();
            if thread != me {
                // SAFETY: sends a signal that has a handler; the thread may be gone, which is an error and no more.
                unsafe { libc::syscall(libc::SYS_tgkill, std::process::id(), thread, libc::SIGUSR1) };
            }
        }
        std::thread::sleep(Duration::from_micros(20));
    }
}

/// One piece of work of each kind; nothing of it may fail, or come out different.
const WORK: [(&str, fn()); 9] = [
    ("TCP", || {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            let mut stream = listener.accept().unwrap().0;
            let mut bytes = Vec::new();
            stream.read_to_end(&mut bytes).unwrap();
            stream.write_all(&bytes).unwrap();
        });
        let mut stream = TcpStream::connect(address).unwrap();
        let sent: Vec<u8> = (0..300_000_u32).map(|n| n as u8).collect();
        stream.write_all(&sent).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut received = Vec::new();
        stream.read_to_end(&mut received).unwrap();
        assert!(received == sent);
        server.join().unwrap();
    }),
    ("UDP with a timeout", || {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
        let start = Instant::now();
        let error = loop {
            // std hands an interruption on, and begins the time anew then.
            match socket.recv(&mut [0]).unwrap_err() {
                error if error.kind() == io::ErrorKind::Interrupted && start.elapsed() < Duration::from_secs(1) => {}
                error => break error,
            }
        };
        let kind = error.kind();
        assert!(kind == io::ErrorKind::WouldBlock || kind == io::ErrorKind::Interrupted, "{error}");
    }),
    ("channels", || {
        let (there, to_there) = sync_channel(0);
        let (back, to_here) = channel();
        let echo = thread::spawn(move || to_there.iter().for_each(|n: u32| back.send(n).unwrap()));
        (0..100).for_each(|n| {
            there.send(n).unwrap();
            assert_eq!(to_here.recv(), Ok(n));
        });
        drop(there);
        echo.join().unwrap();
    }),
    ("timers", || {
        let wait = Duration::from_millis(3);
        let start = Instant::now();
        thread::sleep(wait);
        assert!(start.elapsed() >= wait);
        let (_sender, receiver) = channel::<()>();
        let start = Instant::now();
        assert!(receiver.recv_timeout(wait).is_err());
        assert!(start.elapsed() >= wait);
    }),
    ("condition variables", || {
        let pair = Arc::new((Mutex::new(0), Condvar::new()));
        let other = Arc::clone(&pair);
        let turns = move |mine: u32| {
            let mut turn = other.0.lock().unwrap();
            for _ in 0..50 {
                turn = other.1.wait_while(turn, |turn| *turn % 2 != mine).unwrap();
                *turn += 1;
                other.1.notify_all();
            }
        };
        let odd = thread::spawn({
            let turns = turns.clone();
            move || turns(1)
        });
        turns(0);
        odd.join().unwrap();
        assert_eq!(*pair.0.lock().unwrap(), 100);
    }),
    ("children", || {
        let mut child = Command::new("cat")
            .stdin(costd::process::Stdio::piped())
            .stdout(costd::process::Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(&[7; 50_000]).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success() && output.stdout == [7; 50_000]);
        assert_eq!(Command::new("sh").args(["-c", "exit 5"]).status().unwrap().code(), Some(5));
    }),
    ("pipes", || {
        let (mut reader, mut writer) = io::pipe().unwrap();
        let writes = thread::spawn(move || writer.write_all(&[1; 200_000]).unwrap());
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).unwrap();
        assert!(bytes == [1; 200_000]);
        writes.join().unwrap();
    }),
    ("files and names", || {
        assert!(fs::read("/proc/self/status").unwrap().starts_with(b"Name:"));
        assert!(("localhost", 1).to_socket_addrs().unwrap().next().is_some());
        assert_eq!(blocking(|| 3), 3);
    }),
    ("parks", || {
        let me = thread::current();
        let done = Arc::new(AtomicBool::new(false));
        let waker = {
            let done = Arc::clone(&done);
            thread::spawn(move || {
                thread::yield_now();
                done.store(true, Ordering::Release);
                me.unpark();
            })
        };
        while !done.load(Ordering::Acquire) {
            thread::park();
        }
        waker.join().unwrap();
    }),
];

#[test]
fn a_storm_of_signals() {
    let Some(case) = case() else {
        for case in ["coroutines", "threads"] {
            for workers in ["1", "3"] {
                run("a_storm_of_signals", case, &[("COSTD_WORKERS", workers)]).succeeded();
            }
        }
        return;
    };
    watch("a_storm_of_signals");
    thread::spawn(|| ()).join().unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let storm = std::thread::spawn({
        let stop = Arc::clone(&stop);
        move || storm(&stop)
    });
    let mut rounds = 0;
    while rounds < 3 || SIGNALS.load(Ordering::Relaxed) < 10_000 {
        if case == "coroutines" {
            let all: Vec<_> = (0..4).flat_map(|_| WORK).map(|(name, work)| (name, thread::spawn(work))).collect();
            all.into_iter().for_each(|(name, thread)| assert!(thread.join().is_ok(), "{name}"));
        } else {
            let all: Vec<_> = WORK.map(|(name, work)| (name, std::thread::spawn(work))).into();
            all.into_iter().for_each(|(name, thread)| assert!(thread.join().is_ok(), "{name}"));
        }
        rounds += 1;
    }
    stop.store(true, Ordering::Relaxed);
    storm.join().unwrap();
}

/// Where the handler's frame was.
static HANDLER_AT: AtomicUsize = AtomicUsize::new(0);

extern "C" fn note_place(_: libc::c_int) {
    let frame = black_box([0_u8; 16]);
    HANDLER_AT.store(frame.as_ptr().addr(), Ordering::Relaxed);
}

/// Uses the stack, as handlers do that format a message.
extern "C" fn needs_much(_: libc::c_int) {
    black_box([0_u8; 30_000]);
    SIGNALS.fetch_add(1, Ordering::Relaxed);
}

fn raise() {
    // SAFETY: sends this thread a signal that has a handler.
    assert_eq!(unsafe { libc::syscall(libc::SYS_tgkill, std::process::id(), gettid(), libc::SIGUSR1) }, 0);
}

/// Goes down until `left` bytes of this coroutine's stack are left, and calls `f` there.
#[inline(never)]
fn at_the_bottom(left: usize, f: fn()) {
    let frame = black_box([0_u8; 256]);
    if frame.as_ptr().addr() % (2 << 20) > left {
        at_the_bottom(left, f);
    } else {
        f();
    }
    black_box(frame);
}

/// Without SA_ONSTACK a handler runs on the stack of the coroutine that it interrupts, with it on the worker's own for that;
/// and either way the coroutine goes on as if nothing had happened, also near the end of its stack.
#[test]
fn handlers_and_stacks() {
    let test = "handlers_and_stacks";
    match case().as_deref() {
        None => {
            run(test, "places", &[]).succeeded();
            run(test, "no room, with SA_ONSTACK", &[]).succeeded();
            let ended = run(test, "no room", &[]);
            assert_eq!(ended.signal(), Some(libc::SIGABRT), "{}", ended.stderr);
            assert!(ended.text().contains("\nthread 'deep' (ID) has overflowed its stack\n"), "{}", ended.stderr);
        }
        Some("places") => {
            let is_here = |flags| {
                thread::spawn(move || {
                    install(note_place, flags);
                    let mut sums = [0.0_f64; 8];
                    let here = sums.as_ptr().addr();
                    for round in 0..1000 {
                        sums.iter_mut().enumerate().for_each(|(n, sum)| *sum += (n * round) as f64);
                        raise();
                        if round % 10 == 0 {
                            thread::yield_now();
                        }
                    }
                    assert!(sums.iter().enumerate().all(|(n, &sum)| sum == (n * 499_500) as f64));
                    HANDLER_AT.load(Ordering::Relaxed) / (2 << 20) == here / (2 << 20)
                })
                .join()
                .unwrap()
            };
            assert!(is_here(0));
            assert!(!is_here(libc::SA_ONSTACK));
        }
        Some(case) => {
            let on_stack = case.ends_with("SA_ONSTACK");
            install(needs_much, if on_stack { libc::SA_ONSTACK } else { 0 });
            let deep = thread::Builder::new().name("deep".into());
            deep.spawn(|| at_the_bottom(12_000, raise)).unwrap().join().unwrap();
            assert_eq!(SIGNALS.load(Ordering::Relaxed), 1);
        }
    }
}

/// Forks, and executes a program in the child, which has of all threads only the worker that forked. Returns its exit code.
fn fork_and_execute() -> i32 {
    let arguments = [c"sh".as_ptr(), c"-c".as_ptr(), c"exit 9".as_ptr(), ptr::null()];
    // SAFETY: between fork and exec the child makes system calls only, of memory that is there already.
    let child = unsafe {
        let child = libc::fork();
        if child == 0 {
            libc::execv(c"/bin/sh".as_ptr(), arguments.as_ptr());
            libc::_exit(127);
        }
        child
    };
    assert!(child > 0, "{}", io::Error::last_os_error());
    blocking(|| {
        let mut status = 0;
        // SAFETY: waits for the child from above, whom nobody else waits for.
        assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
        assert!(libc::WIFEXITED(status));
        libc::WEXITSTATUS(status)
    })
}

/// By hand, and by `pre_exec`, which has std fork as well; from coroutines and threads, while others hold locks, allocate,
/// spawn and wait.
#[test]
fn forks_in_the_midst() {
    if case().is_none() {
        for workers in ["1", "4"] {
            run("forks_in_the_midst", "go", &[("COSTD_WORKERS", workers)]).succeeded();
        }
        return;
    }
    watch("forks_in_the_midst");
    let over = Arc::new(AtomicBool::new(false));
    let shared = Arc::new(Mutex::new(Vec::new()));
    let busy: Vec<_> = (0..20)
        .map(|n| {
            let (over, shared) = (Arc::clone(&over), Arc::clone(&shared));
            thread::spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    let mut guard = shared.lock().unwrap();
                    guard.push(vec![n; 100]);
                    thread::yield_now();
                    guard.clear();
                    drop(guard);
                    assert_eq!(thread::spawn(move || n).join().unwrap(), n);
                    thread::sleep(Duration::from_micros(50));
                }
            })
        })
        .collect();
    let forks = || {
        for _ in 0..10 {
            assert_eq!(fork_and_execute(), 9);
            let mut command = Command::new("sh");
            command.args(["-c", "exit 8"]);
            // SAFETY: the function does nothing.
            unsafe { costd::os::unix::process::CommandExt::pre_exec(&mut command, || Ok(())) };
            assert_eq!(command.status().unwrap().code(), Some(8));
        }
    };
    let coroutines: Vec<_> = (0..8).map(|_| thread::spawn(forks)).collect();
    let os_threads: Vec<_> = (0..2).map(|_| std::thread::spawn(forks)).collect();
    coroutines.into_iter().for_each(|thread| thread.join().unwrap());
    os_threads.into_iter().for_each(|thread| thread.join().unwrap());
    over.store(true, Ordering::Relaxed);
    busy.into_iter().for_each(|thread| thread.join().unwrap());
}
