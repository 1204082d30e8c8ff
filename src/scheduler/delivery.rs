//! Tasks whose input the owner hands to their executor.

use super::clock::Nanoseconds;
use super::core::Core;
use super::effects::Effects;
use super::executor::Held;
use super::table::Stage;
use super::types::Kind;

impl<J, O> Core<J, O> {
    /// Gives the task in `slot`, which is in no queue, to an executor that has to wait for its input.
    pub(super) fn await_delivery(&mut self, executor: u32, slot: u32) {
        let task = &mut self.table[slot];
        task.stage = Stage::Awaiting { executor, job: task.take_job() };
        let crew = &mut self.sides[task.kind].crew;
        crew.comes(executor); // if it has not yet, it is no longer counted on for anything else
        crew[executor].hold(Some(Held::Awaiting { slot }));
    }

    /// The executor that awaits the input of the task in `slot`, or has just got it.
    fn holder(&self, slot: u32) -> Option<u32> {
        match self.table.find(slot)?.stage {
            Stage::Awaiting { executor, .. } => Some(executor),
            _ => None,
        }
    }

    /// Whether the task in `slot` is one that executor `id` awaits the input of, which has not been sent.
    pub(super) fn lacks_input(&self, slot: u32, id: u32) -> bool {
        self.holder(slot) == Some(id) && self.sides[Kind::JavaScript].crew[id].awaits(slot)
    }

    /// Whether the task in `slot` is one that executor `id` was given and has not started.
    pub(super) fn is_held(&self, slot: u32, id: u32) -> bool {
        self.holder(slot) == Some(id)
    }

    /// The input of an awaiting task has arrived at its executor.
    pub(super) fn delivered(&mut self, kind: Kind, slot: u32, now: Nanoseconds, effects: &mut Effects) {
        let Some(executor) = self.holder(slot) else {
            return; // its executor died meanwhile, it timed out, or the pool was terminated
        };
        let held = Some(Held::Delivered { slot });
        self.sides[kind].crew.end_awaiting(executor, held, now, &mut effects.wakes);
        self.watch_calls(now, effects);
    }

    /// The task that executor `id` holds is no longer its own.
    pub(super) fn let_go(&mut self, kind: Kind, id: u32, now: Nanoseconds, effects: &mut Effects) {
        self.sides[kind].crew.end_awaiting(id, None, now, &mut effects.wakes);
        self.watch_calls(now, effects);
        self.leave_home(kind, id, now, effects);
        self.release(kind, now, effects);
    }
}
