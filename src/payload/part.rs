//! The content of a large ArrayBuffer on its way between two isolates.

use std::collections::TryReserveError;

#[cfg(not(feature = "model"))]
use crate::allocator::will_be_filled;

/// Bytes that were copied out of one isolate, to be copied into another.
#[derive(Debug, PartialEq, Eq)]
pub struct Part(Vec<u8>);

impl Part {
    /// A copy of `bytes`. O(length).
    ///
    /// # Errors
    /// If there is no memory for it.
    pub fn copy(bytes: &[u8]) -> Result<Self, TryReserveError> {
        let mut copy = Vec::new();
        copy.try_reserve_exact(bytes.len())?;
        #[cfg(not(feature = "model"))]
        will_be_filled(copy.spare_capacity_mut());
        copy.extend_from_slice(bytes);
        Ok(Self::from_bytes(copy))
    }

    /// These bytes.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        count::made();
        Self(bytes)
    }

    /// The bytes themselves.
    pub fn into_bytes(mut self) -> Vec<u8> {
        std::mem::take(&mut self.0)
    }
}

impl std::ops::Deref for Part {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        count::dropped();
    }
}

/// For tests: how many there are.
#[cfg(feature = "testing")]
pub mod count {
    use std::sync::atomic::{AtomicU32, Ordering};

    static ALIVE: AtomicU32 = AtomicU32::new(0);

    pub(super) fn made() {
        ALIVE.fetch_add(1, Ordering::Relaxed); // a number, which guards nothing
    }

    pub(super) fn dropped() {
        ALIVE.fetch_sub(1, Ordering::Relaxed);
    }

    /// Those that have not been dropped, in this process.
    pub fn alive() -> u32 {
        ALIVE.load(Ordering::Relaxed)
    }
}

#[cfg(not(feature = "testing"))]
mod count {
    pub(super) fn made() {}
    pub(super) fn dropped() {}
}
