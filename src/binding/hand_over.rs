//! Ownership that passes to the engine, by a call that may fail.
//!
//! Such a call takes a pointer and a function that frees what is there. If it fails, Node-API does not say whether that
//! function has been called, will be, or never is: engines differ, and one engine does from failure to failure. So what
//! is given has two ends, one with the engine and one with the giver, and whoever of them comes first frees it: the
//! giver at once, if the call has failed. What is left then, where the engine never calls, is the empty box.

use std::ffi::c_void;
use std::sync::{Arc, Mutex, PoisonError};

use napi::sys;

/// The giver's end: what was given is freed when this is dropped, unless the engine [has taken](HandOver::taken) it.
pub(super) struct HandOver<T> {
    given: Arc<Given<T>>,
    is_taken: bool,
}

struct Given<T>(Mutex<Option<T>>);

impl<T> Given<T> {
    fn free(&self) {
        let value = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        count::freed(value.is_some());
        drop(value);
    }
}

impl<T> HandOver<T> {
    pub(super) fn new(value: T) -> Self {
        count::given();
        Self { given: Arc::new(Given(Mutex::new(Some(value)))), is_taken: false }
    }

    /// The engine's end, for [`free`] to be called with; to be asked for once.
    pub(super) fn hint(&self) -> *mut c_void {
        Arc::into_raw(self.given.clone()).cast_mut().cast()
    }

    /// The call has succeeded: the engine frees it.
    pub(super) fn taken(mut self) {
        self.is_taken = true;
    }

    /// The call has failed, and is known never to free anything then: no box stays. The value is the giver's again.
    ///
    /// # Safety
    /// `hint` is this one's, and the engine has forgotten it.
    pub(super) unsafe fn forgotten(mut self, hint: *mut c_void) -> Option<T> {
        self.is_taken = true;
        // SAFETY: made by `hint`, and nobody else has it.
        drop(unsafe { Arc::from_raw(hint.cast_const().cast::<Given<T>>()) });
        let value = self.given.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        count::freed(value.is_some());
        value
    }
}

impl<T> Drop for HandOver<T> {
    fn drop(&mut self) {
        if !self.is_taken {
            self.given.free();
        }
    }
}

/// What the engine calls to free what it was given.
///
/// # Safety
/// `hint` came from [`HandOver::hint`] of the same type, and this is called once with it.
pub(super) unsafe extern "C" fn free<T>(_env: sys::napi_env, _data: *mut c_void, hint: *mut c_void) {
    // SAFETY: the caller's word.
    let given = unsafe { Arc::from_raw(hint.cast_const().cast::<Given<T>>()) };
    given.free();
}

/// Something that the engine, or what it runs on, holds by other means: counted as if handed over.
pub(super) struct Counted(());

impl Counted {
    pub(super) fn new() -> Self {
        count::given();
        Self(())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        count::freed(true);
    }
}

/// For tests: how much was given, and how much of that freed.
#[cfg(feature = "testing")]
pub(super) mod count {
    use std::sync::atomic::{AtomicU32, Ordering};

    static GIVEN: AtomicU32 = AtomicU32::new(0);
    static FREED: AtomicU32 = AtomicU32::new(0);

    pub(super) fn given() {
        GIVEN.fetch_add(1, Ordering::Relaxed); // as below: a number, which guards nothing
    }

    pub(super) fn freed(is_freed: bool) {
        FREED.fetch_add(u32::from(is_freed), Ordering::Relaxed);
    }

    pub(in super::super) fn both() -> (u32, u32) {
        (GIVEN.load(Ordering::Relaxed), FREED.load(Ordering::Relaxed))
    }
}

#[cfg(not(feature = "testing"))]
mod count {
    pub(super) fn given() {}
    pub(super) fn freed(_is_freed: bool) {}
}
