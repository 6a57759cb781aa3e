//! The standard error, for last words: no lock, no buffer, no memory. What cannot be written is lost.

/// Writes all of `text`; may be called in a signal handler.
pub(crate) fn write(mut text: &[u8]) {
    while !text.is_empty() {
        // SAFETY: so many bytes may be read.
        let written = unsafe { libc::write(libc::STDERR_FILENO, text.as_ptr().cast(), text.len()) };
        match usize::try_from(written) {
            Ok(0) => return,
            Ok(written) => text = &text[written..],
            Err(_) if std::io::Error::last_os_error().kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}
