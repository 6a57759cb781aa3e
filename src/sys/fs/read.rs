//! Reading.
//!
//! ```text
//! on a disk     the system call that does not wait: what is in the page cache, here
//!                 all of it, or the end:   that is it
//!                 a part:                  once more for the rest
//!                 nothing is there:        the pool reads it
//!                 more than a little:      the pool reads it at once
//! in memory     here, unless it is more than a little
//! the kernel    is there something to read (`poll`)? here; else as a stream
//! a stream      try, wait, retry (`sys::descriptor`); what cannot be waited for has a thread of its own
//! else          the pool, or a thread of its own
//! ```

use std::fs;
use std::io::{self, IoSliceMut, Read};
use std::os::unix::fs::FileExt;
use std::time::Duration;

use crate::pal;
use crate::sched::current_coroutine;
use crate::sys::descriptor::operation::{Operation, READ, READ_PIPE};
use crate::sys::io::stream;

use super::file::File;
use super::kind::Kind;
use super::{MOST_READ_HERE, READ_IN_AN_OPERATION, in_pool, on_own_thread, spent};

impl File {
    /// As std's.
    #[inline]
    pub(crate) fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
        if current_coroutine().is_none() || buf.is_empty() {
            return self.io().read(buf);
        }
        self.read_parking(&mut [IoSliceMut::new(buf)])
    }

    /// As std's.
    pub(crate) fn read_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        if current_coroutine().is_none() || total(bufs) == 0 {
            return self.io().read_vectored(bufs);
        }
        self.read_parking(bufs)
    }

    /// As std's.
    pub(crate) fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        if current_coroutine().is_none() || buf.is_empty() {
            return self.io().read_at(buf, offset);
        }
        let (kind, bufs) = (self.kind(), &mut [IoSliceMut::new(buf)]);
        match kind {
            // One that has a position may be read by the same means. Others say at once that they have none.
            Kind::Stream | Kind::Socket => match pal::nowait::read_at(self.fd(), bufs, offset) {
                Some(Err(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                    on_own_thread(|| plain_read(self.io(), bufs, Some(offset)))
                }
                Some(result) => result,
                None => on_own_thread(|| plain_read(self.io(), bufs, Some(offset))),
            },
            _ => self.read_regular(kind, bufs, Some(offset)),
        }
    }

    fn read_parking(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        match self.kind() {
            Kind::Socket => self.read_stream(READ, bufs),
            Kind::Stream => self.read_stream(READ_PIPE, bufs),
            Kind::Kernel => self.read_kernel(bufs),
            kind => {
                let _turn = self.cursor().turn();
                self.read_regular(kind, bufs, None)
            }
        }
    }

    /// `at`: the position, if it is not the file's own.
    fn read_regular(&self, kind: Kind, bufs: &mut [IoSliceMut<'_>], at: Option<u64>) -> io::Result<usize> {
        let result = match kind {
            Kind::Disk | Kind::Synced if total(bufs) <= MOST_READ_HERE => self.read_cached(bufs, at),
            Kind::Memory if total(bufs) <= MOST_READ_HERE => plain_read(self.io(), bufs, at),
            Kind::Kernel if self.has_something() => plain_read(self.io(), bufs, at),
            _ => return kind.elsewhere(|| plain_read(self.io(), bufs, at)),
        };
        spent(1 + result.as_ref().unwrap_or(&0) / READ_IN_AN_OPERATION);
        result
    }

    /// What is in the page cache is read here, the rest in the pool. As much as one plain call would read.
    fn read_cached(&self, mut bufs: &mut [IoSliceMut<'_>], mut at: Option<u64>) -> io::Result<usize> {
        let len = total(bufs);
        let mut done = 0;
        loop {
            let result = match at {
                None => pal::nowait::read(self.fd(), bufs),
                Some(offset) => pal::nowait::read_at(self.fd(), bufs, offset),
            };
            let read = match result {
                None => in_pool(|| plain_read(self.io(), bufs, at)),
                Some(Err(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                    in_pool(|| plain_read(self.io(), bufs, at))
                }
                Some(result) => result,
            };
            match read {
                Ok(n) => {
                    done += n;
                    if n == 0 || done == len {
                        return Ok(done);
                    }
                    IoSliceMut::advance_slices(&mut bufs, n);
                    at = at.map(|offset| offset + n as u64);
                }
                // It belongs to the next call.
                Err(_) if done > 0 => return Ok(done),
                Err(error) => return Err(error),
            }
        }
    }

    fn read_stream(&self, operation: Operation, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        let mut io = self.io();
        let much = total(bufs) > MOST_READ_HERE;
        let result = self.descriptor().operate(
            operation,
            || {
                // A device that makes what is read, such as random numbers, may take its time over much of it.
                if much {
                    return stream::read_when_ready(self.fd(), bufs, |bufs| io.read_vectored(bufs));
                }
                stream::read(self.fd(), bufs, |bufs| io.read_vectored(bufs))
            },
            |_| false,
        );
        self.or_unwatched(result, || io.read_vectored(bufs))
    }

    fn read_kernel(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        let mut io = self.io();
        let result = self.descriptor().operate(
            READ_PIPE,
            || if self.has_something() { io.read_vectored(bufs) } else { Err(pal::socket::would_block()) },
            |_| false,
        );
        self.or_unwatched(result, || io.read_vectored(bufs))
    }

    /// Would a read end at once?
    fn has_something(&self) -> bool {
        pal::wait::readable(self.fd(), Duration::ZERO)
    }

    /// `result`; if that is what the reactor says of something that it cannot watch, `call` instead, on a thread of its own. If the
    /// error comes from elsewhere, `call` has it again.
    pub(super) fn or_unwatched<R: Send>(
        &self,
        result: io::Result<R>,
        call: impl FnOnce() -> io::Result<R> + Send,
    ) -> io::Result<R> {
        match result {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => on_own_thread(call),
            result => result,
        }
    }
}

/// The call as std makes it. With a position of its own there is but one buffer.
fn plain_read(mut file: &fs::File, bufs: &mut [IoSliceMut<'_>], at: Option<u64>) -> io::Result<usize> {
    match at {
        None => file.read_vectored(bufs),
        Some(offset) => bufs.first_mut().map_or(Ok(0), |buf| file.read_at(buf, offset)),
    }
}

fn total(bufs: &[IoSliceMut<'_>]) -> usize {
    bufs.iter().fold(0, |sum, buf| sum.saturating_add(buf.len()))
}
