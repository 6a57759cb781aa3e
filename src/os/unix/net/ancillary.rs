use std::io;
use std::os::fd::RawFd;

use crate::pal::ancillary::{self as pal, CREDENTIALS, Credentials, RIGHTS, Received};

use super::SocketCred;

/// What goes with a message beside its bytes, in a buffer of the user's: as std's, which is unstable.
///
/// The buffer may lie at any address. A message needs a header's space besides that of what is in it; what a receiver has no
/// space for is lost, and [`truncated`](Self::truncated) says so.
///
/// Whoever receives descriptors has to close them: they come as numbers, whose close-on-exec flag is set.
///
/// # Examples
///
/// ```
/// use costd::io::{IoSlice, IoSliceMut, Read, Write};
/// use costd::os::fd::{AsRawFd, FromRawFd};
/// use costd::os::unix::net::{AncillaryData, SocketAncillary, UnixStream};
/// use costd::thread;
///
/// # fn main() -> costd::io::Result<()> {
/// let (ours, theirs) = UnixStream::pair()?;
/// let receiver = thread::spawn(move || {
///     let (mut bytes, mut buffer) = ([0; 8], [0; 64]);
///     let mut ancillary = SocketAncillary::new(&mut buffer);
///     theirs.recv_vectored_with_ancillary(&mut [IoSliceMut::new(&mut bytes)], &mut ancillary)?;
///     for message in ancillary.messages() {
///         let Ok(AncillaryData::ScmRights(descriptors)) = message else { continue };
///         for fd in descriptors {
///             // SAFETY: it came to us, and we take it once.
///             unsafe { UnixStream::from_raw_fd(fd) }.write_all(b"hello")?;
///         }
///     }
///     costd::io::Result::Ok(())
/// });
///
/// let (mut near, far) = UnixStream::pair()?;
/// let mut buffer = [0; 64];
/// let mut ancillary = SocketAncillary::new(&mut buffer);
/// assert!(ancillary.add_fds(&[far.as_raw_fd()]));
/// ours.send_vectored_with_ancillary(&[IoSlice::new(b"a stream")], &mut ancillary)?;
/// drop(far);
/// let mut answer = String::new();
/// near.read_to_string(&mut answer)?;
/// assert_eq!(answer, "hello");
/// receiver.join().unwrap()
/// # }
/// ```
#[derive(Debug)]
pub struct SocketAncillary<'a> {
    buffer: &'a mut [u8],
    length: usize,
    truncated: bool,
}

impl<'a> SocketAncillary<'a> {
    /// No data yet, and as much space as `buffer` has.
    pub fn new(buffer: &'a mut [u8]) -> Self {
        SocketAncillary { buffer, length: 0, truncated: false }
    }

    /// The length of the buffer.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.buffer.len()
    }

    /// Is there no data?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// How many bytes of the buffer are in use.
    #[must_use]
    pub fn len(&self) -> usize {
        self.length
    }

    /// One control message after the other.
    pub fn messages(&self) -> Messages<'_> {
        Messages(pal::Messages(&self.buffer[..self.length]))
    }

    /// Has the last receive lost some of the data, for want of space in the buffer?
    #[must_use]
    pub fn truncated(&self) -> bool {
        self.truncated
    }

    /// Adds a control message with descriptors. `false`: there is no space for it, and nothing was added.
    ///
    /// They have to be open when they are sent; the receiver gets duplicates.
    pub fn add_fds(&mut self, fds: &[RawFd]) -> bool {
        self.add(RIGHTS, pal::bytes_of(fds))
    }

    /// Adds a control message with credentials. `false`: there is no space for it, and nothing was added.
    pub fn add_creds(&mut self, creds: &[SocketCred]) -> bool {
        let creds: Vec<Credentials> = creds.iter().map(|cred| cred.0).collect();
        self.add(CREDENTIALS, pal::bytes_of(&creds))
    }

    /// Forgets all data. It closes no descriptors.
    pub fn clear(&mut self) {
        self.length = 0;
        self.truncated = false;
    }

    fn add(&mut self, kind: pal::Kind, data: &[u8]) -> bool {
        self.truncated = false;
        match pal::append(self.buffer, self.length, kind, data) {
            Some(length) => self.length = length,
            None => return false,
        }
        true
    }

    /// Puts in the place of the data what `call` receives into the buffer; if it fails, the data stays.
    pub(super) fn receive<R>(
        &mut self,
        call: impl FnOnce(&mut [u8]) -> io::Result<(Received, R)>,
    ) -> io::Result<(Received, R)> {
        let (received, value) = call(self.buffer)?;
        self.length = received.control;
        self.truncated = received.control_truncated;
        Ok((received, value))
    }

    /// The data, for sending.
    pub(super) fn sending(&mut self) -> &[u8] {
        self.truncated = false;
        &self.buffer[..self.length]
    }
}

/// The control messages of a [`SocketAncillary`]: as std's, which is unstable. Made by [`SocketAncillary::messages`].
#[must_use = "iterators are lazy and do nothing unless consumed"]
pub struct Messages<'a>(pal::Messages<'a>);

impl<'a> Iterator for Messages<'a> {
    type Item = Result<AncillaryData<'a>, AncillaryError>;

    fn next(&mut self) -> Option<Self::Item> {
        let message = self.0.next()?;
        Some(match message.kind {
            RIGHTS => Ok(AncillaryData::ScmRights(ScmRights(message.data))),
            CREDENTIALS => Ok(AncillaryData::ScmCredentials(ScmCredentials(message.data))),
            pal::Kind { level, number } => Err(AncillaryError::Unknown { cmsg_level: level, cmsg_type: number }),
        })
    }
}

/// One control message: as std's, which is unstable.
pub enum AncillaryData<'a> {
    /// Descriptors.
    ScmRights(ScmRights<'a>),
    /// Credentials.
    ScmCredentials(ScmCredentials<'a>),
}

/// A control message that is neither of [`AncillaryData`]'s: as std's, which is unstable.
#[non_exhaustive]
#[derive(Debug)]
pub enum AncillaryError {
    /// Something else.
    Unknown {
        /// Whose message it is, as `SOL_SOCKET`.
        cmsg_level: i32,
        /// Which of those.
        cmsg_type: i32,
    },
}

/// The descriptors in a control message, one after the other: as std's, which is unstable.
pub struct ScmRights<'a>(&'a [u8]);

impl Iterator for ScmRights<'_> {
    type Item = RawFd;

    fn next(&mut self) -> Option<RawFd> {
        pal::take(&mut self.0)
    }
}

/// The credentials in a control message, one after the other: as std's, which is unstable.
pub struct ScmCredentials<'a>(&'a [u8]);

impl Iterator for ScmCredentials<'_> {
    type Item = SocketCred;

    fn next(&mut self) -> Option<SocketCred> {
        pal::take(&mut self.0).map(SocketCred)
    }
}
