//! Says what happens in folders, until its standard input ends:
//!
//! ```text
//! cargo run -p general-io -- FOLDER...
//! ```
//!
//! The kernel tells of it by a descriptor, and the crate `inotify` reads from that without waiting: it says "would block". It
//! knows nothing of costd. `coroutine::Readiness` does the waiting; there is one coroutine for each folder, and all of them
//! are on one OS thread if need be.

#[cfg(target_os = "linux")]
mod watch;

#[cfg(target_os = "linux")]
fn main() -> std::io::Result<()> {
    use std::coroutine::JoinHandleExt;
    use std::sync::mpsc;
    use std::{env, io, thread};

    let (sender, receiver) = mpsc::channel();
    let watching: Vec<_> = env::args()
        .skip(1)
        .map(|folder| {
            let sender = sender.clone();
            thread::spawn(move || watch::folder(&folder, &sender))
        })
        .collect();
    drop(sender);
    let printing = thread::spawn(move || receiver.into_iter().for_each(|line| println!("{line}")));

    // This OS thread waits here; the coroutines do not mind.
    io::copy(&mut io::stdin(), &mut io::sink())?;
    for folder in watching {
        folder.cancel();
        // One that was cancelled is as good as one that has ended.
        if let Ok(result) = folder.join() {
            result?;
        }
    }
    printing.join().expect("printing does not panic");
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("inotify is there on Linux alone");
}
