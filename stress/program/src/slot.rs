//! What the interpreters keep under the real std's lock, since nobody waits for it and nothing of it is to be tested.

use std::sync::{Mutex, MutexGuard};

/// Where something is left for one task.
pub struct Slot<T>(Mutex<Option<T>>);

/// Texts from all tasks.
#[derive(Default)]
pub struct Texts(Mutex<Vec<String>>);

impl<T> Slot<T> {
    pub fn new(value: Option<T>) -> Slot<T> {
        Slot(Mutex::new(value))
    }

    pub fn put(&self, value: T) {
        *self.lock() = Some(value);
    }

    pub fn take(&self) -> Option<T> {
        self.lock().take()
    }

    /// Looks at what is there. `look` must not wait.
    pub fn look_at(&self, look: impl FnOnce(&T)) {
        if let Some(value) = &*self.lock() {
            look(value);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<T>> {
        self.0.lock().expect("nobody panics with it")
    }
}

impl Texts {
    pub fn push(&self, text: String) {
        self.0.lock().expect("as above").push(text);
    }

    pub fn into_inner(self) -> Vec<String> {
        self.0.into_inner().expect("as above")
    }
}
