#![cfg_attr(feature = "nightly", feature(async_iterator, core_intrinsics, pattern_type_macro, random, rt, portable_simd, concat_bytes, log_syntax, trace_macros, autodiff))]
#![cfg_attr(feature = "nightly", allow(internal_features))]
#![allow(bare_trait_objects)]
mod common;
mod names;

async fn nothing() {}

fn main() {
    common::check();
    names::check();
    let payload = std::panic::catch_unwind(|| panic!(5u8)).unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&5u8));
    let payload = std::panic::catch_unwind(|| std::panic!("{braces}")).unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"{braces}"));
    drop(nothing());
    println!("done");
}
