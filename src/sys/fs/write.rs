//! Writing.
//!
//! To a disk, writing is copying into the page cache, so a little is written here; there is no call that tells beforehand
//! whether it is going to wait (for memory, because the disk does not keep up). So one finds out afterwards, and is
//! careful with that file for a while (`cursor`). The rest is as in `read`.

use std::fs;
use std::io::{self, IoSlice, Write};
use std::os::unix::fs::FileExt;

use crate::sched::current_coroutine;
use crate::sys::descriptor::operation::{Operation, WRITE, WRITE_PIPE};
use crate::sys::io::stream;

use super::file::File;
use super::kind::Kind;
use super::{MOST_WRITTEN_HERE, WRITTEN_IN_AN_OPERATION, on_own_thread, spent};

impl File {
    /// As std's.
    #[inline]
    pub(crate) fn write(&self, buf: &[u8]) -> io::Result<usize> {
        if current_coroutine().is_none() || buf.is_empty() {
            return self.io().write(buf);
        }
        match self.kind() {
            Kind::Socket => self.write_stream(WRITE, buf),
            Kind::Stream => self.write_stream(WRITE_PIPE, buf),
            kind => self.write_in_turn(kind, &[IoSlice::new(buf)]),
        }
    }

    /// As std's.
    pub(crate) fn write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        if current_coroutine().is_none() || total(bufs) == 0 {
            return self.io().write_vectored(bufs);
        }
        match self.kind() {
            Kind::Socket => self.write_stream_vectored(WRITE, bufs),
            Kind::Stream => self.write_stream_vectored(WRITE_PIPE, bufs),
            kind => self.write_in_turn(kind, bufs),
        }
    }

    /// As std's.
    pub(crate) fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<usize> {
        if current_coroutine().is_none() || buf.is_empty() {
            return self.io().write_at(buf, offset);
        }
        match self.kind() {
            Kind::Stream | Kind::Socket => on_own_thread(|| self.io().write_at(buf, offset)),
            kind => self.write_regular(kind, buf.len(), |file| file.write_at(buf, offset)),
        }
    }

    fn write_in_turn(&self, kind: Kind, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        let _turn = self.cursor().turn();
        self.write_regular(kind, total(bufs), |mut file| file.write_vectored(bufs))
    }

    fn write_regular(
        &self,
        kind: Kind,
        len: usize,
        write: impl FnOnce(&fs::File) -> io::Result<usize> + Send,
    ) -> io::Result<usize> {
        let cursor = self.cursor();
        let little = len <= MOST_WRITTEN_HERE;
        let result = match kind {
            Kind::Disk if little && cursor.is_fluent() => cursor.watch(|| write(self.io())),
            Kind::Memory if little => write(self.io()),
            _ => return kind.elsewhere(|| write(self.io())),
        };
        spent(1 + result.as_ref().unwrap_or(&0) / WRITTEN_IN_AN_OPERATION);
        result
    }

    /// As with std, all of `buf` is written before this returns, unless there is an error.
    fn write_stream(&self, operation: Operation, buf: &[u8]) -> io::Result<usize> {
        let mut io = self.io();
        let result = self.descriptor().write_whole(operation, buf, |rest| {
            stream::write(self.fd(), &[IoSlice::new(rest)], |bufs| io.write_vectored(bufs))
        });
        self.or_unwatched(result, || io.write(buf))
    }

    fn write_stream_vectored(&self, operation: Operation, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut io = self.io();
        let write = || stream::write(self.fd(), bufs, |bufs| io.write_vectored(bufs));
        let result = self.descriptor().operate(operation, write, |_| false);
        self.or_unwatched(result, || io.write_vectored(bufs))
    }
}

fn total(bufs: &[IoSlice<'_>]) -> usize {
    bufs.iter().fold(0, |sum, buf| sum.saturating_add(buf.len()))
}
