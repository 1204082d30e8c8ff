//! Which worker a task goes to, where it may not go to whoever asks first: by the pool's strategy, or by its key.

use std::collections::HashMap;

use super::clock::{Nanoseconds, nanoseconds};
use super::core::{Core, Effects, Phase};
use super::crew::{Crew, Executor, Wakes};
use super::queue::{Entry, Queue};
use super::{Kind, Note, Strategy};

/// Where tasks were sent.
#[derive(Default)]
pub(super) struct Homes {
    /// The worker of each key.
    by_key: HashMap<u64, u32>,
    /// The worker that was last in turn.
    last: u32,
}

impl<J: Clone, O> Core<J, O> {
    /// Chooses the home of a task that is about to be queued, if it is one that has a home. Answers an executor to
    /// start.
    pub(super) fn place(&mut self, slot: u32, now: Nanoseconds, effects: &mut Effects) -> Option<u32> {
        let task = self.table.get_mut(slot)?;
        task.home = None;
        if task.kind == Kind::Native {
            return None;
        }
        let key = Self::limits(&self.config, task).affinity;
        if key.is_none() && self.config.strategy == Strategy::Shared {
            return None;
        }
        let crew = &self.crews[Kind::JavaScript as usize];
        let known = key.and_then(|key| self.homes.by_key.get(&key)).copied();
        if let Some(home) = known.filter(|home| crew.executors.get(home).is_some_and(Executor::stays)) {
            task.home = Some(home);
            return None;
        }
        let least = crew.executors.iter().filter(|(_, executor)| executor.stays());
        let least =
            least.min_by_key(|(_, executor)| executor.load()).map(|(id, executor)| (*id, executor.load()));
        let loaded = least.is_none_or(|(_, load)| load >= self.config.places);
        let room = self.phase != Phase::Terminated && crew.size() < crew.maximum;
        let hired = (loaded && room).then(|| self.hire(Kind::JavaScript, now, effects));
        let home = hired.or_else(|| match (self.config.strategy, key) {
            (Strategy::RoundRobin, None) => {
                next_in_turn(&self.crews[Kind::JavaScript as usize], self.homes.last)
            }
            _ => least.map(|(id, _)| id),
        });
        if let (Some(key), Some(home)) = (key, home) {
            self.homes.by_key.insert(key, home);
        }
        self.homes.last = home.unwrap_or(self.homes.last);
        self.table.get_mut(slot)?.home = home;
        hired
    }

    /// Adds an entry to a worker's own queue.
    pub(super) fn push_home(&mut self, home: u32, priority: f64, entry: Entry) {
        let queue = self.empty_queue();
        let crew = &mut self.crews[Kind::JavaScript as usize];
        let Some(executor) = crew.executors.get_mut(&home) else {
            unreachable!("a home is chosen among those there")
        };
        executor.own.get_or_insert(queue).push(priority, entry);
        executor.pinned += 1;
        crew.pinned += 1;
    }

    /// Takes an idle executor that may run the task.
    pub(super) fn claim_for(&mut self, slot: u32, wakes: &mut Wakes) -> Option<u32> {
        let task = self.table.get(slot)?;
        self.crews[task.kind as usize].claim(task.home, wakes)
    }

    /// The waiting task that executor `id` is to run next; it is out of its queue's entries, not yet out of the
    /// count of those that wait.
    pub(super) fn take_next(&mut self, kind: Kind, id: u32, now: Nanoseconds) -> Option<u32> {
        let anybody_has_own = self.crews[kind as usize].pinned > 0;
        loop {
            let shared = &mut self.queues[kind as usize];
            let executors = &mut self.crews[kind as usize].executors;
            let own = if anybody_has_own {
                executors.get_mut(&id).and_then(|executor| executor.own.as_mut())
            } else {
                None
            };
            let entry = match own {
                None => shared.pop(now)?,
                Some(own) => match (own.peek(now), shared.peek(now)) {
                    (Some(mine), Some(ours)) if is_ahead(mine, ours) => own.pop(now)?,
                    (Some(_), None) => own.pop(now)?,
                    _ => shared.pop(now)?,
                },
            };
            if self.table.get(entry.slot).is_some_and(|task| task.is_waiting(&entry)) {
                return Some(entry.slot);
            }
        }
    }

    /// Worker `id` takes no more tasks: those in its own queue, of which `pinned` wait, go elsewhere.
    pub(super) fn rehome(
        &mut self,
        id: u32,
        (queue, pinned): (Option<Queue>, usize),
        may_hire: bool,
        now: Nanoseconds,
        effects: &mut Effects,
    ) {
        self.homes.by_key.retain(|_, home| *home != id);
        let Some(queue) = queue else { return };
        self.crews[Kind::JavaScript as usize].pinned -= pinned;
        self.waiting[Kind::JavaScript as usize] -= pinned;
        let mut entries: Vec<Entry> = queue.iter().map(|(_, entry)| *entry).collect();
        entries.retain(|entry| self.table.get(entry.slot).is_some_and(|task| task.is_waiting(entry)));
        for entry in entries {
            // Wherever that was, it has waited since then.
            self.requeue(entry.slot, entry.queued_at, may_hire, now, effects);
        }
    }

    /// Tells an executor to end as soon as it has nothing left.
    pub(super) fn retire(&mut self, kind: Kind, id: u32, now: Nanoseconds, effects: &mut Effects) {
        let crew = &mut self.crews[kind as usize];
        crew.retire(id, now, &mut effects.wakes);
        let Some(executor) = crew.executors.get_mut(&id) else { return };
        let own = (executor.own.take(), std::mem::take(&mut executor.pinned));
        let may_hire = executor.up; // as in `gone`
        self.rehome(id, own, may_hire, now, effects);
        self.call_others(kind, may_hire, now, effects);
    }

    /// An executor that was counted on for the tasks that wait for whoever asks first may take none of them: sees to
    /// it that others come.
    pub(super) fn call_others(
        &mut self,
        kind: Kind,
        may_hire: bool,
        now: Nanoseconds,
        effects: &mut Effects,
    ) {
        loop {
            let crew = &mut self.crews[kind as usize];
            if self.waiting[kind as usize] - crew.pinned <= crew.coming() {
                return;
            }
            if crew.claim(None, &mut effects.wakes).is_none() {
                let hired = if may_hire { self.hire_if_short(kind, now, effects) } else { None };
                let Some(executor) = hired else { return };
                self.note(Note::Hire { kind, executor }, effects);
            }
        }
    }

    /// Makes room for one more executor if there are more waiting tasks than executors on their way.
    pub(super) fn hire_if_short(
        &mut self,
        kind: Kind,
        now: Nanoseconds,
        effects: &mut Effects,
    ) -> Option<u32> {
        let crew = &mut self.crews[kind as usize];
        let room = self.phase != Phase::Terminated && crew.size() < crew.maximum;
        (room && self.waiting[kind as usize] - crew.pinned > crew.free())
            .then(|| self.hire(kind, now, effects))
    }

    /// Makes room for one more executor, which is to be started, and to be up in time.
    pub(super) fn hire(&mut self, kind: Kind, now: Nanoseconds, effects: &mut Effects) -> u32 {
        if let Some(limit) = self.config.start_timeout.filter(|_| kind == Kind::JavaScript) {
            self.deadlines.arm(now.saturating_add(nanoseconds(limit)), effects);
        }
        self.crews[kind as usize].hire(now)
    }

    /// Hires what is missing from the minimum.
    pub(super) fn hire_minimum(&mut self, now: Nanoseconds, effects: &mut Effects) {
        loop {
            let crew = &mut self.crews[Kind::JavaScript as usize];
            if self.phase != Phase::Open || crew.staying() >= crew.minimum || crew.size() >= crew.maximum {
                return;
            }
            let executor = self.hire(Kind::JavaScript, now, effects);
            self.note(Note::Hire { kind: Kind::JavaScript, executor }, effects);
        }
    }
}

/// The worker after `last`, by number.
fn next_in_turn(crew: &Crew, last: u32) -> Option<u32> {
    let after = crew.executors.range(last + 1..).chain(crew.executors.range(..=last));
    after.filter(|(_, executor)| executor.stays()).map(|(id, _)| *id).next()
}

/// Whether an entry with its effective priority comes before another.
fn is_ahead((priority, entry): (f64, &Entry), (other_priority, other): (f64, &Entry)) -> bool {
    priority > other_priority || (priority == other_priority && entry.sequence < other.sequence)
}
