//! Calls that know no "do not wait": whether they block is the descriptor's mode.
//!
//! While the descriptor is costd's alone, the first coroutine that makes such a call makes it non-blocking and it stays so; a
//! plain OS thread that makes one on the same descriptor and would have to wait does so with `poll`. Once the descriptor was
//! handed out, its mode is the user's, and a coroutine changes it only around the call, under a lock, so that no other call
//! of costd's takes that moment's mode for the user's.
//!
//! A plain OS thread that is blocked in its call is not disturbed by a change of mode: the kernel looks at the mode when the
//! call begins.

use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use crate::pal;
use crate::sched::readiness::Direction;

use super::Descriptor;
use super::operation::Operation;
use super::options::Options;

/// The longest wait at a time where nothing limits it.
const LONG: Duration = Duration::from_secs(3600);

impl<T: AsFd> Descriptor<T> {
    /// Makes a call in non-blocking mode. Says besides whether that mode was costd's own and not the user's.
    pub(in crate::sys) fn without_blocking<R>(&self, call: impl FnOnce(&T) -> io::Result<R>) -> io::Result<(R, bool)> {
        let options = self.options.get_or_init(Options::new);
        {
            let held = options.hold();
            if *held {
                return Ok((call(self.io())?, true));
            }
        }
        let mut held = options.hold_for_change();
        if !*held && pal::socket::is_nonblocking(self.fd())? {
            return Ok((call(self.io())?, false));
        }
        pal::socket::set_nonblocking(self.fd(), true)?;
        let result = call(self.io());
        if options.is_exposed() {
            pal::socket::set_nonblocking(self.fd(), false)?;
        } else {
            *held = true;
        }
        Ok((result?, true))
    }

    /// Makes a call on a plain OS thread, which blocks it unless the user's mode is another.
    pub(in crate::sys) fn blocking<R>(
        &self,
        operation: Operation,
        mut call: impl FnMut(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        let mut deadline = None;
        loop {
            match call(self.io()) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    // The user's mode, the user's timeout (which only an exposed descriptor can have), or costd's mode?
                    if self.is_nonblocking() {
                        return Err(error);
                    }
                    let deadline = *deadline.get_or_insert_with(|| self.deadline(operation));
                    let left = deadline.map_or(LONG, |deadline| deadline.saturating_duration_since(Instant::now()));
                    if left.is_zero() {
                        return Err(error);
                    }
                    match operation.direction {
                        Direction::Read => pal::wait::readable(self.fd(), left),
                        Direction::Write => pal::wait::writable(self.fd(), left),
                    };
                }
                result => return result,
            }
        }
    }
}
