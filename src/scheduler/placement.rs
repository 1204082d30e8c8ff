//! Which worker a task goes to, where it may not go to whoever asks first: by the pool's strategy, or by its key.

use super::clock::Nanoseconds;
use super::core::{Core, Phase, empty_queue};
use super::effects::Effects;
use super::entry::Entry;
use super::executor::Executor;
use super::side::Side;
use super::table::Task;
use super::types::{Kind, Strategy};

impl<J, O> Core<J, O> {
    /// Chooses the home of a task that is about to be queued, if it is one that has a home. Answers an executor to
    /// start.
    pub(super) fn place(&mut self, slot: u32, now: Nanoseconds, effects: &mut Effects) -> Option<u32> {
        let task = &mut self.table[slot];
        task.home = None;
        if task.kind == Kind::Native {
            return None;
        }
        let key = Self::limits(&self.config, task).affinity;
        if key.is_none() && self.config.strategy == Strategy::Shared {
            return None;
        }
        let Side { crew, places, .. } = &self.sides[Kind::JavaScript];
        let known = key.and_then(|key| self.homes.of(key));
        // The worker of a key may be gone or about to go; then the key gets another.
        if let Some(home) = known.filter(|home| crew.find(*home).is_some_and(Executor::is_home)) {
            task.home = Some(home);
            return None;
        }
        let least = crew.least_loaded();
        let loaded = least.is_none_or(|(id, load)| load >= *places || crew[id].is_missing());
        let room = self.phase != Phase::Terminated && crew.has_room();
        let engaged = (loaded && room).then(|| self.engage(Kind::JavaScript, now, effects));
        if engaged.is_some() {
            self.review_reserve(Kind::JavaScript, now, effects);
        }
        let home = engaged.as_ref().map(|engaged| engaged.id).or_else(|| match (self.config.strategy, key) {
            (Strategy::RoundRobin, None) => self.sides[Kind::JavaScript].crew.next_in_turn(self.homes.last),
            _ => least.map(|(id, _)| id),
        });
        if let (Some(key), Some(home)) = (key, home) {
            self.homes.settle(key, home);
        }
        self.homes.last = home.unwrap_or(self.homes.last);
        self.table[slot].home = home;
        engaged.filter(|engaged| engaged.is_new).map(|engaged| engaged.id)
    }

    /// A worker is missing: what waits for it goes to others, but for tasks with a key, which it remembers.
    pub(super) fn send_elsewhere(&mut self, kind: Kind, id: u32, now: Nanoseconds, effects: &mut Effects) {
        let side = &mut self.sides[kind];
        let Some(queue) = side.crew[id].own.take() else { return };
        let pinned = std::mem::take(&mut side.crew[id].pinned);
        side.crew.pinned -= pinned;
        side.waiting -= pinned;
        let entries: Vec<(f64, Entry)> = queue.iter().map(|(priority, entry)| (priority, *entry)).collect();
        for (priority, entry) in entries {
            let Some(task) = self.table.find(entry.slot).filter(|_| self.table.is_waiting(&entry)) else {
                continue; // it has left
            };
            if Self::limits(&self.config, task).affinity.is_some() {
                self.push_home(id, priority, entry);
                self.sides[kind].waiting += 1;
            } else {
                self.requeue(entry.slot, entry.queued_at, true, now, effects);
            }
        }
    }

    /// The worker in whose queue a waiting task is. One that is no home any more has given its queue back: what was in it
    /// is for whoever asks first.
    pub(super) fn home_of(&self, task: &Task<J>) -> Option<u32> {
        let crew = &self.sides[task.kind].crew;
        task.home.filter(|home| crew.find(*home).is_some_and(Executor::is_home))
    }

    /// Worker `id` has come upon a waiting task that is for whoever asks first. If it has a key, and that has a worker,
    /// goes into the queue of that, and answers so; if the key has none, it is this worker's from now on.
    pub(super) fn send_home(
        &mut self,
        id: u32,
        priority: f64,
        entry: Entry,
        now: Nanoseconds,
        effects: &mut Effects,
    ) -> bool {
        let task = &self.table[entry.slot];
        if task.kind == Kind::Native {
            return false;
        }
        let Some(key) = Self::limits(&self.config, task).affinity else { return false };
        let crew = &self.sides[Kind::JavaScript].crew;
        match self.homes.of(key).filter(|home| crew.find(*home).is_some_and(Executor::is_home)) {
            Some(home) if home != id => {
                self.table[entry.slot].home = Some(home);
                self.push_home(home, priority, entry);
                self.call(Kind::JavaScript, Some(home), now, effects);
                return true;
            }
            Some(_) => {}
            None => self.homes.settle(key, id),
        }
        false
    }

    /// Adds an entry to a worker's own queue.
    pub(super) fn push_home(&mut self, home: u32, priority: f64, entry: Entry) {
        let crew = &mut self.sides[Kind::JavaScript].crew;
        let own = &mut crew[home].own;
        own.get_or_insert_with(|| empty_queue(&self.config)).push(priority, entry);
        crew.pin(home);
    }
}
