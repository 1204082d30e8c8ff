//! Waiting tasks that somebody is free to take count as running: whether an executor has got round to asking for them is
//! nothing that anybody could rely on.

use std::collections::HashSet;

use super::clock::Nanoseconds;
use super::core::Core;
use super::effects::Effects;
use super::entry::Entry;
use super::statistics::Count;
use super::table::Stage;
use super::types::Kind;

/// A waiting task, with its priority.
pub(super) type Spoken = (f64, Entry);

impl<J, O> Core<J, O> {
    /// The waiting tasks of a kind that those who are up and free will take now: of its own ones as many as each has
    /// room for, and the first of what anybody may take for the rest of the room. O(executors + (those tasks) × (distinct
    /// priorities that wait)).
    pub(super) fn spoken_for(&self, kind: Kind, now: Nanoseconds) -> Vec<Spoken> {
        let side = &self.sides[kind];
        if side.waiting == 0 {
            return Vec::new();
        }
        let limit = self.config.tasks_per_worker.filter(|_| kind == Kind::JavaScript);
        let (own, shared) = side.crew.hands(side.places, limit);
        let waits = |entry: &Entry| self.table.is_waiting(entry);
        let mut spoken = side.queue.first(shared, now, waits);
        for (id, most) in own {
            let queue = side.crew[id].own.as_ref().filter(|_| most > 0);
            spoken.extend(queue.into_iter().flat_map(|queue| queue.first(most, now, waits)));
        }
        spoken
    }

    /// Takes out every task that waits and that nobody is free to take, those between two tries included. Answers their
    /// slots; the caller settles their promises. O(tasks).
    pub(super) fn cancel_queued(&mut self, now: Nanoseconds, effects: &mut Effects) -> Vec<u32> {
        let spoken = Kind::BOTH.into_iter().flat_map(|kind| self.spoken_for(kind, now));
        let spoken: HashSet<u32> = spoken.map(|(_, entry)| entry.slot).collect();
        let waits = |stage: &Stage<J>| matches!(stage, Stage::Waiting(_) | Stage::BackingOff { .. });
        let waiting = self.table.iter().filter(|(_, task)| waits(&task.stage)).map(|(slot, _)| slot);
        let slots: Vec<u32> = waiting.filter(|slot| !spoken.contains(slot)).collect();
        for slot in &slots {
            self.take_out(*slot, Count::Cancelled, now, effects);
        }
        slots
    }
}
