use crate::park::Alternative;

/// Something that one can wait for, together with others: what the functions of this module return.
///
/// It does nothing before a [`select!`](macro@crate::coroutine::select) or a [`Select`](super::Select) waits for it.
#[must_use = "an arm does nothing before a select waits for it"]
pub trait Arm: sealed::Sealed<Result = Self::Output> {
    /// What comes of it.
    type Output;
}

pub(super) mod sealed {
    use crate::park::Alternative;

    /// Who has one is costd: an alternative in other hands could be begun and never ended.
    pub struct Key(());

    pub(in super::super) const KEY: Key = Key(());

    pub trait Sealed {
        type Result;

        #[doc(hidden)]
        fn alternative(&self, key: Key) -> &dyn Alternative;

        /// What has come of the one that has won.
        #[doc(hidden)]
        fn take_output(&mut self, key: Key) -> Self::Result;

        /// Will it never be ready (any more)?
        #[doc(hidden)]
        fn is_spent(&self, key: Key) -> bool;
    }
}

use sealed::{KEY, Key};

/// An alternative, and how to ask it for what has come of it.
pub(super) struct Made<A, F, S> {
    alternative: A,
    take_output: F,
    is_spent: S,
}

/// An arm that may win any number of times.
pub(super) fn lasting<A: Alternative, R>(alternative: A, take_output: impl FnMut(&mut A) -> R) -> impl Arm<Output = R> {
    once(alternative, take_output, |_| false)
}

/// An arm that wins once, and `is_spent` then.
pub(super) fn once<A: Alternative, R>(
    alternative: A,
    take_output: impl FnMut(&mut A) -> R,
    is_spent: impl Fn(&A) -> bool,
) -> impl Arm<Output = R> {
    Made { alternative, take_output, is_spent }
}

/// What has come of an arm that has won.
pub(super) const WON: &str = "an arm that has won has a result, and is asked for it once";

impl<A: Alternative, R, F: FnMut(&mut A) -> R, S: Fn(&A) -> bool> sealed::Sealed for Made<A, F, S> {
    type Result = R;

    fn alternative(&self, _: Key) -> &dyn Alternative {
        &self.alternative
    }

    fn take_output(&mut self, _: Key) -> R {
        (self.take_output)(&mut self.alternative)
    }

    fn is_spent(&self, _: Key) -> bool {
        (self.is_spent)(&self.alternative)
    }
}

impl<A: Alternative, R, F: FnMut(&mut A) -> R, S: Fn(&A) -> bool> Arm for Made<A, F, S> {
    type Output = R;
}

/// An arm in a `select!`: it may be switched off, and it remembers whether it has won.
pub struct Slot<A> {
    arm: Option<A>,
    won: bool,
}

impl<A: Arm> Slot<A> {
    /// `None`: it is switched off.
    pub fn new(arm: Option<A>) -> Slot<A> {
        Slot { arm, won: false }
    }

    /// Is it the one that has taken effect?
    pub fn has_won(&self) -> bool {
        self.won
    }

    /// What has come of it, which has won.
    pub fn into_output(mut self) -> A::Output {
        self.arm.as_mut().expect("one that is switched off does not win").take_output(KEY)
    }
}

/// A [`Slot`] of whatever arm.
pub trait AnySlot {
    /// `None`: it is switched off.
    fn alternative(&self, key: Key) -> Option<&dyn Alternative>;
    /// It has won.
    fn set_won(&mut self, key: Key);
}

impl<A: Arm> AnySlot for Slot<A> {
    fn alternative(&self, _: Key) -> Option<&dyn Alternative> {
        self.arm.as_ref().map(|arm| arm.alternative(KEY))
    }

    fn set_won(&mut self, _: Key) {
        self.won = true;
    }
}
