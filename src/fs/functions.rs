//! The functions of `fs` that are not a type's.

use std::fs::{self, Metadata, Permissions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::sys::fs as sys;
use crate::sys::fs::Opening;

use super::File;

/// All that a file contains. As [`std::fs::read`].
///
/// # Errors
/// As std's.
///
/// # Examples
///
/// ```
/// let manifest = costd::fs::read("Cargo.toml")?;
/// assert!(manifest.starts_with(b"[package]"));
/// # Ok::<(), costd::io::Error>(())
/// ```
pub fn read<P: AsRef<Path>>(path: P) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// All that a file contains, which must be UTF-8. As [`std::fs::read_to_string`].
///
/// # Errors
/// As std's.
///
/// # Examples
///
/// ```
/// assert!(costd::fs::read_to_string("Cargo.toml")?.contains("[package]"));
/// # Ok::<(), costd::io::Error>(())
/// ```
pub fn read_to_string<P: AsRef<Path>>(path: P) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.read_to_string(&mut text)?;
    Ok(text)
}

/// Makes a file with these contents, or replaces those of the one that there is. As [`std::fs::write`].
///
/// # Errors
/// As std's.
///
/// # Examples
///
/// ```
/// use costd::fs;
///
/// # let path = std::env::temp_dir().join(format!("costd-doc-write-{}", std::process::id()));
/// fs::write(&path, "a line\n")?;
/// assert_eq!(fs::read_to_string(&path)?, "a line\n");
/// # fs::remove_file(&path)?;
/// # Ok::<(), costd::io::Error>(())
/// ```
pub fn write<P: AsRef<Path>, C: AsRef<[u8]>>(path: P, contents: C) -> io::Result<()> {
    let contents = contents.as_ref();
    sys::open(path.as_ref(), Opening::Changes, |path| fs::write(path, contents))
}

/// Copies what is in a file, and who may do what with it. As [`std::fs::copy`].
///
/// # Errors
/// As std's.
pub fn copy<P: AsRef<Path>, Q: AsRef<Path>>(from: P, to: Q) -> io::Result<u64> {
    sys::change_two(from.as_ref(), to.as_ref(), |from, to| fs::copy(from, to))
}

/// What is said of a file, or of what a link leads to. As [`std::fs::metadata`].
///
/// # Errors
/// As std's.
///
/// # Examples
///
/// ```
/// assert!(costd::fs::metadata("Cargo.toml")?.is_file());
/// # Ok::<(), costd::io::Error>(())
/// ```
pub fn metadata<P: AsRef<Path>>(path: P) -> io::Result<Metadata> {
    sys::metadata(path.as_ref(), true)
}

/// What is said of a file, or of the link itself. As [`std::fs::symlink_metadata`].
///
/// # Errors
/// As std's.
pub fn symlink_metadata<P: AsRef<Path>>(path: P) -> io::Result<Metadata> {
    sys::metadata(path.as_ref(), false)
}

/// Is there anything at this path? As [`std::fs::exists`].
///
/// # Errors
/// As std's: there is no telling.
pub fn exists<P: AsRef<Path>>(path: P) -> io::Result<bool> {
    sys::ask(path.as_ref(), true, |path| fs::exists(path))
}

/// The path from the root, without links in it. As [`std::fs::canonicalize`].
///
/// # Errors
/// As std's.
pub fn canonicalize<P: AsRef<Path>>(path: P) -> io::Result<PathBuf> {
    sys::ask(path.as_ref(), true, |path| fs::canonicalize(path))
}

/// Where a link leads. As [`std::fs::read_link`].
///
/// # Errors
/// As std's.
pub fn read_link<P: AsRef<Path>>(path: P) -> io::Result<PathBuf> {
    sys::ask(path.as_ref(), false, |path| fs::read_link(path))
}

/// Makes a directory. As [`std::fs::create_dir`].
///
/// # Errors
/// As std's.
pub fn create_dir<P: AsRef<Path>>(path: P) -> io::Result<()> {
    sys::change(path.as_ref(), |path| fs::create_dir(path))
}

/// Makes a directory and what leads to it. As [`std::fs::create_dir_all`].
///
/// # Errors
/// As std's.
pub fn create_dir_all<P: AsRef<Path>>(path: P) -> io::Result<()> {
    sys::change(path.as_ref(), |path| fs::create_dir_all(path))
}

/// Removes an empty directory. As [`std::fs::remove_dir`].
///
/// # Errors
/// As std's.
pub fn remove_dir<P: AsRef<Path>>(path: P) -> io::Result<()> {
    sys::change(path.as_ref(), |path| fs::remove_dir(path))
}

/// Removes a directory with everything in it. As [`std::fs::remove_dir_all`].
///
/// # Errors
/// As std's.
pub fn remove_dir_all<P: AsRef<Path>>(path: P) -> io::Result<()> {
    sys::change(path.as_ref(), |path| fs::remove_dir_all(path))
}

/// Removes a file, or a link. As [`std::fs::remove_file`].
///
/// # Errors
/// As std's.
pub fn remove_file<P: AsRef<Path>>(path: P) -> io::Result<()> {
    sys::change(path.as_ref(), |path| fs::remove_file(path))
}

/// Gives a file another name, in place of what had it. As [`std::fs::rename`].
///
/// # Errors
/// As std's.
pub fn rename<P: AsRef<Path>, Q: AsRef<Path>>(from: P, to: Q) -> io::Result<()> {
    let to = to.as_ref();
    sys::change(from.as_ref(), |from| fs::rename(from, to))
}

/// Gives a file another name besides. As [`std::fs::hard_link`].
///
/// # Errors
/// As std's.
pub fn hard_link<P: AsRef<Path>, Q: AsRef<Path>>(original: P, link: Q) -> io::Result<()> {
    let link = link.as_ref();
    sys::change(original.as_ref(), |original| fs::hard_link(original, link))
}

/// Makes a link. As [`std::fs::soft_link`].
///
/// # Errors
/// As std's.
#[deprecated(note = "use `os::unix::fs::symlink`")]
pub fn soft_link<P: AsRef<Path>, Q: AsRef<Path>>(original: P, link: Q) -> io::Result<()> {
    crate::os::unix::fs::symlink(original, link)
}

/// Says who may do what with a file. As [`std::fs::set_permissions`].
///
/// # Errors
/// As std's.
pub fn set_permissions<P: AsRef<Path>>(path: P, perm: Permissions) -> io::Result<()> {
    sys::change(path.as_ref(), |path| fs::set_permissions(path, perm))
}
