//! The strategies that mean a task for one executor before anybody asks: each in turn, or whoever has the least.

use super::crew::Crew;

impl Crew {
    /// The one after `last`, by number, that new tasks may be meant for. One that is missing stands behind the others.
    pub(super) fn next_in_turn(&self, last: u32) -> Option<u32> {
        let staying = self.after(last).filter(|(_, executor)| executor.stays() && !executor.is_barred());
        staying.min_by_key(|(_, executor)| executor.is_missing()).map(|(id, _)| id)
    }

    /// The one with the fewest tasks that new ones may be meant for, and how many it has. One that is missing
    /// stands behind the others.
    pub(super) fn least_loaded(&self) -> Option<(u32, usize)> {
        let staying = self.iter().filter(|(_, executor)| executor.stays() && !executor.is_barred());
        let first = staying.min_by_key(|(_, executor)| (executor.is_missing(), executor.load()));
        first.map(|(id, executor)| (id, executor.load()))
    }
}
