//! Into the queue and out of it.

use super::clock::{Nanoseconds, nanoseconds};
use super::core::Core;
use super::deadlines::Reminder;
use super::effects::Effects;
use super::entry::Entry;
use super::table::{Stage, Task};
use super::types::{Config, Kind, Note};

impl<J, O> Core<J, O> {
    /// Puts a task that has waited `since` then into the queue and finds somebody to take it. Answers the executor
    /// to start for it.
    pub(super) fn enqueue(
        &mut self,
        slot: u32,
        since: Nanoseconds,
        may_hire: bool,
        now: Nanoseconds,
        effects: &mut Effects,
    ) -> Option<u32> {
        let task = &mut self.table[slot];
        task.queued = since;
        let (kind, home, priority) = (task.kind, task.home, task.priority);
        let entry = Entry { slot, sequence: task.sequence, queued_at: since };
        let limit = Self::limits(&self.config, task).queue_timeout;
        let expected =
            self.statistics.labels.expected(task.figures).filter(|_| self.config.call_timeout.is_some());
        let side = &mut self.sides[kind];
        side.expects(expected.unwrap_or(Nanoseconds::MAX));
        side.waiting += 1;
        match home {
            None => side.queue.push(priority, entry),
            Some(home) => self.push_home(home, priority, entry),
        }
        if let Some(limit) = limit {
            self.remind(since.saturating_add(nanoseconds(limit)), slot, effects);
        }
        self.find_taker(kind, home, may_hire, now, effects)
    }

    /// Claims or hires somebody for a waiting task. Answers whom to start.
    fn find_taker(
        &mut self,
        kind: Kind,
        home: Option<u32>,
        may_hire: bool,
        now: Nanoseconds,
        effects: &mut Effects,
    ) -> Option<u32> {
        let side = &self.sides[kind];
        if home.is_some() || side.is_worth_a_call(self.config.processors) {
            self.call(kind, home, now, effects);
            return None;
        }
        let is_short = side.shared() > side.crew.idlers().len();
        if !side.crew.nobody_idles() {
            self.watch_calls(now, effects); // others are counted on
        }
        if may_hire && is_short { self.hire_if_short(kind, true, now, effects) } else { None }
    }

    /// Puts a task into the queue again, from wherever it was.
    pub(super) fn requeue(
        &mut self,
        slot: u32,
        since: Nanoseconds,
        may_hire: bool,
        now: Nanoseconds,
        effects: &mut Effects,
    ) {
        let task = &mut self.table[slot];
        let kind = task.kind;
        task.home = None;
        let placed = if may_hire { self.place(slot, now, effects) } else { None };
        let hire = placed.or(self.enqueue(slot, since, may_hire, now, effects));
        if let Some(executor) = hire {
            self.have_started(kind, executor, effects);
        }
    }

    /// A waiting task has left the queue, by whatever way.
    pub(super) fn leave_queue(&mut self, kind: Kind, home: Option<u32>, effects: &mut Effects) {
        let side = &mut self.sides[kind];
        side.waiting -= 1;
        if let Some(home) = home {
            side.crew.unpin(home);
        }
        if let Some(longest) = self.config.longest_queue
            && self.backed_up
            && self.excess() <= longest / 2
        {
            self.backed_up = false;
            self.note(Note::Drained, effects);
        }
    }

    /// The entry of a waiting task that is about to leave stays behind.
    pub(super) fn leave_lane(&mut self, kind: Kind, home: Option<u32>, leaving: u32) {
        let table = &self.table;
        let waits = |entry: &Entry| entry.slot != leaving && table.is_waiting(entry);
        let priority = table[leaving].priority;
        let side = &mut self.sides[kind];
        match home {
            None => side.queue.leave(priority, waits),
            Some(home) => {
                side.crew[home].own.iter_mut().for_each(|queue| queue.leave(priority, waits));
            }
        }
    }

    // ---- how long

    /// Something is due for a waiting task at this time. O(log n).
    pub(super) fn remind(&mut self, at: Nanoseconds, slot: u32, effects: &mut Effects) {
        let sequence = self.table[slot].sequence;
        self.deadlines.remind(Reminder { at, slot, sequence }, effects);
    }

    /// A task ceases to wait for what it may have a reminder of. O(log n) if it has one.
    pub(super) fn forget_reminder(&mut self, slot: u32) {
        let task = &self.table[slot];
        self.deadlines.forget_of(slot, task.sequence, Self::due(&self.config, task));
    }

    /// When something is due for a task, if it waits for a time.
    #[inline]
    pub(super) fn due(config: &Config, task: &Task<J>) -> Option<Nanoseconds> {
        match task.stage {
            Stage::BackingOff { until, .. } => Some(until),
            Stage::Waiting(_) | Stage::Awaiting { .. } => Self::limits(config, task)
                .queue_timeout
                .map(|limit| task.queued.saturating_add(nanoseconds(limit))),
            _ => None,
        }
    }

    /// Whether a reminder is still meant: its task waits, and for that time.
    pub(super) fn is_meant(&self, reminder: &Reminder) -> bool {
        let task = self.table.find(reminder.slot).filter(|task| task.sequence == reminder.sequence);
        task.is_some_and(|task| Self::due(&self.config, task) == Some(reminder.at))
    }
}
