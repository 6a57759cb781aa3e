//! What is said and done when a coroutine overflows its stack: std's words, with the coroutine's name and number, and an
//! abort.
//!
//! All of it runs in a signal handler, on the stack that is for those: it reads thread-local words and the running task's
//! header, and calls `write` and `abort`. The header's pointer into the stack and its name were written before the
//! coroutine's function was called.

use std::fmt::{self, Write};

use super::current::running_coroutine;
use super::stack;
use crate::pal;

/// Prepares the process, once.
pub(super) fn install() {
    pal::fault::install(on_fault);
}

/// Prepares the OS thread of a worker.
pub(super) fn prepare_worker() {
    // Without a stack for it, the handler cannot run, and an overflow ends the process by a bare SIGSEGV; that is no
    // reason not to work.
    let _ = pal::fault::ensure_signal_stack();
}

fn on_fault(address: usize) {
    let Some(task) = running_coroutine() else { return };
    if !task.stack_bottom().is_some_and(|bottom| stack::guard_range(bottom).contains(&address)) {
        return;
    }
    let name = task.name().unwrap_or("<unknown>");
    let id = task.id();
    // It does not fail; and if it did, there is nothing else to say.
    let mut message = Message::new();
    let _ = writeln!(message, "\nthread '{name}' ({id}) has overflowed its stack");
    let _ = writeln!(message, "fatal runtime error: stack overflow, aborting");
    message.flush();
    std::process::abort();
}

/// Gathers a text without asking for memory, to write it at once if it is not very long.
struct Message {
    text: [u8; 256],
    len: usize,
}

impl Message {
    fn new() -> Message {
        Message { text: [0; 256], len: 0 }
    }

    fn flush(&mut self) {
        pal::stderr::write(&self.text[..self.len]);
        self.len = 0;
    }
}

impl Write for Message {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for part in text.as_bytes().chunks(self.text.len()) {
            if self.len + part.len() > self.text.len() {
                self.flush();
            }
            self.text[self.len..self.len + part.len()].copy_from_slice(part);
            self.len += part.len();
        }
        Ok(())
    }
}
