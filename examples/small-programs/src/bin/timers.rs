//! Clocks that tick at their own pace, and a kitchen timer for each: `timers [MILLISECONDS]`, 300 by default.
//!
//! It ends with how late they were. A thousand sleepers are on as many OS threads as there are CPUs.

use std::sync::mpsc;
use std::time::{Duration, Instant};
use std::{env, process, thread};

const SLEEPERS: u32 = 1000;

fn main() {
    let Ok(millis) = env::args().nth(1).map_or(Ok(300), |text| text.parse()) else {
        eprintln!("usage: timers [MILLISECONDS]");
        process::exit(2);
    };
    let (start, length) = (Instant::now(), Duration::from_millis(millis));

    let (ticks, all_ticks) = mpsc::channel();
    for (name, parts) in [("fast", 10), ("slow", 3)] {
        let ticks = ticks.clone();
        thread::spawn(move || {
            for part in 1..=parts {
                let due = start + length * part / parts;
                thread::sleep(due.saturating_duration_since(Instant::now()));
                // They all end before the receiver does.
                let _ = ticks.send((due, name, part));
            }
        });
    }
    drop(ticks);

    let sleepers: Vec<_> = (0..SLEEPERS)
        .map(|number| {
            thread::spawn(move || {
                let due = start + length * number / SLEEPERS;
                thread::sleep(due.saturating_duration_since(Instant::now()));
                Instant::now().checked_duration_since(due).expect("nobody wakes too early")
            })
        })
        .collect();

    // Each tick when it comes.
    for (_, name, part) in &all_ticks {
        println!("{name} {part}");
    }
    let mut late: Vec<_> = sleepers.into_iter().map(|sleeper| sleeper.join().expect("it only sleeps")).collect();
    late.sort_unstable();
    println!(
        "{SLEEPERS} sleepers, half of them less than {:.1?} late, all less than {:.1?}",
        late[late.len() / 2],
        late[late.len() - 1] + Duration::from_nanos(1)
    );
}
