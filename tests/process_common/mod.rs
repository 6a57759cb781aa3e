//! What the tests of children share.
#![allow(dead_code, reason = "not every test binary uses all of it")]

use costd::process::{Child, Command, Stdio};

pub fn sh(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

pub fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// A child that runs until its standard input is closed.
pub fn cat() -> Child {
    Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
}

pub fn write_all_to(fd: i32, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        // SAFETY: the buffer is borrowed for the whole call, which reads it.
        let n = unsafe { libc::write(fd, bytes.as_ptr().cast(), bytes.len()) };
        bytes = &bytes[usize::try_from(n).expect("it can be written to")..];
    }
}
