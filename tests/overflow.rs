//! Stacks that are too small, and faults that are something else.

#![cfg(unix)]

mod child;

use std::hint::black_box;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use child::{case, run};
use costd::thread;

fn overflow(depth: u64) -> u64 {
    let frame = black_box([depth; 32]);
    if frame[0] == u64::MAX { 0 } else { overflow(depth + 1) + frame[(depth % 32) as usize] }
}

/// A frame that is larger than the guard.
fn overflow_in_strides(depth: u64) -> u64 {
    let frame = black_box([depth; 4096]);
    if frame[0] == u64::MAX { 0 } else { overflow_in_strides(depth + 1) + frame[(depth % 32) as usize] }
}

fn spawn(name: Option<&str>, f: fn(u64) -> u64) {
    let mut builder = thread::Builder::new();
    if let Some(name) = name {
        builder = builder.name(name.into());
    }
    let _ = builder.spawn(move || f(0)).unwrap().join();
}

fn spawn_real(name: Option<&str>, f: fn(u64) -> u64) {
    let mut builder = std::thread::Builder::new();
    if let Some(name) = name {
        builder = builder.name(name.into());
    }
    let _ = builder.spawn(move || f(0)).unwrap().join();
}

#[test]
fn says_what_std_says() {
    let test = "says_what_std_says";
    let long = "long ".repeat(100);
    let cases: &[(&str, Option<&str>)] = &[("unnamed", None), ("named", Some("a name")), ("long", Some(&long))];
    let Some(case) = case() else {
        for (name, _) in cases {
            for how in ["steps", "strides"] {
                let theirs = run(test, &format!("theirs/{name}/{how}"), &[]);
                assert_eq!(theirs.signal(), Some(libc::SIGABRT));
                for workers in ["1", "8"] {
                    let ours = run(test, &format!("ours/{name}/{how}"), &[("COSTD_WORKERS", workers)]);
                    assert_eq!((ours.signal(), ours.text()), (theirs.signal(), theirs.text()));
                }
            }
        }
        return;
    };
    let [who, name, how]: [&str; 3] = case.split('/').collect::<Vec<_>>().try_into().unwrap();
    let name = cases.iter().find(|(known, _)| *known == name).unwrap().1;
    let f = if how == "steps" { overflow } else { overflow_in_strides };
    if who == "ours" { spawn(name, f) } else { spawn_real(name, f) }
}

#[test]
fn in_a_scope_and_in_a_hook_and_in_a_thread_local() {
    let test = "in_a_scope_and_in_a_hook_and_in_a_thread_local";
    struct Deep;
    impl Drop for Deep {
        fn drop(&mut self) {
            overflow(0);
        }
    }
    costd::thread_local!(static DEEP: Deep = const { Deep });
    let Some(case) = case() else {
        for case in ["scope", "hook", "thread-local"] {
            let ended = run(test, case, &[]);
            assert_eq!(ended.signal(), Some(libc::SIGABRT), "{case}: {}", ended.stderr);
            let message = format!(
                "\nthread '{case}' (ID) has overflowed its stack\nfatal runtime error: stack overflow, aborting\n"
            );
            assert_eq!(ended.text(), message);
        }
        return;
    };
    let builder = thread::Builder::new().name(case.clone());
    match case.as_str() {
        "scope" => thread::scope(|scope| drop(builder.spawn_scoped(scope, || overflow(0)).unwrap().join())),
        "hook" => {
            costd::panic::set_hook(Box::new(|_| {
                overflow(0);
            }));
            let _ = builder.spawn(|| panic!("x")).unwrap().join();
        }
        _ => builder.spawn(|| DEEP.with(|_| ())).unwrap().join().unwrap(),
    }
}

/// `main` and other OS threads are std's affair, as ever.
#[test]
fn of_an_os_thread() {
    match case() {
        None => {
            let ended = run("of_an_os_thread", "child", &[]);
            assert_eq!(ended.signal(), Some(libc::SIGABRT), "{}", ended.stderr);
            assert!(ended.text().starts_with("\nthread 'os' (ID) has overflowed its stack\n"), "{}", ended.stderr);
        }
        Some(_) => {
            thread::spawn(|| ()).join().unwrap();
            spawn_real(Some("os"), overflow);
        }
    }
}

fn page() -> usize {
    // SAFETY: asks for a number.
    unsafe { libc::sysconf(libc::_SC_PAGESIZE) as usize }
}

static FORBIDDEN: AtomicPtr<u8> = AtomicPtr::new(ptr::null_mut());
static FAULTS: AtomicUsize = AtomicUsize::new(0);

/// The handler of a program that catches faults on a page of its own, as garbage collectors do.
extern "C" fn allow(_: libc::c_int, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
    let page_at = FORBIDDEN.load(Ordering::Relaxed);
    // SAFETY: the system gives a valid description.
    let address = unsafe { (*info).si_addr() }.addr();
    assert!((page_at.addr()..page_at.addr() + page()).contains(&address));
    FAULTS.fetch_add(1, Ordering::Relaxed);
    // SAFETY: the page is the program's own.
    unsafe { libc::mprotect(page_at.cast(), page(), libc::PROT_READ | libc::PROT_WRITE) };
}

extern "C" fn leave(_: libc::c_int) {
    // SAFETY: ends the process, which a handler may.
    unsafe { libc::_exit(17) };
}

fn install(handler: libc::sighandler_t, flags: libc::c_int) {
    // SAFETY: integers and a set of signals.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handler;
    action.sa_flags = flags | libc::SA_ONSTACK;
    // SAFETY: the handlers above are of the kinds that the flags say.
    assert_eq!(unsafe { libc::sigaction(libc::SIGSEGV, &action, ptr::null_mut()) }, 0);
}

fn bad_access() {
    // SAFETY: none; the fault is what the test is about.
    unsafe { ptr::without_provenance_mut::<u8>(page() * 2 + 8).write_volatile(1) };
}

#[test]
fn other_faults_go_to_the_handler_that_was_there() {
    let test = "other_faults_go_to_the_handler_that_was_there";
    match case().as_deref() {
        None => {
            run(test, "with information", &[]).succeeded();
            assert_eq!(run(test, "simple", &[]).output.status.code(), Some(17));
            for case in ["std's", "default", "ignored"] {
                let ended = run(test, case, &[]);
                assert_eq!(ended.signal(), Some(libc::SIGSEGV), "{case}");
                assert_eq!(ended.stderr, "");
            }
            // The program's handler is no obstacle to an overflow's being recognised.
            let ended = run(test, "overflow", &[]);
            assert_eq!(ended.signal(), Some(libc::SIGABRT));
            assert!(ended.text().contains("thread 'deep' (ID) has overflowed its stack"));
        }
        Some("std's") => thread::spawn(bad_access).join().unwrap(),
        Some("default") => {
            install(libc::SIG_DFL, 0);
            thread::spawn(bad_access).join().unwrap();
        }
        Some("ignored") => {
            install(libc::SIG_IGN, 0);
            thread::spawn(bad_access).join().unwrap();
        }
        Some("simple") => {
            install(leave as *const () as libc::sighandler_t, 0);
            thread::spawn(bad_access).join().unwrap();
        }
        Some("overflow") => {
            install(leave as *const () as libc::sighandler_t, 0);
            spawn(Some("deep"), overflow);
        }
        Some(_) => {
            install(allow as *const () as libc::sighandler_t, libc::SA_SIGINFO);
            let access = || {
                // SAFETY: a mapping of its own, which nobody else knows of.
                let at = unsafe {
                    let flags = libc::MAP_PRIVATE | libc::MAP_ANON;
                    libc::mmap(ptr::null_mut(), page(), libc::PROT_NONE, flags, -1, 0)
                };
                FORBIDDEN.store(at.cast(), Ordering::Relaxed);
                // SAFETY: the fault is handled, and then the page may be written.
                unsafe { at.cast::<u8>().write_volatile(5) };
                // SAFETY: as above.
                assert_eq!(unsafe { at.cast::<u8>().read_volatile() }, 5);
            };
            for _ in 0..3 {
                thread::spawn(access).join().unwrap();
                access();
            }
            assert_eq!(FAULTS.load(Ordering::Relaxed), 6);
        }
    }
}

/// A stack for signal handlers that has room for ours and for others.
#[test]
fn workers_have_signal_stacks() {
    match case() {
        None => {
            let ended = run("workers_have_signal_stacks", "child", &[("COSTD_WORKERS", "1")]);
            assert_eq!(ended.signal(), Some(libc::SIGABRT), "{}", ended.stderr);
            assert!(ended.text().contains("thread 'deep' (ID) has overflowed its stack"), "{}", ended.stderr);
        }
        Some(_) => {
            thread::spawn(|| {
                // SAFETY: asks only.
                let present = unsafe {
                    let mut present: libc::stack_t = std::mem::zeroed();
                    assert_eq!(libc::sigaltstack(ptr::null(), &mut present), 0);
                    present
                };
                assert_eq!(present.ss_flags & libc::SS_DISABLE, 0);
                assert!(present.ss_size >= 12 * 1024);
            })
            .join()
            .unwrap();
            spawn(Some("deep"), overflow);
        }
    }
}

/// What was installed before [`chain`].
static BEFORE: AtomicPtr<libc::sigaction> = AtomicPtr::new(ptr::null_mut());

/// The handler of a program that looks at its own page first, and asks whoever was there about all else.
extern "C" fn chain(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let page_at = FORBIDDEN.load(Ordering::Relaxed);
    // SAFETY: the system gives a valid description.
    let address = unsafe { (*info).si_addr() }.addr();
    if (page_at.addr()..page_at.addr() + page()).contains(&address) {
        return allow(signal, info, context);
    }
    type WithInfo = extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void);
    // SAFETY: stored before this handler was installed; costd's is of this kind.
    let before = unsafe {
        let before = &*BEFORE.load(Ordering::Relaxed);
        assert!(before.sa_flags & libc::SA_SIGINFO != 0);
        std::mem::transmute::<libc::sighandler_t, WithInfo>(before.sa_sigaction)
    };
    before(signal, info, context);
}

/// Installed after the runtime has started: it gets its faults, and if it hands on what is not its own, overflows are
/// recognised as ever.
#[test]
fn a_handler_that_is_installed_later() {
    let test = "a_handler_that_is_installed_later";
    let access = || {
        // SAFETY: a mapping of its own, which nobody else knows of.
        let at =
            unsafe { libc::mmap(ptr::null_mut(), page(), libc::PROT_NONE, libc::MAP_PRIVATE | libc::MAP_ANON, -1, 0) };
        FORBIDDEN.store(at.cast(), Ordering::Relaxed);
        // SAFETY: the fault is handled, and then the page may be written.
        unsafe { at.cast::<u8>().write_volatile(5) };
    };
    match case().as_deref() {
        None => {
            run(test, "faults", &[]).succeeded();
            assert_eq!(run(test, "alone", &[]).output.status.code(), Some(17));
            let ended = run(test, "overflow", &[]);
            assert_eq!(ended.signal(), Some(libc::SIGABRT), "{}", ended.stderr);
            assert!(ended.text().contains("thread 'deep' (ID) has overflowed its stack"), "{}", ended.stderr);
        }
        Some(case) => {
            thread::spawn(|| ()).join().unwrap();
            if case == "alone" {
                install(leave as *const () as libc::sighandler_t, 0);
                thread::spawn(bad_access).join().unwrap();
            }
            // SAFETY: integers and a set of signals, to be written.
            let before = Box::leak(Box::new(unsafe { std::mem::zeroed::<libc::sigaction>() }));
            // SAFETY: asks what is installed.
            assert_eq!(unsafe { libc::sigaction(libc::SIGSEGV, ptr::null(), before) }, 0);
            BEFORE.store(before, Ordering::Relaxed);
            install(chain as *const () as libc::sighandler_t, libc::SA_SIGINFO);
            thread::spawn(access).join().unwrap();
            access();
            assert_eq!(FAULTS.load(Ordering::Relaxed), 2);
            if case == "overflow" {
                spawn(Some("deep"), overflow);
            }
        }
    }
}
