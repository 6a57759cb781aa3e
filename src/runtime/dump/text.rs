//! A dump for people: those that are at the same place, for the same reason, spawned at the same place, are one paragraph.

use std::collections::HashMap;
use std::fmt::{self, Display};
use std::panic::Location;
use std::time::Duration;

use super::{CoroutineDump, Dump, State};

/// So many of a paragraph are named.
const NAMED: usize = 5;

#[derive(PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Key {
    /// The order of states, and the reason.
    state: (u8, &'static str),
    stack: Option<usize>,
    spawned_at: Option<&'static Location<'static>>,
}

fn key(coroutine: &CoroutineDump) -> Key {
    let state = match coroutine.state {
        State::Running => (0, ""),
        State::Ready => (1, ""),
        State::Unstarted => (2, ""),
        State::Parked { reason, .. } => (3, reason),
    };
    Key { state, stack: coroutine.stack, spawned_at: coroutine.spawned_at }
}

impl Display for Dump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |state: u8| self.coroutines.iter().filter(|coroutine| key(coroutine).state.0 == state).count();
        let [running, ready, unstarted, parked] = [0, 1, 2, 3].map(count);
        let missing: usize = self.held_up.iter().map(|held_up| held_up.missing).sum();
        let all = Count(self.coroutines.len() + missing);
        write!(f, "{all}: {running} running, {ready} ready, {unstarted} not started, {parked} parked")?;
        if missing > 0 {
            write!(f, ", {missing} not seen")?;
        }
        writeln!(f)?;
        for held_up in &self.held_up {
            write!(f, "worker {} does not answer", held_up.worker)?;
            if let Some(by) = held_up.by {
                write!(f, ": coroutine {by} keeps it")?;
            }
            writeln!(f, "; {} of it more", Count(held_up.missing))?;
        }
        let mut groups: HashMap<Key, Vec<&CoroutineDump>> = HashMap::new();
        for coroutine in &self.coroutines {
            groups.entry(key(coroutine)).or_default().push(coroutine);
        }
        let mut groups: Vec<_> = groups.into_iter().collect();
        // What runs first; the largest first; and then in an order that does not change.
        groups.sort_by(|(a, these), (b, those)| (a.state.0, those.len(), a).cmp(&(b.state.0, these.len(), b)));
        for (_, members) in &mut groups {
            members.sort_by_key(|member| member.id);
            writeln!(f)?;
            self.write_group(f, members)?;
        }
        Ok(())
    }
}

impl Dump {
    fn write_group(&self, f: &mut fmt::Formatter<'_>, members: &[&CoroutineDump]) -> fmt::Result {
        let first = members[0];
        match members {
            [one] => write!(f, "{}", Named(one))?,
            _ => write!(f, "{}", Count(members.len()))?,
        }
        match first.state {
            State::Unstarted => f.write_str(", not started")?,
            State::Running => f.write_str(", running")?,
            State::Ready => f.write_str(", ready")?,
            State::Parked { reason, .. } => {
                let times = members.iter().filter_map(|member| match member.state {
                    State::Parked { time, .. } => Some(time),
                    _ => None,
                });
                write!(f, ", parked in {reason} for {}", Range::of(times))?;
            }
        }
        writeln!(f, ", alive for {}:", Range::of(members.iter().map(|member| member.age)))?;
        if members.len() > 1 {
            f.write_str("  ")?;
            for (place, member) in members.iter().take(NAMED).enumerate() {
                write!(f, "{}{}", if place == 0 { "" } else { ", " }, Named(member))?;
            }
            match members.len().saturating_sub(NAMED) {
                0 => writeln!(f)?,
                more => writeln!(f, ", and {more} more")?,
            }
        }
        for frame in self.backtrace(first) {
            writeln!(f, "    {}", frame.function)?;
            if let Some(location) = frame.location {
                writeln!(f, "        at {location}")?;
            }
        }
        match first.spawned_at {
            Some(location) => writeln!(f, "  spawned at {location}"),
            None => Ok(()),
        }
    }
}

struct Count(usize);

impl Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} coroutine{}", self.0, if self.0 == 1 { "" } else { "s" })
    }
}

struct Named<'a>(&'a CoroutineDump);

impl Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "coroutine {}", self.0.id)?;
        if let Some(name) = &self.0.name {
            write!(f, " '{name}'")?;
        }
        match self.0.worker {
            Some(worker) => write!(f, " on worker {worker}"),
            None => Ok(()),
        }
    }
}

/// From the shortest time to the longest.
struct Range {
    least: Duration,
    most: Duration,
}

impl Range {
    fn of(times: impl Iterator<Item = Duration> + Clone) -> Range {
        Range { least: times.clone().min().unwrap_or_default(), most: times.max().unwrap_or_default() }
    }
}

impl Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (least, most) = (short(self.least), short(self.most));
        if least == most { f.write_str(&least) } else { write!(f, "{least} to {most}") }
    }
}

/// Two or three digits: more is not known.
fn short(time: Duration) -> String {
    match time.as_secs() {
        0 => format!("{} ms", time.as_millis()),
        1..=9 => format!("{:.1} s", time.as_secs_f64()),
        10..=599 => format!("{} s", time.as_secs()),
        _ => format!("{} min", time.as_secs() / 60),
    }
}
