//! What the tests of ancillary data share.
#![allow(dead_code, reason = "not every test binary uses all of it")]

use std::io::{ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream as Real;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use costd::os::unix::net::{AncillaryData, SocketAncillary, SocketCred, UnixStream};

/// The other end of a descriptor that goes on a journey: it knows whether any duplicate of that one is still open.
pub struct Witness(pub Real);

impl Witness {
    pub fn new() -> (Witness, OwnedFd) {
        let (near, far) = Real::pair().unwrap();
        (Witness(near), far.into())
    }

    pub fn many(n: usize) -> (Vec<Witness>, Vec<OwnedFd>) {
        (0..n).map(|_| Witness::new()).unzip()
    }

    pub fn is_closed(&mut self) -> bool {
        self.0.set_nonblocking(true).unwrap();
        match self.0.read(&mut [0]) {
            Ok(n) => n == 0,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                false
            }
        }
    }
}

/// Asserts that `far` is what belongs to `near`, whatever its number is.
pub fn assert_same(near: &mut Witness, far: OwnedFd) -> OwnedFd {
    let mut far = Real::from(far);
    far.write_all(b"x").unwrap();
    near.0.set_nonblocking(false).unwrap();
    assert_eq!(near.0.read(&mut [0; 10]).unwrap(), 1);
    far.into()
}

pub fn raw(fds: &[OwnedFd]) -> Vec<RawFd> {
    fds.iter().map(AsRawFd::as_raw_fd).collect()
}

/// Sends the bytes and the descriptors, and closes these.
pub fn send(stream: &UnixStream, bytes: &[u8], fds: Vec<OwnedFd>) {
    let mut buffer = [0; 1024];
    let mut ancillary = SocketAncillary::new(&mut buffer);
    assert!(ancillary.add_fds(&raw(&fds)));
    assert_eq!(stream.send_vectored_with_ancillary(&[IoSlice::new(bytes)], &mut ancillary).unwrap(), bytes.len());
}

/// Everything in it.
pub fn contents(ancillary: &SocketAncillary<'_>) -> (Vec<OwnedFd>, Vec<SocketCred>) {
    let (mut fds, mut creds) = (Vec::new(), Vec::new());
    for message in ancillary.messages() {
        match message.unwrap() {
            // SAFETY: they have come to this process, and are taken once.
            AncillaryData::ScmRights(rights) => fds.extend(rights.map(|fd| unsafe { OwnedFd::from_raw_fd(fd) })),
            AncillaryData::ScmCredentials(credentials) => creds.extend(credentials),
        }
    }
    (fds, creds)
}

/// Receives at most `len` bytes, with their descriptors.
pub fn receive(stream: &UnixStream, len: usize) -> (Vec<u8>, Vec<OwnedFd>) {
    let (mut bytes, mut buffer) = (vec![0; len], [0; 1024]);
    let mut ancillary = SocketAncillary::new(&mut buffer);
    let n = stream.recv_vectored_with_ancillary(&mut [IoSliceMut::new(&mut bytes)], &mut ancillary).unwrap();
    assert!(!ancillary.truncated());
    bytes.truncate(n);
    (bytes, contents(&ancillary).0)
}

/// A path that nobody else uses, removed at the end.
pub struct Name(pub PathBuf);

impl Name {
    pub fn new() -> Name {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        Name(std::env::temp_dir().join(format!("costd-ancillary-{}-{n}", std::process::id())))
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
