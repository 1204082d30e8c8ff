//! One waiting task in a queue, and where it stands among others.

use super::clock::Nanoseconds;

/// One waiting task: its slot, the sequence number that tells it from later tenants of the slot, and
/// when it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub slot: u32,
    pub sequence: u64,
    pub queued_at: Nanoseconds,
}

/// Where a task stands among others: its effective priority and its number.
pub(super) type Rank = (f64, u64);

/// Where an entry stands that has this effective priority.
pub(super) fn rank((priority, entry): (f64, &Entry)) -> Rank {
    (priority, entry.sequence)
}

/// Whether what stands at one place comes before what stands at another.
pub(super) fn is_ahead((priority, sequence): Rank, (other_priority, other): Rank) -> bool {
    priority > other_priority || (priority == other_priority && sequence < other)
}
