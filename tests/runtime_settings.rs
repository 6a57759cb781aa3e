//! How the runtime is set up: by the program, by the environment, and what is said where that cannot be.

#![cfg(target_os = "linux")]

mod child;

use std::collections::HashSet;
use std::fs;
use std::hint::black_box;
use std::io::ErrorKind;
use std::net::ToSocketAddrs as _;
use std::time::Duration;

use child::{case, run};
use costd::coroutine::os_thread;
use costd::process::Command;
use costd::runtime::{Builder, StartError};
use costd::thread;

/// Is there a way to pin?
const PINS: bool = cfg!(not(costd_portable));

/// The names of this process's OS threads.
fn os_threads() -> Vec<String> {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    // One that ends meanwhile has no name any more.
    tasks
        .filter_map(|task| fs::read_to_string(task.unwrap().path().join("comm")).ok())
        .map(|name| name.trim().into())
        .collect()
}

/// How many names begin so. (A thread that has just been started has its parent's name for a moment.)
fn count(start: &str) -> usize {
    let names: HashSet<String> = os_threads().into_iter().filter(|name| name.starts_with(start)).collect();
    names.len()
}

fn first_spawn() {
    thread::spawn(|| ()).join().unwrap();
}

#[test]
fn by_the_program() {
    let Some(_) = case() else {
        // The program comes first.
        run("by_the_program", "child", &[("COSTD_WORKERS", "7"), ("COSTD_THREAD_NAME", "env")]).succeeded();
        return;
    };
    Builder::new().workers(3).thread_name("web").start().unwrap();
    first_spawn();
    assert_eq!((count("web-worker-"), count("env-worker-")), (3, 0));
    // From a plain thread and from a coroutine: it is too late.
    let late = || Builder::new().workers(2).start().unwrap_err();
    for error in [late(), thread::spawn(late).join().unwrap()] {
        assert!(matches!(error, StartError::AlreadyStarted), "{error:?}");
        assert!(error.to_string().contains("already started"), "{error}");
    }
    assert_eq!(count("web-worker-"), 3);
}

#[test]
fn the_first_spawn_starts_it_as_well() {
    let Some(_) = case() else {
        run("the_first_spawn_starts_it_as_well", "child", &[]).succeeded();
        return;
    };
    first_spawn();
    assert!(matches!(Builder::new().start(), Err(StartError::AlreadyStarted)));
}

#[test]
fn what_cannot_be() {
    let Some(case) = case() else {
        for case in ["workers", "threads", "limit", "size", "name", "cpu", "stuck"] {
            run("what_cannot_be", case, &[]).succeeded();
        }
        return;
    };
    let builder = Builder::new();
    let (builder, says) = match case.as_str() {
        "workers" => (builder.workers(0), "workers must be at least 1"),
        "threads" => (builder.blocking_threads(0), "pool must be at least 1"),
        "limit" => (builder.stack_limit(0), "memory for stacks must be at least 1"),
        "size" => (builder.stack_size(usize::MAX), "too large"),
        "name" => (builder.thread_name("a\0b"), "null bytes"),
        "cpu" => (builder.cpus([9999]), "CPU 9999"),
        _ => (builder.stuck_after(Some(Duration::ZERO)), "held up"),
    };
    let error = builder.start().unwrap_err();
    assert!(matches!(error, StartError::Invalid(_)) && error.to_string().contains(says), "{error}");
    assert_eq!(std::io::Error::from(error).kind(), ErrorKind::InvalidInput);
    // It has not been started, and can be.
    Builder::new().workers(1).start().unwrap();
    first_spawn();
}

#[test]
fn by_the_environment() {
    let Some(_) = case() else {
        let variables = [("COSTD_WORKERS", " 3 "), ("COSTD_THREAD_NAME", "env"), ("COSTD_STUCK", "off")];
        let ended = run("by_the_environment", "child", &variables).succeeded();
        assert_eq!(ended.stderr, "");
        return;
    };
    first_spawn();
    assert_eq!(count("env-worker-"), 3);
}

#[test]
fn values_that_mean_nothing() {
    let Some(_) = case() else {
        let wrong = [
            ("COSTD_WORKERS", "-3", "a whole number of at least 1"),
            ("COSTD_STACK_SIZE", "2 miles", "a number of bytes (64K, 2M)"),
            ("COSTD_STACK_LIMIT", "0", "a number of bytes (64K, 2M)"),
            ("COSTD_STACK_IDLE", "soon", "a time (500ms, 2s)"),
            ("COSTD_BLOCKING_THREADS", "0", "a whole number of at least 1"),
            ("COSTD_STUCK", "0s", "a time (500ms, 2s), or off"),
            ("COSTD_DEADLOCK", "maybe", "report, abort or off"),
            ("COSTD_CPUS", "2-1", "all, off, or a list of CPUs (0-3,6)"),
            ("COSTD_DUMP", "SIGKILL", "a signal (SIGQUIT, SIGUSR1, SIGUSR2, SIGHUP, SIGINT, SIGTERM)"),
        ];
        let variables: Vec<_> = wrong.iter().map(|(name, value, _)| (*name, *value)).collect();
        let ended = run("values_that_mean_nothing", "child", &variables).succeeded();
        let mut said: Vec<_> = ended.stderr.lines().collect();
        said.sort_unstable();
        let line = |(name, value, wanted): &(_, _, _)| format!("costd: {name}={value} is ignored: it must be {wanted}");
        let mut expected: Vec<_> = wrong.iter().map(line).collect();
        expected.sort_unstable();
        assert_eq!(said, expected);
        let ended = run("values_that_mean_nothing", "child", &[("COSTD_CPUS", "0,9999")]).succeeded();
        assert_eq!(
            ended.stderr,
            format!(
                "costd: COSTD_CPUS=0,9999 is ignored: the process may not use CPU {}\n",
                if PINS { 9999 } else { 0 }
            )
        );
        return;
    };
    first_spawn();
    assert_eq!(count("costd-worker-"), thread::available_parallelism().unwrap().get());
}

/// Some 1 MiB of stack.
fn deep(depth: u32) -> u64 {
    let frame = black_box([u64::from(depth); 128]);
    if depth == 1024 { 0 } else { deep(depth + 1) + frame[(depth % 128) as usize] }
}

#[test]
fn sizes_of_stacks() {
    let test = "sizes_of_stacks";
    let Some(case) = case() else {
        run(test, "builder/4194304", &[("COSTD_STACK_SIZE", "64K")]).succeeded();
        run(test, "variable", &[("COSTD_STACK_SIZE", "4M"), ("RUST_MIN_STACK", "65536")]).succeeded();
        run(test, "variable", &[("RUST_MIN_STACK", "4194304")]).succeeded();
        for (case, variables) in [
            ("builder/65536", vec![]),
            ("variable", vec![("COSTD_STACK_SIZE", "64K"), ("RUST_MIN_STACK", "4194304")]),
            ("variable", vec![("RUST_MIN_STACK", "65536")]),
        ] {
            let ended = run(test, case, &variables);
            assert_eq!(ended.signal(), Some(libc::SIGABRT), "{case} {variables:?}");
            assert!(ended.stderr.contains("has overflowed its stack"), "{}", ended.stderr);
        }
        return;
    };
    if let Some(size) = case.strip_prefix("builder/") {
        Builder::new().stack_size(size.parse().unwrap()).start().unwrap();
    }
    thread::spawn(|| deep(0)).join().unwrap();
}

#[test]
fn a_limit_to_all_stacks() {
    let test = "a_limit_to_all_stacks";
    let Some(case) = case() else {
        for workers in ["1", "2", "8"] {
            run(test, "builder", &[("COSTD_WORKERS", workers)]).succeeded();
            run(test, "variable", &[("COSTD_WORKERS", workers), ("COSTD_STACK_LIMIT", "16M")]).succeeded();
        }
        return;
    };
    if case == "builder" {
        Builder::new().stack_limit(16 << 20).start().unwrap();
    }
    // Eight of the default 2 MiB.
    let fill = |most| {
        let (release, released) = costd::sync::mpmc::channel::<()>();
        let waiting: Vec<_> = (0..most)
            .map(|_| {
                let released = released.clone();
                thread::spawn(move || released.recv().unwrap_err())
            })
            .collect();
        let error = thread::Builder::new().spawn(|| ()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        drop(release);
        for one in waiting {
            one.join().unwrap();
        }
    };
    // What has ended on another worker may leave its stack a moment after it was joined.
    if std::env::var("COSTD_WORKERS").as_deref() == Ok("1") {
        // From a coroutine, which has one itself; and again, for what has ended has left its own.
        thread::spawn(move || (0..3).for_each(|_| fill(7))).join().unwrap();
    } else {
        fill(8);
    }
}

/// The CPUs of the OS thread with this name (or this one), as the kernel writes them.
fn cpus_of(name: Option<&str>) -> String {
    let tasks = fs::read_dir("/proc/self/task").unwrap().map(|task| task.unwrap().path());
    let mut statuses = tasks.filter_map(|task| fs::read_to_string(task.join("status")).ok());
    let status = match name {
        Some(name) => statuses.find(|status| status.contains(&format!("Name:\t{name}\n"))).unwrap(),
        None => fs::read_to_string("/proc/thread-self/status").unwrap(),
    };
    status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap().trim().to_string()
}

#[test]
fn pinned_workers() {
    let test = "pinned_workers";
    if !PINS {
        return;
    }
    let Some(case) = case() else {
        run(test, "builder", &[]).succeeded();
        run(test, "list", &[]).succeeded();
        run(test, "variable", &[("COSTD_CPUS", "all")]).succeeded();
        return;
    };
    let all = cpus_of(None);
    let cpus = thread::available_parallelism().unwrap().get();
    let builder = Builder::new().workers(cpus + 1);
    match case.as_str() {
        "builder" => builder.pin_workers().start().unwrap(),
        "list" => builder.cpus(0..cpus).start().unwrap(),
        _ => builder.start().unwrap(),
    }
    first_spawn();
    for worker in 0..cpus + 1 {
        let pinned = cpus_of(Some(&format!("costd-worker-{worker}")));
        assert_eq!(pinned, (worker % cpus).to_string());
    }
    thread::spawn(move || {
        assert!(cpus_of(None).parse::<usize>().is_ok(), "{}", cpus_of(None));
        // What a coroutine starts is not pinned.
        assert_eq!(thread::available_parallelism().unwrap().get(), cpus);
        assert_eq!(os_thread::spawn(|| cpus_of(None)).join().unwrap(), all);
        assert_eq!(costd::coroutine::blocking(|| cpus_of(None)), all);
        let child = Command::new("grep").args(["Cpus_allowed_list", "/proc/self/status"]).output().unwrap();
        assert_eq!(String::from_utf8(child.stdout).unwrap().split_once('\t').unwrap().1.trim(), all);
        // And the worker is again, afterwards.
        assert!(cpus_of(None).parse::<usize>().is_ok());
    })
    .join()
    .unwrap();
}

#[test]
fn threads_of_the_blocking_pool() {
    let test = "threads_of_the_blocking_pool";
    let Some(case) = case() else {
        run(test, "builder", &[]).succeeded();
        run(test, "variable", &[("COSTD_BLOCKING_THREADS", "2")]).succeeded();
        return;
    };
    if case == "builder" {
        Builder::new().blocking_threads(2).start().unwrap();
    }
    let lookups: Vec<_> = (0..200)
        .map(|_| thread::spawn(|| costd::net::ToSocketAddrs::to_socket_addrs("localhost:1").map(|_| ()).is_ok()))
        .collect();
    let expected = "localhost:1".to_socket_addrs().is_ok();
    assert!(lookups.into_iter().all(|lookup| lookup.join().unwrap() == expected));
    // They linger. The monitor of the workers and the one who tidies stacks up have one each besides.
    let threads = count("costd-blocking");
    assert!((1..=4).contains(&threads), "{threads}: {:?}", os_threads());
}
