//! What was measured, and what it means.

use std::collections::BTreeMap;

use crate::cases::{Case, Line, Target};
use crate::peers::Peer;

/// What a process has reported.
pub type Figures = Vec<(String, f64)>;

/// Everything that was reported, by case and peer.
#[derive(Default)]
pub struct Results {
    rounds: BTreeMap<(&'static str, Peer), Vec<Figures>>,
    failed: Vec<(&'static str, Peer)>,
}

/// One figure of one peer.
#[derive(Clone, Copy)]
pub struct Median {
    pub value: f64,
    /// How far the middle half of the rounds lies apart, as a part of the median.
    pub spread: f64,
}

/// How costd stands in a line.
pub struct Verdict {
    /// costd's figure, by the one that it is held against.
    pub ratio: Option<f64>,
    pub wanted: String,
    pub met: bool,
}

impl Results {
    pub fn add(&mut self, case: &Case, peer: Peer, figures: Figures) {
        self.rounds.entry((case.name, peer)).or_default().push(figures);
    }

    pub fn fail(&mut self, case: &Case, peer: Peer) {
        self.failed.push((case.name, peer));
    }

    pub fn has_failed(&self, case: &Case, peer: Peer) -> bool {
        self.failed.contains(&(case.name, peer))
    }

    pub fn any_failed(&self) -> bool {
        !self.failed.is_empty()
    }

    pub fn median(&self, case: &Case, key: &str, peer: Peer) -> Option<Median> {
        let rounds = self.rounds.get(&(case.name, peer))?;
        let of_round = |figures: &Figures| figures.iter().find(|(name, _)| name == key).map(|(_, value)| *value);
        let mut all: Vec<f64> = rounds.iter().filter_map(of_round).collect();
        all.sort_by(f64::total_cmp);
        let value = *all.get(all.len() / 2)?;
        let quarter = all.len() / 4;
        let apart = all[all.len() - 1 - quarter] - all[quarter];
        Some(Median { value, spread: if apart == 0.0 { 0.0 } else { apart / value } })
    }

    /// The best of those that costd is held against: all but itself, the bare loop, which is nobody's way to write a
    /// program, and whoever could do only less.
    pub fn best_peer(&self, case: &Case, line: &Line) -> Option<(Peer, f64)> {
        let as_much = |peer: &Peer| case.size.is_none_or(|size| size.of(*peer) == size.usual);
        let peers = [Peer::Threads, Peer::May, Peer::Tokio, Peer::Go].into_iter().filter(as_much);
        let figures = peers.filter_map(|peer| Some((peer, self.median(case, line.key, peer)?.value)));
        if line.more_is_better {
            figures.max_by(|a, b| a.1.total_cmp(&b.1))
        } else {
            figures.min_by(|a, b| a.1.total_cmp(&b.1))
        }
    }

    /// `None` where costd has no figure.
    pub fn verdict(&self, case: &Case, line: &Line) -> Option<Verdict> {
        let ours = self.median(case, line.key, Peer::Costd)?.value;
        let reaches = |goal: f64| if line.more_is_better { ours >= goal } else { ours <= goal };
        let sign = if line.more_is_better { '≥' } else { '≤' };
        let against = |what: &str, theirs: Option<f64>, factor: f64| Verdict {
            ratio: theirs.map(|theirs| ours / theirs),
            wanted: format!("{sign} {factor} × {what}"),
            met: theirs.is_none_or(|theirs| reaches(theirs * factor)),
        };
        let best = self.best_peer(case, line).map(|(_, value)| value);
        let of = |peer| self.median(case, line.key, peer).map(|median| median.value);
        Some(match line.target {
            Target::OfBest(factor) => against("the best", best, factor),
            Target::OfThreads(factor) => against("threads", of(Peer::Threads), factor),
            Target::OfBare(factor) => {
                let bare = against("mio", of(Peer::Mio), factor);
                Verdict { met: bare.met && best.is_none_or(reaches), wanted: bare.wanted + ", above all", ..bare }
            }
            Target::Absolute(goal) => {
                Verdict { ratio: None, wanted: format!("{sign} {}", number(goal)), met: reaches(goal) }
            }
        })
    }
}

/// With three digits that mean something, and thousands apart.
pub fn number(value: f64) -> String {
    let decimals = match value.abs() {
        0.0 | 100.0.. => 0,
        10.0.. => 1,
        _ => 2,
    };
    let text = format!("{value:.decimals$}");
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + rest
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers() {
        assert_eq!(
            ["0", "1.25", "12.3", "123", "12,346"].map(String::from),
            [0.0, 1.25, 12.34, 123.4, 12345.6].map(number)
        );
    }
}
