//! The executors of one kind: who they are, who is idle, and who is woken for a task.

use std::collections::BTreeMap;
use std::ops::{Index, IndexMut};

use super::clock::{Nanoseconds, milliseconds};
use super::effects::Wakes;
use super::executor::{Executor, Held, State};
use super::queue::Queue;
use super::statistics::{CrewSummary, ExecutorSummary};
use super::types::Kind;

pub(super) struct Crew {
    executors: BTreeMap<u32, Executor>,
    /// Spinning or asleep, the one that went idle last on top: it is the warmest, and those at the bottom
    /// get to be idle long enough to be retired.
    idle: Vec<u32>,
    /// At most one executor spins.
    spinner: Option<u32>,
    pub minimum: usize,
    pub maximum: usize,
    /// Waiting tasks that are in executors' own queues.
    pub pinned: usize,
    next_id: u32,
}

/// An executor that was idle and is about to ask for a task.
pub(super) struct Claimed {
    pub id: u32,
    /// Since when it had slept, if it did.
    pub asleep_since: Option<Nanoseconds>,
}

const THERE: &str = "the core speaks of executors that are there";

/// An executor that cannot be gone, as somebody under the lock has just found it.
impl Index<u32> for Crew {
    type Output = Executor;

    fn index(&self, id: u32) -> &Executor {
        self.executors.get(&id).expect(THERE)
    }
}

impl IndexMut<u32> for Crew {
    fn index_mut(&mut self, id: u32) -> &mut Executor {
        self.executors.get_mut(&id).expect(THERE)
    }
}

impl Crew {
    pub(super) fn new(minimum: usize, maximum: usize) -> Self {
        Self {
            executors: BTreeMap::new(),
            idle: Vec::new(),
            spinner: None,
            minimum,
            maximum,
            pinned: 0,
            next_id: 1,
        }
    }

    // ---- who is there

    /// An executor that others speak of: it may be gone.
    pub(super) fn find(&self, id: u32) -> Option<&Executor> {
        self.executors.get(&id)
    }

    /// An executor that others speak of: it may be gone.
    pub(super) fn find_mut(&mut self, id: u32) -> Option<&mut Executor> {
        self.executors.get_mut(&id)
    }

    /// Everybody, by number.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Executor)> {
        self.executors.iter().map(|(id, executor)| (*id, executor))
    }

    /// Everybody's number, for a walk during which some may change.
    pub(super) fn ids(&self) -> Vec<u32> {
        self.executors.keys().copied().collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.executors.is_empty()
    }

    fn count(&self, counts: impl Fn(&Executor) -> bool) -> usize {
        self.executors.values().filter(|executor| counts(executor)).count()
    }

    /// Those that are not about to end.
    fn staying(&self) -> usize {
        self.count(|executor| !executor.is_retiring())
    }

    /// Whether one more may be hired. One that is to be replaced does not count, its replacement does.
    pub(super) fn has_room(&self) -> bool {
        self.vacancies() > 0
    }

    /// Whether one is missing from the minimum, and may be hired.
    pub(super) fn lacks_minimum(&self) -> bool {
        self.staying() < self.minimum && self.has_room()
    }

    /// Those that may be hired.
    pub(super) fn vacancies(&self) -> usize {
        self.maximum.saturating_sub(self.count(|executor| !executor.is_worn()))
    }

    /// Those that are about to ask for a task.
    pub(super) fn coming(&self) -> usize {
        self.count(Executor::is_coming)
    }

    /// Those that will ask for a task without waiting for one that they run.
    pub(super) fn free(&self) -> usize {
        self.count(Executor::is_free)
    }

    /// Tasks that could be taken soon, by those that are free or not yet hired, `places` by each.
    pub(super) fn room(&self, places: usize) -> usize {
        let free = self.executors.values().filter(|executor| executor.is_free());
        let left = |executor: &Executor| places.saturating_sub(executor.runs.len());
        free.map(left).sum::<usize>() + self.vacancies() * places
    }

    /// The offers that those are at a part of who are to end when they come back.
    pub(super) fn last_parts(&self) -> impl Iterator<Item = u64> {
        let retiring = self.executors.values().filter(|executor| executor.is_retiring());
        retiring.filter_map(Executor::helps)
    }

    /// The first that waits for a replacement, but for this one.
    pub(super) fn first_worn(&self, but: Option<u32>) -> Option<u32> {
        self.iter().find(|(id, executor)| executor.makes_way() && Some(*id) != but).map(|(id, _)| id)
    }

    /// The one after `last`, by number, that new tasks may be meant for.
    pub(super) fn next_in_turn(&self, last: u32) -> Option<u32> {
        let after = self.executors.range(last + 1..).chain(self.executors.range(..=last));
        after.filter(|(_, executor)| executor.stays()).map(|(id, _)| *id).next()
    }

    /// The one with the fewest tasks that new ones may be meant for, and how many it has.
    pub(super) fn least_loaded(&self) -> Option<(u32, usize)> {
        let staying = self.iter().filter(|(_, executor)| executor.stays());
        staying.map(|(id, executor)| (id, executor.load())).min_by_key(|(_, load)| *load)
    }

    /// With more executors than the maximum allows, the one to do without: one that has slept longest, or has
    /// the least to do. Also one that is to be replaced, and more is there already than its replacement.
    pub(super) fn most_dispensable(&self) -> Option<u32> {
        if self.count(Executor::stays) <= self.maximum {
            let up = self.count(|executor| executor.stays() && executor.is_up());
            let worn = self.count(Executor::makes_way);
            return self.first_worn(None).filter(|_| up + worn > self.maximum);
        }
        let sleepers = self.idle.iter().find(|id| self[**id].load() == 0 && self[**id].stays());
        sleepers.copied().or_else(|| self.least_loaded().map(|(id, _)| id))
    }

    // ---- hiring and dismissing

    /// Makes room for one more executor, which the caller is to start.
    pub(super) fn hire(&mut self, now: Nanoseconds) -> u32 {
        let id = self.next_id;
        self.next_id += 1;
        self.executors.insert(id, Executor::new(now));
        id
    }

    /// Tells an executor to end as soon as it has nothing left. Its own queue is the caller's to empty.
    pub(super) fn retire(&mut self, id: u32, now: Nanoseconds, wakes: &mut Wakes) {
        self.leave_idle(id);
        let executor = &mut self[id];
        executor.rouse(wakes);
        executor.retire(now);
    }

    /// Tells every executor to end as soon as it has nothing left.
    pub(super) fn retire_all(&mut self, now: Nanoseconds, wakes: &mut Wakes) {
        for id in self.ids() {
            self.retire(id, now, wakes);
        }
    }

    /// Retires executors beyond the minimum that have slept for `limit`. Answers when the next of the rest will
    /// have.
    pub(super) fn retire_idle(
        &mut self,
        limit: Nanoseconds,
        now: Nanoseconds,
        wakes: &mut Wakes,
    ) -> Option<Nanoseconds> {
        let mut surplus = self.staying().saturating_sub(self.minimum);
        let mut next = None;
        for id in self.idle.clone() {
            let executor = &self[id];
            let State::Asleep { since } = executor.state else { continue }; // the one that spins
            if surplus == 0 {
                return None;
            }
            if !executor.runs.is_empty() {
                continue;
            }
            let due = since.saturating_add(limit);
            if due <= now {
                surplus -= 1;
                self.retire(id, now, wakes);
            } else {
                next = Some(next.map_or(due, |next: Nanoseconds| next.min(due)));
            }
        }
        next.filter(|_| surplus > 0)
    }

    /// Takes an executor out for good, if it is there.
    pub(super) fn dismiss(&mut self, id: u32) -> Option<Executor> {
        self.leave_idle(id);
        self.executors.remove(&id)
    }

    /// Takes those out for good that nobody could reach.
    pub(super) fn dismiss_unattached(&mut self) {
        self.executors.retain(|_, executor| executor.endpoint.is_some());
        self.idle.retain(|id| self.executors.contains_key(id));
    }

    // ---- idling

    /// Whether an executor that has nothing to do may spin.
    pub(super) fn may_spin(&self, id: u32) -> bool {
        // One that has promises to wait for has its event loop to turn.
        self.spinner.is_none() && self[id].runs.is_empty()
    }

    pub(super) fn enter_idle(&mut self, id: u32, state: State) {
        debug_assert!(!self.idle.contains(&id), "an executor stands in the idle list once");
        self.idle.push(id);
        self[id].state = state;
        if state == State::Spinning {
            self.spinner = Some(id);
        }
    }

    pub(super) fn leave_idle(&mut self, id: u32) {
        if let Some(place) = self.idle.iter().rposition(|idle| *idle == id) {
            self.idle.remove(place);
        }
        if self.spinner == Some(id) {
            self.spinner = None;
        }
    }

    /// The spinner sleeps from now on, and stays in the idle list.
    pub(super) fn stop_spinning(&mut self, id: u32, now: Nanoseconds) {
        debug_assert_eq!(self.spinner, Some(id));
        self.spinner = None;
        self[id].state = State::Asleep { since: now };
    }

    /// Takes the idle executor that will be there soonest, or the one that is `home` if it is idle; it is on its
    /// way to `next` once the caller has carried out `wakes`.
    pub(super) fn claim(&mut self, home: Option<u32>, wakes: &mut Wakes) -> Option<Claimed> {
        let id = match home {
            None => self.spinner.or_else(|| self.idle.last().copied())?,
            Some(home) => Some(home).filter(|home| self[*home].is_idle())?,
        };
        self.leave_idle(id);
        let executor = &mut self[id];
        executor.rouse(wakes);
        let asleep_since = match std::mem::replace(&mut executor.state, State::Coming) {
            State::Asleep { since } => Some(since),
            _ => None,
        };
        Some(Claimed { id, asleep_since })
    }

    // ---- what they hold

    /// The executor's task can start, or is no longer its own: it is to look again.
    pub(super) fn end_awaiting(&mut self, id: u32, held: Option<Held>, wakes: &mut Wakes) {
        let executor = &mut self[id];
        executor.rouse(wakes);
        executor.hold(held);
    }

    /// A task has come into the own queue of `home`.
    pub(super) fn pin(&mut self, home: u32) {
        self[home].pinned += 1;
        self.pinned += 1;
    }

    /// A task has left the own queue of `home`.
    pub(super) fn unpin(&mut self, home: u32) {
        self[home].pinned -= 1;
        self.pinned -= 1;
    }

    /// Forgets every executor's tasks but those that it runs. Answers their own queues.
    pub(super) fn forget_tasks(&mut self) -> impl Iterator<Item = Queue> {
        self.pinned = 0;
        self.executors.values_mut().filter_map(|executor| {
            executor.pinned = 0;
            if executor.held_task().is_some() {
                executor.hold(None);
            }
            executor.own.take()
        })
    }

    // ---- figures

    pub(super) fn summary(&self) -> CrewSummary {
        CrewSummary {
            total: self.executors.len(),
            busy: self.count(Executor::is_occupied),
            idle: self.count(|executor| executor.remains() && !executor.is_occupied()),
        }
    }

    /// Each executor's figures.
    pub(super) fn per_executor(&self, kind: Kind, now: Nanoseconds) -> impl Iterator<Item = ExecutorSummary> {
        self.iter().map(move |(id, executor)| {
            let busy = executor.busy(now);
            let life = now.saturating_sub(executor.born).max(1);
            ExecutorSummary {
                id,
                kind,
                busy: executor.is_occupied(),
                tasks: executor.tasks,
                busy_time: milliseconds(busy),
                utilization: (busy as f64 / life as f64).min(1.0),
            }
        })
    }
}
