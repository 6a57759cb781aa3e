//! Stacks: every one has its guard, however it was allocated; an overflow says so; as deep as std's; given back.

#![cfg(target_os = "linux")]

mod child;

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use std::{fs, io, ptr};

use child::{case, run};
use costd::sync::{Arc, Barrier};
use costd::thread::{self, Builder};

/// The ways in which a stack gets its guard: what the kernel can do best, and what every kernel can.
const WAYS: [&str; 2] = ["the kernel's", "mprotect"];

fn page() -> usize {
    // SAFETY: asks for a number.
    unsafe { libc::sysconf(libc::_SC_PAGESIZE) as usize }
}

/// May this byte be read? Asks the kernel, which returns an error where a load would be a fault.
fn is_readable(address: usize) -> bool {
    let (reader, writer) = io::pipe().unwrap();
    let writer = std::os::fd::AsRawFd::as_raw_fd(&writer);
    // SAFETY: the kernel looks at the byte, not this process.
    let written = unsafe { libc::write(writer, ptr::without_provenance(address), 1) };
    let error = io::Error::last_os_error();
    drop(reader);
    assert!(written == 1 || error.raw_os_error() == Some(libc::EFAULT), "{error}");
    written == 1
}

/// Is the page below the stack of the running coroutine, which is of `size` bytes, a guard, and the one above it not?
fn assert_guarded(size: usize) {
    let here = 0_u8;
    let size = size.next_power_of_two().max(64 << 10);
    let bottom = (&raw const here).addr() & !(size - 1);
    for byte in [0, 1, page() / 2, page() - 1] {
        assert!(!is_readable(bottom + byte), "byte {byte} of a guard can be read; the stack has {size} bytes");
    }
    for byte in [page(), size / 2, size - 1] {
        assert!(is_readable(bottom + byte), "byte {byte} of a stack of {size} bytes cannot be read");
    }
}

/// Uses `bytes` of the stack, and hardly more.
#[inline(never)]
fn descend(bytes: usize) -> usize {
    #[inline(never)]
    fn down(to: usize) -> usize {
        let frame = black_box([0_u8; 512]);
        let here = frame.as_ptr().addr();
        if here > to { down(to).min(here) } else { here }
    }
    let here = black_box(&bytes as *const usize).addr();
    here - down(here - bytes)
}

/// So many coroutines of this stack size, all alive at once.
fn all_at_once(count: usize, size: usize, body: impl Fn() + Send + Sync + 'static) {
    let (alive, body) = (Arc::new(Barrier::new(count)), Arc::new(body));
    let spawn = |_| {
        let (alive, body) = (Arc::clone(&alive), Arc::clone(&body));
        let body = move || {
            body();
            alive.wait();
        };
        Builder::new().stack_size(size).spawn(body).unwrap()
    };
    let threads: Vec<_> = (0..count).map(spawn).collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

/// Bytes in memory.
fn resident() -> usize {
    let statm = fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * page()
}

/// Waits until no more than `bytes` are in memory.
fn wait_for_resident(bytes: usize) -> Result<(), usize> {
    let start = Instant::now();
    while resident() > bytes {
        if start.elapsed() > Duration::from_secs(60) {
            return Err(resident());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

fn mappings() -> usize {
    fs::read_to_string("/proc/self/maps").unwrap().lines().count()
}

/// Does the kernel have guards that are no mappings?
fn kernel_has_guards() -> bool {
    const MADV_GUARD_INSTALL: libc::c_int = 102;
    // SAFETY: a mapping of its own, which nobody else knows of.
    unsafe {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANON;
        let page_at = libc::mmap(ptr::null_mut(), page(), libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0);
        let has = libc::madvise(page_at, page(), MADV_GUARD_INSTALL) == 0;
        libc::munmap(page_at, page());
        has && !cfg!(costd_portable)
    }
}

#[test]
fn every_stack_has_a_guard() {
    const DEFAULT: usize = 2 << 20;
    const MANY: usize = 500;
    let Some(way) = case() else {
        for way in WAYS {
            for workers in ["1", "4"] {
                run("every_stack_has_a_guard", way, &[("COSTD_GUARDS", way), ("COSTD_WORKERS", workers)]).succeeded();
            }
        }
        return;
    };
    // Cut from slabs of many, of one, and of the smallest size.
    for (count, size) in [(3, 1 << 28), (20, 3 << 20), (20, 100_000), (3000, 1), (3000, 64 << 10)] {
        all_at_once(count, size, move || assert_guarded(size));
    }
    let before = (mappings(), resident());
    all_at_once(MANY, DEFAULT, || assert_guarded(DEFAULT));
    let guards = mappings() - before.0;
    if way == "mprotect" || !kernel_has_guards() {
        assert!(guards >= MANY, "{guards} mappings for {MANY} guards: the way that was asked for is not taken");
    } else {
        // A slab is one, or is even part of its neighbour's.
        assert!(guards <= MANY / 64 + 40, "{guards} mappings for {MANY} stacks");
    }
    // Used before, and used again while they are warm.
    all_at_once(MANY, DEFAULT, || assert!(descend(200_000) >= 200_000));
    all_at_once(MANY, DEFAULT, || assert_guarded(DEFAULT));
    // Given back to the kernel in between: some slabs whole, of others the pages.
    wait_for_resident(before.1 + (MANY * 50_000)).expect("nothing is given back");
    all_at_once(MANY, DEFAULT, || assert_guarded(DEFAULT));
}

fn overflow(depth: u64) -> u64 {
    let frame = black_box([depth; 32]);
    if frame[0] == u64::MAX { 0 } else { overflow(depth + 1) + frame[(depth % 32) as usize] }
}

#[test]
fn an_overflow_is_told_and_nothing_else_is_lost() {
    let test = "an_overflow_is_told_and_nothing_else_is_lost";
    let Some(case) = case() else {
        for way in WAYS {
            for workers in ["1", "8"] {
                for (case, name) in
                    [("spawn", "<unnamed>"), ("named", "a name"), ("scope", "<unnamed>"), ("scope, named", "a name")]
                {
                    let what = format!("{case}, {workers} workers, {way}");
                    let ended = run(test, case, &[("COSTD_GUARDS", way), ("COSTD_WORKERS", workers)]);
                    assert_eq!(ended.signal(), Some(libc::SIGABRT), "{what}: {}", ended.stderr);
                    // std has no word for a thread without a name, here.
                    let name = if name == "<unnamed>" { "<unknown>" } else { name };
                    let message = format!(
                        "\nthread '{name}' (ID) has overflowed its stack\nfatal runtime error: stack overflow, aborting\n"
                    );
                    let text = ended.text();
                    let (lines, rest) = text.split_once(&message).unwrap_or_else(|| panic!("{what}: {text}"));
                    // What others say meanwhile comes before or after the message, never in the midst of it.
                    let mut lines: Vec<_> = lines.lines().chain(rest.lines()).collect();
                    lines.retain(|&line| line != "meanwhile");
                    assert_eq!(lines, (0..50).map(|n| format!("error {n}")).collect::<Vec<_>>(), "{what}");
                    let out = String::from_utf8_lossy(&ended.output.stdout);
                    for n in 0..50 {
                        assert!(out.contains(&format!("output {n}\n")), "{what}: line {n} is lost:\n{out}");
                    }
                }
            }
        }
        return;
    };
    for n in 0..50 {
        let print = move || {
            costd::println!("output {n}");
            costd::eprintln!("error {n}");
        };
        thread::spawn(print).join().unwrap();
    }
    // Others that speak, on whatever worker.
    let started = Arc::new(Barrier::new(9));
    for _ in 0..8 {
        let started = Arc::clone(&started);
        thread::spawn(move || {
            started.wait();
            loop {
                costd::eprintln!("meanwhile");
                thread::sleep(Duration::from_millis(1));
            }
        });
    }
    started.wait();
    let builder = if case.contains("named") { Builder::new().name("a name".into()) } else { Builder::new() };
    if case.starts_with("scope") {
        thread::scope(|scope| drop(builder.spawn_scoped(scope, || overflow(0)).unwrap().join()));
    } else {
        drop(builder.spawn(|| overflow(0)).unwrap().join());
    }
}

/// The bytes of stack that the running thread of std has left.
fn left_on_this_thread() -> usize {
    let here = 0_u8;
    // SAFETY: the calls write what they are given, and say whether they have.
    unsafe {
        let mut attributes = std::mem::zeroed();
        assert_eq!(libc::pthread_getattr_np(libc::pthread_self(), &mut attributes), 0);
        let (mut lowest, mut size) = (ptr::null_mut(), 0);
        assert_eq!(libc::pthread_attr_getstack(&attributes, &mut lowest, &mut size), 0);
        libc::pthread_attr_destroy(&mut attributes);
        (&raw const here).addr() - lowest.addr()
    }
}

/// What fits the 2 MiB of a thread of std's fits those of a coroutine, to a page.
#[test]
fn as_deep_as_a_thread_of_stds() {
    if case().is_none() {
        for way in WAYS {
            run("as_deep_as_a_thread_of_stds", way, &[("COSTD_GUARDS", way)]).succeeded();
        }
        return;
    }
    // What is left for the last frames, and for what they call.
    let least = 2 * page();
    let depth = std::thread::spawn(move || {
        let depth = left_on_this_thread() - least;
        assert!(descend(depth) >= depth);
        depth
    });
    let depth = depth.join().unwrap();
    assert!(depth > (2 << 20) - (64 << 10), "{depth}");
    assert!(thread::spawn(move || descend(depth)).join().unwrap() >= depth);
    let scoped = thread::scope(|scope| scope.spawn(|| descend(depth)).join());
    assert!(scoped.unwrap() >= depth);
}

/// Of a burst of 20,000 coroutines that have touched 20 KB each, the kernel has three quarters back within three seconds:
/// whether the workers have nothing else to do then, or some coroutines that go on.
#[test]
fn a_burst_is_given_back() {
    const COUNT: usize = 20_000;
    const EACH: usize = 20_000;
    let Some(case) = case() else {
        for case in ["idle", "busy"] {
            for workers in ["1", "2"] {
                run("a_burst_is_given_back", case, &[("COSTD_WORKERS", workers)]).succeeded();
            }
        }
        return;
    };
    let over = Arc::new(AtomicBool::new(false));
    let busy: Vec<_> = (0..if case == "busy" { 4 } else { 0 })
        .map(|_| {
            let over = Arc::clone(&over);
            thread::spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    black_box((0..1000).sum::<u64>());
                    thread::yield_now();
                }
            })
        })
        .collect();
    thread::spawn(|| ()).join().unwrap();
    let before = resident();
    let peak = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let burst = {
        let (peak, alive) = (Arc::clone(&peak), Arc::new(Barrier::new(COUNT)));
        move || {
            let body = |_| {
                let (peak, alive) = (Arc::clone(&peak), Arc::clone(&alive));
                thread::spawn(move || {
                    assert!(descend(EACH) >= EACH);
                    if alive.wait().is_leader() {
                        peak.store(resident(), Ordering::Relaxed);
                    }
                })
            };
            (0..COUNT).map(body).collect::<Vec<_>>().into_iter().for_each(|thread| thread.join().unwrap());
        }
    };
    burst();
    let end = Instant::now();
    let held = peak.load(Ordering::Relaxed) - before;
    assert!(held > COUNT * EACH, "{held} bytes were in use at the peak");
    let given_back = wait_for_resident(before + held / 4);
    assert_eq!(given_back, Ok(()), "bytes still in memory, of {held} at the peak and {before} before");
    eprintln!("{case}: given back after {:?}", end.elapsed());
    over.store(true, Ordering::Relaxed);
    busy.into_iter().for_each(|thread| thread.join().unwrap());
}
