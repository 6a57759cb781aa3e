//! Random programs over everything that blocks, whose result does not depend on the interleaving: see [`program`].

pub mod choices;
pub mod generate;
pub mod program;
pub mod slot;

/// What a program comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Of the first task, into which those that it has joined have gone.
    pub result: u64,
    /// What the locks guard at the end.
    pub locked: Vec<u64>,
    /// How often a barrier had a leader.
    pub leaders: usize,
    /// How many values were made, and dropped, in thread-locals.
    pub locals: (usize, usize),
    /// What must not be: half-written values seen, bytes of a stream changed.
    pub faults: Vec<String>,
}
