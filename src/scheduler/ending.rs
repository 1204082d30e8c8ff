//! The end of a pool.

use super::clock::Nanoseconds;
use super::core::{Core, Discarded, Phase};
use super::deadlines::Deadlines;
use super::effects::Effects;
use super::table::Table;
use super::types::{Kind, Note};

impl<J, O> Core<J, O> {
    pub(super) fn close(&mut self, now: Nanoseconds, effects: &mut Effects) {
        if self.phase == Phase::Open {
            self.phase = Phase::Closing;
        }
        self.end_if_over(now, effects);
    }

    /// Forgets every task; their promises are the caller's to settle. O(executors).
    pub(super) fn terminate(&mut self, now: Nanoseconds, effects: &mut Effects) {
        if self.phase == Phase::Terminated {
            return; // who terminates twice wants no more than once
        }
        self.forget(effects);
        self.end_if_over(now, effects);
    }

    /// Something has failed halfway, be it a step under the lock. Nothing that is counted or listed can be relied upon
    /// from here on but who is there, and that everybody is to go.
    pub(super) fn break_off(&mut self, words: String, now: Nanoseconds, effects: &mut Effects) {
        if self.failure.is_none() && !self.ended {
            self.failure = Some(words.clone());
            self.forget(effects);
            // The owner may not know of one that was hired by the step that failed, and so never say that it is gone.
            // One that comes all the same finds itself gone.
            self.sides.iter_mut().for_each(|side| side.crew.dismiss_unattached());
            self.note(Note::Broken { words }, effects);
        }
        self.end_if_over(now, effects);
    }

    /// Forgets every task and takes no more. Workers are ended by their owner; native threads end with what they run.
    fn forget(&mut self, effects: &mut Effects) {
        self.phase = Phase::Terminated;
        self.sides.iter_mut().for_each(|side| side.forget_tasks(&mut self.discarded));
        let deadlines = std::mem::replace(&mut self.deadlines, Deadlines::new());
        self.discarded.push(Discarded::Deadlines(deadlines));
        self.homes.forget_tasks();
        let table = std::mem::replace(&mut self.table, Table::new());
        self.statistics.forgotten(table.length());
        self.discarded.push(Discarded::Tasks(table));
        for (_, executor) in self.sides[Kind::Native].crew.iter() {
            executor.runs.iter().for_each(|run| executor.tell(run.number, true, &mut effects.stops));
        }
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
            self.watch_calls(now, effects);
        }
    }
}
