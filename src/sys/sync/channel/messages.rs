//! The messages in a buffer: a queue in pieces.
//!
//! One growing ring would do, but for a backlog of millions: to grow it may copy them all, under the channel's lock, and the
//! memory stays when they have gone. So there is a ring of at most `PIECE_BYTES`, and what comes while it is full goes into
//! further ones behind it. Each is freed when it has been emptied and another stands behind it, so what an empty channel
//! keeps is one piece at most.
//!
//! The invariants: messages are in order through `front` and then `rest`; if `front` is empty, so is `rest`; only the last
//! piece of `rest` has room left.

use std::collections::VecDeque;

const PIECE_BYTES: usize = 64 << 10;
/// However large they are.
const PIECE_AT_LEAST: usize = 32;

/// See the module's text.
pub(super) struct Messages<T> {
    front: VecDeque<T>,
    rest: VecDeque<VecDeque<T>>,
    /// So many messages make a piece.
    piece: usize,
}

impl<T> Messages<T> {
    /// For any number of messages.
    pub(super) fn new() -> Messages<T> {
        let piece = match size_of::<T>() {
            0 => usize::MAX,
            size => (PIECE_BYTES / size).max(PIECE_AT_LEAST),
        };
        Messages { front: VecDeque::new(), rest: VecDeque::new(), piece }
    }

    /// For `capacity` messages, whose memory is taken now. No more will be pushed.
    pub(super) fn with_capacity(capacity: usize) -> Messages<T> {
        Messages { front: VecDeque::with_capacity(capacity), rest: VecDeque::new(), piece: usize::MAX }
    }

    /// Are fewer than `limit` there? For a channel whose messages are all in one piece, or without a limit (`usize::MAX`).
    #[inline]
    pub(super) fn are_fewer_than(&self, limit: usize) -> bool {
        self.front.len() < limit
    }

    pub(super) fn len(&self) -> usize {
        let Some(last) = self.rest.back() else { return self.front.len() };
        self.front.len() + (self.rest.len() - 1) * self.piece + last.len()
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.front.is_empty()
    }

    #[inline]
    pub(super) fn push_back(&mut self, message: T) {
        if self.front.len() < self.piece && self.rest.is_empty() {
            self.front.push_back(message);
        } else {
            self.push_to_rest(message);
        }
    }

    #[inline(never)]
    fn push_to_rest(&mut self, message: T) {
        match self.rest.back_mut() {
            Some(last) if last.len() < self.piece => last.push_back(message),
            _ => {
                let mut last = VecDeque::with_capacity(self.piece);
                last.push_back(message);
                self.rest.push_back(last);
            }
        }
    }

    #[inline]
    pub(super) fn pop_front(&mut self) -> Option<T> {
        let message = self.front.pop_front()?;
        if self.front.is_empty() && !self.rest.is_empty() {
            self.next_piece();
        }
        Some(message)
    }

    /// Puts `message` in, and takes out the first that is there: itself, if there is no other.
    #[inline]
    pub(super) fn exchange(&mut self, message: T) -> T {
        match self.pop_front() {
            None => message,
            Some(first) => {
                self.push_back(message);
                first
            }
        }
    }

    /// Takes back the one that was popped last. (A piece may have one more than it should, then.)
    #[cold]
    pub(super) fn push_front(&mut self, message: T) {
        self.front.push_front(message);
    }

    #[inline(never)]
    fn next_piece(&mut self) {
        self.front = self.rest.pop_front().unwrap_or_default();
    }
}

impl<T> Iterator for Messages<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_order_through_all_pieces() {
        let mut messages = Messages::new();
        let (mut sent, mut received) = (0u64, 0u64);
        // Fills and empties by different amounts, so that the pieces begin and end anywhere.
        for (fill, empty) in [(10, 10), (50_000, 20_000), (3, 29_000), (8192, 9_195), (8192, 8192), (8193, 0)] {
            for _ in 0..fill {
                messages.push_back(sent);
                sent += 1;
                assert_eq!(messages.len() as u64, sent - received);
            }
            for _ in 0..empty {
                assert_eq!(messages.pop_front(), Some(received));
                received += 1;
                assert_eq!(messages.len() as u64, sent - received);
                assert_eq!(messages.is_empty(), sent == received);
            }
        }
        assert!(messages.by_ref().eq(received..sent));
        assert_eq!(messages.pop_front(), None);
        assert!(messages.front.capacity() * size_of::<u64>() <= PIECE_BYTES);
        assert!(messages.rest.is_empty());
    }

    #[test]
    fn exchanged_and_taken_back() {
        let mut messages = Messages::new();
        assert_eq!(messages.exchange(0_u64), 0);
        (1..20_000).for_each(|n| messages.push_back(n));
        assert_eq!(messages.exchange(20_000), 1);
        messages.push_front(1);
        assert_eq!(messages.len(), 20_000);
        assert!(messages.eq(1..=20_000));
    }

    #[test]
    fn of_any_size() {
        let mut nothings = Messages::new();
        (0..100_000).for_each(|_| nothings.push_back(()));
        assert_eq!((nothings.len(), nothings.count()), (100_000, 100_000));
        let mut giants = Messages::new();
        (0..100u8).for_each(|n| giants.push_back([n; 10_000]));
        assert!(giants.map(|giant| giant[9_999]).eq(0..100));
    }
}
