#![cfg_attr(feature = "nightly", feature(async_iterator, core_intrinsics, pattern_type_macro, random, rt, portable_simd, concat_bytes, log_syntax, trace_macros, autodiff))]
#![cfg_attr(feature = "nightly", allow(internal_features))]
mod common;
mod names;

mod safe {
    #![forbid(unsafe_code)]
    thread_local!(pub static KEY: String = String::from("safe"));
}

async fn nothing() {}

fn main() {
    common::check();
    names::check();
    let braces = 1;
    let payload = std::panic::catch_unwind(|| panic!("{braces}")).unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"1".to_string()));
    let payload = std::panic::catch_unwind(|| std::panic!("{}", 2)).unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"2".to_string()));
    let n: u8 = 300u16.try_into().unwrap_or(7);
    assert_eq!((n, u8::try_from(8i32)), (7, Ok(8)));
    assert_eq!(Vec::from_iter([1, 2].into_iter()), [1, 2]);
    safe::KEY.with(|text| assert_eq!(text, "safe"));
    drop(nothing());
    println!("done");
}
