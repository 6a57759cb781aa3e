//! What sockets of any Unix have beyond std and socket2.

#[cfg(any(target_os = "linux", target_os = "android"))]
use std::ffi::OsStr;
use std::io::{self, IoSlice, IoSliceMut};
#[cfg(target_os = "android")]
use std::os::android::net::SocketAddrExt;
use std::os::fd::{AsRawFd, BorrowedFd};
#[cfg(target_os = "linux")]
use std::os::linux::net::SocketAddrExt;
#[cfg(any(target_os = "linux", target_os = "android"))]
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net;
use std::path::Path;
#[cfg(target_os = "linux")]
use std::time::Duration;

use socket2::{Domain, SockAddr, SockAddrStorage, SockRef, Socket, Type};

/// Do not block in this very call, whatever the descriptor's mode is.
pub(crate) const DONT_WAIT: i32 = libc::MSG_DONTWAIT;
/// Leave what is received where it is.
pub(crate) const PEEK: i32 = libc::MSG_PEEK;

cfg_if::cfg_if! {
    if #[cfg(target_vendor = "apple")] {
        /// For sending: no SIGPIPE (a socket option says so here).
        pub(crate) const NO_SIGNAL: i32 = 0;
    } else {
        /// For sending: no SIGPIPE.
        pub(crate) const NO_SIGNAL: i32 = libc::MSG_NOSIGNAL;
    }
}

cfg_if::cfg_if! {
    if #[cfg(all(target_os = "linux", target_pointer_width = "64", not(costd_portable)))] {
        /// The system calls themselves. In libc's functions of that name a thread may be cancelled, which nobody does here,
        /// and which costs two atomic read-modify-writes a call.
        // Inlined, for after a system call the processor expects no return to be where it is (`sched::context`).
        mod raw {
            use std::ptr;

            use libc::{
                SYS_recvfrom, SYS_recvmsg, SYS_sendto, c_int, c_long, c_void, msghdr, size_t, sockaddr, socklen_t,
            };

            #[inline(always)]
            pub(super) unsafe fn recv(fd: c_int, buf: *mut c_void, len: size_t, flags: c_int) -> c_long {
                // SAFETY: the caller's promises.
                unsafe { recvfrom(fd, buf, len, flags, ptr::null_mut(), ptr::null_mut()) }
            }

            #[inline(always)]
            pub(super) unsafe fn send(fd: c_int, buf: *const c_void, len: size_t, flags: c_int) -> c_long {
                // SAFETY: as above.
                unsafe { sendto(fd, buf, len, flags, ptr::null(), 0) }
            }

            #[inline(always)]
            pub(super) unsafe fn recvfrom(
                fd: c_int,
                buf: *mut c_void,
                len: size_t,
                flags: c_int,
                address: *mut sockaddr,
                address_len: *mut socklen_t,
            ) -> c_long {
                // SAFETY: the caller lends `len` bytes at `buf`, and room for an address or none.
                unsafe { libc::syscall(SYS_recvfrom, fd, buf, len, flags, address, address_len) }
            }

            #[inline(always)]
            pub(super) unsafe fn sendto(
                fd: c_int,
                buf: *const c_void,
                len: size_t,
                flags: c_int,
                address: *const sockaddr,
                address_len: socklen_t,
            ) -> c_long {
                // SAFETY: the caller lends `len` bytes at `buf`, and an address or none.
                unsafe { libc::syscall(SYS_sendto, fd, buf, len, flags, address, address_len) }
            }

            #[inline(always)]
            pub(super) unsafe fn recvmsg(fd: c_int, message: *mut msghdr, flags: c_int) -> c_long {
                // SAFETY: the caller lends the message, and what it names.
                unsafe { libc::syscall(SYS_recvmsg, fd, message, flags) }
            }
        }
    } else {
        use libc as raw;
    }
}

/// No buffer is longer than what its length is returned in can hold.
const MAX_LEN: usize = isize::MAX as usize;

/// As many buffers does the system take in one call, at least.
const MAX_BUFS: usize =
    if cfg!(any(target_os = "linux", target_os = "android", target_vendor = "apple")) { 1024 } else { 16 };

/// May a short read of a stream socket be taken for "there is no more", and a short write for "there is no more space"?
/// Where readiness comes as edges from the kernel itself.
pub(crate) const SHORT_MEANS_DRAINED: bool = true;

/// `recv`.
#[inline]
pub(crate) fn recv(fd: BorrowedFd<'_>, buf: &mut [u8], flags: i32) -> io::Result<usize> {
    // SAFETY: the buffer is borrowed for the whole call, which writes initialised bytes only.
    let n = unsafe { raw::recv(fd.as_raw_fd(), buf.as_mut_ptr().cast(), buf.len().min(MAX_LEN), flags) };
    usize::try_from(n).map_err(|_| io::Error::last_os_error())
}

/// `recvmsg` into several buffers.
pub(crate) fn recv_vectored(fd: BorrowedFd<'_>, bufs: &mut [IoSliceMut<'_>], flags: i32) -> io::Result<usize> {
    recv_message(fd, bufs, flags).map(|(n, _)| n)
}

fn recv_message(fd: BorrowedFd<'_>, bufs: &mut [IoSliceMut<'_>], flags: i32) -> io::Result<(usize, i32)> {
    // SAFETY: all zero is a message header without anything in it.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    // std promises that an `IoSliceMut` is the system's `iovec`.
    message.msg_iov = bufs.as_mut_ptr().cast();
    message.msg_iovlen = bufs.len().min(MAX_BUFS) as _;
    // SAFETY: the buffers are borrowed for the whole call, which writes initialised bytes only.
    match unsafe { raw::recvmsg(fd.as_raw_fd(), &mut message, flags) } {
        -1 => Err(io::Error::last_os_error()),
        n => Ok((n as usize, message.msg_flags)),
    }
}

/// As [`recv_vectored`], of a Unix stream; says besides whether the system tells that nothing was cut off: it stops
/// short at bytes that came with descriptors or credentials, and nobody takes those here.
pub(crate) fn recv_plain(fd: BorrowedFd<'_>, bufs: &mut [IoSliceMut<'_>], flags: i32) -> io::Result<(usize, bool)> {
    let (n, flags) = recv_message(fd, bufs, flags)?;
    Ok((n, cfg!(any(target_os = "linux", target_os = "android")) && flags & libc::MSG_CTRUNC == 0))
}

/// `recvfrom`.
pub(crate) fn recv_from(fd: BorrowedFd<'_>, buf: &mut [u8], flags: i32) -> io::Result<(usize, SockAddr)> {
    let (fd, buf, len) = (fd.as_raw_fd(), buf.as_mut_ptr().cast(), buf.len().min(MAX_LEN));
    let receive = |address: *mut SockAddrStorage, address_len| {
        // SAFETY: the buffer is borrowed for the whole call, and so is the room for the address.
        let n = unsafe { raw::recvfrom(fd, buf, len, flags, address.cast(), address_len) };
        usize::try_from(n).map_err(|_| io::Error::last_os_error())
    };
    // SAFETY: where the call succeeds, it has written the address and its length.
    unsafe { SockAddr::try_init(receive) }
}

/// `send`.
#[inline]
pub(crate) fn send(fd: BorrowedFd<'_>, buf: &[u8], flags: i32) -> io::Result<usize> {
    // SAFETY: the buffer is borrowed for the whole call.
    let n = unsafe { raw::send(fd.as_raw_fd(), buf.as_ptr().cast(), buf.len().min(MAX_LEN), flags | NO_SIGNAL) };
    usize::try_from(n).map_err(|_| io::Error::last_os_error())
}

/// `sendmsg` from several buffers.
pub(crate) fn send_vectored(fd: BorrowedFd<'_>, bufs: &[IoSlice<'_>], flags: i32) -> io::Result<usize> {
    SockRef::from(&fd).send_vectored_with_flags(&bufs[..bufs.len().min(MAX_BUFS)], flags | NO_SIGNAL)
}

/// `sendto`.
pub(crate) fn send_to(fd: BorrowedFd<'_>, buf: &[u8], to: &SockAddr, flags: i32) -> io::Result<usize> {
    let (buf, len) = (buf.as_ptr().cast(), buf.len().min(MAX_LEN));
    // SAFETY: the buffer and the address are borrowed for the whole call.
    let n = unsafe { raw::sendto(fd.as_raw_fd(), buf, len, flags | NO_SIGNAL, to.as_ptr().cast(), to.len()) };
    usize::try_from(n).map_err(|_| io::Error::last_os_error())
}

/// The descriptor's own mode.
pub(crate) fn is_nonblocking(fd: BorrowedFd<'_>) -> io::Result<bool> {
    SockRef::from(&fd).nonblocking()
}

/// Sets the descriptor's own mode, in one system call.
pub(crate) fn set_nonblocking(fd: BorrowedFd<'_>, nonblocking: bool) -> io::Result<()> {
    let mut value = libc::c_int::from(nonblocking);
    // SAFETY: FIONBIO reads one int, alive for the whole call.
    match unsafe { libc::ioctl(fd.as_raw_fd(), libc::FIONBIO, &mut value) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// A stream socket, as std makes them but in non-blocking mode.
pub(crate) fn nonblocking_stream(domain: Domain) -> io::Result<Socket> {
    cfg_if::cfg_if! {
        if #[cfg(all(any(target_os = "linux", target_os = "android", target_os = "freebsd"), not(costd_portable)))] {
            Socket::new(domain, Type::STREAM.nonblocking(), None)
        } else {
            let socket = Socket::new(domain, Type::STREAM, None)?;
            socket.set_nonblocking(true)?;
            Ok(socket)
        }
    }
}

/// Is this what a non-blocking `connect` returns that goes on by itself?
pub(crate) fn is_in_progress(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EINPROGRESS | libc::EINTR))
}

/// Does an accepted connection take over the listener's mode? Not on Linux.
pub(crate) const ACCEPT_INHERITS_MODE: bool = cfg!(not(any(target_os = "linux", target_os = "android")));

/// What a call says that would have to block.
pub(crate) fn would_block() -> io::Error {
    io::Error::from_raw_os_error(libc::EAGAIN)
}

/// An address of a Unix socket in std's form.
pub(crate) fn unix_addr(addr: &SockAddr) -> io::Result<net::SocketAddr> {
    if let Some(path) = addr.as_pathname() {
        return net::SocketAddr::from_pathname(path);
    }
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Some(name) = addr.as_abstract_namespace() {
        return net::SocketAddr::from_abstract_name(name);
    }
    // No name at all, which std writes so.
    net::SocketAddr::from_pathname("")
}

/// The opposite.
pub(crate) fn from_unix_addr(addr: &net::SocketAddr) -> io::Result<SockAddr> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Some(name) = addr.as_abstract_name() {
        let path = [b"\0", name].concat();
        return SockAddr::unix(OsStr::from_bytes(&path));
    }
    SockAddr::unix(addr.as_pathname().unwrap_or(Path::new("")))
}

/// Marks what is sent, for the system's rules: `SO_MARK`, `SO_USER_COOKIE` or `SO_RTABLE`.
#[cfg(any(target_os = "linux", target_os = "freebsd", target_os = "openbsd"))]
pub(crate) fn set_mark(fd: BorrowedFd<'_>, mark: u32) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    const OPTION: libc::c_int = libc::SO_MARK;
    #[cfg(target_os = "freebsd")]
    const OPTION: libc::c_int = libc::SO_USER_COOKIE;
    #[cfg(target_os = "openbsd")]
    const OPTION: libc::c_int = libc::SO_RTABLE;
    let len = size_of_val(&mark) as libc::socklen_t;
    // SAFETY: the option is an int, and `len` says how long `mark` is, which is alive for the whole call.
    let result = unsafe { libc::setsockopt(fd.as_raw_fd(), libc::SOL_SOCKET, OPTION, (&raw const mark).cast(), len) };
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// `TCP_DEFER_ACCEPT`, in whole seconds.
#[cfg(target_os = "linux")]
pub(crate) fn defer_accept(fd: BorrowedFd<'_>) -> io::Result<Duration> {
    let mut seconds: libc::c_int = 0;
    let mut len = size_of_val(&seconds) as libc::socklen_t;
    // SAFETY: the option is an int, and `len` says how long one is; both are alive for the whole call.
    let result = unsafe {
        let value = (&raw mut seconds).cast();
        libc::getsockopt(fd.as_raw_fd(), libc::IPPROTO_TCP, libc::TCP_DEFER_ACCEPT, value, &mut len)
    };
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(Duration::from_secs(seconds as u64)) }
}

/// Sets `TCP_DEFER_ACCEPT`, in whole seconds.
#[cfg(target_os = "linux")]
pub(crate) fn set_defer_accept(fd: BorrowedFd<'_>, accept: Duration) -> io::Result<()> {
    let seconds = libc::c_int::try_from(accept.as_secs()).unwrap_or(libc::c_int::MAX);
    let len = size_of_val(&seconds) as libc::socklen_t;
    // SAFETY: as above.
    let result = unsafe {
        let value = (&raw const seconds).cast();
        libc::setsockopt(fd.as_raw_fd(), libc::IPPROTO_TCP, libc::TCP_DEFER_ACCEPT, value, len)
    };
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
