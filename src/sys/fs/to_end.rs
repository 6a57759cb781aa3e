//! Reading all that is left of a file.

use std::io::{self, Read, SeekFrom};

use crate::sched::current_coroutine;

use super::MOST_READ_HERE;
use super::file::File;
use super::kind::Kind;

/// So much is read on the stack to see whether that was the end, before `buf` grows for it.
const PROBE: usize = 32;
/// The least that `buf` grows by.
const PIECE: usize = 8 * 1024;

impl File {
    /// As std's: makes room for as much as the file says that it has, and a little file takes no more than that.
    pub(crate) fn read_to_end(&self, buf: &mut Vec<u8>) -> io::Result<usize> {
        let mut io = self.io();
        if current_coroutine().is_none() {
            return io.read_to_end(buf);
        }
        let kind = self.kind();
        if matches!(kind, Kind::Slow | Kind::Remote) {
            let _turn = self.cursor().turn();
            return kind.elsewhere(|| io.read_to_end(buf));
        }
        let left = self.left().unwrap_or(0);
        if left > MOST_READ_HERE && matches!(kind, Kind::Disk | Kind::Synced | Kind::Memory) {
            let _turn = self.cursor().turn();
            return kind.elsewhere(|| io.read_to_end(buf));
        }
        buf.try_reserve(left)?;
        self.append_to_end(buf)
    }

    /// As std's: of what is no text, nothing is appended.
    pub(crate) fn read_to_string(&self, buf: &mut String) -> io::Result<usize> {
        let mut io = self.io();
        if current_coroutine().is_none() {
            return io.read_to_string(buf);
        }
        let mut bytes = Vec::new();
        let result = self.read_to_end(&mut bytes);
        match String::from_utf8(bytes) {
            Ok(text) if buf.is_empty() => *buf = text,
            Ok(text) => {
                buf.try_reserve(text.len())?;
                buf.push_str(&text);
            }
            // In std's words, unless reading has failed before.
            Err(error) => return result.and_then(|_| error.as_bytes().read_to_string(&mut String::new())),
        }
        result
    }

    fn append_to_end(&self, buf: &mut Vec<u8>) -> io::Result<usize> {
        let start = buf.len();
        loop {
            let len = buf.len();
            let spare = buf.capacity() - len;
            let result = if spare < PROBE {
                let mut probe = [0; PROBE];
                let result = self.read(&mut probe);
                let n = *result.as_ref().unwrap_or(&0);
                if n > 0 {
                    buf.try_reserve(n.max(PIECE))?;
                    buf.extend_from_slice(&probe[..n]);
                }
                result
            } else {
                buf.resize(len + spare.min(MOST_READ_HERE), 0);
                let result = self.read(&mut buf[len..]);
                buf.truncate(len + result.as_ref().unwrap_or(&0));
                result
            };
            match result {
                Ok(0) => return Ok(buf.len() - start),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// How much there is from the position on, as far as the file knows.
    fn left(&self) -> Option<usize> {
        let len = self.metadata().ok()?.len();
        let position = self.seek(SeekFrom::Current(0)).ok()?;
        usize::try_from(len.saturating_sub(position)).ok()
    }
}
