//! What every coroutine is doing, asked from every kind of thread, while they do it.

#![cfg(unix)]

mod child;

use std::collections::{HashMap, HashSet};
use std::hint::black_box;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use child::{case, run};
use costd::coroutine::{Cancelled, JoinHandleExt as _, os_thread};
use costd::runtime::{CoroutineDump, Dump, State, dump, metrics};
use costd::sync::{Mutex, mpmc};
use costd::thread;

/// In a process of its own for each number of workers; the test itself on a plain thread and in a coroutine.
fn everywhere(test: &str, body: fn()) {
    let all = ["1", "2", "8"].map(|workers| ["thread", "coroutine"].map(|case| (workers, case)));
    in_these(test, &all.concat(), body);
}

/// Before there were any workers.
static BEGUN: OnceLock<Instant> = OnceLock::new();

fn in_these(test: &str, cases: &[(&str, &str)], body: fn()) {
    let Some(case) = case() else {
        for (workers, case) in cases {
            run(test, case, &[("COSTD_WORKERS", workers), ("COSTD_STUCK", "off")]).succeeded();
        }
        return;
    };
    BEGUN.get_or_init(Instant::now);
    // Longer than the clock that workers go by is late, if it has been seen to tick.
    std::thread::sleep(Duration::from_millis(50));
    if case == "thread" { body() } else { thread::spawn(body).join().unwrap() }
}

fn until(wanted: impl Fn() -> bool) {
    let start = Instant::now();
    while !wanted() {
        assert!(start.elapsed() < Duration::from_secs(60), "{}", metrics());
        thread::yield_now();
    }
}

fn until_parked(reason: &'static str, count: usize) {
    until(|| metrics().parked.contains(&(reason, count)));
}

fn named<'a>(dump: &'a Dump, name: &str) -> &'a CoroutineDump {
    let mut found = dump.coroutines.iter().filter(|coroutine| coroutine.name.as_deref() == Some(name));
    let first = found.next().unwrap_or_else(|| panic!("{name} is not in\n{dump}"));
    assert!(found.next().is_none(), "{name} is there twice in\n{dump}");
    first
}

fn reason(coroutine: &CoroutineDump) -> &'static str {
    match coroutine.state {
        State::Parked { reason, .. } => reason,
        state => panic!("{coroutine:?} is {state:?}"),
    }
}

#[inline(never)]
fn waits_for_a_message(messages: &mpmc::Receiver<()>) {
    let _ = black_box(messages).recv();
    black_box(());
}

#[test]
fn nothing_has_started() {
    let Some(_) = case() else {
        run("nothing_has_started", "thread", &[]).succeeded();
        return;
    };
    let dump = dump();
    assert!(dump.coroutines.is_empty() && dump.held_up.is_empty());
    assert_eq!(dump.to_json(), r#"{"coroutines":[],"held_up":[],"stacks":[]}"#);
    assert_eq!(dump.to_string(), "0 coroutines: 0 running, 0 ready, 0 not started, 0 parked\n");
}

#[test]
fn who_and_where_and_why() {
    everywhere("who_and_where_and_why", || {
        let (release, released) = mpmc::channel::<()>();
        let spawn =
            |name: &str, body: Box<dyn FnOnce() + Send>| thread::Builder::new().name(name.into()).spawn(body).unwrap();
        let lock = Arc::new(Mutex::new(()));
        let held = lock.lock().unwrap();
        let going = Arc::new(AtomicBool::new(true));
        let all = [
            spawn("receives", Box::new(move || waits_for_a_message(&released))),
            spawn("sleeps", Box::new(|| thread::park_timeout(Duration::from_secs(1000)))),
            spawn("locks", {
                let lock = Arc::clone(&lock);
                Box::new(move || drop(lock.lock().unwrap()))
            }),
            spawn("yields", {
                let going = Arc::clone(&going);
                Box::new(move || {
                    while going.load(Ordering::Relaxed) {
                        thread::yield_now();
                    }
                })
            }),
        ];
        until(|| metrics().parked.len() == 3);
        let waiting = Instant::now();
        // A plain sleep, so that somebody has waited for some time.
        os_thread::spawn(|| std::thread::sleep(Duration::from_millis(100))).join().unwrap();
        let dump = dump();
        assert!(dump.held_up.is_empty(), "{dump}");

        let receives = named(&dump, "receives");
        let State::Parked { reason: "Receiver::recv", time } = receives.state else { panic!("{receives:?}") };
        assert!(time >= Duration::from_millis(90) && time <= BEGUN.get().unwrap().elapsed(), "{time:?}");
        assert!(waiting.elapsed() >= Duration::from_millis(100));
        assert!(receives.age >= time && receives.age <= BEGUN.get().unwrap().elapsed(), "{receives:?}");
        assert!(receives.worker.is_some());
        assert_eq!(
            receives.id.to_string(),
            format!("{:?}", all[0].thread().id()).replace(|c: char| !c.is_ascii_digit(), "")
        );
        let functions: Vec<String> = dump.backtrace(receives).into_iter().map(|frame| frame.function).collect();
        assert!(functions[0].contains("Receiver") && functions[0].contains("recv"), "{functions:?}");
        let position = |part: &str| functions.iter().position(|function| function.contains(part)).unwrap();
        assert!(position("runtime_dump::waits_for_a_message") < position("who_and_where_and_why"), "{functions:?}");
        let frame = &dump.backtrace(receives)[position("runtime_dump::waits_for_a_message")];
        assert!(frame.location.as_ref().unwrap().contains("tests/runtime_dump.rs:"), "{frame:?}");

        assert_eq!(reason(named(&dump, "sleeps")), "thread::park");
        assert_eq!(reason(named(&dump, "locks")), "Mutex::lock");
        let yields = named(&dump, "yields");
        assert_eq!(yields.state, State::Ready);
        assert!(dump.backtrace(yields)[0].function.contains("yield_now"), "{:?}", dump.backtrace(yields));

        if costd::coroutine::is_coroutine() {
            let me = dump.coroutines.iter().find(|coroutine| coroutine.id == number(&thread::current())).unwrap();
            // It may have been woken by one worker's answer while another's was still to come.
            assert!(me.state == State::Ready || reason(me) == "runtime::dump", "{me:?}");
            assert_eq!(dump.coroutines.len(), 5);
        } else {
            assert_eq!(dump.coroutines.len(), 4);
        }
        drop((release, held));
        going.store(false, Ordering::Relaxed);
        all[1].thread().unpark();
        all.into_iter().for_each(|one| one.join().unwrap());
    });
}

fn number(thread: &thread::Thread) -> u64 {
    format!("{:?}", thread.id()).replace(|c: char| !c.is_ascii_digit(), "").parse().unwrap()
}

#[test]
fn where_it_was_spawned() {
    everywhere("where_it_was_spawned", || {
        let (release, released) = mpmc::channel::<()>();
        let waits = || {
            let released = released.clone();
            move || waits_for_a_message(&released)
        };
        let named = |name: &str| thread::Builder::new().name(name.into());
        thread::scope(|scope| {
            let lines = [line!() + 1, line!() + 2, line!() + 3, line!() + 4];
            let a = thread::spawn(waits());
            let b = named("b").spawn(waits()).unwrap();
            let c = scope.spawn(waits());
            let d = named("d").spawn_scoped(scope, waits()).unwrap();
            until_parked("Receiver::recv", 4);
            let dump = dump();
            for (thread, line) in [a.thread(), b.thread(), c.thread(), d.thread()].into_iter().zip(lines) {
                let coroutine = dump.coroutines.iter().find(|coroutine| coroutine.id == number(thread)).unwrap();
                let location: &Location<'_> = coroutine.spawned_at.unwrap();
                assert_eq!((location.file(), location.line()), (file!(), line));
            }
            drop(release);
            a.join().unwrap();
            b.join().unwrap();
        });
    });
}

#[test]
fn equal_ones_are_one_paragraph() {
    everywhere("equal_ones_are_one_paragraph", || {
        let (release, released) = mpmc::channel::<()>();
        let all: Vec<_> = (0..50)
            .map(|n| {
                let released = released.clone();
                let builder = thread::Builder::new().name(format!("\"{n}\""));
                builder.spawn(move || waits_for_a_message(&released)).unwrap()
            })
            .collect();
        until_parked("Receiver::recv", 50);
        let dump = dump();
        let text = dump.to_string();
        let paragraph =
            text.split("\n\n").find(|paragraph| paragraph.starts_with("50 coroutines, parked in")).expect(&text);
        let lines: Vec<_> = paragraph.lines().collect();
        assert!(lines[0].starts_with("50 coroutines, parked in Receiver::recv for "), "{text}");
        assert!(lines[1].matches("\"' on worker ").count() == 5 && lines[1].ends_with(", and 45 more"), "{text}");
        assert!(lines.iter().any(|line| line.trim() == "runtime_dump::waits_for_a_message"), "{text}");
        assert!(lines.last().unwrap().starts_with("  spawned at tests/runtime_dump.rs:"), "{text}");

        let json: serde_json::Value = serde_json::from_str(&dump.to_json()).unwrap();
        let coroutines = json["coroutines"].as_array().unwrap();
        assert_eq!(coroutines.len(), dump.coroutines.len());
        let first = coroutines.iter().find(|coroutine| coroutine["name"] == "\"0\"").unwrap();
        assert_eq!((&first["state"], &first["reason"]), (&"parked".into(), &"Receiver::recv".into()));
        assert!(first["parked_for"].as_f64().unwrap() <= first["age"].as_f64().unwrap());
        assert!(first["spawned_at"].as_str().unwrap().starts_with("tests/runtime_dump.rs:"));
        let stack = json["stacks"][first["stack"].as_u64().unwrap() as usize].as_array().unwrap();
        assert!(stack.iter().any(|frame| frame["function"] == "runtime_dump::waits_for_a_message"), "{stack:?}");
        assert_eq!(json["held_up"].as_array().unwrap().len(), 0);
        drop(release);
        all.into_iter().for_each(|one| one.join().unwrap());
    });
}

/// Each of `expected` is there once, nobody is there twice.
fn check(dump: &Dump, expected: &HashSet<u64>) {
    assert!(dump.held_up.is_empty(), "{:?}", dump.held_up);
    let mut seen = HashMap::new();
    for coroutine in &dump.coroutines {
        *seen.entry(coroutine.id).or_insert(0) += 1;
    }
    assert!(seen.values().all(|count| *count == 1), "some were counted twice");
    let missing = expected.iter().filter(|id| !seen.contains_key(id)).count();
    assert_eq!(missing, 0, "of {}", expected.len());
}

/// A hundred thousand, most of which wait; others come, go, wake one another and move meanwhile.
#[test]
fn a_hundred_thousand() {
    // It takes a while.
    let cases = [("1", "coroutine"), ("2", "thread"), ("8", "coroutine")];
    in_these("a_hundred_thousand", &cases, || {
        // Each guard is a mapping of its own on older kernels, of which there are not as many.
        const MANY: usize = if cfg!(costd_portable) { 10_000 } else { 100_000 };
        let (release, released) = mpmc::channel::<()>();
        let all: Vec<_> = (0..MANY)
            .map(|_| {
                let released = released.clone();
                thread::spawn(move || waits_for_a_message(&released))
            })
            .collect();
        let expected: HashSet<u64> = all.iter().map(|one| number(one.thread())).collect();
        let going = Arc::new(AtomicBool::new(true));
        let done = Arc::new(AtomicUsize::new(0));
        let churn = || {
            let (going, done) = (Arc::clone(&going), Arc::clone(&done));
            move || {
                while going.load(Ordering::Relaxed) {
                    thread::spawn(|| thread::spawn(thread::yield_now).join().unwrap()).join().unwrap();
                    done.fetch_add(1, Ordering::Relaxed);
                }
            }
        };
        let churners: Vec<_> = (0..4).map(|_| thread::spawn(churn())).collect();
        // Spawns from outside, too.
        let outside = os_thread::spawn(churn());
        for _ in 0..2 {
            let before = done.load(Ordering::Relaxed);
            until(|| done.load(Ordering::Relaxed) > before + 10);
            let dump = dump();
            check(&dump, &expected);
            // Those who come and go: five, with a child and a grandchild each at the most, and this one.
            assert!(dump.coroutines.len() <= MANY + 1 + 5 * 3 + 1000, "{}", dump.coroutines.len());
        }
        going.store(false, Ordering::Relaxed);
        churners.into_iter().for_each(|one| one.join().unwrap());
        outside.join().unwrap();
        drop(release);
        all.into_iter().for_each(|one| one.join().unwrap());
    });
}

/// Backlogs that are stolen, handed on and started at the very time.
#[test]
fn unstarted_ones_that_move() {
    everywhere("unstarted_ones_that_move", || {
        for round in 0..30 {
            let (release, released) = mpmc::channel::<()>();
            let spawn = move || -> Vec<_> {
                (0..700)
                    .map(|_| {
                        let released = released.clone();
                        thread::spawn(move || waits_for_a_message(&released))
                    })
                    .collect()
            };
            // By a coroutine, into its worker's deque; and from outside (if this is).
            let mut all = if round % 2 == 0 { spawn() } else { thread::spawn(spawn).join().unwrap() };
            let expected: HashSet<u64> = all.iter().map(|one| number(one.thread())).collect();
            check(&dump(), &expected);
            drop(release);
            all.drain(..).for_each(|one| one.join().unwrap());
        }
    });
}

#[test]
fn a_worker_that_does_not_answer() {
    let test = "a_worker_that_does_not_answer";
    let Some(case) = case() else {
        run(test, "1", &[("COSTD_WORKERS", "1"), ("COSTD_STUCK", "off")]).succeeded();
        run(test, "2", &[("COSTD_WORKERS", "2"), ("COSTD_STUCK", "off")]).succeeded();
        return;
    };
    let workers: usize = case.parse().unwrap();
    let go_on = Arc::new(AtomicUsize::new(0));
    let (release, released) = mpmc::channel::<()>();
    // Some who wait, and then one on each worker that computes and does not let them.
    let waiting: Vec<_> = (0..20)
        .map(|_| {
            let released = released.clone();
            thread::spawn(move || waits_for_a_message(&released))
        })
        .collect();
    until_parked("Receiver::recv", 20);
    let busy = Arc::new(AtomicUsize::new(0));
    let computing: Vec<_> = (0..workers)
        .map(|n| {
            let (go_on, busy) = (Arc::clone(&go_on), Arc::clone(&busy));
            let builder = thread::Builder::new().name(format!("busy {n}"));
            builder
                .spawn(move || {
                    busy.fetch_add(1, Ordering::Relaxed);
                    while go_on.load(Ordering::Relaxed) == 0 {
                        std::hint::spin_loop();
                    }
                })
                .unwrap()
        })
        .collect();
    until(|| busy.load(Ordering::Relaxed) == workers);
    let start = Instant::now();
    let dump = dump();
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    assert_eq!(dump.held_up.len(), workers, "{dump}");
    let missing: usize = dump.held_up.iter().map(|held_up| held_up.missing).sum();
    assert_eq!(missing, 20);
    for n in 0..workers {
        let coroutine = named(&dump, &format!("busy {n}"));
        assert_eq!(coroutine.state, State::Running);
        assert!(dump.held_up.iter().any(|held_up| held_up.by == Some(coroutine.id)), "{dump}");
    }
    let text = dump.to_string();
    assert!(text.starts_with(&format!("{} coroutines: {workers} running,", 20 + workers)), "{text}");
    assert!(text.contains("does not answer: coroutine "), "{text}");
    go_on.store(1, Ordering::Relaxed);
    computing.into_iter().for_each(|one| one.join().unwrap());
    // It answers late, to nobody; and then again.
    let dump = costd::runtime::dump();
    assert_eq!((dump.held_up.len(), dump.coroutines.len()), (0, 20), "{dump}");
    drop(release);
    waiting.into_iter().for_each(|one| one.join().unwrap());
}

#[test]
fn many_ask_at_one_time() {
    everywhere("many_ask_at_one_time", || {
        let (release, released) = mpmc::channel::<()>();
        let all: Vec<_> = (0..1000)
            .map(|_| {
                let released = released.clone();
                thread::spawn(move || waits_for_a_message(&released))
            })
            .collect();
        let expected: HashSet<u64> = all.iter().map(|one| number(one.thread())).collect();
        let asks = {
            let expected = Arc::new(expected);
            move || {
                let expected = Arc::clone(&expected);
                move || (0..5).for_each(|_| check(&dump(), &expected))
            }
        };
        let coroutines: Vec<_> = (0..4).map(|_| thread::spawn(asks())).collect();
        let threads: Vec<_> = (0..4).map(|_| os_thread::spawn(asks())).collect();
        coroutines.into_iter().for_each(|one| one.join().unwrap());
        threads.into_iter().for_each(|one| one.join().unwrap());
        drop(release);
        all.into_iter().for_each(|one| one.join().unwrap());
    });
}

#[inline(never)]
fn deep(depth: u32, released: &mpmc::Receiver<()>) -> u32 {
    if depth == 0 {
        waits_for_a_message(released);
        return 0;
    }
    black_box(deep(depth - 1, released)) + 1
}

/// Stacks that are deeper than what is shown, full up to the guard, or in the middle of an unwinding.
#[test]
fn stacks_of_all_kinds() {
    everywhere("stacks_of_all_kinds", || {
        let (release, released) = mpmc::channel::<()>();
        let spawn = |size: usize, body: Box<dyn FnOnce(mpmc::Receiver<()>) + Send>| {
            let released = released.clone();
            thread::Builder::new().stack_size(size).spawn(move || body(released)).unwrap()
        };
        struct Waits(mpmc::Receiver<()>);
        impl Drop for Waits {
            fn drop(&mut self) {
                waits_for_a_message(&self.0);
            }
        }
        let deepest = spawn(2 << 20, Box::new(|released| assert_eq!(deep(1000, &released), 1000)));
        // Less than a page is left when it waits.
        let full = spawn(64 << 10, Box::new(|released| fill(&released)));
        let unwinding = spawn(
            2 << 20,
            Box::new(|released| {
                let _waits = Waits(released);
                costd::panic::resume_unwind(Box::new("unwinds"));
            }),
        );
        until_parked("Receiver::recv", 3);
        for _ in 0..3 {
            let dump = dump();
            let frames = |thread: &thread::Thread| {
                let found = dump.coroutines.iter().find(|coroutine| coroutine.id == number(thread)).unwrap();
                dump.backtrace(found)
            };
            let deepest = frames(deepest.thread());
            assert!(deepest.len() >= 200, "{deepest:?}");
            assert!(
                deepest.iter().skip(2).take(100).all(|frame| frame.function == "runtime_dump::deep"),
                "{deepest:?}"
            );
            assert_eq!(deepest.last().unwrap().function, "(and others)");
            // Where a stack has to be looked at from itself, there must be room.
            let is_seen = cfg!(all(target_arch = "x86_64", not(costd_portable)));
            assert_eq!(!frames(full.thread()).is_empty(), is_seen);
            let unwinding = frames(unwinding.thread());
            assert!(unwinding.iter().any(|frame| frame.function.contains("Waits")), "{unwinding:?}");
        }
        drop(release);
        deepest.join().unwrap();
        full.join().unwrap();
        unwinding.join().unwrap_err();
    });
}

/// Waits once there is as little room as waiting needs.
fn fill(released: &mpmc::Receiver<()>) {
    let here = 0_u8;
    let bottom = (&raw const here).addr() & !0xffff;
    let frame = black_box([0_u8; 512]);
    if (&raw const frame).addr() - bottom > 4096 + 4096 {
        fill(released);
        black_box(&frame);
    } else {
        waits_for_a_message(released);
    }
}

#[test]
fn one_who_asks_and_is_cancelled() {
    let test = "one_who_asks_and_is_cancelled";
    let Some(_) = case() else {
        run(test, "child", &[("COSTD_WORKERS", "2"), ("COSTD_STUCK", "off")]).succeeded();
        return;
    };
    let going = Arc::new(AtomicBool::new(true));
    let busy = Arc::new(AtomicBool::new(false));
    let computing = thread::spawn({
        let (going, busy) = (Arc::clone(&going), Arc::clone(&busy));
        move || {
            busy.store(true, Ordering::Relaxed);
            while going.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
        }
    });
    until(|| busy.load(Ordering::Relaxed));
    let asks = thread::spawn(|| drop(dump()));
    until_parked("runtime::dump", 1);
    asks.cancel();
    assert!(asks.join().unwrap_err().is::<Cancelled>());
    going.store(false, Ordering::Relaxed);
    computing.join().unwrap();
    until(|| metrics().alive == 0);
    assert!(dump().coroutines.is_empty());
}
