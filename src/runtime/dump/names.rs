//! What addresses of code are called.
//!
//! std's `Backtrace` knows, by the symboliser that is in every Rust program anyway; but on stable Rust it only tells those that it
//! has collected itself, and only in writing. So workers have had it collected where an address was new to them (`sched::census`), and here
//! it is made to write, and what it writes is read: lines as
//!
//! ```text
//!    3:     0x557ddd5baaf9 - app::serve::h7f87d6f9965f3d09
//!                                at /home/me/app/src/main.rs:12:9
//! ```
//!
//! (A symboliser of one's own would be half a dozen further crates.) What cannot be read is shown as an address.

use std::backtrace::Backtrace;
use std::collections::HashMap;
use std::fmt;

use once_cell::sync::OnceCell;

use crate::pal::frames::CUT;
use crate::park::Reason;
use crate::sched::blocking_pool;

use super::Frame;

/// What is called so by std, and read only when somebody wants to know.
#[derive(Default)]
pub(super) struct Names {
    written_by: Vec<Backtrace>,
    /// Frames by address: several where functions were inlined, innermost first.
    read: OnceCell<HashMap<usize, Vec<Frame>>>,
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Names").finish_non_exhaustive()
    }
}

impl Names {
    pub(super) fn new(written_by: Vec<Backtrace>) -> Names {
        Names { written_by, read: OnceCell::new() }
    }

    /// The frames of a stack, without those of the runtime's inside at both ends.
    pub(super) fn backtrace(&self, addresses: &[usize]) -> Vec<Frame> {
        let known = self.read();
        let unknown = |address: &usize| Frame {
            function: if *address == CUT { "(and others)".to_owned() } else { format!("{address:#x}") },
            location: None,
        };
        let frames = addresses.iter().flat_map(|address| match known.get(address) {
            Some(frames) => frames.clone(),
            None => vec![unknown(address)],
        });
        without_ends(frames.collect())
    }

    fn read(&self) -> &HashMap<usize, Vec<Frame>> {
        // It reads files, and needs more stack than a coroutine may have.
        if let Some(read) = self.read.get() {
            return read;
        }
        blocking_pool::run(Reason::Blocking, || {
            self.read.get_or_init(|| {
                let mut all = HashMap::new();
                for backtrace in &self.written_by {
                    read_into(&mut all, &format!("{backtrace:#}"));
                }
                all
            })
        })
    }
}

/// Adds what `text` says of addresses that are not there yet.
fn read_into(all: &mut HashMap<usize, Vec<Frame>>, text: &str) {
    let mut address = None;
    let mut frames: Vec<Frame> = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(location) = line.strip_prefix("at ") {
            if let Some(frame) = frames.last_mut() {
                frame.location = Some(short_path(location).to_owned());
            }
        } else if let Some((at, name)) = line.split_once(": ").and_then(|(_, rest)| rest.trim().split_once(" - ")) {
            let at = at.strip_prefix("0x").and_then(|digits| usize::from_str_radix(digits, 16).ok());
            if at != address {
                finish(all, address, std::mem::take(&mut frames));
                address = at;
            }
            frames.push(Frame { function: short_name(name), location: None });
        }
    }
    finish(all, address, frames);
}

fn finish(all: &mut HashMap<usize, Vec<Frame>>, address: Option<usize>, frames: Vec<Frame>) {
    if let Some(address) = address.filter(|address| *address != CUT && !frames.is_empty()) {
        all.entry(address).or_insert(frames);
    }
}

/// Without the hashes that tell equal names apart: `…::h0123456789abcdef`, and `core[0123456789abcdef]`.
fn short_name(name: &str) -> String {
    let is_hash = |text: &str| text.len() >= 15 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let name = match name.rsplit_once("::h") {
        Some((rest, hash)) if is_hash(hash) => rest,
        _ => name,
    };
    let mut short = String::with_capacity(name.len());
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('[') {
        short.push_str(before);
        rest = match after.split_once(']') {
            Some((hash, after)) if is_hash(hash) => after,
            _ => {
                short.push('[');
                after
            }
        };
    }
    short + rest
}

/// Relative to the current directory, if it lies there.
fn short_path(path: &str) -> &str {
    let short = std::env::current_dir().ok().and_then(|dir| path.strip_prefix(dir.to_str()?)?.strip_prefix('/'));
    short.unwrap_or(path)
}

/// What a frame belongs to.
#[derive(PartialEq, Eq)]
enum Kind {
    /// The inside of costd.
    Inside,
    /// What a piece of the inside may have called in between.
    Neutral,
    Other,
}

/// Where the sources of this crate are, as far as the compiler says it wherever it speaks of them.
fn sources() -> &'static str {
    let this = file!();
    this.strip_suffix("runtime/dump/names.rs").unwrap_or(this)
}

/// What of costd is its inside.
const INSIDE: [&str; 4] = ["sched", "park", "sys", "pal"];

/// By the function's name; or by its file, for with little debug information the name of a function that was inlined does not say
/// where it belongs.
fn kind(frame: &Frame) -> Kind {
    let path =
        frame.function.trim_start_matches(['<', '&', '(', '*']).trim_start_matches("mut ").trim_start_matches("dyn ");
    // Without the arguments of generics, which are somebody else's.
    let path = path.split(['<', '>', ' ']).next().unwrap_or_default();
    let (root, rest) = path.split_once("::").unwrap_or(("", path));
    let module = rest.split("::").next().unwrap_or_default();
    match root {
        "costd" if INSIDE.contains(&module) => return Kind::Inside,
        "corosensei" => return Kind::Inside,
        "core" | "std" | "alloc" => return Kind::Neutral,
        "" => {}
        _ => return Kind::Other,
    }
    let location = frame.location.as_deref().unwrap_or_default();
    if let Some((_, rest)) = location.split_once(sources())
        && INSIDE.iter().any(|module| rest.strip_prefix(module).is_some_and(|rest| rest.starts_with(['/', '.'])))
    {
        return Kind::Inside;
    }
    if location.contains("/corosensei-") {
        return Kind::Inside;
    }
    if location.starts_with("/rustc/") { Kind::Neutral } else { Kind::Other }
}

/// From the function of costd's that was called, to the function that the coroutine was spawned with.
fn without_ends(mut frames: Vec<Frame>) -> Vec<Frame> {
    let is_end = |frame: &Frame| frame.function.contains("__rust_begin_short_backtrace") && kind(frame) == Kind::Inside;
    if let Some(end) = frames.iter().rposition(is_end) {
        frames.truncate(end);
    }
    let before_others = frames.iter().position(|frame| kind(frame) == Kind::Other).unwrap_or(frames.len());
    let inside = frames[..before_others].iter().rposition(|frame| kind(frame) == Kind::Inside);
    frames.drain(..inside.map_or(0, |last| last + 1));
    frames
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_std_writes_is_understood() {
        #[inline(never)]
        fn a_function_of_this_test() -> Backtrace {
            Backtrace::force_capture()
        }
        let mut all = HashMap::new();
        read_into(&mut all, &format!("{:#}", a_function_of_this_test()));
        let frames: Vec<_> = all.into_values().flatten().collect();
        let this =
            frames.iter().find(|frame| frame.function.ends_with("::a_function_of_this_test")).expect("it was called");
        assert!(this.location.as_ref().is_some_and(|location| location.contains("src/runtime/dump/names.rs:")));
    }

    #[test]
    fn names_without_hashes() {
        assert_eq!(short_name("a::b::h0123456789abcdef"), "a::b");
        assert_eq!(short_name("<core[c1f1a4ba060b9bfa]::X as std[e28293b1aa0f68bd]::Y>::z"), "<core::X as std::Y>::z");
        assert_eq!(short_name("<[u8; 4] as a::h::B>::hello"), "<[u8; 4] as a::h::B>::hello");
    }

    #[test]
    fn only_the_ends_are_left_out() {
        let frames = |names: &[&str]| -> Vec<Frame> {
            names.iter().map(|name| Frame { function: (*name).to_owned(), location: None }).collect()
        };
        let all = [
            "costd::sched::context::suspend",
            "core::ops::function::FnOnce::call_once",
            "<costd::park::Waiting<P>>::park",
            "costd::sync::mpmc::Receiver<T>::recv",
            "app::init",
            "costd::sys::sync::once::Once::call",
            "app::main",
            "costd::sched::spawn::__rust_begin_short_backtrace<app::main>",
            "costd::sched::spawn::run",
        ];
        assert_eq!(without_ends(frames(&all)), frames(&all[3..7]));
    }
}
