//! Faults: telling an overflow of a stack from any other bad access, as any Unix lets one.
//!
//! The handler is installed once, over whatever there was. A fault that is not ours goes to the handler that was there
//! before: std's as a rule, which knows the stacks of OS threads. It must run on a stack of its own, since the one that has
//! overflowed has no room: each OS thread that runs coroutines has one, std's or ours.

use std::cell::UnsafeCell;
use std::io;
use std::mem::{self, MaybeUninit};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

use crate::pal::memory;

/// Is called in a signal handler with the address that was touched. Returns if the fault is not its affair.
pub(crate) type Handler = fn(usize);

/// The signals of a bad access; which one it is differs between systems and kinds of memory.
const SIGNALS: [libc::c_int; 2] = [libc::SIGSEGV, libc::SIGBUS];

/// What was installed before, in the order of `SIGNALS`.
struct Before(UnsafeCell<[MaybeUninit<libc::sigaction>; SIGNALS.len()]>);

// SAFETY: written once, before the handler that reads it is installed.
unsafe impl Sync for Before {}

static BEFORE: Before = Before(UnsafeCell::new([MaybeUninit::uninit(); SIGNALS.len()]));
static HANDLER: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());

/// Has `handler` look at every bad access of the process. Only the first call counts.
pub(crate) fn install(handler: Handler) {
    static CALLED: AtomicBool = AtomicBool::new(false);
    // Relaxed: nothing depends on it but who does it.
    if CALLED.swap(true, Ordering::Relaxed) {
        return;
    }
    // Release: with the system calls below, what the handler reads is there before it can run.
    HANDLER.store(handler as *mut (), Ordering::Release);
    for (at, signal) in SIGNALS.into_iter().enumerate() {
        // SAFETY: this is the only writer, and the handler is not installed for this signal yet.
        let before = unsafe { (&raw mut (*BEFORE.0.get())[at]).cast::<libc::sigaction>() };
        // SAFETY: asks what is installed, and writes it there.
        if unsafe { libc::sigaction(signal, ptr::null(), before) } != 0 {
            continue;
        }
        // SAFETY: a struct of integers and a set of signals; all zero is an empty set and no flags.
        let mut action: libc::sigaction = unsafe { mem::zeroed() };
        action.sa_sigaction = on_signal as *const () as libc::sighandler_t;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        // SAFETY: `on_signal` is a handler of the kind that SA_SIGINFO announces, and does only what a handler may.
        unsafe { libc::sigaction(signal, &action, ptr::null_mut()) };
    }
}

extern "C" fn on_signal(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the system hands a handler of this kind a valid description.
    let address = unsafe { (*info).si_addr() }.addr();
    let handler = HANDLER.load(Ordering::Acquire);
    // An address of 0 is a signal that somebody has sent, or a null pointer: no stack lies there.
    if address != 0 && !handler.is_null() {
        // SAFETY: stored by `install` from just this type.
        let handler = unsafe { mem::transmute::<*mut (), Handler>(handler) };
        handler(address);
    }
    hand_on(signal, info, context);
}

/// Does what would have been done without us.
fn hand_on(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let Some(at) = SIGNALS.into_iter().position(|known| known == signal) else { return };
    // SAFETY: written before the handler was installed for this signal, and never after.
    let before = unsafe { (*BEFORE.0.get())[at].assume_init_ref() };
    match before.sa_sigaction {
        // Returning repeats the access, and then the default action ends the process with the right signal. (A fault that
        // is ignored does so, too; only one that somebody has sent is just ignored.)
        libc::SIG_DFL | libc::SIG_IGN => {
            // SAFETY: as in `install`; the default action.
            let mut default: libc::sigaction = unsafe { mem::zeroed() };
            default.sa_sigaction = libc::SIG_DFL;
            // SAFETY: sets the default action.
            unsafe { libc::sigaction(signal, &default, ptr::null_mut()) };
        }
        handler if before.sa_flags & libc::SA_SIGINFO != 0 => {
            type WithInfo = extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void);
            // SAFETY: the flag says that the handler is of this kind.
            let handler = unsafe { mem::transmute::<libc::sighandler_t, WithInfo>(handler) };
            handler(signal, info, context);
        }
        handler => {
            // SAFETY: neither of the special values, nor of the other kind: a handler of the simple kind.
            let handler = unsafe { mem::transmute::<libc::sighandler_t, extern "C" fn(libc::c_int)>(handler) };
            handler(signal);
        }
    }
}

/// Makes sure that this OS thread has a roomy stack for signal handlers. If it gets a new one, that stays for good: only threads
/// that never end should call this.
pub(crate) fn ensure_signal_stack() -> io::Result<()> {
    // SAFETY: a pointer, a flag and a size, for which 0 will do.
    let mut present: libc::stack_t = unsafe { mem::zeroed() };
    // SAFETY: asks for the present one.
    if unsafe { libc::sigaltstack(ptr::null(), &mut present) } != 0 {
        return Err(io::Error::last_os_error());
    }
    let (roomy, enough) = signal_stack_sizes();
    if present.ss_flags & libc::SS_DISABLE == 0 && present.ss_size >= enough {
        return Ok(());
    }
    let page = memory::page_size();
    let size = roomy.next_multiple_of(page);
    let start = memory::reserve(page + size, page)?;
    // SAFETY: just reserved, in use by nobody.
    unsafe { memory::protect(start, page)? };
    // SAFETY: inside what was reserved.
    let bottom = unsafe { start.add(page) };
    let fresh = libc::stack_t { ss_sp: bottom.as_ptr().cast(), ss_flags: 0, ss_size: size };
    // SAFETY: the memory is this thread's, for ever.
    if unsafe { libc::sigaltstack(&fresh, ptr::null_mut()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// The size of a stack with room for the registers of processors that have many and for handlers that are not as frugal
/// as ours; and the size of one that will do for ours. (std's has 8 KiB, of which the registers may take half.)
fn signal_stack_sizes() -> (usize, usize) {
    cfg_if::cfg_if! {
        if #[cfg(any(target_os = "linux", target_os = "android"))] {
            // SAFETY: asks for a number; 0 where the kernel does not know it.
            let registers = unsafe { libc::getauxval(libc::AT_MINSIGSTKSZ) } as usize;
        } else {
            let registers = 0;
        }
    }
    let least = registers.max(libc::MINSIGSTKSZ);
    (least + 60 * 1024, least + 12 * 1024)
}
