use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::fs::File;

use super::{Stderr, StderrLock, Stdin, StdinLock, Stdout, StdoutLock};

/// Whether a stream refers to a terminal: as [`std::io::IsTerminal`], for costd's types of those names.
///
/// It is a trait of costd's own, since nobody else may implement std's.
///
/// # Examples
///
/// ```
/// use costd::io::{self, IsTerminal};
///
/// if io::stdin().is_terminal() {
///     eprintln!("type your name, please");
/// }
/// ```
pub trait IsTerminal: sealed::Sealed {
    /// Is it a terminal? As std's; `false` where the system cannot say.
    fn is_terminal(&self) -> bool;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! is_terminal {
    ($($type:ty),* $(,)?) => {
        $(
            impl sealed::Sealed for $type {}

            impl IsTerminal for $type {
                #[inline]
                fn is_terminal(&self) -> bool {
                    std::io::IsTerminal::is_terminal(&self.as_fd())
                }
            }
        )*
    };
}

is_terminal!(Stdin, StdinLock<'_>, Stdout, StdoutLock<'_>, Stderr, StderrLock<'_>, OwnedFd, BorrowedFd<'_>, File);
