//! Sending and receiving with ancillary data, on Unix sockets.
//!
//! A receive stops behind bytes that came with descriptors, or where the sender is another, though there may be more. So a
//! short one says nothing about what comes after it.

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::AsFd;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixStream};

use crate::pal::ancillary::{self, Received};
use crate::pal::socket::{self, DONT_WAIT};
use crate::sched::current_coroutine;
use crate::sched::readiness::Direction;

use super::Socket;
use crate::sys::descriptor::operation::{READ, WRITE};

impl<T: AsFd> Socket<T> {
    pub(crate) fn receive_with_control(&self, bufs: &mut [IoSliceMut<'_>], control: &mut [u8]) -> io::Result<Received> {
        let mut call = |flags| ancillary::receive(self.fd(), bufs, control, flags);
        match current_coroutine() {
            Some(_) => self.operate(READ, || call(DONT_WAIT), |_| false),
            None => call(0),
        }
    }
}

impl Socket<UnixDatagram> {
    pub(crate) fn receive_with_control_from(
        &self,
        bufs: &mut [IoSliceMut<'_>],
        control: &mut [u8],
    ) -> io::Result<(Received, io::Result<SocketAddr>)> {
        let mut call = |flags| ancillary::receive_from(self.fd(), bufs, control, flags);
        let (received, from) = match current_coroutine() {
            Some(_) => self.operate(READ, || call(DONT_WAIT), |_| false)?,
            None => call(0)?,
        };
        Ok((received, socket::unix_addr(&from)))
    }

    pub(crate) fn send_with_control(&self, bufs: &[IoSlice<'_>], control: &[u8]) -> io::Result<usize> {
        let call = |flags| ancillary::send(self.fd(), None, bufs, control, flags);
        match current_coroutine() {
            Some(_) => self.operate(WRITE, || call(DONT_WAIT), |_| false),
            None => call(0),
        }
    }

    pub(crate) fn send_with_control_to(
        &self,
        bufs: &[IoSlice<'_>],
        control: &[u8],
        to: &SocketAddr,
    ) -> io::Result<usize> {
        let to = socket::from_unix_addr(to)?;
        let call = |flags| ancillary::send(self.fd(), Some(&to), bufs, control, flags);
        match current_coroutine() {
            // Nobody tells when a receiver that this one is not connected to has space again.
            Some(_) => self.operate_untold(WRITE, || call(DONT_WAIT)),
            None => call(0),
        }
    }
}

impl Socket<UnixStream> {
    /// As with the blocking call, all of `bufs` is sent before this returns, unless there is an error or the time is up.
    pub(crate) fn send_with_control(&self, bufs: &[IoSlice<'_>], control: &[u8]) -> io::Result<usize> {
        if current_coroutine().is_none() {
            return ancillary::send(self.fd(), None, bufs, control, 0);
        }
        let len = bufs.iter().fold(0_usize, |sum, buf| sum.saturating_add(buf.len()));
        let mut sent = 0;
        // What the system has not taken at once. Descriptors go with the first bytes, credentials with all.
        let mut rest = Vec::new();
        let mut rest_control = Vec::new();
        let result = self.operate(
            WRITE,
            || {
                let taken = if sent == 0 {
                    ancillary::send(self.fd(), None, bufs, control, DONT_WAIT)?
                } else if self.is_at_end(Direction::Write) {
                    // The error belongs to the next call.
                    return Ok(sent);
                } else {
                    ancillary::send(self.fd(), None, &rest, &rest_control, DONT_WAIT)?
                };
                if sent == 0 && taken < len {
                    rest = bufs.to_vec();
                    rest_control = ancillary::without_rights(control);
                }
                sent += taken;
                if sent == len {
                    return Ok(sent);
                }
                advance(&mut rest, taken);
                Err(socket::would_block())
            },
            |_| false,
        );
        if sent > 0 { Ok(sent) } else { result }
    }
}

/// Takes `n` bytes off the front.
fn advance(bufs: &mut Vec<IoSlice<'_>>, n: usize) {
    let mut rest = &mut bufs[..];
    IoSlice::advance_slices(&mut rest, n);
    let rest = rest.len();
    bufs.drain(..bufs.len() - rest);
}
