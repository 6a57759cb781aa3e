//! The types of `sync::mpsc` have std's auto traits, for every kind of message, and std's texts.

use std::cell::Cell;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;

/// Does `$t` implement `$bound`? An inherent constant that needs the bound comes before the trait's.
macro_rules! is {
    ($t:ty: $bound:path) => {{
        #[allow(dead_code, reason = "where every answer is the other")]
        trait Otherwise {
            const IS: bool = false;
        }
        impl<T: ?Sized> Otherwise for T {}
        struct Ask<T: ?Sized>(std::marker::PhantomData<T>);
        #[allow(dead_code)]
        impl<T: ?Sized + $bound> Ask<T> {
            const IS: bool = true;
        }
        <Ask<$t>>::IS
    }};
}

macro_rules! auto_traits {
    ($t:ty) => {
        [is!($t: Send), is!($t: Sync), is!($t: Unpin), is!($t: UnwindSafe), is!($t: RefUnwindSafe), is!($t: Clone)]
    };
}

macro_rules! for_messages {
    ($($t:ty)*) => {$({
        use costd::sync::mpsc as ours;
        use std::sync::mpsc as theirs;
        let text = stringify!($t);
        assert_eq!(auto_traits!(ours::Sender<$t>), auto_traits!(theirs::Sender<$t>), "Sender<{text}>");
        assert_eq!(auto_traits!(ours::SyncSender<$t>), auto_traits!(theirs::SyncSender<$t>), "SyncSender<{text}>");
        assert_eq!(auto_traits!(ours::Receiver<$t>), auto_traits!(theirs::Receiver<$t>), "Receiver<{text}>");
        assert_eq!(auto_traits!(ours::IntoIter<$t>), auto_traits!(theirs::IntoIter<$t>), "IntoIter<{text}>");
        assert_eq!(auto_traits!(ours::Iter<'static, $t>), auto_traits!(theirs::Iter<'static, $t>), "Iter<{text}>");
        assert_eq!(auto_traits!(ours::TryIter<'static, $t>), auto_traits!(theirs::TryIter<'static, $t>), "TryIter<{text}>");
    })*};
}

#[test]
fn auto_traits_are_stds() {
    for_messages!(u32 Rc<u32> Cell<u32> *mut u32 &'static Cell<u32> &'static mut u32
        std::marker::PhantomPinned std::sync::MutexGuard<'static, u32> Box<dyn FnMut()>);
}

#[test]
fn texts_are_stds() {
    let (ours, theirs) = (costd::sync::mpsc::channel::<Rc<Cell<u8>>>(), std::sync::mpsc::channel::<Rc<Cell<u8>>>());
    assert_eq!(format!("{:?} {:#?}", ours.0, ours.1), format!("{:?} {:#?}", theirs.0, theirs.1));
    assert_eq!(
        format!("{:?} {:?}", ours.1.iter(), ours.1.try_iter()),
        format!("{:?} {:?}", theirs.1.iter(), theirs.1.try_iter())
    );
    assert_eq!(format!("{:?}", ours.1.into_iter()), format!("{:?}", theirs.1.into_iter()));
    let (ours, theirs) = (costd::sync::mpsc::sync_channel::<u8>(1), std::sync::mpsc::sync_channel::<u8>(1));
    assert_eq!(format!("{ours:?}"), format!("{theirs:?}"));
}

#[test]
fn errors_are_stds_own() {
    fn same<T>(_: T, _: T) {}
    let (tx, rx) = costd::sync::mpsc::sync_channel(1);
    same(rx.try_recv().unwrap_err(), std::sync::mpsc::TryRecvError::Empty);
    drop(rx);
    same(tx.send(1).unwrap_err(), std::sync::mpsc::SendError(1));
    same(tx.try_send(1).unwrap_err(), std::sync::mpsc::TrySendError::Full(1));
}

#[test]
fn ends_and_messages_that_borrow() {
    let text = String::from("text");
    let (tx, rx) = costd::sync::mpsc::channel::<&str>();
    costd::thread::scope(|scope| {
        scope.spawn(|| tx.send(&text).unwrap());
        assert_eq!(rx.recv(), Ok("text"));
    });
}
