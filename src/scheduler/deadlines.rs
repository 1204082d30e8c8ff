//! When something is due.
//!
//! Few deadlines have an entry here. Those of waiting tasks do, since there may be a million; those of runs and of
//! executors stand with them, and as there are few of these, they are looked through each time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::clock::Nanoseconds;
use super::effects::Effects;

/// Reminders of tasks that left are dropped once they outnumber the tasks by this much.
const KEPT_REMINDERS: usize = 4096;

/// A task that waits for a time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Reminder {
    pub at: Nanoseconds,
    pub slot: u32,
    pub sequence: u64,
}

pub(super) struct Deadlines {
    /// The soonest first; the tasks of some have left.
    reminders: BinaryHeap<Reverse<Reminder>>,
    /// When whoever calls `tick` will call it next.
    armed: Nanoseconds,
}

impl Deadlines {
    pub(super) fn new() -> Self {
        Self { reminders: BinaryHeap::new(), armed: Nanoseconds::MAX }
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
        self.reminders.push(Reverse(reminder));
        self.arm(reminder.at, effects);
    }

    /// Once reminders outnumber the `tasks`, drops those that are not `meant` any more. O(1) amortised.
    pub(super) fn tidy(&mut self, tasks: usize, mut meant: impl FnMut(&Reminder) -> bool) {
        if self.reminders.len() > 2 * tasks + KEPT_REMINDERS {
            self.reminders.retain(|Reverse(reminder)| meant(reminder));
        }
    }

    /// The soonest reminder.
    pub(super) fn first(&self) -> Option<Reminder> {
        self.reminders.peek().map(|Reverse(reminder)| *reminder)
    }

    pub(super) fn drop_first(&mut self) {
        self.reminders.pop();
    }

    /// `tick` has been called, and will say when it is to be called next.
    pub(super) fn disarm(&mut self) {
        self.armed = Nanoseconds::MAX;
    }

    /// When `tick` is to be called next.
    pub(super) fn armed(&self) -> Option<Nanoseconds> {
        Some(self.armed).filter(|at| *at < Nanoseconds::MAX)
    }
}
