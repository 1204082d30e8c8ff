//! One attempt of a task, and the stop that it may have been told.

use super::clock::Nanoseconds;

/// One attempt of a task, on the executor that makes it.
pub(super) struct Run {
    /// Unique in the pool.
    pub number: u64,
    pub slot: u32,
    pub deadline: Option<Nanoseconds>,
    /// Whether its task has a key, all of whose tasks run on one executor.
    pub is_keyed: bool,
    pub stop: Option<Stop>,
}

/// A run has been told to stop.
#[derive(Clone, Copy)]
pub(super) struct Stop {
    pub since: Nanoseconds,
    /// When it was last told. From the second time on with force.
    pub told: Nanoseconds,
    /// Because it ran too long, and not because it was cancelled.
    pub timed_out: bool,
    /// What becomes of its executor.
    pub verdict: Verdict,
}

/// What the stop of a run means for its executor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It goes on, however the run ends.
    Stays,
    /// It takes nothing until the run is handed in, which may be in time.
    Open,
    /// The same, and it is not expected to be in time: a replacement is on its way.
    Lost,
}
