//! Whether an idle executor should spin for a moment before it sleeps.

use super::clock::Nanoseconds;

/// Spinning pays when the next task comes within microseconds. Each spin that ends in a task earns the
/// right to more; each one in vain, and in the end there are none until tasks come quickly again.
pub(super) struct SpinCredit(pub u8);

impl SpinCredit {
    pub(super) const FULL: u8 = 8;
    /// A task that comes this soon after its executor fell asleep would have been worth a longer spin.
    pub(super) const NEAR_MISS: Nanoseconds = 300_000;

    pub(super) fn paid_off(&mut self) {
        self.0 = Self::FULL;
    }

    pub(super) fn in_vain(&mut self) {
        self.0 = self.0.saturating_sub(1);
    }

    pub(super) fn allows(&self) -> bool {
        self.0 > 0
    }
}
