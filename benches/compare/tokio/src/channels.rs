use std::time::Instant;

use job::{Job, sum_below};
use tokio::runtime::Runtime;
use tokio::sync::mpsc::{channel, unbounded_channel};

use crate::within;

pub fn ping_pong(runtime: &Runtime, job: &Job) {
    job.repeat(|n| {
        within(runtime, async move {
            let (to, mut from_us) = unbounded_channel::<u64>();
            let (to_us, mut from) = unbounded_channel::<u64>();
            let partner = tokio::spawn(async move {
                while let Some(message) = from_us.recv().await {
                    to_us.send(message + 1).unwrap();
                }
            });
            let start = Instant::now();
            for message in 0..n {
                to.send(message).unwrap();
                assert_eq!(from.recv().await, Some(message + 1));
            }
            let time = start.elapsed();
            drop(to);
            partner.await.unwrap();
            time
        })
    });
}

const SENDERS: u64 = 4;

pub fn mpsc(runtime: &Runtime, job: &Job) {
    job.repeat(|n| {
        within(runtime, async move {
            let (to, mut from) = unbounded_channel::<u64>();
            let start = Instant::now();
            for _ in 0..SENDERS {
                let to = to.clone();
                tokio::spawn(async move { (0..n / SENDERS).for_each(|message| to.send(message).unwrap()) });
            }
            drop(to);
            let mut sum = 0;
            while let Some(message) = from.recv().await {
                sum += message;
            }
            assert_eq!(sum, SENDERS * sum_below(n / SENDERS));
            start.elapsed()
        })
    });
}

pub fn bounded(runtime: &Runtime, job: &Job) {
    job.repeat(|n| {
        within(runtime, async move {
            let (to, mut from) = channel::<u64>(128);
            let start = Instant::now();
            for _ in 0..SENDERS {
                let to = to.clone();
                tokio::spawn(async move {
                    for message in 0..n / SENDERS {
                        to.send(message).await.unwrap();
                    }
                });
            }
            drop(to);
            let mut sum = 0;
            while let Some(message) = from.recv().await {
                sum += message;
            }
            assert_eq!(sum, SENDERS * sum_below(n / SENDERS));
            start.elapsed()
        })
    });
}
