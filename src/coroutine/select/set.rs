use std::fmt;
use std::time::{Duration, Instant};

use crate::park::{self, Alternative, Decision};
use crate::sched::panics::resume_unwind;

use super::arm::Arm;
use super::arm::sealed::KEY;

/// Any number of arms to wait for, that come and go: where [`select!`](macro@crate::coroutine::select) has a fixed number of them.
///
/// Each arm has a function that makes a `T` of what comes of it. [`wait`](Self::wait) has exactly one arm take effect, and
/// the set may wait again afterwards: a loop over it is a stream of events from many sources. An arm that can take effect only
/// once leaves the set when it has; all others stay until they are [removed](Self::remove).
///
/// If a [`child`](super::child) that loses panics on its way out, so does the wait. What the winner has won is not lost: the next
/// wait returns it, at once.
///
/// A wait costs some tens of nanoseconds for each arm, if none is ready.
///
/// # Examples
///
/// ```
/// use costd::coroutine::{Select, select};
/// use costd::sync::mpsc;
/// use costd::thread;
///
/// let mut receivers = Vec::new();
/// for source in 0..100 {
///     let (tx, rx) = mpsc::channel();
///     thread::spawn(move || (0..10).for_each(|n| tx.send(source * n).unwrap()));
///     receivers.push(rx);
/// }
/// let mut select = Select::new();
/// for rx in &receivers {
///     select.add(select::recv(rx), |n| n.ok());
/// }
/// let mut sum = 0;
/// while !select.is_empty() {
///     match select.wait() {
///         (_, Some(n)) => sum += n,
///         (source, None) => drop(select.remove(source)),
///     }
/// }
/// assert_eq!(sum, 4950 * 45);
/// ```
pub struct Select<'a, T> {
    arms: Vec<Place<'a, T>>,
    free: Vec<usize>,
    generation: u64,
    /// It has won in a wait that ended by another one's panic.
    unseen: Option<usize>,
}

struct Place<'a, T> {
    generation: u64,
    arm: Option<Box<dyn AnyArm<T> + 'a>>,
}

/// An arm of a [`Select`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ArmId {
    index: usize,
    generation: u64,
}

/// An arm, and what is made of its output.
trait AnyArm<T> {
    fn alternative(&self) -> &dyn Alternative;
    fn take_output(&mut self) -> T;
    fn is_spent(&self) -> bool;
}

struct Mapped<A, F> {
    arm: A,
    then: F,
}

impl<A: Arm, T, F: FnMut(A::Output) -> T> AnyArm<T> for Mapped<A, F> {
    fn alternative(&self) -> &dyn Alternative {
        self.arm.alternative(KEY)
    }

    fn take_output(&mut self) -> T {
        (self.then)(self.arm.take_output(KEY))
    }

    fn is_spent(&self) -> bool {
        self.arm.is_spent(KEY)
    }
}

impl<'a, T> Select<'a, T> {
    /// Creates a set without arms.
    #[must_use]
    pub const fn new() -> Select<'a, T> {
        Select { arms: Vec::new(), free: Vec::new(), generation: 0, unseen: None }
    }

    /// Adds an arm. `then` is called, by the wait, with what comes of it.
    pub fn add<A: Arm + 'a>(&mut self, arm: A, then: impl FnMut(A::Output) -> T + 'a) -> ArmId {
        self.generation += 1;
        let place = Place { generation: self.generation, arm: Some(Box::new(Mapped { arm, then })) };
        let index = match self.free.pop() {
            Some(index) => {
                self.arms[index] = place;
                index
            }
            None => {
                self.arms.push(place);
                self.arms.len() - 1
            }
        };
        ArmId { index, generation: self.generation }
    }

    /// Takes an arm out. `false`: it was out already.
    pub fn remove(&mut self, id: ArmId) -> bool {
        let is_current = self.arms.get(id.index).is_some_and(|place| place.generation == id.generation);
        is_current && self.empty(id.index)
    }

    /// Takes out the arm in a place, if one is there.
    fn empty(&mut self, index: usize) -> bool {
        let arm = self.arms[index].arm.take();
        if arm.is_some() {
            self.free.push(index);
            self.unseen.take_if(|unseen| *unseen == index);
        }
        // Its destructor may panic, and finds the place free.
        arm.is_some()
    }

    /// How many arms there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.arms.len() - self.free.len()
    }

    /// Is there no arm?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Waits until an arm has taken effect; which one, and what came of it.
    ///
    /// # Panics
    /// There is no arm.
    #[track_caller]
    pub fn wait(&mut self) -> (ArmId, T) {
        assert!(!self.is_empty(), "a `Select` without arms waits for nothing");
        self.wait_until(None).expect("there is no deadline")
    }

    /// As [`wait`](Self::wait), but for no longer than `timeout`, and returns `None` then. There need not be an arm.
    pub fn wait_timeout(&mut self, timeout: Duration) -> Option<(ArmId, T)> {
        // Past the end of the clock nobody will see the end of the wait.
        match Instant::now().checked_add(timeout) {
            Some(deadline) => self.wait_deadline(deadline),
            None => self.wait_until(None),
        }
    }

    /// As [`wait_timeout`](Self::wait_timeout), until `deadline`.
    pub fn wait_deadline(&mut self, deadline: Instant) -> Option<(ArmId, T)> {
        self.wait_until(Some(deadline))
    }

    fn wait_until(&mut self, deadline: Option<Instant>) -> Option<(ArmId, T)> {
        self.run(|alternatives| park::decide(alternatives, deadline))
    }

    /// As [`wait`](Self::wait), but does not wait: `None` if no arm is ready at once.
    pub fn try_wait(&mut self) -> Option<(ArmId, T)> {
        self.run(park::try_decide)
    }

    fn run(&mut self, select: impl FnOnce(&[&dyn Alternative]) -> Decision) -> Option<(ArmId, T)> {
        self.sweep();
        // However this ends, by another's panic say: those that have had their only chance leave.
        let sweeping = Sweeping(self);
        let set = &mut *sweeping.0;
        let index = match set.unseen.take() {
            Some(index) => index,
            None => set.decide(select)?,
        };
        let place = &mut set.arms[index];
        let output = place.arm.as_mut().expect("it has won").take_output();
        Some((ArmId { index, generation: place.generation }, output))
    }

    /// Where the winner is.
    fn decide(&mut self, select: impl FnOnce(&[&dyn Alternative]) -> Decision) -> Option<usize> {
        let present = |(index, place): (usize, &Place<'a, T>)| place.arm.is_some().then_some(index);
        let indices: Vec<usize> = self.arms.iter().enumerate().filter_map(present).collect();
        let alternatives: Vec<&dyn Alternative> =
            self.arms.iter().filter_map(|place| Some(place.arm.as_ref()?.alternative())).collect();
        let Decision { winner, panic } = select(&alternatives);
        let winner = winner.map(|winner| indices[winner]);
        if let Some(payload) = panic {
            self.unseen = winner;
            resume_unwind(payload);
        }
        winner
    }

    /// Lets go of those that have had their only chance.
    fn sweep(&mut self) {
        for index in 0..self.arms.len() {
            let is_spent = self.arms[index].arm.as_ref().is_some_and(|arm| arm.is_spent());
            if is_spent && self.unseen != Some(index) {
                self.empty(index);
            }
        }
    }
}

/// A set in a wait.
struct Sweeping<'s, 'a, T>(&'s mut Select<'a, T>);

impl<T> Drop for Sweeping<'_, '_, T> {
    fn drop(&mut self) {
        self.0.sweep();
    }
}

impl<T> Default for Select<'_, T> {
    fn default() -> Self {
        Select::new()
    }
}

impl<T> fmt::Debug for Select<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Select").field("len", &self.len()).finish_non_exhaustive()
    }
}
