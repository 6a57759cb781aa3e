//! Where a generator takes its decisions from: a seed, or bytes that a fuzzer makes.

/// A source of decisions.
pub struct Choices<'a>(Source<'a>);

enum Source<'a> {
    Seed(u64),
    Bytes(&'a [u8]),
}

impl<'a> Choices<'a> {
    /// Without an end, and the same for the same seed.
    pub fn from_seed(seed: u64) -> Choices<'a> {
        Choices(Source::Seed(seed))
    }

    /// A byte for each decision; where there are no more, it is always the first of what may be chosen.
    pub fn from_bytes(bytes: &'a [u8]) -> Choices<'a> {
        Choices(Source::Bytes(bytes))
    }

    /// A number below `limit`, which is at most 256 for bytes to reach all of them.
    pub fn below(&mut self, limit: usize) -> usize {
        match &mut self.0 {
            Source::Seed(state) => {
                // splitmix64.
                *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
                let mut mixed = *state;
                mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                ((mixed ^ (mixed >> 31)) % limit as u64) as usize
            }
            Source::Bytes(bytes) => match bytes.split_first() {
                Some((&byte, rest)) => {
                    *bytes = rest;
                    usize::from(byte) % limit
                }
                None => 0,
            },
        }
    }

    /// True once in `n` times.
    pub fn once_in(&mut self, n: usize) -> bool {
        // The last one, so that bytes that have ended say no.
        self.below(n) == n - 1
    }

    /// One of `all`.
    pub fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}
