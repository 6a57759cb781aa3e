//! A coroutine that keeps its worker for long is named on the standard error, once.

#![cfg(target_os = "linux")]

mod child;

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use child::{Ended, case, run};
use costd::runtime::Builder;
use costd::thread;

fn compute(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        std::hint::spin_loop();
    }
}

/// In a child: the lines that are written to the standard error, which they get to all the same.
fn watch_stderr() -> Receiver<()> {
    let real = std::io::stderr().as_fd().try_clone_to_owned().unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    // SAFETY: both are open; the standard error is another file from now on.
    assert_eq!(unsafe { libc::dup2(writer.as_raw_fd(), libc::STDERR_FILENO) }, libc::STDERR_FILENO);
    let (tell, told) = channel();
    std::thread::spawn(move || {
        let mut real = File::from(real);
        for line in BufReader::new(reader).lines() {
            writeln!(real, "{}", line.unwrap()).unwrap();
            // Whoever is not interested any more ends soon.
            let _ = tell.send(());
        }
    });
    told
}

/// Keeps the worker until that was said, or for a long time.
fn compute_until(said: &Receiver<()>) {
    let start = Instant::now();
    while said.try_recv().is_err() && start.elapsed() < LONG {
        std::hint::spin_loop();
    }
}

fn block_until(said: &Receiver<()>) {
    let _ = said.recv_timeout(LONG);
}

fn named(name: &str, body: impl FnOnce() + Send + 'static) -> thread::JoinHandle<()> {
    thread::Builder::new().name(name.into()).spawn(body).unwrap()
}

/// As good as for ever.
const LONG: Duration = Duration::from_secs(30);
const LIMIT: Duration = Duration::from_millis(100);

fn child(test: &str, case: &str, workers: &str, stuck: Option<&str>) -> Ended {
    let mut variables = vec![("COSTD_WORKERS", workers)];
    variables.extend(stuck.map(|stuck| ("COSTD_STUCK", stuck)));
    run(test, case, &variables).succeeded()
}

/// What was said about `name`, and nobody else.
#[track_caller]
fn lines(ended: &Ended, name: &str) -> Vec<String> {
    let all: Vec<String> = ended.stderr.lines().map(str::to_owned).collect();
    assert!(
        all.iter().all(|line| line.starts_with("costd: coroutine ") && line.contains(&format!(" '{name}', "))),
        "{all:?}"
    );
    all
}

#[test]
fn once_for_each_time() {
    let test = "once_for_each_time";
    let Some(case) = case() else {
        for workers in ["1", "2", "8"] {
            for (case, how) in
                [("computes", " s, computing"), ("blocks", "blocked in a call that costd does not see; ")]
            {
                let ended = child(test, case, workers, Some("100ms"));
                let lines = lines(&ended, case);
                assert_eq!(lines.len(), 2, "{workers} {lines:?}");
                for line in &lines {
                    assert!(line.contains(", spawned at tests/runtime_stuck.rs:"), "{line}");
                    assert!(line.contains(" has kept worker ") && line.contains(how), "{line}");
                    assert!(line.contains("coroutine::blocking") && line.contains("yield_now"), "{line}");
                }
            }
        }
        return;
    };
    let computes = case == "computes";
    let until = if computes { compute_until } else { block_until };
    let holds = if computes { compute } else { std::thread::sleep };
    let said = watch_stderr();
    named(&case, move || {
        until(&said);
        // It is not said again.
        holds(4 * LIMIT);
        thread::yield_now();
        // Nobody is awake for a while, nor is there a spawn.
        thread::sleep(4 * LIMIT);
        until(&said);
        holds(4 * LIMIT);
    })
    .join()
    .unwrap();
}

#[test]
fn by_the_program_and_by_default() {
    let test = "by_the_program_and_by_default";
    let Some(case) = case() else {
        let said = |case, stuck| {
            let ended = child(test, case, "2", stuck);
            lines(&ended, "computes").len()
        };
        assert_eq!(said("100 ms", Some("off")), 1);
        assert_eq!(said("never", Some("100ms")), 0);
        assert_eq!(said("off", Some("off")), 0);
        let ended = child(test, "default", "2", None);
        let [line] = &*lines(&ended, "computes") else { panic!("{}", ended.stderr) };
        let (_, time) = line.split_once(" for ").unwrap();
        assert!(time.split_once(" s, ").unwrap().0.parse::<f64>().unwrap() >= 1.0, "{line}");
        return;
    };
    match case.as_str() {
        "100 ms" => Builder::new().stuck_after(Some(LIMIT)).start().unwrap(),
        "never" => Builder::new().stuck_after(None).start().unwrap(),
        _ => {}
    }
    // Where something is to be said: until it is.
    let said = watch_stderr();
    named("computes", move || match case.as_str() {
        "never" => compute(10 * LIMIT),
        "off" => compute(Duration::from_secs(2)),
        _ => compute_until(&said),
    })
    .join()
    .unwrap();
}

/// Those who wait, yield, sleep or let others on keep nobody.
#[test]
fn not_those_who_behave() {
    let test = "not_those_who_behave";
    let Some(_) = case() else {
        for workers in ["1", "2", "8"] {
            assert_eq!(child(test, "child", workers, Some("200ms")).stderr, "");
        }
        return;
    };
    let long = Duration::from_secs(1);
    let all = [
        named("sleeps", move || thread::sleep(long)),
        named("blocks", move || costd::coroutine::blocking(|| std::thread::sleep(long))),
        named("yields", move || {
            let start = Instant::now();
            while start.elapsed() < long {
                compute(Duration::from_millis(10));
                thread::yield_now();
            }
        }),
    ];
    all.into_iter().for_each(|one| one.join().unwrap());
}
