//! A signal that wakes an OS thread, as any Unix lets one.
//!
//! The handler writes one byte to a pipe and does nothing else; whoever is woken by that may do anything.

use std::fmt;
use std::io::{self, PipeReader, Read};
use std::mem;
use std::os::fd::{AsRawFd, IntoRawFd};
use std::ptr;
use std::sync::atomic::{AtomicI32, Ordering};

/// A signal that the program may be asked by.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signal(libc::c_int);

const NAMES: [(&str, libc::c_int); 6] = [
    ("SIGQUIT", libc::SIGQUIT),
    ("SIGUSR1", libc::SIGUSR1),
    ("SIGUSR2", libc::SIGUSR2),
    ("SIGHUP", libc::SIGHUP),
    ("SIGINT", libc::SIGINT),
    ("SIGTERM", libc::SIGTERM),
];

impl Signal {
    /// What Ctrl-\ sends.
    pub const QUIT: Signal = Signal(libc::SIGQUIT);
    /// For whatever a program likes.
    pub const USR1: Signal = Signal(libc::SIGUSR1);
    /// For whatever a program likes, too.
    pub const USR2: Signal = Signal(libc::SIGUSR2);
    /// What a terminal that is closed sends.
    pub const HUP: Signal = Signal(libc::SIGHUP);
    /// What Ctrl-C sends.
    pub const INT: Signal = Signal(libc::SIGINT);
    /// What `kill` sends.
    pub const TERM: Signal = Signal(libc::SIGTERM);

    /// With or without `SIG`, in any case.
    pub(crate) fn by_name(name: &str) -> Option<Signal> {
        let is_it = |known: &str| known.eq_ignore_ascii_case(name) || known[3..].eq_ignore_ascii_case(name);
        NAMES.iter().find(|(known, _)| is_it(known)).map(|&(_, number)| Signal(number))
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = NAMES.iter().find(|(_, number)| *number == self.0).map_or("a signal", |(name, _)| name);
        f.write_str(name)
    }
}

/// Where the handler writes.
static PIPE: AtomicI32 = AtomicI32::new(-1);

/// Becomes readable when the signal has come.
pub(crate) struct Arrivals(PipeReader);

/// Catches `signal`, in the place of whoever did before. Only once in a process.
pub(crate) fn catch(signal: Signal) -> io::Result<Arrivals> {
    let (reader, writer) = io::pipe()?;
    let fd = writer.as_raw_fd();
    // SAFETY: sets a flag of a descriptor of our own. A pipe that is full says what there is to say.
    if unsafe { libc::fcntl(fd, libc::F_SETFL, libc::O_NONBLOCK) } == -1 {
        return Err(io::Error::last_os_error());
    }
    // For good: the handler may run at any time. Release: before the system call that makes it run, anyway.
    PIPE.store(writer.into_raw_fd(), Ordering::Release);
    // SAFETY: a struct of integers and a set of signals; all zero is an empty set and no flags.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    action.sa_sigaction = on_signal as *const () as libc::sighandler_t;
    // The stacks of coroutines are not for handlers; and what is interrupted goes on.
    action.sa_flags = libc::SA_RESTART | libc::SA_ONSTACK;
    // SAFETY: `on_signal` is a handler of the simple kind, and does only what a handler may.
    if unsafe { libc::sigaction(signal.0, &action, ptr::null_mut()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(Arrivals(reader))
}

extern "C" fn on_signal(_: libc::c_int) {
    let error = io::Error::last_os_error().raw_os_error();
    // SAFETY: one byte may be read there. Whatever becomes of it: there is nobody to tell.
    unsafe { libc::write(PIPE.load(Ordering::Acquire), [0_u8].as_ptr().cast(), 1) };
    restore(error);
}

/// The code that was interrupted may be about to look at it.
fn restore(error: Option<i32>) {
    let Some(error) = error else { return };
    cfg_if::cfg_if! {
        if #[cfg(any(target_os = "linux", target_os = "emscripten", target_os = "redox"))] {
            // SAFETY: this OS thread's own.
            unsafe { *libc::__errno_location() = error };
        } else if #[cfg(any(target_os = "macos", target_os = "ios", target_os = "freebsd", target_os = "dragonfly"))] {
            // SAFETY: this OS thread's own.
            unsafe { *libc::__error() = error };
        } else if #[cfg(any(target_os = "android", target_os = "netbsd", target_os = "openbsd"))] {
            // SAFETY: this OS thread's own.
            unsafe { *libc::__errno() = error };
        } else {
            let _ = error;
        }
    }
}

impl Arrivals {
    /// Waits until the signal comes, or returns at once if it has since the last call. However often it came is one time.
    pub(crate) fn wait(&mut self) -> io::Result<()> {
        let mut bytes = [0; 64];
        match self.0.read(&mut bytes)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}
