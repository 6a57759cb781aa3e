//! Descriptors in and out, and conversions to the types of others and back.

/// For wrappers (in this scope) of a `Descriptor` of a type: what any owner of a descriptor has.
macro_rules! descriptors {
    ($($type:ident = $inner:ty,)*) => {
        use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd, OwnedFd, RawFd};

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

            impl From<OwnedFd> for $type {
                fn from(fd: OwnedFd) -> $type {
                    $type(<$inner>::from(fd).into())
                }
            }

            impl From<$type> for OwnedFd {
                fn from(value: $type) -> OwnedFd {
                    value.0.into_inner().into()
                }
            }
        )*
    };
}

/// As `descriptors`, for wrappers of a type of std's that is to be exchanged with them.
macro_rules! conversions {
    ($($type:ident = $std:ty,)*) => {
        $crate::os::convert::descriptors! { $($type = $std,)* }

        use std::os::fd::FromRawFd;

        $(
            impl FromRawFd for $type {
                unsafe fn from_raw_fd(fd: RawFd) -> $type {
                    // SAFETY: the caller promises what std asks for.
                    unsafe { <$std>::from_raw_fd(fd) }.into()
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

/// For what stands for one of the standard streams.
macro_rules! standard_stream {
    ($($type:ty = $standard:expr,)*) => {
        $(
            impl std::os::fd::AsFd for $type {
                #[inline]
                fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
                    $standard.fd()
                }
            }

            impl std::os::fd::AsRawFd for $type {
                #[inline]
                fn as_raw_fd(&self) -> std::os::fd::RawFd {
                    std::os::fd::AsRawFd::as_raw_fd(&$standard.fd())
                }
            }
        )*
    };
}

pub(crate) use {conversions, descriptors, standard_stream};
