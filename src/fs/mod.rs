//! As `std::fs`, with files and paths for which a coroutine that has to wait is parked, and its OS thread goes on.
//!
//! [`File`], [`OpenOptions`], [`ReadDir`], [`DirBuilder`] and the functions are costd's; [`Metadata`], [`DirEntry`] and everything
//! else that does not wait is std's own. On a plain OS thread every call is the plain one of std.
//!
//! A disk tells nobody when it is ready, so what has to wait for one is left to a few other OS threads. Asking them costs
//! some 8 µs, so what need not wait is done on the spot:
//!
//! | what | where | figures (median; a call on the spot, and in the pool) |
//! |---|---|---|
//! | reading what is in the page cache, up to 256 KiB | on the spot, by a call that does not wait | 4 KiB: 0.6 and 8 µs; 256 KiB: 8 and 16 µs |
//! | reading what is not, or more | the pool | 4 KiB from the disk: 70 to 80 µs, 4 ms now and then |
//! | writing up to 64 KiB | on the spot; for a while in the pool after one that took more than 1 ms | 4 KiB: 0.9 to 4 µs; 64 KiB: 2 to 15 µs |
//! | writing more, or past the page cache | the pool | 256 KiB: 6 to 50 µs, 1 MiB: 30 to 260 µs, 8 ms now and then |
//! | opening, and asking about, what the kernel knows by heart | on the spot | `metadata` 1.1 µs, 2.5 µs with the look before |
//! | changing directories and names, `sync_all`, `set_len` | the pool | 10 µs to some ms; `sync_all` 4 ms |
//! | FIFOs, terminals, devices, other machines' files, file locks | an OS thread of its own, where waiting for readiness does not do | as long as it takes |
//!
//! What it is for: while another coroutine of the worker writes 512 MiB, a sleeper is 12 ms late at worst in 99 of 100
//! cases (400 ms with plain calls); while one reads 64 MiB from the disk, 1.6 ms (45 ms). More in `docs/files.md`.
//!
//! ```
//! use costd::io::{Read, Write};
//! use costd::{env, fs, process, thread};
//!
//! # fn main() -> costd::io::Result<()> {
//! let path = env::temp_dir().join(format!("costd-example-{}", process::id()));
//! let writing = {
//!     let path = path.clone();
//!     thread::spawn(move || fs::File::create_new(path)?.write_all(b"from a coroutine"))
//! };
//! writing.join().unwrap()?;
//! let mut text = String::new();
//! fs::File::open(&path)?.read_to_string(&mut text)?;
//! assert_eq!(text, "from a coroutine");
//! fs::remove_file(path)
//! # }
//! ```

pub use ::std::fs::*;

mod dir_builder;
mod file;
mod functions;
mod open_options;
mod read_dir;

pub use dir_builder::DirBuilder;
pub use file::File;
#[allow(deprecated, reason = "std's is deprecated as well")]
pub use functions::soft_link;
pub use functions::{
    canonicalize, copy, create_dir, create_dir_all, exists, hard_link, metadata, read, read_link, read_to_string,
    remove_dir, remove_dir_all, remove_file, rename, set_permissions, symlink_metadata, write,
};
pub use open_options::OpenOptions;
pub use read_dir::{ReadDir, read_dir};
