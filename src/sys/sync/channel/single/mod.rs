//! A channel for one sender and one receiver: no lock, since each has its own place in a chain of blocks.
//!
//! The messages lie in the chain (`block`). What the two share is one word:
//!
//! | bits | meaning | changed by |
//! |---|---|---|
//! | `SENDER_GONE` | no more messages come | the sender, at its end |
//! | `RECEIVER_GONE` | nobody takes any | the receiver, at its end |
//! | `WAITS` | the receiver has to be told of the next message | set by the receiver, cleared by the sender |
//! | the rest | how many messages have been put in, modulo what fits | the sender |
//!
//! Every change is one read-modify-write, so of any two one comes first, and the later one sees the earlier:
//!
//! ```text
//! the sender                                   the receiver
//!   1. write the message                         a. nothing new in the count: lock the place
//!   2. count it; was it WAITS?                   b. set WAITS; something new in the count, or SENDER_GONE?
//!        clear WAITS                                  unlock, take it
//!        lock the place, wake who is there            else be there, unlock, park
//!   2' at its end: SENDER_GONE, and as in 2
//! ```
//!
//! If 2 comes before b, b sees the message. If b comes before 2, 2 sees WAITS, and has to wait for the lock until the receiver is
//! there. WAITS is cleared before the place is looked at: a receiver that comes back to wait sets it again. One that is left from a
//! wait that has ended otherwise (by a deadline, or in a select) makes one look at the place for nothing.
//!
//! The receiver's end is exact in the same way: what was counted before RECEIVER_GONE the receiver drops, and a sender that
//! counts after it takes its message back.
//!
//! One read-modify-write for a message sent, none for one received while there are more; a channel of many senders has
//! two for each (its lock's). Blocks go round, so a steady stream allocates nothing.
//!
//! Whether that is worth a channel of its own was measured (`benches/spsc.rs`; callgrind's instructions for a message sent and
//! received, on one worker; times in turns in one run, on a busy machine):
//!
//! | case | instructions: `mpsc` | `spsc` | time: `mpsc` by `spsc` |
//! |---|---|---|---|
//! | a stream from one coroutine to another | 179 | 109 | 1.4–1.7 |
//! | 64 sent, then 64 received | 178 | 81 | 2.0–3.1 |
//! | through eight stages | | | 1.4–1.6 |
//! | to an OS thread | | | 1.4–1.7 |
//! | two that answer each other | 515 | 515 | 1.0 |

use std::cell::Cell;
use std::marker::PhantomData;
use std::ptr;
use std::sync::mpsc::{RecvTimeoutError, SendError, TryRecvError};
use std::time::Instant;

use crate::park::{self, Reason, Sleeper, Wait, WaitList, Waiter, WaitingPlace};
use crate::sched::primitive::atomic::{AtomicUsize, Ordering};
use crate::sched::primitive::{Arc, Mutex, lock};

use super::buffered::drop_each;

mod arms;
mod block;

pub(crate) use arms::{SingleReceiving, SingleSending};
use block::{Cursor, Spare};

const SENDER_GONE: usize = 1;
const RECEIVER_GONE: usize = 1 << 1;
const WAITS: usize = 1 << 2;
/// One message in the count above the bits.
const MESSAGE: usize = 1 << 3;

/// The count of a word.
#[inline]
const fn count(word: usize) -> usize {
    word & !(MESSAGE - 1)
}

/// See the module's text.
#[repr(C)]
struct Shared<T> {
    tail: Apart<Cursor<T>>,
    word: Apart<AtomicUsize>,
    head: Apart<Head<T>>,
    place: Mutex<WaitList>,
    spare: Spare<T>,
}

/// The receiver's own.
struct Head<T> {
    cursor: Cursor<T>,
    /// How many messages it has taken, as the word counts them.
    taken: Cell<usize>,
    /// How many there were when it last looked.
    seen: Cell<usize>,
}

/// Shares no cache line with what comes behind it, so that the sender and the receiver do not slow each other down by what they
/// do not share. (By its size: memory that has to begin at a multiple of it is slow to get.)
#[repr(C)]
struct Apart<T>(T, [u8; 128]);

impl<T> Apart<T> {
    fn new(value: T) -> Apart<T> {
        Apart(value, [0; 128])
    }
}

// SAFETY: one sender, on one thread at a time, uses `tail`; one receiver uses `head`; all else is made for many. Messages go from
// the one's thread to the other's, and are dropped on either.
unsafe impl<T: Send> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Shared<T> {}

impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        // SAFETY: both ends are gone; the receiver has taken all messages with it, and the sender has put none in since.
        unsafe { self.head.0.cursor.free() };
    }
}

/// The end that sends. There is one, and it is not `Sync`.
pub(crate) struct SingleSender<T>(Arc<Shared<T>>, PhantomData<Cell<()>>);

/// The end that receives. There is one, and it is not `Sync`.
pub(crate) struct SingleReceiver<T>(Arc<Shared<T>>, PhantomData<Cell<()>>);

/// A channel with its two ends.
pub(crate) fn single<T>() -> (SingleSender<T>, SingleReceiver<T>) {
    let (tail, cursor) = Cursor::pair();
    let shared = Arc::new(Shared {
        tail: Apart::new(tail),
        word: Apart::new(AtomicUsize::new(0)),
        head: Apart::new(Head { cursor, taken: Cell::new(0), seen: Cell::new(0) }),
        place: Mutex::new(WaitList::new()),
        spare: Spare::new(),
    });
    (SingleSender(Arc::clone(&shared), PhantomData), SingleReceiver(shared, PhantomData))
}

impl<T> SingleSender<T> {
    #[inline]
    pub(crate) fn send(&self, message: T) -> Result<(), SendError<T>> {
        park::enter();
        let result = self.put(message);
        park::checkpoint();
        result
    }

    /// Without being interrupted, or switched away from.
    #[inline]
    pub(crate) fn put(&self, message: T) -> Result<(), SendError<T>> {
        let shared = &*self.0;
        // Relaxed: the count below tells for certain. But WAITS, once it is there, stays until the sender clears it.
        let before = shared.word.0.load(Ordering::Relaxed);
        if before & RECEIVER_GONE != 0 {
            return Err(SendError(message));
        }
        // SAFETY: the sender's, and this is the sender.
        unsafe { shared.tail.0.write(message, &shared.spare) };
        let waits = before & WAITS;
        // Release: whoever sees the count sees the message. Acquire: what the receiver did before it has set WAITS, or gone.
        let before = shared.word.0.fetch_add(MESSAGE - waits, Ordering::AcqRel);
        if before & RECEIVER_GONE != 0 {
            // SAFETY: as above; nobody looks at the count any more.
            return Err(SendError(unsafe { shared.tail.0.unwrite() }));
        }
        if before & WAITS != 0 {
            if waits == 0 {
                // Relaxed: the count has ordered it all.
                shared.word.0.fetch_and(!WAITS, Ordering::Relaxed);
            }
            self.wake();
        }
        Ok(())
    }

    #[inline(never)]
    fn wake(&self) {
        let receiver = lock(&self.0.place).pop();
        if let Some(receiver) = receiver {
            receiver.unpark();
        }
    }
}

impl<T> Drop for SingleSender<T> {
    fn drop(&mut self) {
        // Release: all that was sent comes before the end. WAITS may stay, as nobody will look at it.
        if self.0.word.0.fetch_or(SENDER_GONE, Ordering::AcqRel) & WAITS != 0 {
            self.wake();
        }
    }
}

impl<T> SingleReceiver<T> {
    /// Waits for a message.
    #[inline]
    pub(crate) fn recv(&self, deadline: Option<Instant>) -> Result<T, RecvTimeoutError> {
        park::enter();
        if !self.has_message() {
            self.wait(deadline)?;
        }
        // SAFETY: there is one.
        let message = unsafe { self.take_message() };
        park::checkpoint();
        Ok(message)
    }

    #[inline]
    pub(crate) fn try_recv(&self) -> Result<T, TryRecvError> {
        let result = self.take();
        park::checkpoint();
        result
    }

    /// As [`try_recv`](Self::try_recv), without being switched away from.
    #[inline]
    pub(crate) fn take(&self) -> Result<T, TryRecvError> {
        if self.has_message() {
            // SAFETY: there is one.
            return Ok(unsafe { self.take_message() });
        }
        Err(if self.is_over() { TryRecvError::Disconnected } else { TryRecvError::Empty })
    }

    #[inline]
    fn has_message(&self) -> bool {
        let head = &self.0.head.0;
        if head.seen.get() == head.taken.get() {
            // Acquire: pairs with `put`.
            head.seen.set(count(self.0.word.0.load(Ordering::Acquire)));
        }
        head.seen.get() != head.taken.get()
    }

    /// # Safety
    /// [`has_message`](Self::has_message).
    #[inline]
    unsafe fn take_message(&self) -> T {
        let head = &self.0.head.0;
        head.taken.set(head.taken.get().wrapping_add(MESSAGE));
        // SAFETY: the receiver's, and this is the receiver; there is a message.
        unsafe { head.cursor.read(&self.0.spare) }
    }

    /// Is nothing there, and nothing to come?
    fn is_over(&self) -> bool {
        // One look for both. Acquire: pairs with the sender's end, and what it has sent before.
        let word = self.0.word.0.load(Ordering::Acquire);
        word & SENDER_GONE != 0 && count(word) == self.0.head.0.taken.get()
    }

    /// Steps a and b. `false`: there is nothing to wait for.
    ///
    /// # Safety
    /// As [`WaitList::push`], of the place.
    pub(super) unsafe fn enqueue(&self, waiter: &Waiter) -> bool {
        let mut place = lock(&self.0.place);
        let word = self.0.word.0.fetch_or(WAITS, Ordering::AcqRel);
        let waits = word & SENDER_GONE == 0 && count(word) == self.0.head.0.taken.get();
        if waits {
            // SAFETY: the caller's promise.
            unsafe { place.push(waiter, Sleeper::current()) };
        }
        waits
    }

    #[inline(never)]
    fn wait(&self, deadline: Option<Instant>) -> Result<(), RecvTimeoutError> {
        loop {
            let wait = park::wait_in(self, ptr::null_mut(), deadline, Reason::Receive, |waiter| {
                // SAFETY: `wait_in` upholds it.
                unsafe { self.enqueue(waiter) }
            });
            if self.has_message() {
                return Ok(());
            }
            if self.is_over() {
                return Err(RecvTimeoutError::Disconnected);
            }
            if wait == Wait::TimedOut {
                // What has come since was too late, and stays.
                return Err(RecvTimeoutError::Timeout);
            }
        }
    }
}

// SAFETY: there is one list, and `enqueue` pushes to it.
unsafe impl<T> WaitingPlace for SingleReceiver<T> {
    unsafe fn remove(&self, waiter: &Waiter) -> bool {
        // SAFETY: the caller's promise.
        unsafe { lock(&self.0.place).remove(waiter) }
    }

    /// Nobody else waits for the message, which stays where it is.
    fn pass_on(&self) {}
}

impl<T> Drop for SingleReceiver<T> {
    fn drop(&mut self) {
        // Acquire: the messages that were counted. The sender counts no more after this.
        let word = self.0.word.0.fetch_or(RECEIVER_GONE, Ordering::AcqRel);
        self.0.head.0.seen.set(count(word));
        drop_each(std::iter::from_fn(|| {
            let head = &self.0.head.0;
            if head.seen.get() == head.taken.get() {
                return None;
            }
            // SAFETY: `seen` says that there is one.
            Some(unsafe { self.take_message() })
        }));
    }
}
