//! Who is at the other end of a Unix socket.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use libc::{gid_t, pid_t, uid_t};

cfg_if::cfg_if! {
    if #[cfg(any(target_os = "linux", target_os = "android"))] {
        /// The user, the group and the process that the peer was when it connected, or made the pair.
        pub(crate) fn of_peer(fd: BorrowedFd<'_>) -> io::Result<(uid_t, gid_t, Option<pid_t>)> {
            let mut peer = libc::ucred { pid: 0, uid: 0, gid: 0 };
            let mut len = size_of_val(&peer) as libc::socklen_t;
            // SAFETY: `len` says how long `peer` is; both are alive for the whole call. Any bytes are a `ucred`.
            let result = unsafe {
                let value = (&raw mut peer).cast();
                libc::getsockopt(fd.as_raw_fd(), libc::SOL_SOCKET, libc::SO_PEERCRED, value, &mut len)
            };
            if result == -1 { Err(io::Error::last_os_error()) } else { Ok((peer.uid, peer.gid, Some(peer.pid))) }
        }
    } else {
        /// The user and the group that the peer was when it connected, or made the pair; and the process, where it is known.
        pub(crate) fn of_peer(fd: BorrowedFd<'_>) -> io::Result<(uid_t, gid_t, Option<pid_t>)> {
            let (mut uid, mut gid) = (0, 0);
            // SAFETY: both are alive for the whole call.
            match unsafe { libc::getpeereid(fd.as_raw_fd(), &mut uid, &mut gid) } {
                -1 => Err(io::Error::last_os_error()),
                _ => Ok((uid, gid, process(fd)?)),
            }
        }

        #[cfg(not(target_vendor = "apple"))]
        fn process(_: BorrowedFd<'_>) -> io::Result<Option<pid_t>> {
            Ok(None)
        }

        #[cfg(target_vendor = "apple")]
        fn process(fd: BorrowedFd<'_>) -> io::Result<Option<pid_t>> {
            let mut pid: pid_t = 0;
            let mut len = size_of_val(&pid) as libc::socklen_t;
            // SAFETY: `len` says how long `pid` is; both are alive for the whole call.
            let result = unsafe {
                let value = (&raw mut pid).cast();
                libc::getsockopt(fd.as_raw_fd(), libc::SOL_LOCAL, libc::LOCAL_PEERPID, value, &mut len)
            };
            if result == -1 { Err(io::Error::last_os_error()) } else { Ok(Some(pid)) }
        }
    }
}
