//! The end of a pool.

use super::clock::Nanoseconds;
use super::core::{Core, Phase};
use super::effects::Effects;
use super::side::Side;
use super::statistics::Count;
use super::types::{Kind, Note};

impl<J, O> Core<J, O> {
    pub(super) fn close(&mut self, now: Nanoseconds, effects: &mut Effects) {
        if self.phase == Phase::Open {
            self.phase = Phase::Closing;
        }
        self.end_if_over(now, effects);
    }

    /// Forgets every task; their promises are the caller's to settle.
    pub(super) fn terminate(&mut self, now: Nanoseconds, effects: &mut Effects) {
        if self.phase == Phase::Terminated {
            return; // who terminates twice wants no more than once
        }
        self.phase = Phase::Terminated;
        self.sides.iter_mut().for_each(Side::forget_tasks);
        self.deadlines.forget_tasks();
        for task in self.table.drain() {
            self.statistics.over(task.kind, task.label, Count::Cancelled);
        }
        // Workers are ended by their owner; native threads end with what they run.
        for (_, executor) in self.sides[Kind::Native].crew.iter() {
            executor.runs.iter().for_each(|run| executor.tell(run.number, true, &mut effects.stops));
        }
        self.end_if_over(now, effects);
    }

    /// Once nothing is left to do and nothing will come, everybody may go; once they have, says so.
    pub(super) fn end_if_over(&mut self, now: Nanoseconds, effects: &mut Effects) {
        if self.phase == Phase::Open || self.table.length() > 0 || self.ended {
            return;
        }
        if self.sides.iter().all(|side| side.crew.is_empty()) {
            self.ended = true;
            self.note(Note::Ended, effects);
        } else {
            self.sides.iter_mut().for_each(|side| side.crew.retire_all(now, &mut effects.wakes));
        }
    }
}
