//! Nothing can ever run again: that is said where it is certain, and nowhere else.
//!
//! Each case is a process of its own whose main thread is the case's: libtest's would wait where costd does not see it, which is
//! reason enough to say nothing.

use std::env;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use costd::coroutine::{self, Event, Semaphore, os_thread};
use costd::net::{TcpListener, TcpStream};
use costd::runtime::{Builder, OnDeadlock};
use costd::sync::{Arc, Barrier, Mutex, mpsc};
use costd::thread;

const CASE: &str = "COSTD_CASE";
/// Several times as long as it takes to be certain.
const A_WHILE: Duration = Duration::from_millis(700);

type Body = fn();

/// Never returns.
const DEADLOCKS: &[(&str, Body, &[&str])] = &[
    ("two locks", two_locks, &["OS thread 'main' waits in JoinHandle::join", "2 coroutines, parked in Mutex::lock"]),
    ("nobody sends", nobody_sends, &["OS thread 'main' waits in Receiver::recv", "parked in Semaphore::acquire"]),
    ("after a while", after_a_while, &["OS thread 'main' waits in JoinHandle::join", "parked in Event::wait"]),
    ("by the program", by_the_program, &["parked in Barrier::wait"]),
    ("main is a coroutine", main_is_a_coroutine, &["'inner' on worker", "parked in thread::park"]),
];

/// Return.
const NONE: &[(&str, Body)] = &[
    ("a foreign thread", a_foreign_thread),
    ("a timer", || thread::spawn(|| thread::sleep(A_WHILE)).join().unwrap()),
    ("a plain thread's timer", a_plain_threads_timer),
    ("a socket", a_socket),
    ("a child", || thread::spawn(|| drop(costd::process::Command::new("sleep").arg("0.7").status())).join().unwrap()),
    ("a foreign call", || thread::spawn(|| coroutine::blocking(|| std::thread::sleep(A_WHILE))).join().unwrap()),
    ("to and fro", to_and_fro),
    ("nobody but main", nobody_but_main),
];

fn two_locks() {
    let locks = Arc::new((Mutex::new(()), Mutex::new(())));
    let both = Arc::new(Barrier::new(2));
    let spawn = |turned: bool| {
        let (locks, both) = (Arc::clone(&locks), Arc::clone(&both));
        thread::spawn(move || {
            let (first, second) = if turned { (&locks.1, &locks.0) } else { (&locks.0, &locks.1) };
            let _first = first.lock().unwrap();
            both.wait();
            drop(second.lock());
        })
    };
    for one in [spawn(false), spawn(true)] {
        one.join().unwrap();
    }
}

fn nobody_sends() {
    static NONE_LEFT: Semaphore = Semaphore::new(0);
    let (tx, rx) = mpsc::channel::<()>();
    thread::spawn(move || {
        let _tx = tx;
        drop(NONE_LEFT.acquire());
    });
    rx.recv().unwrap();
}

/// It is one only once the plain thread has ended, which tells nobody.
fn after_a_while() {
    static NEVER: Event = Event::new();
    std::thread::spawn(|| std::thread::sleep(A_WHILE));
    thread::spawn(|| NEVER.wait()).join().unwrap();
}

fn by_the_program() {
    Builder::new().on_deadlock(OnDeadlock::Abort).start().unwrap();
    let barrier = Arc::new(Barrier::new(4));
    let spawn = || {
        let barrier = Arc::clone(&barrier);
        thread::spawn(move || barrier.wait().is_leader())
    };
    for one in [spawn(), spawn(), spawn()] {
        one.join().unwrap();
    }
}

fn main_is_a_coroutine() {
    thread::spawn(|| {
        let inner = thread::Builder::new().name("inner".into()).spawn(thread::park).unwrap();
        inner.join().unwrap();
    })
    .join()
    .unwrap();
}

fn a_foreign_thread() {
    let (tx, rx) = mpsc::channel();
    std::thread::spawn(move || {
        std::thread::sleep(A_WHILE);
        tx.send(7).unwrap();
    });
    assert_eq!(thread::spawn(move || rx.recv().unwrap()).join().unwrap(), 7);
}

fn a_plain_threads_timer() {
    let (tx, rx) = mpsc::channel();
    // A thread that waits in costd, and with a deadline.
    os_thread::spawn(move || {
        thread::sleep(A_WHILE);
        tx.send(7).unwrap();
    });
    assert_eq!(thread::spawn(move || rx.recv().unwrap()).join().unwrap(), 7);
}

fn a_socket() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let reader = thread::spawn(move || listener.accept().unwrap().0.read(&mut [0]).unwrap());
    let stream = TcpStream::connect(address).unwrap();
    // From outside: nothing here has a timer, or computes.
    let mut child = costd::process::Command::new("sleep").arg("0.7").spawn().unwrap();
    let waits = thread::spawn(move || child.wait().unwrap());
    assert!(waits.join().unwrap().success());
    drop(stream);
    assert_eq!(reader.join().unwrap(), 0);
}

/// Everybody sleeps at nearly all times, and is woken all the same.
fn to_and_fro() {
    let (to, from_main) = mpsc::sync_channel(0);
    let (back, answers) = mpsc::sync_channel(0);
    let echo = thread::spawn(move || from_main.iter().for_each(|n: u32| back.send(n).unwrap()));
    for n in 0..20_000 {
        to.send(n).unwrap();
        assert_eq!(answers.recv().unwrap(), n);
    }
    drop(to);
    echo.join().unwrap();
}

fn nobody_but_main() {
    thread::spawn(|| ()).join().unwrap();
    // No coroutine waits, and main is none of costd's business.
    std::thread::sleep(A_WHILE);
}

fn child(case: &str, variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.env(CASE, case).env_remove("COSTD_DEADLOCK").envs(variables.iter().copied());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

fn ended(case: &str, variables: &[(&str, &str)]) -> (Output, String) {
    let output = child(case, variables).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    (output, stderr)
}

fn main() {
    if let Ok(case) = env::var(CASE) {
        let bodies = DEADLOCKS.iter().map(|(name, body, _)| (*name, *body)).chain(NONE.iter().copied());
        let (_, body) = bodies.into_iter().find(|(name, _)| *name == case).unwrap();
        return body();
    }
    // There is no way to know elsewhere.
    let is_known = cfg!(all(target_os = "linux", not(costd_portable)));
    for workers in ["1", "2", "8"] {
        let workers = ("COSTD_WORKERS", workers);
        for (case, _, says) in DEADLOCKS.iter().filter(|_| is_known) {
            println!("{case}, {} workers", workers.1);
            let setting = if *case == "by the program" { "off" } else { "abort" };
            let (output, stderr) = ended(case, &[workers, ("COSTD_DEADLOCK", setting)]);
            assert_eq!(output.status.signal(), Some(libc::SIGABRT), "{stderr}");
            assert!(stderr.starts_with("costd: deadlock: "), "{stderr}");
            for part in *says {
                assert!(stderr.contains(part), "no {part} in\n{stderr}");
            }
            assert!(stderr.contains("  spawned at tests/runtime_deadlock.rs:"), "{stderr}");
        }
        for (case, _) in NONE {
            println!("{case}, {} workers: none", workers.1);
            let (output, stderr) = ended(case, &[workers, ("COSTD_DEADLOCK", "abort")]);
            assert!(output.status.success() && stderr.is_empty(), "{}\n{stderr}", output.status);
        }
    }
    if is_known {
        reported_once();
    }
    said_by_nobody();
}

/// With `report`, it is said once, and all go on waiting.
fn reported_once() {
    println!("reported once");
    let mut child = child("two locks", &[("COSTD_DEADLOCK", "report"), ("COSTD_DUMP", "SIGUSR1")]).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut text = String::new();
    let mut read_to = |text: &mut String, wanted: &str| {
        while !text.contains(wanted) {
            assert_ne!(stderr.read_line(text).unwrap(), 0, "{text}");
        }
    };
    read_to(&mut text, "  spawned at ");
    // It can still be asked; and a second report would be there by now.
    std::thread::sleep(A_WHILE);
    // SAFETY: sends a signal to the child, which nobody has waited for.
    assert_eq!(unsafe { libc::kill(child.id() as libc::pid_t, libc::SIGUSR1) }, 0);
    let mut dump = String::new();
    read_to(&mut dump, "  spawned at ");
    child.kill().unwrap();
    child.wait().unwrap();
    stderr.read_to_string(&mut dump).unwrap();
    assert!(!dump.contains("costd: deadlock") && dump.contains("parked in Mutex::lock"), "{dump}");
    assert_eq!(text.matches("costd: deadlock").count(), 1, "{text}");
}

/// Nobody has asked to be told.
fn said_by_nobody() {
    println!("not asked for");
    let mut child = child("two locks", &[]).spawn().unwrap();
    std::thread::sleep(A_WHILE);
    assert!(child.try_wait().unwrap().is_none());
    child.kill().unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
