//! When something is due.
//!
//! Few deadlines have an entry here. Those of waiting tasks do, since there may be a million; those of runs and of
//! executors stand with them, and as there are few of these, they are looked through each time.

use std::collections::BTreeSet;

use super::clock::Nanoseconds;
use super::effects::Effects;

/// A task that waits for a time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Reminder {
    pub at: Nanoseconds,
    pub slot: u32,
    pub sequence: u64,
}

pub(super) struct Deadlines {
    /// The soonest first. Each leaves with its task: what is left behind would have to be swept out some time.
    reminders: BTreeSet<Reminder>,
    /// When whoever calls `tick` will call it next.
    armed: Nanoseconds,
}

impl Deadlines {
    pub(super) fn new() -> Self {
        Self { reminders: BTreeSet::new(), armed: Nanoseconds::MAX }
    }

    /// `tick` has something to do at this time.
    pub(super) fn arm(&mut self, at: Nanoseconds, effects: &mut Effects) {
        if at < self.armed {
            self.armed = at;
            effects.alarm = true;
        }
    }

    /// Something is due for a waiting task. O(log n).
    pub(super) fn remind(&mut self, reminder: Reminder, effects: &mut Effects) {
        self.reminders.insert(reminder);
        self.arm(reminder.at, effects);
    }

    /// A task has left, or waits for something else, that may have been `due`. O(log n) if it was.
    #[inline]
    pub(super) fn forget_of(&mut self, slot: u32, sequence: u64, due: Option<Nanoseconds>) {
        if let Some(at) = due {
            self.reminders.remove(&Reminder { at, slot, sequence });
        }
    }

    /// The soonest reminder.
    pub(super) fn first(&self) -> Option<Reminder> {
        self.reminders.first().copied()
    }

    pub(super) fn drop_first(&mut self) {
        self.reminders.pop_first();
    }

    /// `tick` has been called, and will say when it is to be called next.
    pub(super) fn disarm(&mut self) {
        self.armed = Nanoseconds::MAX;
    }

    /// Whether `tick` was due so long ago that it may never be called: the system may have granted no thread for that.
    pub(super) fn are_missed(&self, patience: Nanoseconds, now: Nanoseconds) -> bool {
        self.armed.saturating_add(patience) <= now
    }

    /// When `tick` is to be called next.
    pub(super) fn armed(&self) -> Option<Nanoseconds> {
        Some(self.armed).filter(|at| *at < Nanoseconds::MAX)
    }
}
