//! Descriptors in and out, and conversions to the types of others and back.

/// For wrappers (in this scope) of a `Descriptor` of a type of std's.
macro_rules! conversions {
    ($($type:ident = $std:ty,)*) => {
        use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};

        $(
            impl AsFd for $type {
                #[inline]
                fn as_fd(&self) -> BorrowedFd<'_> {
                    self.0.expose().as_fd()
                }
            }

            impl AsRawFd for $type {
                #[inline]
                fn as_raw_fd(&self) -> RawFd {
                    self.0.expose().as_raw_fd()
                }
            }

            impl IntoRawFd for $type {
                fn into_raw_fd(self) -> RawFd {
                    self.0.into_inner().into_raw_fd()
                }
            }

            impl FromRawFd for $type {
                unsafe fn from_raw_fd(fd: RawFd) -> $type {
                    // SAFETY: the caller promises what std asks for.
                    unsafe { <$std>::from_raw_fd(fd) }.into()
                }
            }

            impl From<OwnedFd> for $type {
                fn from(fd: OwnedFd) -> $type {
                    <$std>::from(fd).into()
                }
            }

            impl From<$type> for OwnedFd {
                fn from(value: $type) -> OwnedFd {
                    value.0.into_inner().into()
                }
            }

            impl From<$std> for $type {
                /// The same, on which a coroutine waits without stopping its OS thread.
                fn from(value: $std) -> $type {
                    $type(value.into())
                }
            }

            impl From<$type> for $std {
                /// The same, in the mode that std would have left it in.
                fn from(value: $type) -> $std {
                    value.0.into_inner()
                }
            }
        )*
    };
}

pub(crate) use conversions;
