//! What a step under the lock owes the outside.

use smallvec::SmallVec;

use super::sync::Arc;
use super::types::Endpoint;

/// Wake-ups owed.
pub(super) type Wakes = SmallVec<[Arc<dyn Endpoint>; 2]>;

/// Runs to be told to stop, on their executors, and whether by force.
pub(super) type Stops = Vec<(Arc<dyn Endpoint>, u64, bool)>;

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
