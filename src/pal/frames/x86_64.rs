//! Walking a stack from another one, on x86-64.
//!
//! The unwinder begins where it is called, and goes from each frame to its caller by what the unwind tables say of the
//! frame's code. So it is called by a function, [`walk_from`], whose table says that its caller is somebody else: that the
//! registers of its caller are those that were noted on the other stack.
//!
//! ```text
//! the stack of who asks                    the stack that is stopped
//!   _Unwind_Backtrace
//!   unwinder::walk
//!   walk_from          - its caller, it says, is ->   the one who has called `note`
//!   collect                                           its caller
//!   …                                                 …
//! ```

use std::arch::naked_asm;
use std::ffi::c_void;

use super::Frames;
use super::unwinder;

/// Hardly any: it writes a few words elsewhere.
pub(super) const ROOM: usize = 64;

/// What the caller of [`note`] has in these registers once that has returned: all that a function must leave as they were.
#[repr(C)]
pub(super) struct Noted {
    rbx: usize,
    rbp: usize,
    r12: usize,
    r13: usize,
    r14: usize,
    r15: usize,
    rsp: usize,
    rip: usize,
}

impl Noted {
    pub(super) const fn new() -> Noted {
        Noted { rbx: 0, rbp: 0, r12: 0, r13: 0, r14: 0, r15: 0, rsp: 0, rip: 0 }
    }
}

/// # Safety
/// `frames` may be written; [`Noted`] comes first in it.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn note(frames: *mut Frames) {
    naked_asm!(
        "mov [rdi], rbx",
        "mov [rdi + 8], rbp",
        "mov [rdi + 16], r12",
        "mov [rdi + 24], r13",
        "mov [rdi + 32], r14",
        "mov [rdi + 40], r15",
        // Past the return address, as after the return.
        "lea rax, [rsp + 8]",
        "mov [rdi + 48], rax",
        "mov rax, [rsp]",
        "mov [rdi + 56], rax",
        "ret",
    )
}

/// # Safety
/// As [`Frames::collect`].
pub(super) unsafe fn collect(frames: &mut Frames) {
    let frames = &raw mut *frames;
    // SAFETY: what was noted is where the other stack is stopped, as the caller promises; all frames that are walked lie on it
    // or on this one.
    unsafe { walk_from(&raw const (*frames).noted, frames.cast(), unwinder::walk) };
}

/// Calls `walk(data)`, which takes this function for one that was called where `noted` says.
#[unsafe(naked)]
unsafe extern "C" fn walk_from(noted: *const Noted, data: *mut c_void, walk: unsafe extern "C" fn(*mut c_void)) {
    naked_asm!(
        ".cfi_startproc",
        "push rbx",
        "mov rbx, rdi",
        // DW_CFA_def_cfa_expression: the stack pointer of the caller is `noted.rsp`. (DW_OP_breg3 48, DW_OP_deref.)
        ".cfi_escape 0x0f, 3, 0x73, 48, 0x06",
        // DW_CFA_expression, for each register: the caller's value lies at an offset from `noted`. (DW_OP_breg3 offset.)
        ".cfi_escape 0x10, 3, 2, 0x73, 0",   // rbx
        ".cfi_escape 0x10, 6, 2, 0x73, 8",   // rbp
        ".cfi_escape 0x10, 12, 2, 0x73, 16", // r12
        ".cfi_escape 0x10, 13, 2, 0x73, 24", // r13
        ".cfi_escape 0x10, 14, 2, 0x73, 32", // r14
        ".cfi_escape 0x10, 15, 2, 0x73, 40", // r15
        ".cfi_escape 0x10, 16, 2, 0x73, 56", // the return address
        "mov rdi, rsi",
        "call rdx",
        "pop rbx",
        "ret",
        ".cfi_endproc",
    )
}
