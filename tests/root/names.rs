//! Every stable name of std's root.

#![allow(unused_imports, deprecated, deprecated_in_future)]

mod modules {
    pub use std::{
        alloc, any, arch, array, ascii, backtrace, borrow, boxed, cell, char, clone, cmp, collections, convert, default, env,
        error, f32, f64, ffi, fmt, fs, future, hash, hint, i128, i16, i32, i64, i8, io, isize, iter, marker, mem, net, num,
        ops, option, os, panic, path, pin, prelude, primitive, process, ptr, rc, result, slice, str, string, sync, task,
        thread, time, u128, u16, u32, u64, u8, usize, vec,
    };
    pub use std::prelude::{rust_2015, rust_2018, rust_2021, rust_2024, v1};
}

mod macros {
    pub use std::{
        assert, assert_eq, assert_ne, cfg, column, compile_error, concat, dbg, debug_assert, debug_assert_eq,
        debug_assert_ne, env, eprint, eprintln, file, format, format_args, include, include_bytes, include_str, line,
        matches, module_path, option_env, panic, print, println, stringify, thread_local, todo, unimplemented, unreachable,
        vec, write, writeln,
    };
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    pub use std::is_x86_feature_detected;
}

#[cfg(feature = "nightly")]
mod unstable {
    pub use std::{async_iter, autodiff, intrinsics, pat, random, rt, simd};
    pub use std::{concat_bytes, log_syntax, trace_macros};
}

use std::primitive::u8 as byte;

pub fn check() {
    let n: byte = std::u8::MAX;
    assert_eq!(n, std::primitive::u8::MAX);
    assert_eq!(std::f64::consts::PI, ::std::f64::consts::PI);
    // What costd has is costd's, and what it has not is std's own.
    assert!(std::any::type_name::<std::thread::JoinHandle<()>>().starts_with("costd::"));
    assert!(std::any::type_name::<std::thread::LocalKey<()>>().starts_with("costd::"));
    for name in [
        std::any::type_name::<std::thread::AccessError>(),
        std::any::type_name::<std::time::Instant>(),
        std::any::type_name::<std::panic::Location<'static>>(),
    ]
    .iter()
    {
        assert!(name.starts_with("std::") || name.starts_with("core::"), "{}", name);
    }
}
