//! The wall clock steps, by days, to and fro: no wait is shorter or longer for it.
//!
//! This program has a `clock_gettime` of its own, which std and all others that are linked into it call. It answers for the
//! wall clock as it likes; for the steady ones it asks the kernel.

#![cfg(target_os = "linux")]

mod child;
mod fault_common;

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

use child::{case, run};
use costd::coroutine::{Event, Semaphore, timeout};
use costd::net::{TcpListener, TcpStream, UdpSocket};
use costd::sync::mpsc::{channel, sync_channel};
use costd::sync::{Condvar, Mutex};
use costd::thread;
use fault_common::{Refused, refuse, watch};

/// How often the wall clock was read.
static READ: AtomicUsize = AtomicUsize::new(0);
/// What it is off by, in seconds: another at each reading.
static OFF: AtomicI64 = AtomicI64::new(0);

/// # Safety
/// As the C library's: `time` may be written.
#[unsafe(no_mangle)]
unsafe extern "C" fn clock_gettime(clock: libc::clockid_t, time: *mut libc::timespec) -> libc::c_int {
    // SAFETY: the caller's promise.
    let result = unsafe { libc::syscall(libc::SYS_clock_gettime, clock, time) };
    if result == 0 && (clock == libc::CLOCK_REALTIME || clock == libc::CLOCK_REALTIME_COARSE) {
        let steps = READ.fetch_add(1, Ordering::Relaxed);
        let off = if steps.is_multiple_of(2) { 86_400 } else { -86_400 } * (1 + steps as i64 % 5);
        OFF.store(off, Ordering::Relaxed);
        // SAFETY: written by the call above.
        unsafe { (*time).tv_sec += off };
    }
    result as libc::c_int
}

/// It takes as long as it should, and no longer than by a busy machine: a step of the clock is a day.
fn takes(what: &str, wait: Duration, f: impl FnOnce()) {
    let start = Instant::now();
    f();
    let took = start.elapsed();
    // The kernel's timeouts of sockets are a little short by its ticks.
    assert!(took + Duration::from_millis(10) >= wait, "{what}: {took:?} of {wait:?}");
    assert!(took < wait + Duration::from_secs(600), "{what}: {took:?} of {wait:?}");
}

/// Every wait that has an end by time.
fn waits() {
    const WAIT: Duration = Duration::from_millis(60);
    let takes = |what: &str, f: &dyn Fn()| takes(what, WAIT, f);
    let step = || _ = SystemTime::now();
    takes("sleep", &|| thread::sleep(WAIT));
    step();
    takes("sleep_until", &|| thread::sleep_until(Instant::now() + WAIT));
    takes("park_timeout", &|| thread::park_timeout(WAIT));
    step();
    takes("wait_timeout", &|| {
        let lock = Mutex::new(());
        let result = Condvar::new().wait_timeout_while(lock.lock().unwrap(), WAIT, |()| true).unwrap();
        assert!(result.1.timed_out());
    });
    step();
    takes("recv_timeout", &|| {
        let (_sender, receiver) = channel::<()>();
        assert!(receiver.recv_timeout(WAIT).is_err());
    });
    takes("recv_timeout of a rendezvous", &|| {
        let (_sender, receiver) = sync_channel::<()>(0);
        assert!(receiver.recv_timeout(WAIT).is_err());
    });
    step();
    takes("Event", &|| assert!(!Event::new().wait_timeout(WAIT)));
    takes("Semaphore", &|| assert!(Semaphore::new(0).acquire_timeout(WAIT).is_none()));
    takes("timeout", &|| assert!(timeout(WAIT, || thread::sleep(Duration::from_secs(1000))).is_err()));
    step();
    takes("a read from a socket", &|| {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(WAIT)).unwrap();
        assert!(socket.recv(&mut [0]).is_err());
    });
    takes("a write to a socket", &|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        stream.set_write_timeout(Some(WAIT)).unwrap();
        while costd::io::Write::write(&mut &stream, &[0; 100_000]).is_ok() {}
    });
    step();
}

/// With a wall clock that steps at each look, in coroutines and on plain threads; and no call of the kernel's that waits by the wall
/// clock is made: each that could would end the process.
#[test]
fn no_wait_goes_by_the_wall_clock() {
    if case().is_none() {
        for workers in ["1", "2"] {
            run("no_wait_goes_by_the_wall_clock", "go", &[("COSTD_WORKERS", workers)]).succeeded();
        }
        return;
    }
    watch("no_wait_goes_by_the_wall_clock");
    let first = SystemTime::now();
    let (mut earlier, mut later) = (false, false);
    for _ in 0..10 {
        let now = SystemTime::now();
        earlier |= now < first;
        later |= now > first + Duration::from_secs(80_000);
    }
    assert!(earlier || later, "the clock does not step");
    let realtime = libc::CLOCK_REALTIME.cast_unsigned();
    let by_wall_clock = libc::FUTEX_CLOCK_REALTIME.cast_unsigned();
    let by = |call, place| Refused::fatal(call).if_argument(place, u32::MAX, realtime);
    refuse(&[
        // Without a time the clock does not matter; the C library names this one then.
        Refused::fatal(libc::SYS_futex).if_argument(1, by_wall_clock, by_wall_clock).if_argument_is_not(3, 0),
        by(libc::SYS_clock_nanosleep, 0),
        by(libc::SYS_timerfd_create, 0),
        by(libc::SYS_timer_create, 0),
        Refused::fatal(libc::SYS_nanosleep),
        Refused::fatal(libc::SYS_setitimer),
    ]);
    let coroutines: Vec<_> = (0..20).map(|_| thread::spawn(waits)).collect();
    waits();
    coroutines.into_iter().for_each(|thread| thread.join().unwrap());
    assert!(READ.load(Ordering::Relaxed) > 20 * 6 && OFF.load(Ordering::Relaxed) != 0);
}
