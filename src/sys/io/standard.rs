//! The three standard streams, unbuffered. A stream that was closed reads as empty and takes everything, as std has it.
//!
//! What they are (a terminal, a pipe, a file, a socket) and who shares them is not costd's business, and may change at
//! any time, by `dup2`. So nothing is remembered: neither their mode nor a registration. Whoever has to wait registers a
//! duplicate, for this one wait. What cannot be registered (a file) is left to the blocking pool.
//!
//! System calls: one for each read or write that need not wait; five more for a wait.

use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::mem::ManuallyDrop;
use std::os::fd::{BorrowedFd, FromRawFd, RawFd};

use crate::pal;
use crate::park::{self, Reason};
use crate::sched::{blocking_pool, current_coroutine};
use crate::sys::descriptor::Descriptor;
use crate::sys::descriptor::operation::{Operation, READ_PIPE, WRITE_PIPE};

use super::stream;

/// One of the three, by its number.
#[derive(Clone, Copy)]
pub(crate) struct Standard(RawFd);

impl Standard {
    pub(crate) const IN: Standard = Standard(0);
    pub(crate) const OUT: Standard = Standard(1);
    pub(crate) const ERR: Standard = Standard(2);

    pub(crate) fn fd(self) -> BorrowedFd<'static> {
        // SAFETY: std sees to it at the start of a program that these three are open, and says of whoever closes one that
        // it is then taken for another file's, with no more harm than a wrong file.
        unsafe { BorrowedFd::borrow_raw(self.0) }
    }

    /// As a file, for the ordinary calls.
    fn file(self) -> ManuallyDrop<File> {
        // SAFETY: as above; it is not closed here.
        ManuallyDrop::new(unsafe { File::from_raw_fd(self.0) })
    }

    pub(crate) fn read_vectored(self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        let ordinary = |bufs: &mut [IoSliceMut<'_>]| self.file().read_vectored(bufs);
        let result = match current_coroutine() {
            None => ordinary(bufs),
            Some(_) => loop {
                park::enter();
                match stream::read(self.fd(), bufs, ordinary) {
                    Err(error) if self.has_to_wait(&error) => {
                        if self.wait(READ_PIPE).is_err() {
                            break blocking_pool::run_waiting(Reason::PipeRead, || ordinary(bufs));
                        }
                    }
                    result => break result,
                }
            },
        };
        park::checkpoint();
        or_if_closed(result, || 0)
    }

    /// May write less than it is given.
    pub(crate) fn write_vectored(self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        let ordinary = |bufs: &[IoSlice<'_>]| self.file().write_vectored(bufs);
        let result = match current_coroutine() {
            None => ordinary(bufs),
            Some(_) => loop {
                park::enter();
                match self.write_now(bufs) {
                    Err(error) if self.has_to_wait(&error) => {
                        if self.wait(WRITE_PIPE).is_err() {
                            break blocking_pool::run_waiting(Reason::PipeWrite, || ordinary(bufs));
                        }
                    }
                    result => break result,
                }
            },
        };
        park::checkpoint();
        or_if_closed(result, || bufs.iter().map(|buf| buf.len()).sum())
    }

    /// Writes without blocking the worker, but for what a file takes into the page cache.
    fn write_now(self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        let ordinary = |bufs: &[IoSlice<'_>]| self.file().write_vectored(bufs);
        match pal::nowait::write(self.fd(), bufs) {
            Some(result) => result,
            None if self.file().metadata().is_ok_and(|metadata| metadata.is_file()) => ordinary(bufs),
            None => stream::write_when_ready(self.fd(), bufs, ordinary),
        }
    }

    /// Is that the call's "would block", and not the mode's that somebody has set?
    fn has_to_wait(self, error: &io::Error) -> bool {
        error.kind() == io::ErrorKind::WouldBlock && !pal::socket::is_nonblocking(self.fd()).unwrap_or(false)
    }

    fn wait(self, operation: Operation) -> io::Result<()> {
        let duplicate = Descriptor::new(self.fd().try_clone_to_owned()?);
        duplicate.wait(operation, None).map(|_| ())
    }
}

fn or_if_closed(result: io::Result<usize>, instead: impl FnOnce() -> usize) -> io::Result<usize> {
    match result {
        Err(error) if error.raw_os_error() == Some(libc::EBADF) => Ok(instead()),
        result => result,
    }
}

/// Flushes the real std's standard output.
pub(crate) fn flush_real_stdout() -> io::Result<()> {
    blocking_pool::run_waiting(Reason::PipeWrite, || io::stdout().flush())
}
