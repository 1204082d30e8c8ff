//! What a step under the lock owes the outside.

use smallvec::SmallVec;

use super::sync::Arc;
use super::types::Endpoint;

/// Wake-ups owed.
pub(super) type Wakes = SmallVec<[Arc<dyn Endpoint>; 2]>;

/// A run that is to be told to stop, on its executor, and whether by force.
pub(super) struct Order {
    pub endpoint: Arc<dyn Endpoint>,
    pub run: u64,
    pub force: bool,
}

/// Runs to be told to stop.
pub(super) type Stops = Vec<Order>;

/// What a step owes the outside, to be carried out without the lock.
#[derive(Default)]
pub(super) struct Effects {
    pub wakes: Wakes,
    pub stops: Stops,
    /// There is something in the mailbox.
    pub noted: bool,
    /// `tick` is due earlier than whoever calls it knows.
    pub alarm: bool,
}

impl Effects {
    /// Whether there is anything to carry out.
    pub(super) fn owes(&self) -> bool {
        self.noted || self.owes_more()
    }

    /// Whether there is anything to carry out besides telling of what is in the mailbox.
    pub(super) fn owes_more(&self) -> bool {
        self.alarm || !self.wakes.is_empty() || !self.stops.is_empty()
    }

    /// There is nothing to carry out but what has been, so that nothing is left to drop either.
    pub(super) fn are_none(self) {
        debug_assert!(!self.owes_more());
        std::mem::forget(self); // which would find that out once more, for each list
    }
}
