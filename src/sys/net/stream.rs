//! Sending and receiving on a connected stream.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use crate::pal::socket::{self, DONT_WAIT, PEEK};
use crate::sched::current_coroutine;

use super::Socket;
use crate::sys::descriptor::operation::{READ, WRITE};

/// A stream of std's.
pub(crate) trait Stream: AsFd {
    /// Receives without waiting. Says besides whether a short receive means that there was no more.
    fn receive(fd: BorrowedFd<'_>, buf: &mut [u8]) -> io::Result<(usize, bool)>;

    /// As [`receive`](Self::receive), into several buffers.
    fn receive_vectored(fd: BorrowedFd<'_>, bufs: &mut [IoSliceMut<'_>]) -> io::Result<(usize, bool)>;
}

impl Stream for TcpStream {
    #[inline]
    fn receive(fd: BorrowedFd<'_>, buf: &mut [u8]) -> io::Result<(usize, bool)> {
        Ok((socket::recv(fd, buf, DONT_WAIT)?, true))
    }

    fn receive_vectored(fd: BorrowedFd<'_>, bufs: &mut [IoSliceMut<'_>]) -> io::Result<(usize, bool)> {
        Ok((socket::recv_vectored(fd, bufs, DONT_WAIT)?, true))
    }
}

impl Stream for UnixStream {
    #[inline]
    fn receive(fd: BorrowedFd<'_>, buf: &mut [u8]) -> io::Result<(usize, bool)> {
        socket::recv_plain(fd, &mut [IoSliceMut::new(buf)], DONT_WAIT)
    }

    fn receive_vectored(fd: BorrowedFd<'_>, bufs: &mut [IoSliceMut<'_>]) -> io::Result<(usize, bool)> {
        socket::recv_plain(fd, bufs, DONT_WAIT)
    }
}

impl<T: Stream> Socket<T>
where
    for<'a> &'a T: Read + Write,
{
    #[inline]
    pub(crate) fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
        if current_coroutine().is_none() {
            return self.io().read(buf);
        }
        let len = buf.len();
        let received = self.operate(READ, || T::receive(self.fd(), buf), |&(n, tells)| tells && 0 < n && n < len);
        received.map(|(n, _)| n)
    }

    pub(crate) fn read_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        let len = bufs.iter().fold(0_usize, |sum, buf| sum.saturating_add(buf.len()));
        // `readv` of nothing waits for nothing.
        if current_coroutine().is_none() || len == 0 {
            return self.io().read_vectored(bufs);
        }
        let drained = |&(n, tells): &(usize, bool)| tells && 0 < n && n < len;
        self.operate(READ, || T::receive_vectored(self.fd(), bufs), drained).map(|(n, _)| n)
    }

    pub(crate) fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        if current_coroutine().is_none() {
            return socket::recv(self.fd(), buf, PEEK);
        }
        self.operate(READ, || socket::recv(self.fd(), buf, PEEK | DONT_WAIT), |_| false)
    }

    /// As with std, all of `buf` is sent before this returns, unless there is an error or the time is up.
    #[inline]
    pub(crate) fn write(&self, buf: &[u8]) -> io::Result<usize> {
        if current_coroutine().is_none() {
            return self.io().write(buf);
        }
        self.write_whole(WRITE, buf, |rest| socket::send(self.fd(), rest, DONT_WAIT))
    }

    pub(crate) fn write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        if current_coroutine().is_none() {
            return self.io().write_vectored(bufs);
        }
        self.operate(WRITE, || socket::send_vectored(self.fd(), bufs, DONT_WAIT), |_| false)
    }
}
