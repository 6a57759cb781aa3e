//! An OS thread that std has not started: it inherits nothing from the one that starts it, and std knows no name of it.

use std::ffi::CStr;
use std::io;
use std::mem::MaybeUninit;
use std::ptr;

/// Runs `f` on a new OS thread, which the system calls `name` (or the start of that).
pub(crate) fn spawn(name: &CStr, f: Box<dyn FnOnce() + Send>) -> io::Result<()> {
    type Body = Box<dyn FnOnce() + Send>;

    // A panic does not leave this function: it ends the process.
    extern "C" fn start(body: *mut libc::c_void) -> *mut libc::c_void {
        // SAFETY: made by `Box::into_raw` below, for this one call.
        let body = unsafe { Box::from_raw(body.cast::<Body>()) };
        body();
        ptr::null_mut()
    }

    let body = Box::into_raw(Box::new(f));
    let mut thread = MaybeUninit::uninit();
    // SAFETY: `start` takes such a pointer, and owns it from now on.
    let error = unsafe { libc::pthread_create(thread.as_mut_ptr(), ptr::null(), start, body.cast()) };
    if error != 0 {
        // SAFETY: no thread has got it.
        drop(unsafe { Box::from_raw(body) });
        return Err(io::Error::from_raw_os_error(error));
    }
    // SAFETY: written by the call above.
    let thread = unsafe { thread.assume_init() };
    set_name(thread, name);
    // SAFETY: not joined by anybody.
    unsafe { libc::pthread_detach(thread) };
    Ok(())
}

/// For those who look at the process from outside.
fn set_name(thread: libc::pthread_t, name: &CStr) {
    cfg_if::cfg_if! {
        if #[cfg(any(target_os = "linux", target_os = "android"))] {
            // More than this is refused, not cut.
            let mut short = [0; 16];
            let len = name.count_bytes().min(short.len() - 1);
            short[..len].copy_from_slice(&name.to_bytes()[..len]);
            // SAFETY: alive until it is detached, and a string with its end.
            unsafe { libc::pthread_setname_np(thread, short.as_ptr().cast()) };
        } else {
            let _ = (thread, name);
        }
    }
}
