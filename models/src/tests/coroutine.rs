//! What `coroutine` has to wait for one another: semaphore, event, wait group.

use std::time::Instant;

use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicUsize, Ordering};

use super::locks::side_by_side;
use crate::sched::reason::Reason;

/// A deadline that has passed already, as all have here.
fn at_once() -> Option<Instant> {
    Some(Instant::now())
}

/// What only one part touches at a time, or reads after the others have written: loom checks it.
struct Data(UnsafeCell<u32>);

// SAFETY: loom checks what the mechanisms are there to make sure of.
unsafe impl Sync for Data {}
// SAFETY: as above.
unsafe impl Send for Data {}

impl Data {
    fn new() -> Data {
        Data(UnsafeCell::new(0))
    }

    fn add(&self) {
        // SAFETY: see `Data`.
        self.0.with_mut(|data| unsafe { *data += 1 });
    }

    fn get(&self) -> u32 {
        // SAFETY: see `Data`.
        self.0.with(|data| unsafe { *data })
    }
}

mod semaphore {
    use super::*;
    use crate::locks::semaphore::Semaphore;

    struct Shared {
        semaphore: Semaphore,
        data: Data,
    }

    fn permits<const N: usize>() -> Shared {
        Shared { semaphore: Semaphore::new(N), data: Data::new() }
    }

    /// With all of `N` permits, alone with the data.
    fn alone<const N: usize>(shared: &Shared) {
        assert!(shared.semaphore.acquire(N, None));
        shared.data.add();
        shared.semaphore.release(N);
    }

    fn alone_in_time<const N: usize>(shared: &Shared) {
        if shared.semaphore.acquire(N, at_once()) {
            shared.data.add();
            shared.semaphore.release(N);
        }
    }

    fn alone_if_free<const N: usize>(shared: &Shared) {
        if shared.semaphore.try_acquire(N) {
            shared.data.add();
            shared.semaphore.release(N);
        }
    }

    /// With one permit, and so not with the data.
    fn one(shared: &Shared) {
        assert!(shared.semaphore.acquire(1, None));
        shared.semaphore.release(1);
    }

    fn one_in_time(shared: &Shared) {
        if shared.semaphore.acquire(1, at_once()) {
            shared.semaphore.release(1);
        }
    }

    fn all_are_back<const N: usize>(shared: &Shared) {
        assert_eq!(shared.semaphore.available(), N);
        // The bit is clear, too, or this would not get them.
        assert!(shared.semaphore.try_acquire(N));
    }

    #[test]
    fn one_permit_of_two() {
        fn twice(shared: &Shared) {
            alone::<1>(shared);
            alone::<1>(shared);
        }
        side_by_side(3, permits::<1>, &[twice, alone::<1>], |shared| {
            assert_eq!(shared.data.get(), 3);
            all_are_back::<1>(shared);
        });
    }

    #[test]
    fn one_permit_of_three() {
        side_by_side(2, permits::<1>, &[alone::<1>, alone::<1>, alone::<1>], |shared| {
            assert_eq!(shared.data.get(), 3);
            all_are_back::<1>(shared);
        });
    }

    #[test]
    fn a_deadline_and_a_release() {
        side_by_side(3, permits::<1>, &[alone::<1>, alone_in_time::<1>], all_are_back::<1>);
    }

    #[test]
    fn a_deadline_between_two_that_wait() {
        side_by_side(2, permits::<1>, &[alone::<1>, alone_in_time::<1>, alone::<1>], |shared| {
            assert!(shared.data.get() >= 2);
            all_are_back::<1>(shared);
        });
    }

    #[test]
    fn a_try_between_two_that_wait() {
        side_by_side(2, permits::<1>, &[alone::<1>, alone_if_free::<1>, alone::<1>], |shared| {
            assert!(shared.data.get() >= 2);
            all_are_back::<1>(shared);
        });
    }

    #[test]
    fn all_permits_and_single_ones() {
        side_by_side(2, permits::<2>, &[one, one, alone::<2>], all_are_back::<2>);
        side_by_side(2, permits::<2>, &[alone::<2>, one, alone::<2>], |shared| {
            assert_eq!(shared.data.get(), 2);
            all_are_back::<2>(shared);
        });
    }

    /// Who wants more than there will ever be leaves, and lets the one behind it have what there is.
    #[test]
    fn a_deadline_that_held_up_others() {
        fn two_in_time(shared: &Shared) {
            assert!(!shared.semaphore.acquire(2, at_once()));
        }
        fn take(shared: &Shared) {
            assert!(shared.semaphore.acquire(1, None));
        }
        fn two_if_in_time(shared: &Shared) {
            if shared.semaphore.acquire(2, at_once()) {
                shared.semaphore.release(2);
            }
        }
        side_by_side(3, permits::<1>, &[two_in_time, take], all_are_back::<0>);
        side_by_side(2, permits::<2>, &[two_if_in_time, take, take], all_are_back::<0>);
    }

    /// A release that has seen somebody wait, and then finds nobody; and the other way round.
    #[test]
    fn a_deadline_around_a_release() {
        fn give(shared: &Shared) {
            shared.data.add();
            shared.semaphore.release(1);
        }
        fn take_in_time(shared: &Shared) {
            if shared.semaphore.acquire(1, at_once()) {
                assert_eq!(shared.data.get(), 1);
            }
        }
        fn take_if_free(shared: &Shared) {
            if shared.semaphore.try_acquire(1) {
                assert_eq!(shared.data.get(), 1);
            }
        }
        fn two_in_time(shared: &Shared) {
            assert!(!shared.semaphore.acquire(2, at_once()));
        }
        side_by_side(3, permits::<0>, &[take_in_time, take_if_free, give], |_| ());
        // Here it leaves after the release.
        side_by_side(3, permits::<0>, &[two_in_time, take_if_free, give], |_| ());
    }

    #[test]
    fn permits_that_are_added() {
        fn add(shared: &Shared) {
            shared.data.add();
            shared.semaphore.release(2);
        }
        fn take(shared: &Shared) {
            assert!(shared.semaphore.acquire(1, None));
            assert_eq!(shared.data.get(), 1);
        }
        side_by_side(2, permits::<0>, &[take, take, add], all_are_back::<0>);
    }

    /// What one did who gave a permit is visible to one who takes it after it was taken and given by another.
    #[test]
    fn permits_that_change_hands_in_the_queue() {
        fn give(shared: &Shared) {
            shared.data.add();
            shared.semaphore.release(3);
        }
        fn take_two(shared: &Shared) {
            assert!(shared.semaphore.acquire(2, None));
        }
        fn take_one(shared: &Shared) {
            assert!(shared.semaphore.acquire(1, None));
            assert_eq!(shared.data.get(), 1);
        }
        side_by_side(2, permits::<0>, &[take_two, take_one, give], all_are_back::<0>);
    }
}

mod event {
    use super::*;
    use crate::locks::event::Event;

    struct Shared {
        event: Event,
        data: Data,
        work: AtomicUsize,
    }

    fn shared() -> Shared {
        Shared { event: Event::new(), data: Data::new(), work: AtomicUsize::new(0) }
    }

    fn wait(shared: &Shared) {
        assert!(shared.event.wait(None, Reason::Event));
        assert_eq!(shared.data.get(), 1);
    }

    fn set(shared: &Shared) {
        shared.data.add();
        shared.event.set();
    }

    #[test]
    fn is_waited_for() {
        side_by_side(3, shared, &[wait, set], |shared| assert!(shared.event.is_set()));
        side_by_side(2, shared, &[wait, wait, set], |shared| assert!(shared.event.is_set()));
    }

    #[test]
    fn is_reset_in_between() {
        fn wait(shared: &Shared) {
            assert!(shared.event.wait(None, Reason::Event));
        }
        fn set_twice(shared: &Shared) {
            shared.event.set();
            shared.event.reset();
            shared.event.set();
        }
        side_by_side(2, shared, &[wait, wait, set_twice], |_| ());
    }

    /// A wait that begins after a reset is not over before the next set, also if somebody's place in the queue becomes free
    /// while the set before the reset still wakes those who wait.
    #[test]
    fn a_wait_after_a_reset() {
        fn leave(shared: &Shared) {
            shared.event.wait(at_once(), Reason::Event);
        }
        fn reset(shared: &Shared) {
            if shared.event.reset() && shared.work.load(Ordering::Acquire) == 0 {
                wait(shared);
            }
        }
        fn set_twice(shared: &Shared) {
            shared.event.set();
            shared.data.add();
            shared.work.store(1, Ordering::Release);
            shared.event.set();
        }
        side_by_side(2, shared, &[leave, leave, reset, set_twice], |_| ());
    }

    #[test]
    fn a_deadline_and_a_set() {
        fn wait_in_time(shared: &Shared) {
            if shared.event.wait(at_once(), Reason::Event) {
                assert_eq!(shared.data.get(), 1);
            }
        }
        side_by_side(2, shared, &[wait_in_time, wait, set], |_| ());
    }

    /// The loop of the module's text: no work is missed, with two who make some.
    #[test]
    fn reset_look_wait() {
        fn work(shared: &Shared) {
            let mut done = 0;
            while done < 2 {
                shared.event.reset();
                match shared.work.swap(0, Ordering::Relaxed) {
                    0 => assert!(shared.event.wait(None, Reason::Event)),
                    some => done += some,
                }
            }
        }
        fn make(shared: &Shared) {
            shared.work.fetch_add(1, Ordering::Relaxed);
            shared.event.set();
        }
        side_by_side(2, shared, &[make, make, work], |_| ());
    }
}

mod wait_group {
    use super::*;
    use crate::locks::wait_group::WaitGroup;

    struct Shared {
        group: WaitGroup,
        data: Data,
    }

    /// With two members.
    fn shared() -> Shared {
        let group = WaitGroup::new();
        group.enter();
        Shared { group, data: Data::new() }
    }

    fn work(shared: &Shared) {
        shared.data.add();
        shared.group.leave();
    }

    fn leave_and_wait(shared: &Shared) {
        shared.group.leave();
        assert!(shared.group.wait(None));
        assert_eq!(shared.data.get(), 1);
    }

    #[test]
    fn is_waited_for() {
        side_by_side(3, shared, &[work, leave_and_wait], |_| ());
    }

    #[test]
    fn those_who_wait_are_no_members() {
        fn three() -> Shared {
            let shared = shared();
            shared.group.enter();
            shared
        }
        side_by_side(2, three, &[work, leave_and_wait, leave_and_wait], |_| ());
    }

    #[test]
    fn a_deadline_and_the_last_one() {
        fn leave_and_wait_in_time(shared: &Shared) {
            shared.group.leave();
            if shared.group.wait(at_once()) || !shared.group.enter_again() {
                assert_eq!(shared.data.get(), 1);
                assert_eq!(shared.group.members(), 0);
            } else {
                shared.group.leave();
            }
        }
        side_by_side(3, shared, &[work, leave_and_wait_in_time], |_| ());
    }
}
