use std::time::{Duration, Instant};

use job::cpu_time;

/// The time in which requests count: after the warm-up, until the end.
pub struct Window {
    server: u32,
    warm: Instant,
    time: Duration,
    begun: Option<(Instant, Duration)>,
    requests: u64,
}

impl Window {
    pub fn new(time: Duration, server: u32) -> Window {
        Window { server, warm: Instant::now() + time / 4, time: time * 3 / 4, begun: None, requests: 0 }
    }

    /// So many requests have been answered since the last call. `true`: it is over, and was reported.
    pub fn note(&mut self, requests: u64) -> bool {
        let now = Instant::now();
        let Some((start, cpu)) = self.begun else {
            if now >= self.warm {
                self.begun = Some((now, cpu_time(self.server)));
            }
            return false;
        };
        self.requests += requests;
        let elapsed = now - start;
        if elapsed < self.time {
            return false;
        }
        let cpu = cpu_time(self.server) - cpu;
        assert!(self.requests > 0, "the server has answered nothing");
        println!("rate {}", self.requests as f64 / elapsed.as_secs_f64());
        println!("cpu {}", cpu.as_secs_f64() * 1e6 / self.requests as f64);
        true
    }
}
