use std::fmt;
use std::io;

use crate::sys::descriptor::Descriptor;

/// Creates an anonymous pipe. As [`std::io::pipe`].
///
/// # Errors
/// The system's, as that there are no more descriptors.
///
/// # Examples
///
/// ```
/// use costd::io::{Read, Write, pipe};
///
/// let (mut reader, mut writer) = pipe()?;
/// writer.write_all(b"pong")?;
/// drop(writer);
/// let mut text = String::new();
/// reader.read_to_string(&mut text)?;
/// assert_eq!(text, "pong");
/// # Ok::<(), costd::io::Error>(())
/// ```
#[inline]
pub fn pipe() -> io::Result<(PipeReader, PipeWriter)> {
    let (reader, writer) = io::pipe()?;
    Ok((PipeReader(Descriptor::new(reader)), PipeWriter(Descriptor::new(writer))))
}

/// The end of an anonymous pipe that is read from: as [`std::io::PipeReader`].
///
/// A coroutine that reads what has not come is parked. It converts to std's type and
/// [`OwnedFd`](std::os::fd::OwnedFd), and back.
pub struct PipeReader(pub(crate) Descriptor<io::PipeReader>);

/// The end of an anonymous pipe that is written to: as [`std::io::PipeWriter`].
///
/// A coroutine that writes more than fits is parked. It converts to std's type and [`OwnedFd`](std::os::fd::OwnedFd), and
/// back.
pub struct PipeWriter(pub(crate) Descriptor<io::PipeWriter>);

impl PipeReader {
    pub(crate) fn descriptor(&self) -> &Descriptor<io::PipeReader> {
        &self.0
    }

    /// Another handle of the same end. As std's.
    ///
    /// # Errors
    /// The system's, as that there are no more descriptors.
    pub fn try_clone(&self) -> io::Result<PipeReader> {
        self.0.duplicate(io::PipeReader::try_clone).map(PipeReader)
    }
}

impl PipeWriter {
    pub(crate) fn descriptor(&self) -> &Descriptor<io::PipeWriter> {
        &self.0
    }

    /// Another handle of the same end. As std's.
    ///
    /// # Errors
    /// The system's, as that there are no more descriptors.
    pub fn try_clone(&self) -> io::Result<PipeWriter> {
        self.0.duplicate(io::PipeWriter::try_clone).map(PipeWriter)
    }
}

super::delegate::reads!(PipeReader);
super::delegate::writes!(PipeWriter);

impl fmt::Debug for PipeReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.io().fmt(f)
    }
}

impl fmt::Debug for PipeWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.io().fmt(f)
    }
}

crate::os::convert::conversions! {
    PipeReader = std::io::PipeReader,
    PipeWriter = std::io::PipeWriter,
}

impl From<PipeReader> for std::process::Stdio {
    fn from(pipe: PipeReader) -> std::process::Stdio {
        pipe.0.into_inner().into()
    }
}

impl From<PipeWriter> for std::process::Stdio {
    fn from(pipe: PipeWriter) -> std::process::Stdio {
        pipe.0.into_inner().into()
    }
}
