//! A running task offers parts of its work, and takes the offer back.

use super::clock::Nanoseconds;
use super::core::Core;
use super::effects::Effects;
use super::table::Stage;
use super::types::Kind;

impl<J, O> Core<J, O> {
    /// While a run is under way, up to `most` others at a time may be given `help`.
    pub(super) fn offer(
        &mut self,
        kind: Kind,
        (slot, run): (u32, u64),
        (help, most): (J, usize),
        now: Nanoseconds,
        effects: &mut Effects,
    ) {
        // The pool was terminated, or the task settled without this run, and its slot may be another's by now.
        let Some(task) = self.table.find(slot).filter(|task| task.kind == kind) else { return };
        let Stage::Running { executor, run: current, .. } = task.stage else { return };
        if current != run {
            return;
        }
        let rank = (task.priority, task.sequence);
        self.sides[kind].offers.add((executor, run), rank, help, most);
        self.call_others(kind, true, now, effects);
    }

    /// Nobody is given any more of what a run offers.
    pub(super) fn retract(&mut self, kind: Kind, run: u64) {
        self.sides[kind].offers.retract_of(run);
    }

    /// Nobody is given any more of this offer.
    pub(super) fn retract_offer(&mut self, kind: Kind, number: u64) {
        self.sides[kind].offers.retract(number);
    }
}
