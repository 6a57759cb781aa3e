//! What the default hook says of a coroutine's panic: std's words, with the coroutine's name and number.

use std::backtrace::Backtrace;
use std::fmt::Write;
use std::panic::PanicHookInfo;
use std::sync::atomic::{AtomicBool, Ordering};

use once_cell::sync::OnceCell;

use super::task::Task;
use crate::pal;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Short,
    Full,
    Off,
}

/// What `RUST_BACKTRACE` asks for.
fn style() -> Style {
    static STYLE: OnceCell<Style> = OnceCell::new();
    *STYLE.get_or_init(|| match std::env::var_os("RUST_BACKTRACE") {
        None => Style::Off,
        Some(text) if text == "0" => Style::Off,
        Some(text) if text == "full" => Style::Full,
        Some(_) => Style::Short,
    })
}

/// Prints the message of a panic of the coroutine whose task this is.
pub(super) fn print(task: &Task, info: &PanicHookInfo<'_>) {
    let name = task.name().unwrap_or("<unnamed>");
    let payload = info.payload_as_str().unwrap_or("Box<dyn Any>");
    let mut text = format!("\nthread '{name}' ({}) panicked at ", task.id());
    // Writing to a string cannot fail, here and below.
    let _ = match info.location() {
        Some(location) => writeln!(text, "{location}:\n{payload}"),
        None => writeln!(text, "{payload}"),
    };
    // A panic in the middle of another one's unwinding is shown whole, as it may well be the last.
    let style = if task.panics.get() >= 2 { Style::Full } else { style() };
    if !forbids_backtrace(info) {
        match style {
            Style::Short => text.push_str(&short_backtrace(&Backtrace::force_capture())),
            Style::Full => {
                let _ = write!(text, "stack backtrace:\n{:#}", Backtrace::force_capture());
            }
            Style::Off => {
                static FIRST: AtomicBool = AtomicBool::new(true);
                // Relaxed: who is first does not matter, only that one is.
                if FIRST.swap(false, Ordering::Relaxed) {
                    text.push_str("note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n");
                }
            }
        }
    }
    pal::stderr::write(text.as_bytes());
}

/// The last words before an abort come without a backtrace. There is no stable way to ask for that, but to be shown.
fn forbids_backtrace(info: &PanicHookInfo<'_>) -> bool {
    format!("{info:?}").ends_with("force_no_backtrace: true }")
}

/// The most frames that a short backtrace has.
const MOST_FRAMES: usize = 100;

/// The frames without those of the panic's own machinery and those of the runtime. They are told apart by markers, as std
/// does it; `sched::spawn` has the one at a coroutine's start.
fn short_backtrace(backtrace: &Backtrace) -> String {
    let all = backtrace.to_string();
    let mut text = String::from("stack backtrace:\n");
    let (mut inside, mut in_shown_frame) = (false, false);
    let (mut frames, mut shown, mut omitted) = (0, 0, 0);
    for line in all.lines() {
        let Some(symbol) = symbol_of(line) else {
            if in_shown_frame {
                let _ = writeln!(text, "{line}");
            }
            continue;
        };
        frames += 1;
        if frames > MOST_FRAMES {
            break;
        }
        in_shown_frame = false;
        if symbol.contains("__rust_end_short_backtrace") {
            inside = true;
        } else if inside && symbol.contains("__rust_begin_short_backtrace") {
            inside = false;
        } else if !inside {
            omitted += 1;
        } else {
            // Those before the first one shown are not worth a word.
            if omitted > 0 && shown > 0 {
                let plural = if omitted > 1 { "s" } else { "" };
                let _ = writeln!(text, "      [... omitted {omitted} frame{plural} ...]");
            }
            omitted = 0;
            in_shown_frame = true;
            let _ = writeln!(text, "{shown:4}: {symbol}");
            shown += 1;
        }
    }
    text.push_str("note: Some details are omitted, run with `RUST_BACKTRACE=full` for a verbose backtrace.\n");
    text
}

/// The symbol of a line that begins a frame: a number, a colon, and the symbol.
fn symbol_of(line: &str) -> Option<&str> {
    let (number, symbol) = line.split_once(": ")?;
    number.trim_start().parse::<usize>().ok().map(|_| symbol)
}
