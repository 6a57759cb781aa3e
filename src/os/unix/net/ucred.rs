/// Who is at the other end of a Unix socket: as std's, which is unstable. Made by
/// [`UnixStream::peer_cred`](super::UnixStream::peer_cred).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct UCred {
    /// The effective user.
    pub uid: libc::uid_t,
    /// The effective group.
    pub gid: libc::gid_t,
    /// The process, where the system tells it.
    pub pid: Option<libc::pid_t>,
}
