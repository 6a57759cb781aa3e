//! As `std::fs`.

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
