//! The attributes `#[costd::main]` and `#[costd::test]`: a function whose body runs in a coroutine.
//!
//! They belong to costd, which has them with its feature `macros`.
//!
//! Both turn `fn name() -> T { body }` into
//!
//! ```text
//! fn name() -> ExitCode {
//!     fn name() -> T { body }
//!     ::costd::__entry::main(name)
//! }
//! ```
//!
//! which takes no more than finding where the attributes, the visibility, the name and the body of a function are. A parser of
//! all of Rust would take longer to build than all of costd.

#![deny(missing_docs)]

use proc_macro::TokenStream;

mod arguments;
mod expand;
mod function;
mod tokens;

/// Runs a program's `main` in a coroutine, with what std's `main` can return.
///
/// Without it `main` runs on an OS thread, where everything of costd works as well. In a coroutine a wait is cheaper: it stops no
/// OS thread, and what is spawned may run on the same worker.
///
/// The coroutine is called `main`, and has a stack of 8 MiB. When it ends, the program ends: with what `main` returned, as std has
/// it, or if it panicked, with 101.
///
/// Where costd has another name, the attribute has to be told: `#[std::main(crate = ::std)]`.
///
/// # Examples
///
/// ```
/// use costd::io;
/// use costd::thread;
///
/// #[costd::main]
/// fn main() -> io::Result<()> {
///     assert!(costd::coroutine::is_coroutine());
///     assert_eq!(thread::current().name(), Some("main"));
///     let thread = thread::spawn(|| 7);
///     assert_eq!(thread.join().unwrap(), 7);
///     Ok(())
/// }
/// ```
#[proc_macro_attribute]
pub fn main(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(&expand::MAIN, arguments, item)
}

/// Runs a test in a coroutine. In all else it is as `#[test]`: what it may return, `#[should_panic]`, `#[ignore]`.
///
/// The coroutine has the name of the test. What it prints is not captured, as with all coroutines under libtest.
///
/// Where costd has another name, the attribute has to be told: `#[std::test(crate = ::std)]`.
///
/// # Examples
///
/// ```
/// #[costd::test]
/// fn a_coroutine() {
///     assert!(costd::coroutine::is_coroutine());
/// }
///
/// #[costd::test]
/// #[should_panic(expected = "not a number")]
/// fn not_a_number() {
///     "seven".parse::<u32>().expect("not a number");
/// }
/// ```
#[proc_macro_attribute]
pub fn test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(&expand::TEST, arguments, item)
}
