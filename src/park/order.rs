//! In which order to try things of which the first that succeeds wins: any order is as likely as any other, so of those that
//! would succeed each has the same chance.

/// So many need no allocation.
const FEW: usize = 16;

/// The numbers `0..len` in some order.
pub(crate) enum Order {
    Few([u8; FEW], usize),
    Many(Vec<usize>),
}

impl Order {
    /// By Durstenfeld's shuffle.
    pub(crate) fn random(len: usize) -> Order {
        if len <= FEW {
            let mut order = [0; FEW];
            for (position, number) in (0..).zip(0..len) {
                let other = below(number + 1);
                order[number] = order[other];
                order[other] = position;
            }
            return Order::Few(order, len);
        }
        let mut order: Vec<usize> = (0..len).collect();
        for position in 1..len {
            order.swap(position, below(position + 1));
        }
        Order::Many(order)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> {
        let (few, many): (&[u8], &[usize]) = match self {
            Order::Few(order, len) => (&order[..*len], &[]),
            Order::Many(order) => (&[], order),
        };
        few.iter().map(|&number| usize::from(number)).chain(many.iter().copied())
    }
}

/// A number from `0..limit`, which is not 0.
#[cfg(not(loom))]
fn below(limit: usize) -> usize {
    (next() % limit as u64) as usize
}

/// Models must be the same in each run. This leaves everything where it is.
#[cfg(loom)]
fn below(limit: usize) -> usize {
    limit - 1
}

/// Marsaglia's xorshift: enough to be fair.
#[cfg(not(loom))]
fn next() -> u64 {
    use std::cell::Cell;
    use std::hash::{BuildHasher, RandomState};

    std::thread_local! {
        // The OS thread's: a coroutine need not have one of its own.
        static STATE: Cell<u64> = Cell::new(RandomState::new().hash_one(0) | 1);
    }
    // Where the OS thread is ending, any order will do.
    STATE
        .try_with(|state| {
            let mut x = state.get();
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            state.set(x);
            x
        })
        .unwrap_or(0)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn each_is_visited_once() {
        for len in (0..50).chain([100, 360]) {
            for _ in 0..20 {
                let mut seen: Vec<usize> = Order::random(len).iter().collect();
                seen.sort_unstable();
                assert!(seen.into_iter().eq(0..len));
            }
        }
    }

    /// Few and many; neighbours as well as those who are far from each other.
    #[test]
    fn each_is_first_as_often() {
        for len in [2, 3, 10, 16, 17, 100] {
            let chosen = [0, 1, len / 2, len - 1];
            let mut first = vec![0_usize; len];
            for _ in 0..10_000 {
                let order = Order::random(len);
                first[order.iter().find(|number| chosen.contains(number)).unwrap()] += 1;
            }
            let share = 10_000 / first.iter().filter(|&&times| times > 0).count();
            for number in chosen {
                // Some ten standard deviations.
                assert!(first[number].abs_diff(share) < 500, "{number} of {len}: {}", first[number]);
            }
        }
    }
}
