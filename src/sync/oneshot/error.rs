use std::error::Error;
use std::fmt;
use std::sync::mpsc::RecvError;

use super::Receiver;

/// Why [`Receiver::try_recv`] has failed. As std's.
pub enum TryRecvError<T> {
    /// The message is not there yet. Here is the receiver back.
    Empty(Receiver<T>),
    /// The sender was dropped without sending.
    Disconnected,
}

/// Why [`Receiver::recv_timeout`] or [`Receiver::recv_deadline`] has failed. As std's.
pub enum RecvTimeoutError<T> {
    /// The message has not come in time. Here is the receiver back.
    Timeout(Receiver<T>),
    /// The sender was dropped without sending.
    Disconnected,
}

macro_rules! as_stds {
    ($name:ident: $with_receiver:ident = $text:literal) => {
        impl<T> fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($name)).finish_non_exhaustive()
            }
        }

        impl<T> fmt::Display for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let text = match self {
                    $name::$with_receiver(..) => $text,
                    $name::Disconnected => "receiving on a closed oneshot channel",
                };
                fmt::Display::fmt(text, f)
            }
        }

        impl<T> Error for $name<T> {}

        impl<T> From<RecvError> for $name<T> {
            /// Always the variant `Disconnected`.
            fn from(_: RecvError) -> $name<T> {
                $name::Disconnected
            }
        }
    };
}

as_stds!(TryRecvError: Empty = "receiving on an empty oneshot channel");
as_stds!(RecvTimeoutError: Timeout = "timed out waiting on oneshot channel");
