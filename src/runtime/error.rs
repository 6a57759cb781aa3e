use std::error::Error;
use std::fmt;
use std::io;

use crate::sched::settings::Invalid;

/// Why [`Builder::start`](super::Builder::start) could not do what was asked for.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The runtime has been started already, by a [`Builder`](super::Builder) or by the first spawn. It goes on as it is.
    AlreadyStarted,
    /// A setting that cannot be: what it is, and why not. Nothing was started.
    Invalid(String),
    /// The system refuses what even one worker needs.
    Os(io::Error),
}

impl From<Invalid> for StartError {
    fn from(why: Invalid) -> StartError {
        StartError::Invalid(why.to_string())
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::AlreadyStarted => f.write_str(
                "the runtime has already started (by an earlier `start`, or by the first spawn), and cannot be set up any more",
            ),
            StartError::Invalid(why) => f.write_str(why),
            StartError::Os(error) => write!(f, "the runtime cannot start: {error}"),
        }
    }
}

impl Error for StartError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            StartError::Os(error) => Some(error),
            _ => None,
        }
    }
}

/// So that it can be returned where errors of the system are.
impl From<StartError> for io::Error {
    fn from(error: StartError) -> io::Error {
        match error {
            StartError::AlreadyStarted => io::Error::new(io::ErrorKind::AlreadyExists, error),
            StartError::Invalid(_) => io::Error::new(io::ErrorKind::InvalidInput, error),
            StartError::Os(error) => error,
        }
    }
}
