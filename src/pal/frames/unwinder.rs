//! The system's unwinder, which std is linked with anyway.

use std::ffi::{c_int, c_void};

use super::Frames;

#[repr(C)]
struct Context {
    _private: [u8; 0],
}

type Each = extern "C" fn(*mut Context, *mut c_void) -> c_int;

unsafe extern "C" {
    fn _Unwind_Backtrace(each: Each, data: *mut c_void) -> c_int;
    fn _Unwind_GetIP(context: *mut Context) -> usize;
    fn _Unwind_GetCFA(context: *mut Context) -> usize;
}

const GO_ON: c_int = 0;
const STOP: c_int = 5;

/// Walks the frames from this one outwards.
///
/// # Safety
/// `data` are [`Frames`], which nobody else uses meanwhile.
pub(super) unsafe extern "C" fn walk(data: *mut c_void) {
    // SAFETY: `each` is called with this `data`, before this returns.
    unsafe { _Unwind_Backtrace(each, data) };
}

extern "C" fn each(context: *mut Context, data: *mut c_void) -> c_int {
    // SAFETY: what `walk` was called with.
    let frames = unsafe { &mut *data.cast::<Frames>() };
    // SAFETY: the unwinder hands out a valid context.
    let (stack_pointer, address) = unsafe { (_Unwind_GetCFA(context), _Unwind_GetIP(context)) };
    if frames.take(stack_pointer, address) { GO_ON } else { STOP }
}
