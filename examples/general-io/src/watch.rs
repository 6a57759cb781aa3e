//! One folder.

use std::coroutine::Readiness;
use std::io::{self, ErrorKind};
use std::sync::mpsc::Sender;

use inotify::{EventMask, Inotify, WatchMask};

/// Sends a line for all that happens in `folder`, until there is an error.
pub fn folder(folder: &str, lines: &Sender<String>) -> io::Result<()> {
    let inotify = Inotify::init()?;
    inotify.watches().add(folder, WatchMask::CREATE | WatchMask::CLOSE_WRITE | WatchMask::DELETE)?;
    let mut inotify = Readiness::new(inotify)?;
    let _ = lines.send(format!("{folder}: watched"));
    let mut buffer = [0; 4096];
    loop {
        inotify.wait_readable(None)?;
        let events = match inotify.get_mut().read_events(&mut buffer) {
            // Somebody else was faster: not here, but it may be.
            Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
            events => events?,
        };
        for event in events {
            let what = match event.mask {
                EventMask::CREATE => "created",
                EventMask::CLOSE_WRITE => "written",
                EventMask::DELETE => "deleted",
                _ => continue,
            };
            let name = event.name.unwrap_or_default().to_string_lossy();
            let _ = lines.send(format!("{folder}/{name}: {what}"));
        }
    }
}
