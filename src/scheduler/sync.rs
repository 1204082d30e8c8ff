//! The primitives that the scheduler synchronises with: std's, or loom's under the model checker, or such as
//! ThreadSanitizer sees.

#[cfg(feature = "model")]
pub(super) use loom::sync::{
    Arc, Mutex, MutexGuard,
    atomic::{AtomicBool, Ordering},
};
#[cfg(not(feature = "model"))]
pub(super) use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
#[cfg(not(any(feature = "model", feature = "tsan")))]
pub(super) use std::sync::{Mutex, MutexGuard};

#[cfg(feature = "tsan")]
pub(super) use super::locks::{Mutex, MutexGuard};

// What only tests and models synchronise with.
#[cfg(feature = "model")]
pub(super) use loom::sync::atomic::AtomicU64;
#[cfg(all(test, not(feature = "model")))]
pub(super) use std::sync::atomic::AtomicU64;

#[cfg(all(test, feature = "tsan"))]
pub(super) use super::locks::Condvar;
#[cfg(all(test, feature = "model"))]
pub(super) use loom::sync::Condvar;
#[cfg(all(test, not(any(feature = "model", feature = "tsan"))))]
pub(super) use std::sync::Condvar;

/// Locks, also after a panic elsewhere. What is behind the lock is whole all the same: a step of the core that panics
/// is caught before the lock is released (`Scheduler::step`), and behind the others is what is changed by one call that
/// does all or nothing.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// A pause in a spin loop: the turn of another thread, if one waits for this processor. It may well be the
/// very thread that the spinner waits for, and would else get its turn when the spinner gives up.
pub fn pause() {
    #[cfg(feature = "model")]
    loom::thread::yield_now();
    #[cfg(not(feature = "model"))]
    std::thread::yield_now();
}
