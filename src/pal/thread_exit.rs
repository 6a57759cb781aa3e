//! The very end of an OS thread, as any Unix lets one hear of it: the destructor of thread-specific data.

use std::ptr::NonNull;

use once_cell::race::OnceNonZeroUsize;

/// Has `at_exit` called with `value` when this OS thread ends, after the destructors of its Rust thread-locals. Once an OS
/// thread, and always with the same function. Not at the end of the process; and if the system refuses, never.
pub(crate) fn leave(value: NonNull<()>, at_exit: extern "C" fn(*mut ())) {
    // The key, plus 1.
    static KEY: OnceNonZeroUsize = OnceNonZeroUsize::new();
    let key = KEY.get_or_try_init(|| {
        let mut key = 0;
        // SAFETY: a pointer argument has one representation, whatever it points to.
        let at_exit = unsafe { std::mem::transmute::<extern "C" fn(*mut ()), unsafe extern "C" fn(*mut _)>(at_exit) };
        // SAFETY: `key` is written, and the function stays. (Two threads may both make a key here; one is then unused.)
        if unsafe { libc::pthread_key_create(&mut key, Some(at_exit)) } != 0 {
            return Err(());
        }
        (key as usize).checked_add(1).and_then(|key| key.try_into().ok()).ok_or(())
    });
    if let Ok(key) = key {
        // SAFETY: the key was made above, and is never deleted.
        unsafe { libc::pthread_setspecific((key.get() - 1) as libc::pthread_key_t, value.as_ptr().cast()) };
    }
}
