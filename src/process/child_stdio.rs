use std::fmt;
use std::io::{PipeReader, PipeWriter};
use std::process::Stdio;

use crate::sys::descriptor::Descriptor;

/// Our end of a child's standard input: as [`std::process::ChildStdin`].
///
/// A coroutine that writes more than fits is parked. Dropping it closes the pipe, which is the end of the child's input. It
/// converts to std's type and [`OwnedFd`], and back.
///
/// # Examples
///
/// ```
/// use costd::io::Write;
/// use costd::process::{Command, Stdio};
///
/// let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
/// let mut stdin = child.stdin.take().expect("it was asked for");
/// stdin.write_all(b"hello")?;
/// drop(stdin);
/// assert_eq!(child.wait_with_output()?.stdout, b"hello");
/// # Ok::<(), costd::io::Error>(())
/// ```
pub struct ChildStdin(Descriptor<PipeWriter>);

/// Our end of a child's standard output: as [`std::process::ChildStdout`].
///
/// A coroutine that reads what has not come is parked. It converts to std's type and [`OwnedFd`], and back.
///
/// # Examples
///
/// ```
/// use costd::io::Read;
/// use costd::process::{Command, Stdio};
///
/// let mut child = Command::new("echo").arg("hello").stdout(Stdio::piped()).spawn()?;
/// let mut text = String::new();
/// child.stdout.as_mut().expect("it was asked for").read_to_string(&mut text)?;
/// assert_eq!(text, "hello\n");
/// assert!(child.wait()?.success());
/// # Ok::<(), costd::io::Error>(())
/// ```
pub struct ChildStdout(Descriptor<PipeReader>);

/// Our end of a child's standard error: as [`std::process::ChildStderr`].
///
/// A coroutine that reads what has not come is parked. It converts to std's type and [`OwnedFd`], and back.
pub struct ChildStderr(Descriptor<PipeReader>);

crate::io::delegate::writes!(ChildStdin);

crate::os::convert::descriptors! {
    ChildStdin = PipeWriter,
    ChildStdout = PipeReader,
    ChildStderr = PipeReader,
}

/// What all three have of std's: where they come from, and what they become.
macro_rules! as_stds {
    ($($type:ident = $inner:ty,)*) => {
        $(
            impl $type {
                pub(crate) fn descriptor(&self) -> &Descriptor<$inner> {
                    &self.0
                }

                /// Of a child that was just started: nobody else knows the descriptor.
                pub(super) fn fresh(pipe: std::process::$type) -> $type {
                    $type(Descriptor::new(<$inner>::from(OwnedFd::from(pipe))))
                }
            }

            impl From<std::process::$type> for $type {
                /// The same, on which a coroutine waits without stopping its OS thread.
                fn from(pipe: std::process::$type) -> $type {
                    OwnedFd::from(pipe).into()
                }
            }

            impl From<$type> for std::process::$type {
                /// The same, in the mode that std would have left it in.
                fn from(pipe: $type) -> std::process::$type {
                    OwnedFd::from(pipe).into()
                }
            }

            impl From<$type> for Stdio {
                /// For another child, which gets this end of the pipe.
                fn from(pipe: $type) -> Stdio {
                    OwnedFd::from(pipe).into()
                }
            }

            impl fmt::Debug for $type {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.debug_struct(stringify!($type)).finish_non_exhaustive()
                }
            }
        )*
    };
}

as_stds! {
    ChildStdin = PipeWriter,
    ChildStdout = PipeReader,
    ChildStderr = PipeReader,
}

/// The two that are read from.
macro_rules! readers {
    ($($type:ident,)*) => {
        $(
            impl $type {
                /// The mechanism under it.
                pub(super) fn pipe(&self) -> &Descriptor<PipeReader> {
                    &self.0
                }
            }

            crate::io::delegate::reads!(@ $type, {});
        )*
    };
}

readers! {
    ChildStdout,
    ChildStderr,
}
