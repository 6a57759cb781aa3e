#![cfg_attr(feature = "nightly", feature(async_iterator, core_intrinsics, pattern_type_macro, random, rt, portable_simd, concat_bytes, log_syntax, trace_macros, autodiff))]
#![cfg_attr(feature = "nightly", allow(internal_features))]
#![allow(bare_trait_objects, ellipsis_inclusive_range_patterns)]
mod common;
mod names;

// In this edition names of dependencies are no paths without this.
mod inner {
    use std;
    pub fn max() -> u8 {
        std::cmp::max(1, ::std::u8::MAX)
    }
}

fn main() {
    common::check();
    names::check();
    assert_eq!(inner::max(), 255);
    // A single argument is the payload itself, of any type.
    let payload = std::panic::catch_unwind(|| panic!(5u8)).unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&5u8));
    let payload = std::panic::catch_unwind(|| panic!("{braces}")).unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"{braces}"));
    println!("done");
}
