//! What is said of a panic, beside what the real std says of it.

mod child;

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};

use child::{Ended, case, run};
use costd::panic;

type Body = Box<dyn FnOnce() + Send>;
type Spawn = fn(Option<&str>, Body);

fn ours(name: Option<&str>, body: Body) {
    let mut builder = costd::thread::Builder::new();
    if let Some(name) = name {
        builder = builder.name(name.into());
    }
    let _ = builder.spawn(body).unwrap().join();
}

fn theirs(name: Option<&str>, body: Body) {
    let mut builder = std::thread::Builder::new();
    if let Some(name) = name {
        builder = builder.name(name.into());
    }
    let _ = builder.spawn(body).unwrap().join();
}

struct Panics(&'static str);

impl Drop for Panics {
    fn drop(&mut self) {
        panic!("{}", self.0);
    }
}

struct Catches;

impl Drop for Catches {
    fn drop(&mut self) {
        assert!(panic::catch_unwind(|| panic!("inner")).is_err());
    }
}

#[inline(never)]
fn deeper(n: u32) {
    if n == 0 {
        panic!("deep");
    }
    deeper(black_box(n - 1));
    black_box(());
}

extern "C" fn does_not_unwind() {
    panic!("cannot leave");
}

/// By name: what a thread does, and whether the process survives it.
const BODIES: &[(&str, fn(), bool)] = &[
    ("literal", || panic!("a literal"), true),
    ("format", || panic!("a {}\nof two lines", "format"), true),
    ("any", || std::panic::panic_any(5), true),
    ("string", || std::panic::panic_any(String::from("a string")), true),
    ("assert", || assert_eq!(1 + 1, 3, "sums"), true),
    ("long", || panic!("{}", "long ".repeat(1000)), true),
    ("resume", || panic::resume_unwind(Box::new(1)), true),
    ("deep", || deeper(20), true),
    (
        "in a destructor",
        || {
            let _catches = Catches;
            panic!("outer");
        },
        true,
    ),
    (
        "twice",
        || {
            let _panics = Panics("second");
            panic!("first");
        },
        false,
    ),
    ("no unwinding", || does_not_unwind(), false),
    (
        "hook",
        || {
            panic::set_hook(Box::new(|_| panic!("in the hook")));
            panic!("outside");
        },
        false,
    ),
];

/// Frames of a whole backtrace differ; a whole one is printed for a panic in another's unwinding, and then it matters only
/// that it is.
fn without_whole_backtraces(ended: &Ended) -> String {
    let is_frame = |line: &&str| line.trim_start().split(':').next().is_some_and(|n| n.parse::<u32>().is_ok());
    let is_place = |line: &&str| line.starts_with("                               at ");
    let text = ended.text();
    let whole = |line: &&str| {
        (is_frame(line) && line.contains(" 0x")) || is_place(line) || (is_frame(line) && line.contains(" - "))
    };
    text.lines().filter(|line| !whole(line)).collect::<Vec<_>>().join("\n")
}

#[test]
fn message() {
    let Some(case) = case() else {
        for (body, _, survives) in BODIES {
            for name in ["unnamed", "named"] {
                for backtrace in ["unset", "0", "1"] {
                    let variables: &[_] = &[("RUST_BACKTRACE", backtrace)];
                    let variables = if backtrace == "unset" { &[] } else { variables };
                    let ours = run("message", &format!("ours/{name}/{body}"), variables);
                    let theirs = run("message", &format!("theirs/{name}/{body}"), variables);
                    let what = format!("{body}, {name}, RUST_BACKTRACE {backtrace}");
                    assert_eq!(theirs.output.status.success(), *survives, "{what}");
                    assert_eq!(ours.output.status, theirs.output.status, "{what}\n{}", ours.stderr);
                    assert_eq!(without_whole_backtraces(&ours), without_whole_backtraces(&theirs), "{what}");
                    assert_eq!(theirs.stderr.is_empty(), *body == "resume");
                }
            }
        }
        return;
    };
    let [who, name, body]: [&str; 3] = case.split('/').collect::<Vec<_>>().try_into().unwrap();
    let spawn: Spawn = if who == "ours" { ours } else { theirs };
    let body = BODIES.iter().find(|(known, ..)| *known == body).unwrap().1;
    spawn((name == "named").then_some("a name"), Box::new(body));
}

/// On plain OS threads std's own hook speaks, also beside coroutines; the hint about backtraces comes once from each.
#[test]
fn os_threads_beside_coroutines() {
    let test = "os_threads_beside_coroutines";
    match case().as_deref() {
        None => {
            let ours = run(test, "ours", &[]).succeeded();
            let theirs = run(test, "theirs", &[]).succeeded();
            assert_eq!(ours.text(), theirs.text());
        }
        Some(who) => {
            if who == "ours" {
                costd::thread::spawn(|| ()).join().unwrap();
            }
            theirs(Some("plain"), Box::new(|| panic!("one")));
            theirs(None, Box::new(|| panic!("two")));
        }
    }
}

#[test]
fn thread_local_that_panics_on_drop() {
    let test = "thread_local_that_panics_on_drop";
    match case().as_deref() {
        None => {
            let ours = run(test, "ours", &[]);
            let theirs = run(test, "theirs", &[]);
            let os_thread = run(test, "ours on an OS thread", &[]);
            assert_eq!(theirs.signal(), Some(libc::SIGABRT));
            assert!(theirs.stderr.ends_with("fatal runtime error: thread local panicked on drop, aborting\n"));
            assert_eq!((ours.signal(), ours.text()), (theirs.signal(), theirs.text()));
            assert_eq!((os_thread.signal(), os_thread.text()), (theirs.signal(), theirs.text()));
        }
        Some("theirs") => {
            std::thread_local!(static KEY: Panics = const { Panics("dropped") });
            theirs(None, Box::new(|| KEY.with(|_| ())));
        }
        Some(who) => {
            costd::thread_local!(static KEY: Panics = const { Panics("dropped") });
            let spawn: Spawn = if who == "ours" { ours } else { theirs };
            spawn(None, Box::new(|| KEY.with(|_| ())));
        }
    }
}

#[test]
fn result_that_panics_on_drop() {
    let test = "result_that_panics_on_drop";
    match case().as_deref() {
        None => {
            let ours = run(test, "ours", &[]);
            let theirs = run(test, "theirs", &[]);
            assert_eq!(theirs.signal(), Some(libc::SIGABRT));
            assert_eq!((ours.signal(), ours.text()), (theirs.signal(), theirs.text()));
        }
        Some(who) => {
            static DETACHED: AtomicBool = AtomicBool::new(false);
            let body = || {
                while !DETACHED.load(Ordering::Relaxed) {
                    costd::thread::yield_now();
                }
                Panics("dropped")
            };
            if who == "ours" {
                drop(costd::thread::spawn(body));
            } else {
                drop(std::thread::spawn(body));
            }
            DETACHED.store(true, Ordering::Relaxed);
            std::thread::sleep(std::time::Duration::from_secs(5));
        }
    }
}

/// A short backtrace has an end; where exactly, the frames of the machinery decide.
#[test]
fn long_backtraces_are_cut() {
    let test = "long_backtraces_are_cut";
    match case().as_deref() {
        None => {
            let lines = |who: &str| run(test, who, &[("RUST_BACKTRACE", "1")]).succeeded().stderr.lines().count();
            let (ours, theirs) = (lines("ours"), lines("theirs"));
            assert!(theirs > 150 && ours.abs_diff(theirs) < 20, "{ours} {theirs}");
        }
        Some("ours") => ours(None, Box::new(|| deeper(1000))),
        Some(_) => theirs(None, Box::new(|| deeper(1000))),
    }
}
