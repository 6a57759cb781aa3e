//! What the tests of waiting for descriptors share.
#![allow(dead_code, reason = "not every test binary uses all of it")]

use std::os::unix::net::UnixStream;

use costd::coroutine::os_thread;
use costd::thread;
use costd::time::Duration;

pub const SHORT: Option<Duration> = Some(Duration::from_millis(5));
pub const LONG: Option<Duration> = Some(Duration::from_secs(1000));
pub const NONE: Option<Duration> = Some(Duration::ZERO);

/// Runs `body` in a coroutine, and on a plain OS thread.
pub fn on_both(body: fn()) {
    thread::spawn(body).join().unwrap();
    os_thread::spawn(body).join().unwrap();
}

/// A connection in non-blocking mode, of the real std.
pub fn pair() -> (UnixStream, UnixStream) {
    let (near, far) = UnixStream::pair().unwrap();
    near.set_nonblocking(true).unwrap();
    far.set_nonblocking(true).unwrap();
    (near, far)
}
