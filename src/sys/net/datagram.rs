//! Sending and receiving datagrams.
//!
//! A datagram shorter than the buffer says nothing about what comes after it: only "would block" clears the bit.

use std::io;
use std::net::{SocketAddr, UdpSocket};

use crate::pal::socket::{self, DONT_WAIT, PEEK};
use crate::sched::current_coroutine;

use super::operation::{READ, WRITE};
use super::socket::Socket;

impl Socket<UdpSocket> {
    pub(crate) fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        if current_coroutine().is_none() {
            return self.io().recv(buf);
        }
        self.operate(READ, || socket::recv(self.fd(), buf, DONT_WAIT), |_| false)
    }

    pub(crate) fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        if current_coroutine().is_none() {
            return self.io().peek(buf);
        }
        self.operate(READ, || socket::recv(self.fd(), buf, PEEK | DONT_WAIT), |_| false)
    }

    pub(crate) fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        if current_coroutine().is_none() {
            return self.io().recv_from(buf);
        }
        self.operate(READ, || socket::recv_from(self.fd(), buf, DONT_WAIT), |_| false)
    }

    pub(crate) fn peek_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        if current_coroutine().is_none() {
            return self.io().peek_from(buf);
        }
        self.operate(READ, || socket::recv_from(self.fd(), buf, PEEK | DONT_WAIT), |_| false)
    }

    pub(crate) fn send(&self, buf: &[u8]) -> io::Result<usize> {
        if current_coroutine().is_none() {
            return self.io().send(buf);
        }
        self.operate(WRITE, || socket::send(self.fd(), buf, DONT_WAIT), |_| false)
    }

    pub(crate) fn send_to(&self, buf: &[u8], to: &SocketAddr) -> io::Result<usize> {
        if current_coroutine().is_none() {
            return self.io().send_to(buf, to);
        }
        self.operate(WRITE, || socket::send_to(self.fd(), buf, to, DONT_WAIT), |_| false)
    }
}
