//! A desk that serves whoever comes, until it is closed: a loop around a `select!`.
//!
//! Two clerks bring numbers, a clock ticks, and answers go out when somebody takes them; whatever is ready first, and each as
//! often as the others if all are.

use std::coroutine::{Event, select};
use std::sync::mpsc::{channel, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

static CLOSED: Event = Event::new();

fn main() {
    let (small, from_small) = channel();
    let (large, from_large) = channel();
    let (answers, answer) = sync_channel::<u64>(0);
    let clerks = [(small, 1_u64), (large, 1000)].map(|(numbers, factor)| {
        thread::spawn(move || {
            for n in 1..=100 {
                numbers.send(n * factor).expect("the desk is open");
                thread::yield_now();
            }
            // They are dropped here, and the desk sees that no more will come.
        })
    });

    let desk = thread::spawn(move || {
        let period = Duration::from_millis(2);
        let (mut next_tick, mut ticks) = (Instant::now() + period, 0);
        let (mut small_is_open, mut large_is_open) = (true, true);
        let (mut sum, mut asked) = (0, Some(0));
        loop {
            // Whoever asks is told of the sum as it is then.
            if asked.is_none() || !(small_is_open || large_is_open) {
                asked = Some(sum);
            }
            select! {
                number = recv(&from_small), if small_is_open => match number {
                    Ok(number) => sum += number,
                    Err(_) => small_is_open = false,
                },
                number = recv(&from_large), if large_is_open => match number {
                    Ok(number) => sum += number,
                    Err(_) => large_is_open = false,
                },
                sent = send_from(&answers, &mut asked) => sent.expect("somebody asks until it is closed"),
                () = at(next_tick) => {
                    ticks += 1;
                    next_tick += period;
                }
                () = set(&CLOSED) => break (sum, ticks),
            }
        }
    });

    clerks.into_iter().for_each(|clerk| clerk.join().expect("a clerk does not panic"));
    // Not before both channels were empty is the answer the last one.
    let last = answer.iter().find(|&sum| sum == 5050 * 1001);
    println!("the sum is {last:?}");
    thread::sleep(Duration::from_millis(20));
    CLOSED.set();
    let (sum, ticks) = desk.join().expect("the desk does not panic");
    println!("closed with {sum}, and the clock was heard: {}", ticks >= 3);
}
