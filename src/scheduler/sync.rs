//! The primitives that the scheduler synchronises with: std's, or loom's under the model checker.

#[cfg(feature = "model")]
pub use loom::sync::{
    Arc, Condvar, Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicU64, Ordering},
};
#[cfg(not(feature = "model"))]
pub use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};
#[cfg(not(any(feature = "model", feature = "tsan")))]
pub use std::sync::{Condvar, Mutex, MutexGuard};

#[cfg(feature = "tsan")]
#[path = "../../scripts/sanitize/locks.rs"]
mod locks;
#[cfg(feature = "tsan")]
pub use locks::{Condvar, Mutex, MutexGuard};

/// Locks, also after a panic elsewhere: no lock of the scheduler is held while foreign code runs, and
/// its invariants are restored before anything that may panic.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
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
