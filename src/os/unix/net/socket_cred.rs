use crate::pal::ancillary::Credentials;

/// Credentials in ancillary data: a process, a user, a group. As std's, which is unstable.
///
/// The system lets a process send its own, and a privileged one any.
///
/// # Examples
///
/// ```
/// use costd::os::unix::net::SocketCred;
///
/// let mut cred = SocketCred::new();
/// cred.set_pid(1);
/// assert_eq!((cred.get_pid(), cred.get_uid(), cred.get_gid()), (1, 0, 0));
/// ```
#[derive(Clone)]
pub struct SocketCred(pub(super) Credentials);

impl SocketCred {
    /// All three are 0.
    #[expect(clippy::new_without_default, reason = "as std's")]
    #[must_use]
    pub fn new() -> SocketCred {
        SocketCred(Credentials { pid: 0, uid: 0, gid: 0 })
    }

    /// Sets the process.
    pub fn set_pid(&mut self, pid: libc::pid_t) {
        self.0.pid = pid;
    }

    /// The process.
    #[must_use]
    pub fn get_pid(&self) -> libc::pid_t {
        self.0.pid
    }

    /// Sets the user.
    pub fn set_uid(&mut self, uid: libc::uid_t) {
        self.0.uid = uid;
    }

    /// The user.
    #[must_use]
    pub fn get_uid(&self) -> libc::uid_t {
        self.0.uid
    }

    /// Sets the group.
    pub fn set_gid(&mut self, gid: libc::gid_t) {
        self.0.gid = gid;
    }

    /// The group.
    #[must_use]
    pub fn get_gid(&self) -> libc::gid_t {
        self.0.gid
    }
}
