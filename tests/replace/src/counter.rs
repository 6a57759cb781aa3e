//! Each thread counts for itself.

use std::{
    cell::{Cell, RefCell},
    sync::mpsc::{self, Sender},
    thread,
};

std::thread_local! {
    static SERVED: Cell<u32> = const { Cell::new(0) };
    static LAST: RefCell<Closing> = const { RefCell::new(Closing(None)) };
}

/// Says at the end of a thread how many it served.
struct Closing(Option<Sender<u32>>);

impl Drop for Closing {
    fn drop(&mut self) {
        if let Some(sender) = &self.0 {
            let _ = sender.send(SERVED.with(Cell::get));
        }
    }
}

/// Serves so many customers at each counter, and waits after each one.
pub fn serve(customers: &[u32]) -> Vec<u32> {
    let (sender, receiver) = mpsc::channel();
    thread::scope(|scope| {
        for &count in customers {
            let sender = sender.clone();
            scope.spawn(move || {
                LAST.with_borrow_mut(|last| last.0 = Some(sender));
                for _ in 0..count {
                    SERVED.set(SERVED.get() + 1);
                    thread::yield_now();
                }
            });
        }
    });
    drop(sender);
    let mut served: Vec<_> = receiver.into_iter().collect();
    served.sort_unstable();
    assert_eq!(SERVED.get(), 0);
    served
}
