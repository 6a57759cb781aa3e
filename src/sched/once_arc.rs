//! A place for an `Arc` that is filled at most once, by whoever comes first.

use std::marker::PhantomData;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, Ordering};

/// One word: null, or an `Arc` that it owns until its own end.
pub(crate) struct OnceArc<T>(AtomicPtr<T>, PhantomData<Arc<T>>);

impl<T> OnceArc<T> {
    pub(crate) const fn new() -> OnceArc<T> {
        OnceArc(AtomicPtr::new(ptr::null_mut()), PhantomData)
    }

    /// One that is filled already.
    pub(crate) fn of(value: Arc<T>) -> OnceArc<T> {
        OnceArc(AtomicPtr::new(Arc::into_raw(value).cast_mut()), PhantomData)
    }

    #[inline]
    pub(crate) fn get(&self) -> Option<&T> {
        // Acquire: pairs with `set`.
        let value = self.0.load(Ordering::Acquire);
        // SAFETY: null, or the `Arc` that `self` owns and, once it is in, does not give away while borrowed.
        unsafe { value.as_ref() }
    }

    /// Fills the place, unless it is filled; then `value` comes back.
    pub(crate) fn set(&self, value: Arc<T>) -> Result<&T, Arc<T>> {
        let raw = Arc::into_raw(value).cast_mut();
        // Release: whoever sees the pointer sees the value whole. Nothing is looked at on failure.
        match self.0.compare_exchange(ptr::null_mut(), raw, Ordering::Release, Ordering::Relaxed) {
            // SAFETY: as in `get`.
            Ok(_) => Ok(unsafe { &*raw }),
            // SAFETY: from `into_raw` above, and nobody else has it.
            Err(_) => Err(unsafe { Arc::from_raw(raw) }),
        }
    }

    /// What is there, made with `make` if there is nothing.
    pub(crate) fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
        if let Some(value) = self.get() {
            return value;
        }
        match self.set(Arc::new(make())) {
            Ok(value) => value,
            Err(_) => self.get().expect("filled: that is why `set` has failed"),
        }
    }

    /// Another owner of what is there.
    pub(crate) fn share(&self) -> Option<Arc<T>> {
        let value = ptr::from_ref(self.get()?);
        // SAFETY: it is the `Arc` that `self` owns (made by `into_raw`), which is borrowed meanwhile.
        unsafe {
            Arc::increment_strong_count(value);
            Some(Arc::from_raw(value))
        }
    }

    /// Empties the place.
    pub(crate) fn take(&mut self) -> Option<Arc<T>> {
        let value = std::mem::replace(self.0.get_mut(), ptr::null_mut());
        // SAFETY: null, or from `into_raw`; `&mut self` excludes borrows of it.
        (!value.is_null()).then(|| unsafe { Arc::from_raw(value) })
    }
}

impl<T> Drop for OnceArc<T> {
    fn drop(&mut self) {
        drop(self.take());
    }
}
