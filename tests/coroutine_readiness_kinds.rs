//! `coroutine::{wait_readable, wait_writable, Readiness}`: what can be waited for, and what becomes of it.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixDatagram;

use costd::coroutine::{self, Readiness, wait_readable, wait_writable};
use costd::net::{TcpListener, TcpStream};
use costd::sync::mpsc;
use costd::thread;
use costd::time::{Duration, Instant};
use readiness_common::{LONG, NONE, SHORT, on_both, pair};

mod readiness_common;
mod sync_support;

on_workers! {
    datagrams
    the_end_is_readable
    a_file_is_always_ready
    what_is_no_descriptor
    the_owner_may_close_his
    sockets_of_costd
    one_of_several
    no_descriptor_is_left
    timers_and_queues_of_the_kernel
}

fn datagrams() {
    on_both(|| {
        let (near, far) = UnixDatagram::pair().unwrap();
        near.set_nonblocking(true).unwrap();
        far.set_nonblocking(true).unwrap();
        let (near, far) = (Readiness::new(near).unwrap(), Readiness::new(far).unwrap());
        let sending = thread::spawn(move || {
            for n in 0..1000_u32 {
                near.write_with(|near| near.send(&n.to_be_bytes())).unwrap();
            }
        });
        for n in 0..1000_u32 {
            let mut buf = [0; 4];
            assert_eq!(far.read_with(|far| far.recv(&mut buf)).unwrap(), 4);
            assert_eq!(u32::from_be_bytes(buf), n);
        }
        sending.join().unwrap();
        // An error is returned at once.
        let error = far.read_with(|_| Err::<(), _>(io::Error::from(ErrorKind::InvalidData))).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
    });
}

fn the_end_is_readable() {
    on_both(|| {
        let (near, far) = pair();
        let near = Readiness::new(near).unwrap();
        let closing = thread::spawn(move || drop(far));
        assert!(near.wait_readable(None).unwrap());
        closing.join().unwrap();
        assert_eq!(near.shared().read(&mut [0]).unwrap(), 0);
        // There will be no space any more, and a write says so.
        assert!(near.wait_writable(None).unwrap());
        assert_eq!(near.shared().write(&[0]).unwrap_err().kind(), ErrorKind::BrokenPipe);
    });
}

fn a_file_is_always_ready() {
    on_both(|| {
        let file = std::fs::File::open(std::env::current_exe().unwrap()).unwrap();
        assert!(wait_readable(&file, NONE).unwrap() && wait_readable(&file, None).unwrap());
        assert!(wait_writable(&file, None).unwrap());
        let mut magic = [0; 4];
        Readiness::new(file).unwrap().read_exact(&mut magic).unwrap();
        assert_eq!(&magic[1..], b"ELF");
    });
}

fn what_is_no_descriptor() {
    on_both(|| {
        // SAFETY: nobody has so many, and nothing but its number is looked at.
        let none = unsafe { BorrowedFd::borrow_raw(i32::MAX) };
        for result in [wait_readable(none, None), wait_writable(none, LONG), Readiness::new(none).map(|_| true)] {
            assert_eq!(result.unwrap_err().raw_os_error(), Some(libc::EBADF));
        }
    });
}

/// Its own is a duplicate, so that it never waits for what somebody has opened in that place since.
fn the_owner_may_close_his() {
    struct Owner(std::sync::Mutex<Option<OwnedFd>>);
    impl AsFd for &Owner {
        fn as_fd(&self) -> BorrowedFd<'_> {
            let fd = self.0.lock().unwrap().as_ref().unwrap().as_raw_fd();
            // SAFETY: it is open, and is closed after this was used.
            unsafe { BorrowedFd::borrow_raw(fd) }
        }
    }
    on_both(|| {
        let (near, mut far) = pair();
        let owner = Owner(std::sync::Mutex::new(Some(near.into())));
        let ready = Readiness::new(&owner).unwrap();
        assert!(!ready.wait_readable(SHORT).unwrap());
        drop(owner.0.lock().unwrap().take());
        // They get the number of the one that was closed.
        let (other, _its_far) = pair();
        let other = Readiness::new(other).unwrap();
        assert!(!other.wait_readable(SHORT).unwrap());
        far.write_all(&[1]).unwrap();
        assert!(ready.wait_readable(None).unwrap());
        drop(ready);
        assert!(!other.wait_readable(SHORT).unwrap());
        assert_eq!(far.write(&[1]).unwrap_err().kind(), ErrorKind::BrokenPipe);
    });
}

/// They know more themselves, but are descriptors as well.
fn sockets_of_costd() {
    on_both(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        assert!(!wait_readable(&listener, SHORT).unwrap());
        let connecting = thread::spawn(move || TcpStream::connect(address).unwrap());
        assert!(wait_readable(&listener, None).unwrap());
        let (mut near, _) = listener.accept().unwrap();
        let mut far = connecting.join().unwrap();
        // Both wait for one socket, the one with its own call.
        let waiting = thread::spawn(move || {
            let ready = Readiness::new(&far).unwrap();
            thread::scope(|s| {
                s.spawn(|| assert!(ready.wait_readable(None).unwrap()));
                assert!(far.peek(&mut [0]).unwrap() == 1);
            });
            far.read(&mut [0; 8]).unwrap()
        });
        near.write_all(&[1]).unwrap();
        assert_eq!(waiting.join().unwrap(), 1);
    });
}

/// Together with a channel, on both kinds.
fn one_of_several() {
    on_both(|| {
        let pairs: Vec<_> = (0..3).map(|_| pair()).collect();
        let (near, far): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
        let near: Vec<_> = near.into_iter().map(|near| Readiness::new(near).unwrap()).collect();
        let (sender, receiver) = mpsc::channel();
        let feeding = thread::spawn(move || {
            for n in 0..300 {
                match far.get(n % 4) {
                    Some(mut far) => far.write_all(&[n as u8]).unwrap(),
                    None => sender.send(n as u8).unwrap(),
                }
                if n % 7 == 0 {
                    thread::yield_now();
                }
            }
            far
        });
        let mut seen = Vec::new();
        let mut byte = [0];
        while seen.len() < 300 {
            let from = coroutine::select! {
                ready = readable(&near[0]) => { ready.unwrap(); 0 }
                ready = readable(&near[1]) => { ready.unwrap(); 1 }
                ready = readable(&near[2]) => { ready.unwrap(); 2 }
                n = recv(&receiver) => {
                    if let Ok(n) = n {
                        seen.push(n);
                    }
                    continue;
                }
            };
            near[from].shared().read_exact(&mut byte).unwrap();
            seen.push(byte[0]);
        }
        feeding.join().unwrap();
        seen.sort_unstable();
        let mut expected: Vec<_> = (0..300).map(|n| n as u8).collect();
        expected.sort_unstable();
        assert_eq!(seen, expected);
    });
}

fn no_descriptor_is_left() {
    fn open() -> usize {
        // But for those of reserves, which the runtime starts where workers look held up: three each.
        let names = std::fs::read_dir("/proc/self/task").unwrap().flatten();
        let names = names.filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
        let reserves = names.filter(|name| name.starts_with("costd-reserve")).count();
        std::fs::read_dir("/proc/self/fd").unwrap().count() - 3 * reserves
    }
    if !cfg!(target_os = "linux") {
        return;
    }
    // The runtime has its own by then.
    on_both(|| _ = wait_readable(&pair().0, SHORT));
    let before = open();
    on_both(|| {
        let (near, _far) = pair();
        for _ in 0..100 {
            assert!(!wait_readable(&near, Some(Duration::from_micros(10))).unwrap());
            let ready = Readiness::new(&near).unwrap();
            assert!(!ready.wait_readable(Some(Duration::from_micros(10))).unwrap());
            assert!(ready.wait_writable(None).unwrap());
        }
        // The one of a `Readiness` is closed with it also if what it is of lives on.
        let ready = Readiness::new(near).unwrap();
        let _near = ready.into_inner();
    });
    assert_eq!(open(), before);
}

/// A timer, and a queue of events that it is in: neither is a stream of bytes.
fn timers_and_queues_of_the_kernel() {
    #[cfg(target_os = "linux")]
    on_both(|| {
        use std::os::fd::FromRawFd;

        let owned = |fd: i32| {
            assert_ne!(fd, -1, "{}", io::Error::last_os_error());
            // SAFETY: it was just made, for nobody else.
            unsafe { OwnedFd::from_raw_fd(fd) }
        };
        // SAFETY: neither call is given any memory.
        let (timer, queue) = unsafe {
            (
                owned(libc::timerfd_create(libc::CLOCK_MONOTONIC, libc::TFD_NONBLOCK | libc::TFD_CLOEXEC)),
                owned(libc::epoll_create1(libc::EPOLL_CLOEXEC)),
            )
        };
        let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: 7 };
        // SAFETY: the call reads the event.
        let result =
            unsafe { libc::epoll_ctl(queue.as_raw_fd(), libc::EPOLL_CTL_ADD, timer.as_raw_fd(), &raw mut event) };
        assert_eq!(result, 0);
        let queue = Readiness::new(queue).unwrap();
        let timer = Readiness::new(timer).unwrap();
        let period = libc::timespec { tv_sec: 0, tv_nsec: 2_000_000 };
        for _ in 0..5 {
            let start = Instant::now();
            let once = libc::itimerspec { it_interval: libc::timespec { tv_sec: 0, tv_nsec: 0 }, it_value: period };
            // SAFETY: the call reads the time, and writes none.
            let result = unsafe { libc::timerfd_settime(timer.as_raw_fd(), 0, &raw const once, std::ptr::null_mut()) };
            assert_eq!(result, 0);
            assert!(queue.wait_readable(None).unwrap());
            assert!(start.elapsed() >= Duration::from_millis(2));
            // SAFETY: there is space for one event.
            let events = unsafe { libc::epoll_wait(queue.as_raw_fd(), &raw mut event, 1, 0) };
            assert_eq!((events, { event.u64 }), (1, 7));
            let mut expirations = [0; 8];
            let read = timer.read_with(|timer| {
                // SAFETY: there is space for as many bytes.
                let n = unsafe { libc::read(timer.as_raw_fd(), expirations.as_mut_ptr().cast(), 8) };
                if n == -1 { Err(io::Error::last_os_error()) } else { Ok(n) }
            });
            assert_eq!((read.unwrap(), u64::from_ne_bytes(expirations)), (8, 1));
            assert!(!queue.wait_readable(NONE).unwrap() && !timer.wait_readable(NONE).unwrap());
        }
    });
}
