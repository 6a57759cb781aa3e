//! What the tests of `sync` share.
#![allow(dead_code)]

use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// Runs `body`, the test `name`'s, in a process of its own that has so many workers, and fails if it takes too long.
pub fn with_workers(workers: usize, name: &str, body: fn()) {
    const CHILD: &str = "COSTD_TEST_CHILD";
    if std::env::var_os(CHILD).is_some() {
        return body();
    }
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env("COSTD_WORKERS", workers.to_string())
        .env(CHILD, "1")
        .env("COSTD_DUMP", "SIGQUIT")
        .spawn()
        .unwrap();
    // Many times what the slowest of them takes on a machine that has more to do.
    let deadline = Instant::now() + Duration::from_secs(300);
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "{name}, {workers} workers: {status}");
            return;
        }
        if Instant::now() > deadline {
            say_what_hangs(&child);
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("{name}, {workers} workers: hangs");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Has the child write what its coroutines wait for, and gives it the time to.
fn say_what_hangs(child: &Child) {
    if cfg!(unix) {
        Command::new("kill").arg("-QUIT").arg(child.id().to_string()).status().unwrap();
        std::thread::sleep(Duration::from_secs(10));
    }
}

/// A test for each number of workers.
#[macro_export]
macro_rules! on_workers {
    ($($name:ident)*) => {
        mod on_1_worker {
            $(#[test] fn $name() { $crate::sync_support::with_workers(1, concat!("on_1_worker::", stringify!($name)), super::$name) })*
        }
        mod on_2_workers {
            $(#[test] fn $name() { $crate::sync_support::with_workers(2, concat!("on_2_workers::", stringify!($name)), super::$name) })*
        }
        mod on_8_workers {
            $(#[test] fn $name() { $crate::sync_support::with_workers(8, concat!("on_8_workers::", stringify!($name)), super::$name) })*
        }
    };
}
