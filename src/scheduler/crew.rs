//! The executors of one kind: who they are, who is idle, and who is woken for a task.

use std::ops::{Index, IndexMut};

use super::clock::Nanoseconds;
use super::effects::Wakes;
use super::executor::{Executor, Held, Standing, State};
use super::queue::Queue;
use super::roster::Roster;
use super::run::Stop;

pub(super) struct Crew {
    executors: Roster,
    /// Spinning or asleep, the one that went idle last on top: it is the warmest, and those at the bottom
    /// get to be idle long enough to be retired.
    idle: Vec<u32>,
    /// At most one executor spins.
    spinner: Option<u32>,
    /// Those that are counted on to ask for what waits before long: called, or at a short task.
    hands: Vec<u32>,
    /// Somebody was counted on since this was last asked.
    counted: bool,
    pub minimum: usize,
    pub maximum: usize,
    /// In reserve: how many there are to be, besides one for each that is to be replaced.
    pub spares: usize,
    /// Waiting tasks that are in executors' own queues.
    pub pinned: usize,
    next_id: u32,
}

const THERE: &str = "the core speaks of executors that are there";

/// Calling another in the place of one that is late costs microseconds, starting another costs tens of milliseconds: it
/// is waited for so many times as long.
const START_WORTH: u64 = 20;

/// An executor that cannot be gone, as somebody under the lock has just found it.
impl Index<u32> for Crew {
    type Output = Executor;

    fn index(&self, id: u32) -> &Executor {
        self.executors.get(id).expect(THERE)
    }
}

impl IndexMut<u32> for Crew {
    fn index_mut(&mut self, id: u32) -> &mut Executor {
        self.executors.get_mut(id).expect(THERE)
    }
}

impl Crew {
    pub(super) fn new(minimum: usize, maximum: usize, spares: usize) -> Self {
        Self {
            executors: Roster::default(),
            idle: Vec::new(),
            spinner: None,
            hands: Vec::new(),
            counted: false,
            minimum,
            maximum,
            spares,
            pinned: 0,
            next_id: 1,
        }
    }

    // ---- who is there

    /// An executor that others speak of: it may be gone.
    pub(super) fn find(&self, id: u32) -> Option<&Executor> {
        self.executors.get(id)
    }

    /// An executor that others speak of: it may be gone.
    pub(super) fn find_mut(&mut self, id: u32) -> Option<&mut Executor> {
        self.executors.get_mut(id)
    }

    /// Everybody, by number.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Executor)> {
        self.executors.iter()
    }

    /// Everybody's number, for a walk during which some may change.
    pub(super) fn ids(&self) -> Vec<u32> {
        self.executors.iter().map(|(id, _)| id).collect()
    }

    /// Everybody.
    pub(super) fn values(&self) -> impl Iterator<Item = &Executor> {
        self.executors.values()
    }

    /// Everybody, those after `last` first.
    pub(super) fn after(&self, last: u32) -> impl Iterator<Item = (u32, &Executor)> {
        self.executors.after(last)
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.executors.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn count(&self, counts: impl Fn(&Executor) -> bool) -> usize {
        self.executors.values().filter(|executor| counts(executor)).count()
    }

    /// Those that are not about to end, nor in reserve.
    pub(super) fn staying(&self) -> usize {
        self.count(|executor| !executor.is_retiring() && !executor.is_spare())
    }

    /// The offers that those are at a part of who are to end when they come back.
    pub(super) fn last_parts(&self) -> impl Iterator<Item = u64> {
        let retiring = self.executors.values().filter(|executor| executor.is_retiring());
        retiring.filter_map(Executor::helps)
    }

    // ---- who is to go first

    /// The first that waits for a replacement.
    pub(super) fn first_worn(&self) -> Option<u32> {
        self.iter().find(|(_, executor)| executor.makes_way()).map(|(id, _)| id)
    }

    /// With more executors than the maximum allows, the one to do without: one that is to be replaced anyway, has slept
    /// longest, or has the least to do.
    pub(super) fn most_dispensable(&self) -> Option<u32> {
        if self.staying() <= self.maximum {
            return None;
        }
        let sleeper = || self.idle.iter().copied().find(|id| self[*id].load() == 0);
        let staying = || self.iter().filter(|(_, executor)| executor.stays());
        let idlest = || staying().min_by_key(|(_, executor)| executor.load()).map(|(id, _)| id);
        self.first_worn().or_else(sleeper).or_else(idlest)
    }

    // ---- hiring and dismissing

    /// Makes room for one more executor, which the caller is to start.
    pub(super) fn hire(&mut self, standing: Standing, now: Nanoseconds) -> u32 {
        let id = self.next_id;
        self.next_id += 1;
        self.executors.add(id, Executor::new(standing, now));
        id
    }

    /// Tells an executor to end as soon as it has nothing left. Its own queue is the caller's to empty.
    pub(super) fn retire(&mut self, id: u32, now: Nanoseconds, wakes: &mut Wakes) {
        self.leave_idle(id);
        self.leave_hands(id);
        let executor = &mut self[id];
        executor.rouse(wakes);
        executor.retire(now);
        self.expect(id, now);
    }

    /// Tells every executor to end as soon as it has nothing left.
    pub(super) fn retire_all(&mut self, now: Nanoseconds, wakes: &mut Wakes) {
        for id in self.ids() {
            self.retire(id, now, wakes);
        }
    }

    /// Has those end that are beyond the minimum and have slept for `limit`. Answers when the next of the rest will have.
    pub(super) fn end_idle(
        &mut self,
        limit: Nanoseconds,
        now: Nanoseconds,
        wakes: &mut Wakes,
        end: impl Fn(&mut Self, u32, Nanoseconds, &mut Wakes),
    ) -> Option<Nanoseconds> {
        let mut surplus = self.staying().saturating_sub(self.minimum);
        let mut next = None;
        for id in self.idle.clone() {
            let executor = &self[id];
            let State::Asleep { since } = executor.state else { continue }; // the one that spins
            if surplus == 0 {
                return None;
            }
            if !executor.runs.is_empty() || executor.makes_way() {
                continue;
            }
            let due = since.saturating_add(limit);
            if due <= now {
                surplus -= 1;
                end(self, id, now, wakes);
            } else {
                next = Some(next.map_or(due, |next: Nanoseconds| next.min(due)));
            }
        }
        next.filter(|_| surplus > 0)
    }

    /// Takes an executor out for good that is idle, and wakes it.
    pub(super) fn dismiss_idle(&mut self, id: u32, _now: Nanoseconds, wakes: &mut Wakes) {
        if let Some(executor) = self.dismiss(id) {
            executor.rouse(wakes);
        }
    }

    /// Takes an executor out for good, if it is there.
    pub(super) fn dismiss(&mut self, id: u32) -> Option<Executor> {
        self.leave_idle(id);
        self.leave_hands(id);
        self.executors.remove(id)
    }

    /// Takes those out for good that nobody could reach.
    pub(super) fn dismiss_unattached(&mut self) {
        self.executors.retain(|executor| executor.endpoint.is_some());
        self.idle.retain(|id| self.executors.get(*id).is_some());
    }

    /// A run of its own was told to stop: it takes nothing until it has handed that in.
    pub(super) fn bar(&mut self, id: u32) {
        self.leave_idle(id);
        self.leave_hands(id);
        let executor = &mut self[id];
        if executor.is_idle() || executor.state == State::StandingBy {
            executor.state = State::Busy;
        }
    }

    /// How the run of this number, if anybody has it, was told to stop.
    pub(super) fn stop_of(&mut self, number: u64) -> Option<&mut Stop> {
        let mut runs = self.executors.values_mut().flat_map(|executor| &mut executor.runs);
        runs.find(|run| run.number == number)?.stop.as_mut()
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

    pub(super) fn nobody_idles(&self) -> bool {
        self.idle.is_empty()
    }

    /// Those that idle, the last to fall idle last.
    pub(super) fn idlers(&self) -> &[u32] {
        &self.idle
    }

    // ---- who is counted on

    /// Somebody waits for an executor to ask for work.
    #[inline]
    pub(super) fn expect(&mut self, id: u32, now: Nanoseconds) {
        self[id].counted_on = Some(now);
        self.counted = true;
    }

    /// An executor is counted on to ask for what waits before long.
    #[inline]
    pub(super) fn count_on(&mut self, id: u32, now: Nanoseconds) {
        self.expect(id, now);
        if !self.hands.contains(&id) {
            self.hands.push(id);
        }
    }

    /// An executor asks for work: nobody waits for it any longer.
    #[inline]
    pub(super) fn comes(&mut self, id: u32) {
        let executor = &mut self[id];
        executor.expected = None;
        if executor.counted_on.take().is_some() {
            self.leave_hands(id);
        }
    }

    #[inline]
    fn leave_hands(&mut self, id: u32) {
        if let Some(place) = self.hands.iter().position(|hand| *hand == id) {
            self.hands.swap_remove(place);
        }
    }

    /// How many are counted on to ask for what waits before long. O(1).
    pub(super) fn counted_on(&self) -> usize {
        self.hands.len()
    }

    /// Whether anybody has been counted on since this was last asked.
    pub(super) fn take_counted(&mut self) -> bool {
        std::mem::take(&mut self.counted)
    }

    /// If an executor that is counted on has not come for `limit`, it is no longer. Answers whether it was called, and
    /// is late with this.
    pub(super) fn give_up_waiting(&mut self, id: u32, limit: Nanoseconds, now: Nanoseconds) -> bool {
        let Some(since) = self[id].counted_on.filter(|since| since.saturating_add(limit) <= now) else {
            return false;
        };
        self.leave_hands(id);
        let executor = &mut self[id];
        match executor.state {
            State::Coming => executor.state = State::Late,
            State::Late if now - since >= START_WORTH * limit => executor.state = State::Missing,
            _ => return false,
        }
        true
    }

    /// How long after an executor was called something is to be done about its not coming.
    pub(super) fn patience(&self, id: u32, limit: Nanoseconds) -> Option<Nanoseconds> {
        match self[id].state {
            State::Coming => Some(limit),
            State::Late => Some(START_WORTH * limit),
            _ => None,
        }
    }

    /// Takes the idle executor that will be there soonest, or the one that is `home` if it is idle; it is on its
    /// way to `next` once the caller has carried out `wakes`.
    pub(super) fn claim(&mut self, home: Option<u32>, now: Nanoseconds, wakes: &mut Wakes) -> Option<u32> {
        let id = match home {
            None => self.spinner.or_else(|| self.idle.last().copied())?,
            Some(home) => Some(home).filter(|home| self[*home].is_idle())?,
        };
        self.leave_idle(id);
        let executor = &mut self[id];
        executor.rouse(wakes);
        executor.state = State::Coming;
        self.count_on(id, now);
        Some(id)
    }

    // ---- what they hold

    /// The executor's task can start, or is no longer its own: it is to look again.
    pub(super) fn end_awaiting(&mut self, id: u32, held: Option<Held>, now: Nanoseconds, wakes: &mut Wakes) {
        let executor = &mut self[id];
        executor.rouse(wakes);
        executor.hold(held);
        self.expect(id, now);
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
}
