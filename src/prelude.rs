//! As `std::prelude`, with costd's macros over std's.
//!
//! A crate that has costd for its `std` gets these without asking: that is how a bare `thread_local!` finds costd's.

pub use ::std::prelude::*;

/// As `std::prelude::v1`.
pub mod v1 {
    pub use ::std::prelude::v1::*;

    pub use crate::{dbg, eprint, eprintln, print, println, thread_local};
}

/// As `std::prelude::rust_2015`.
pub mod rust_2015 {
    pub use ::std::prelude::rust_2015::*;

    pub use crate::{dbg, eprint, eprintln, print, println, thread_local};
}

/// As `std::prelude::rust_2018`.
pub mod rust_2018 {
    pub use ::std::prelude::rust_2018::*;

    pub use crate::{dbg, eprint, eprintln, print, println, thread_local};
}

/// As `std::prelude::rust_2021`.
pub mod rust_2021 {
    pub use ::std::prelude::rust_2021::*;

    pub use crate::{dbg, eprint, eprintln, print, println, thread_local};
}

/// As `std::prelude::rust_2024`.
pub mod rust_2024 {
    pub use ::std::prelude::rust_2024::*;

    pub use crate::{dbg, eprint, eprintln, print, println, thread_local};
}
