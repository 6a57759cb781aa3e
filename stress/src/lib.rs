//! Random programs over everything that blocks, whose result does not depend on the interleaving: see [`program`].
//!
//! One interpreter (`interpret/`) is compiled twice, on costd and on the real std, as packages of their own. Both have to come to
//! the same [`Outcome`].

pub mod steady;

pub use stress_on_costd as on_costd;
pub use stress_on_std as on_std;
pub use stress_program::{Outcome, choices, generate, program};
