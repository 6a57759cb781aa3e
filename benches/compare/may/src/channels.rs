use std::time::Instant;

use job::{Job, sum_below};
use may::sync::mpsc::channel;

use crate::spawn;

pub fn ping_pong(job: Job) {
    job.repeat(|n| {
        let (to, from_us) = channel::<u64>();
        let (to_us, from) = channel::<u64>();
        let partner = spawn(move || from_us.iter().for_each(|message| to_us.send(message + 1).unwrap()));
        let start = Instant::now();
        for message in 0..n {
            to.send(message).unwrap();
            assert_eq!(from.recv(), Ok(message + 1));
        }
        let time = start.elapsed();
        drop(to);
        partner.join().unwrap();
        time
    });
}

const SENDERS: u64 = 4;

pub fn mpsc(job: Job) {
    job.repeat(|n| {
        let (to, from) = channel::<u64>();
        let start = Instant::now();
        let senders: Vec<_> = (0..SENDERS)
            .map(|_| {
                let to = to.clone();
                spawn(move || (0..n / SENDERS).for_each(|message| to.send(message).unwrap()))
            })
            .collect();
        drop(to);
        assert_eq!(from.iter().sum::<u64>(), SENDERS * sum_below(n / SENDERS));
        let time = start.elapsed();
        senders.into_iter().for_each(|one| one.join().unwrap());
        time
    });
}
