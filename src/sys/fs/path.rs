//! Calls on paths.
//!
//! A path is a chain of directories, each of which may have to be read from a disk, or asked for from another machine. Where
//! the kernel can be asked to look only in its own memory, it is (`pal::file_status`): what it knows by heart, the ordinary
//! call knows as well, and is made here. What it does not know is left to the pool.
//!
//! Opening a FIFO waits for its other end, and opening a device for whatever it likes, so what stands at the path is
//! looked at first. *Between the look and the call, somebody may put another thing there*: if that is a FIFO, the worker
//! stops until its other end is opened. Opening without waiting, and looking then, is no way out: it would be seen at the
//! other end of the FIFO, and by the device.

use std::fs::{self, Metadata};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use crate::pal::file::Type;
use crate::pal::file_status;
use crate::sched::current_coroutine;

use super::{PATH, in_pool, on_own_thread, spent};

/// Makes a call that only asks for something about `path`. `follow`: what the link leads to, if it is one.
pub(crate) fn ask<R: Send>(path: &Path, follow: bool, call: impl FnOnce(&Path) -> R + Send) -> R {
    if current_coroutine().is_none() {
        return call(path);
    }
    if file_status::look_up(path, follow).is_none() {
        return in_pool(|| call(path));
    }
    let result = call(path);
    spent(PATH);
    result
}

/// As [`fs::metadata`], or [`fs::symlink_metadata`] if not to `follow`.
pub(crate) fn metadata(path: &Path, follow: bool) -> io::Result<Metadata> {
    let plain = || if follow { fs::metadata(path) } else { fs::symlink_metadata(path) };
    if current_coroutine().is_none() {
        return plain();
    }
    let result = match file_status::look_up(path, follow) {
        Some(found) => found.and_then(|place| fs::File::from(place).metadata()),
        None => return in_pool(plain),
    };
    spent(PATH);
    result
}

/// Makes a call that changes a directory, or what is said of a file.
pub(crate) fn change<R: Send>(path: &Path, call: impl FnOnce(&Path) -> R + Send) -> R {
    if current_coroutine().is_none() {
        return call(path);
    }
    in_pool(|| call(path))
}

/// Makes a call that opens both.
pub(crate) fn change_two<R: Send>(from: &Path, to: &Path, call: impl FnOnce(&Path, &Path) -> R + Send) -> R {
    if current_coroutine().is_none() {
        return call(from, to);
    }
    let call = || call(from, to);
    if may_wait(from) || may_wait(to) { on_own_thread(call) } else { in_pool(call) }
}

/// What opening does besides.
#[derive(Clone, Copy)]
pub(crate) enum Opening {
    /// Nothing.
    Plain,
    /// It makes the file if there is none.
    Makes,
    /// It changes the file that there is.
    Changes,
}

/// Makes a call that opens `path`.
pub(crate) fn open<R: Send>(
    path: &Path,
    opening: Opening,
    call: impl FnOnce(&Path) -> io::Result<R> + Send,
) -> io::Result<R> {
    if current_coroutine().is_none() {
        return call(path);
    }
    match file_status::look_up(path, true) {
        Some(Ok(place)) if stands_for_waiting(&place) => return on_own_thread(|| call(path)),
        Some(found) => {
            let here = match opening {
                Opening::Plain => true,
                Opening::Makes => found.is_ok(),
                Opening::Changes => false,
            };
            if !here {
                return in_pool(|| call(path));
            }
            let result = call(path);
            spent(PATH);
            return result;
        }
        None => {}
    }
    let mut call = Some(call);
    let tried = in_pool(|| if waits(path) { None } else { call.take().map(|call| call(path)) });
    match (tried, call) {
        (Some(result), _) => result,
        (None, Some(call)) => on_own_thread(|| call(path)),
        (None, None) => unreachable!("a call that is taken has a result"),
    }
}

/// May opening what stands at `path` have to wait for others?
fn may_wait(path: &Path) -> bool {
    match file_status::look_up(path, true) {
        Some(found) => found.is_ok_and(|place| stands_for_waiting(&place)),
        None => in_pool(|| waits(path)),
    }
}

/// [`may_wait`], where the system may be asked.
fn waits(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| {
        let kind = metadata.file_type();
        kind.is_fifo() || kind.is_char_device() || kind.is_block_device()
    })
}

/// [`may_wait`], of what was looked up.
fn stands_for_waiting(place: &OwnedFd) -> bool {
    let plain = [Type::Regular, Type::Directory, Type::Memory];
    file_status::status(place.as_fd()).is_ok_and(|status| !plain.contains(&status.kind))
}
