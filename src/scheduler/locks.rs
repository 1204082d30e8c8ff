//! std's locks, made visible to ThreadSanitizer. The std that comes with the compiler is not instrumented: what a
//! lock orders would go unseen once two threads want it at the same time, and every use of what it guards look
//! like a race. So each release is told by an atomic write as well, each acquisition by a read of it; they order
//! what the lock orders, and nothing else.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LockResult, PoisonError};

/// As std's.
#[derive(Debug, Default)]
pub(super) struct Mutex<T> {
    inner: std::sync::Mutex<T>,
    /// Counts them; touched with the lock held.
    releases: AtomicUsize,
}

/// As std's.
#[derive(Debug)]
pub(super) struct MutexGuard<'a, T> {
    /// `None` while a condition variable has it.
    inner: Option<std::sync::MutexGuard<'a, T>>,
    releases: &'a AtomicUsize,
}

const HELD: &str = "a guard that is in use holds the lock";

impl<T> Mutex<T> {
    /// As std's.
    pub(super) fn new(value: T) -> Self {
        Self { inner: std::sync::Mutex::new(value), releases: AtomicUsize::new(0) }
    }

    /// As std's.
    pub(super) fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        acquired(self.inner.lock(), &self.releases)
    }
}

fn acquired<'a, T>(
    locked: LockResult<std::sync::MutexGuard<'a, T>>,
    releases: &'a AtomicUsize,
) -> LockResult<MutexGuard<'a, T>> {
    // Acquire: pairs with the release in `drop`. The lock is held, so the count is that of the last release.
    releases.load(Ordering::Acquire);
    let guard = |inner| MutexGuard { inner: Some(inner), releases };
    locked.map(guard).map_err(|poisoned| PoisonError::new(guard(poisoned.into_inner())))
}

impl<T> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        // Release: publishes what was done with the lock, which is still held here.
        self.releases.fetch_add(1, Ordering::Release);
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.inner.as_deref().expect(HELD)
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.inner.as_deref_mut().expect(HELD)
    }
}

/// As std's. Only tests wait.
#[cfg(test)]
#[derive(Debug, Default)]
pub(super) struct Condvar(std::sync::Condvar);

#[cfg(test)]
impl Condvar {
    /// As std's.
    pub(super) fn wait<'a, T>(&self, mut guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        let inner = guard.inner.take().expect(HELD);
        let releases = guard.releases;
        drop(guard); // tells of the release; `inner` holds the lock until `wait` lets go of it
        acquired(self.0.wait(inner), releases)
    }

    /// As std's.
    pub(super) fn notify_one(&self) {
        self.0.notify_one();
    }
}
