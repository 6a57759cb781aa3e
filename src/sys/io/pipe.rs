//! Reading from a pipe and writing to one.
//!
//! Where the system has calls on pipes that do not wait, these; the descriptor's mode is never touched. On an older kernel an
//! end that is costd's alone is made non-blocking (`descriptor::mode`), and one that others may know is left to the blocking
//! pool once it is ready (`stream`).
//!
//! System calls: one for each read or write that need not wait.

use std::io::{self, IoSlice, IoSliceMut, PipeReader, PipeWriter, Read, Write};

use crate::pal;
use crate::park::Reason;
use crate::sched::current_coroutine;
use crate::sched::readiness::Direction;
use crate::sys::descriptor::Descriptor;
use crate::sys::descriptor::operation::{READ_PIPE, WRITE_PIPE};

use super::stream;

impl Descriptor<PipeReader> {
    #[inline]
    pub(crate) fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
        if current_coroutine().is_none() {
            return self.blocking(READ_PIPE, |mut pipe| pipe.read(buf));
        }
        self.read_parking(&mut [IoSliceMut::new(buf)])
    }

    pub(crate) fn read_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        if current_coroutine().is_none() {
            return self.blocking(READ_PIPE, |mut pipe| pipe.read_vectored(bufs));
        }
        self.read_parking(bufs)
    }

    fn read_parking(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        let len = total(bufs.iter().map(|buf| buf.len()));
        self.operate(READ_PIPE, || self.read_now(bufs), |&n| 0 < n && n < len)
    }

    /// Reads without blocking the worker.
    fn read_now(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        let mut pipe = self.io();
        match pal::nowait::read(self.fd(), bufs) {
            Some(result) => result,
            None if self.is_exposed() => stream::read_when_ready(self.fd(), bufs, |bufs| pipe.read_vectored(bufs)),
            None => self.without_blocking(|mut pipe| pipe.read_vectored(bufs)).map(|(n, _)| n),
        }
    }

    /// Appends what is there to `buf`. `true`: that was the end.
    fn take_what_is_there(&self, buf: &mut Vec<u8>) -> io::Result<bool> {
        const PIECE: usize = 32 * 1024;
        loop {
            let len = buf.len();
            buf.resize(len + PIECE, 0);
            let read = &mut || self.read_now(&mut [IoSliceMut::new(&mut buf[len..])]);
            let result = self.attempt(Direction::Read, false, read, &|&n| 0 < n && n < PIECE);
            buf.truncate(len + result.as_ref().map_or(0, |n| n.unwrap_or(0)));
            match result {
                Ok(Some(0)) => return Ok(true),
                Ok(None) => return Ok(false),
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
                Ok(Some(_)) | Err(_) => {}
            }
        }
    }
}

/// Reads both to their ends, one as it comes and the other as it comes, so that neither writer has to wait for the other.
/// For a coroutine.
pub(in crate::sys) fn read_both_to_end(
    (first, first_buf): (&Descriptor<PipeReader>, &mut Vec<u8>),
    (second, second_buf): (&Descriptor<PipeReader>, &mut Vec<u8>),
) -> io::Result<()> {
    loop {
        if first.take_what_is_there(first_buf)? {
            return read_to_end(second, second_buf);
        }
        if second.take_what_is_there(second_buf)? {
            return read_to_end(first, first_buf);
        }
        first.wait_to_read_either(second, Reason::Output)?;
    }
}

/// Reads to the end. For a coroutine.
pub(in crate::sys) fn read_to_end(pipe: &Descriptor<PipeReader>, buf: &mut Vec<u8>) -> io::Result<()> {
    while !pipe.take_what_is_there(buf)? {
        let _ = pipe.wait(READ_PIPE, None)?;
    }
    Ok(())
}

impl Descriptor<PipeWriter> {
    /// As with std, all of `buf` is written before this returns, unless there is an error.
    #[inline]
    pub(crate) fn write(&self, buf: &[u8]) -> io::Result<usize> {
        if current_coroutine().is_none() {
            return self.write_blocking(buf);
        }
        self.write_whole(WRITE_PIPE, buf, |rest| self.write_now(&[IoSlice::new(rest)]))
    }

    pub(crate) fn write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        if current_coroutine().is_none() {
            return self.blocking(WRITE_PIPE, |mut pipe| pipe.write_vectored(bufs));
        }
        self.operate(WRITE_PIPE, || self.write_now(bufs), |_| false)
    }

    /// On a plain OS thread. The end may be in non-blocking mode on costd's account, where one call does not write all.
    fn write_blocking(&self, buf: &[u8]) -> io::Result<usize> {
        let mut written = 0;
        while written < buf.len() || buf.is_empty() {
            match self.blocking(WRITE_PIPE, |mut pipe| pipe.write(&buf[written..])) {
                Ok(0) => break,
                Ok(n) => written += n,
                // What comes after a part has been written belongs to the next call.
                Err(_) if written > 0 => break,
                Err(error) => return Err(error),
            }
        }
        Ok(written)
    }

    /// Writes without blocking the worker.
    fn write_now(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut pipe = self.io();
        match pal::nowait::write(self.fd(), bufs) {
            Some(result) => result,
            None if self.is_exposed() => stream::write_when_ready(self.fd(), bufs, |bufs| pipe.write_vectored(bufs)),
            None => self.without_blocking(|mut pipe| pipe.write_vectored(bufs)).map(|(n, _)| n),
        }
    }
}

fn total(lens: impl Iterator<Item = usize>) -> usize {
    lens.fold(0, usize::saturating_add)
}
