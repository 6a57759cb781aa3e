//! ThreadSanitizer keeps, for each OS thread, a clock and a stack of calls of its own. A coroutine needs both for itself: a
//! *fiber*. With `--cfg costd_tsan` it is told of every switch.
//!
//! It has to be told right at the switch: with a call between, the stack of calls of the one fiber would lose what the
//! other's gains. corosensei, with its feature `sanitizer`, calls AddressSanitizer's hooks there. ThreadSanitizer has none of
//! that name, so here they are, and do its work.

use std::cell::Cell;
use std::ffi::c_void;
use std::ptr;

unsafe extern "C" {
    fn __tsan_create_fiber(flags: u32) -> *mut c_void;
    fn __tsan_destroy_fiber(fiber: *mut c_void);
    fn __tsan_get_current_fiber() -> *mut c_void;
    fn __tsan_switch_to_fiber(fiber: *mut c_void, flags: u32);
    fn __tsan_func_entry(caller: *const c_void);
    fn __tsan_func_exit();
}

thread_local! {
    /// Who runs after the next switch of this OS thread.
    static NEXT: Cell<*mut c_void> = const { Cell::new(ptr::null_mut()) };
    /// It is a fiber that has not run yet.
    static IS_NEW: Cell<bool> = const { Cell::new(false) };
    /// The fiber of this OS thread itself, while a coroutine runs on it.
    static OWN: Cell<*mut c_void> = const { Cell::new(ptr::null_mut()) };
}

/// What the sanitizer knows of a coroutine.
pub(crate) struct Fiber {
    fiber: *mut c_void,
    is_new: Cell<bool>,
}

impl Fiber {
    pub(crate) fn new() -> Fiber {
        // SAFETY: a call that asks for nothing.
        Fiber { fiber: unsafe { __tsan_create_fiber(0) }, is_new: Cell::new(true) }
    }

    /// This OS thread is about to switch to the coroutine.
    pub(crate) fn before_resume(&self) {
        // SAFETY: as above.
        OWN.set(unsafe { __tsan_get_current_fiber() });
        NEXT.set(self.fiber);
        IS_NEW.set(self.is_new.replace(false));
    }
}

impl Drop for Fiber {
    fn drop(&mut self) {
        // SAFETY: made by `new`; its coroutine has finished, or has never run.
        unsafe { __tsan_destroy_fiber(self.fiber) }
    }
}

/// The running coroutine is about to switch back.
pub(crate) fn before_suspend() {
    NEXT.set(OWN.get());
}

/// # Safety
/// Only for corosensei, right before it switches to what was announced by [`Fiber::before_resume`] or [`before_suspend`].
#[unsafe(no_mangle)]
#[inline(never)]
unsafe extern "C" fn __sanitizer_start_switch_fiber(_: *mut *mut u8, _: *const u8, _: usize) {
    let next = NEXT.get();
    let is_new = IS_NEW.take();
    // SAFETY: `next` is a fiber that lives, and this function's own entry, which is undone on the one fiber and done again on
    // the other, is what its end takes back there.
    unsafe {
        __tsan_func_exit();
        // 0: what was done before the switch is seen after it, as is right for one OS thread.
        __tsan_switch_to_fiber(next, 0);
        __tsan_func_entry(ptr::null());
        if is_new {
            // Whoever called this function may end before the switch and be taken back, too, where nothing is yet.
            __tsan_func_entry(ptr::null());
        }
    }
}

/// # Safety
/// Only for corosensei, right after it has switched. The places are written to, as AddressSanitizer would.
#[unsafe(no_mangle)]
unsafe extern "C" fn __sanitizer_finish_switch_fiber(_: *mut u8, bottom: *mut *const u8, size: *mut usize) {
    // SAFETY: corosensei's own variables.
    unsafe {
        bottom.write(ptr::null());
        size.write(0);
    }
}

/// # Safety
/// None: AddressSanitizer is not here, and nothing has been poisoned.
#[unsafe(no_mangle)]
unsafe extern "C" fn __asan_unpoison_memory_region(_: *const u8, _: usize) {}
