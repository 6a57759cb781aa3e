//! Ancillary data of Unix sockets: what goes beside the bytes of a message, as a row of *control messages*.
//!
//! A control message is a header (how long header and data are together; what the data is), the data, and padding up to
//! where the next header may stand:
//!
//! ```text
//! | header | data | padding | header | data | padding |
//! |<-- cmsg_len ->|                          may lack where the buffer ends
//! ```
//!
//! C's macros walk there by pointers, for which the buffer has to be aligned like a header. The user's may lie anywhere and
//! end anywhere. So here it is bytes, which are copied out and in, and no length is believed that leads out of the buffer.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd};

use socket2::{MsgHdr, SockAddr, SockAddrStorage, SockRef};

use super::socket::NO_SIGNAL;

/// What a control message is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) level: i32,
    pub(crate) number: i32,
}

/// Descriptors, which the receiver gets as its own.
pub(crate) const RIGHTS: Kind = Kind { level: libc::SOL_SOCKET, number: libc::SCM_RIGHTS };
/// Who the sender is: [`Credentials`].
pub(crate) const CREDENTIALS: Kind = Kind { level: libc::SOL_SOCKET, number: libc::SCM_CREDENTIALS };

pub(crate) type Credentials = libc::ucred;

/// The length of a header.
const HEADER: usize = {
    // SAFETY: arithmetic.
    (unsafe { libc::CMSG_LEN(0) }) as usize
};

/// A header stands at a multiple of it.
const STEP: usize = {
    // SAFETY: arithmetic.
    (unsafe { libc::CMSG_SPACE(1) - libc::CMSG_SPACE(0) }) as usize
};

/// What consists of integers without gaps between them: any bytes are a value, and any value is bytes.
///
/// # Safety
/// It does.
pub(crate) unsafe trait Plain: Copy {}

// SAFETY: an integer.
unsafe impl Plain for libc::c_int {}
// SAFETY: three integers of one size.
unsafe impl Plain for Credentials {}
// SAFETY: a length and two integers, and on some systems one more that fills the gap.
unsafe impl Plain for libc::cmsghdr {}

/// Takes one value off the front of `bytes`.
pub(crate) fn take<T: Plain>(bytes: &mut &[u8]) -> Option<T> {
    let (value, rest) = bytes.split_at_checked(size_of::<T>())?;
    *bytes = rest;
    // SAFETY: as many bytes as the type has, of which any are a value.
    Some(unsafe { value.as_ptr().cast::<T>().read_unaligned() })
}

/// The opposite.
pub(crate) fn bytes_of<T: Plain>(values: &[T]) -> &[u8] {
    // SAFETY: the same memory, for as long; no byte of it is a gap.
    unsafe { std::slice::from_raw_parts(values.as_ptr().cast(), size_of_val(values)) }
}

pub(crate) struct Message<'a> {
    pub(crate) kind: Kind,
    pub(crate) data: &'a [u8],
}

/// The control messages in a piece of memory.
pub(crate) struct Messages<'a>(pub(crate) &'a [u8]);

impl<'a> Iterator for Messages<'a> {
    type Item = Message<'a>;

    fn next(&mut self) -> Option<Message<'a>> {
        let all = self.0;
        let header: libc::cmsghdr = take(&mut { all })?;
        let message = all.get(..header.cmsg_len as _)?;
        let data = message.get(HEADER..)?;
        self.0 = all.get(message.len().next_multiple_of(STEP)..).unwrap_or_default();
        Some(Message { kind: Kind { level: header.cmsg_level, number: header.cmsg_type }, data })
    }
}

/// Appends a control message to those in `control[..used]`. Returns how much is used then, or `None` where there is no space.
pub(crate) fn append(control: &mut [u8], used: usize, kind: Kind, data: &[u8]) -> Option<usize> {
    let start = used.checked_next_multiple_of(STEP)?;
    let len = HEADER.checked_add(data.len())?;
    let end = start.checked_add(len)?.checked_next_multiple_of(STEP)?;
    let place = control.get_mut(start..end)?;
    // SAFETY: any bytes are a header.
    let mut header: libc::cmsghdr = unsafe { mem::zeroed() };
    header.cmsg_len = len as _;
    header.cmsg_level = kind.level;
    header.cmsg_type = kind.number;
    place.fill(0);
    place[..size_of_val(&header)].copy_from_slice(bytes_of(&[header]));
    place[HEADER..len].copy_from_slice(data);
    Some(end)
}

/// The same control messages but for descriptors.
pub(crate) fn without_rights(control: &[u8]) -> Vec<u8> {
    let mut others = vec![0; control.len().next_multiple_of(STEP)];
    let mut used = 0;
    for message in Messages(control).filter(|message| message.kind != RIGHTS) {
        used = append(&mut others, used, message.kind, message.data).expect("a part fits where the whole does");
    }
    others.truncate(used);
    others
}

/// What has been received.
pub(crate) struct Received {
    pub(crate) bytes: usize,
    /// The datagram was longer than the buffers.
    pub(crate) truncated: bool,
    /// How much of the control buffer is in use.
    pub(crate) control: usize,
    /// There was more than fits into it.
    pub(crate) control_truncated: bool,
}

/// `recvmsg`. Descriptors come with their close-on-exec flag set.
pub(crate) fn receive(
    fd: BorrowedFd<'_>,
    bufs: &mut [IoSliceMut<'_>],
    control: &mut [u8],
    flags: i32,
) -> io::Result<Received> {
    // SAFETY: all zero is a message header without anything in it.
    let mut header: libc::msghdr = unsafe { mem::zeroed() };
    receive_message(fd, &mut header, bufs, control, flags)
}

/// As [`receive`]; says besides whom it comes from.
pub(crate) fn receive_from(
    fd: BorrowedFd<'_>,
    bufs: &mut [IoSliceMut<'_>],
    control: &mut [u8],
    flags: i32,
) -> io::Result<(Received, SockAddr)> {
    let call = |storage: *mut SockAddrStorage, len: *mut libc::socklen_t| {
        // SAFETY: all zero is a message header without anything in it.
        let mut header: libc::msghdr = unsafe { mem::zeroed() };
        header.msg_name = storage.cast();
        // SAFETY: `try_init` lends both, and the storage is as long as `len` says.
        header.msg_namelen = unsafe { *len };
        let received = receive_message(fd, &mut header, bufs, control, flags)?;
        // SAFETY: as above.
        unsafe { *len = header.msg_namelen };
        Ok(received)
    };
    // SAFETY: the system has written an address, and how long it is.
    unsafe { SockAddr::try_init(call) }
}

/// `header` has no more than a place for the address, alive for the whole call.
fn receive_message(
    fd: BorrowedFd<'_>,
    header: &mut libc::msghdr,
    bufs: &mut [IoSliceMut<'_>],
    control: &mut [u8],
    flags: i32,
) -> io::Result<Received> {
    // std promises that an `IoSliceMut` is the system's `iovec`.
    header.msg_iov = bufs.as_mut_ptr().cast();
    header.msg_iovlen = bufs.len() as _;
    if !control.is_empty() {
        header.msg_control = control.as_mut_ptr().cast();
        header.msg_controllen = control.len() as _;
    }
    // SAFETY: all buffers are borrowed for the whole call, which writes initialised bytes only.
    match unsafe { libc::recvmsg(fd.as_raw_fd(), header, flags | libc::MSG_CMSG_CLOEXEC) } {
        -1 => Err(io::Error::last_os_error()),
        n => Ok(Received {
            bytes: n as usize,
            truncated: header.msg_flags & libc::MSG_TRUNC != 0,
            control: header.msg_controllen as _,
            control_truncated: header.msg_flags & libc::MSG_CTRUNC != 0,
        }),
    }
}

/// `sendmsg`. The system takes the control messages with the first byte that it takes, or not at all.
pub(crate) fn send(
    fd: BorrowedFd<'_>,
    to: Option<&SockAddr>,
    bufs: &[IoSlice<'_>],
    control: &[u8],
    flags: i32,
) -> io::Result<usize> {
    let mut message = MsgHdr::new().with_buffers(bufs);
    if let Some(to) = to {
        message = message.with_addr(to);
    }
    if !control.is_empty() {
        message = message.with_control(control);
    }
    SockRef::from(&fd).sendmsg(&message, flags | NO_SIGNAL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_place_and_any_length() {
        let descriptors = [3, 4, 5];
        let mut memory = [0xee; 200];
        for start in 0..16 {
            for len in 0..100 {
                memory.fill(0xee);
                let control = &mut memory[start..start + len];
                let Some(used) = append(control, 0, RIGHTS, bytes_of(&descriptors)) else {
                    assert!(len < 32);
                    continue;
                };
                let Some(used) = append(control, used, Kind { level: 7, number: 8 }, b"x") else {
                    assert!(len < 56);
                    continue;
                };
                assert!(len >= 56 && used == 56);
                let messages: Vec<_> = Messages(&control[..used]).collect();
                assert_eq!(messages.len(), 2);
                assert!(messages[0].kind == RIGHTS && messages[1].kind == Kind { level: 7, number: 8 });
                let mut data = messages[0].data;
                assert_eq!(std::array::from_fn(|_| take::<i32>(&mut data).unwrap()), descriptors);
                assert!(data.is_empty() && messages[1].data == b"x");
                let others = without_rights(&control[..used]);
                let others: Vec<_> = Messages(&others).map(|message| message.data).collect();
                assert_eq!(others, [b"x"]);
                assert!(memory[..start].iter().chain(&memory[start + len..]).all(|&byte| byte == 0xee));
            }
        }
    }

    #[test]
    fn the_last_padding_may_lack() {
        let mut control = [0; 64];
        let used = append(&mut control, 0, CREDENTIALS, b"abcdefghijkl").unwrap();
        append(&mut control, used, RIGHTS, b"1234").unwrap();
        let end = used + HEADER + 4;
        let data: Vec<_> = Messages(&control[..end]).map(|message| message.data).collect();
        assert_eq!(data, [&b"abcdefghijkl"[..], b"1234"]);
        // What is cut off within its data is no message.
        assert_eq!(Messages(&control[..end - 1]).count(), 1);
        // The next one goes behind the padding.
        let mut tight = control[..end].to_vec();
        assert_eq!(append(&mut tight, end, RIGHTS, b""), None);
    }

    #[test]
    fn a_length_that_cannot_be() {
        for len in [0, 1, HEADER - 1, 41, usize::MAX - 7, usize::MAX] {
            let mut control = [0; 40];
            append(&mut control, 0, RIGHTS, b"1234").unwrap();
            control[..size_of::<usize>()].copy_from_slice(&len.to_ne_bytes());
            assert_eq!(Messages(&control).count(), 0);
        }
    }
}
