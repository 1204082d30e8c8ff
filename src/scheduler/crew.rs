//! The executors of one kind: who they are, who is idle, and who is woken for a task.

use std::cmp::Reverse;
use std::ops::{Index, IndexMut};

use super::clock::{Nanoseconds, milliseconds};
use super::effects::Wakes;
use super::executor::{Executor, Held, Standing, State, Stop};
use super::queue::Queue;
use super::roster::Roster;
use super::statistics::{CrewSummary, ExecutorSummary};
use super::types::Kind;

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

    pub(super) fn is_empty(&self) -> bool {
        self.executors.len() == 0
    }

    fn count(&self, counts: impl Fn(&Executor) -> bool) -> usize {
        self.executors.values().filter(|executor| counts(executor)).count()
    }

    /// Those that are not about to end, nor in reserve.
    fn staying(&self) -> usize {
        self.count(|executor| !executor.is_retiring() && !executor.is_spare())
    }

    /// Whether one more may be put on duty.
    pub(super) fn has_room(&self) -> bool {
        self.vacancies() > 0
    }

    /// Whether one is missing from the minimum, and may be hired.
    pub(super) fn lacks_minimum(&self) -> bool {
        self.staying() < self.minimum && self.has_room()
    }

    /// How many more may be put on duty.
    pub(super) fn vacancies(&self) -> usize {
        self.maximum.saturating_sub(self.count(Executor::holds_post))
    }

    // ---- the reserve

    /// How many in reserve are missing from what there is to be, or too many if negative.
    pub(super) fn missing_spares(&self) -> isize {
        let replaced = self.count(|executor| executor.makes_way() || executor.is_lost());
        (self.spares + replaced) as isize - self.reserve() as isize
    }

    /// How many are in reserve.
    pub(super) fn reserve(&self) -> usize {
        self.count(Executor::is_spare)
    }

    /// How many are not expected to go on after a stop.
    pub(super) fn lost(&self) -> usize {
        self.count(Executor::is_lost)
    }

    /// Who is to step in: one that is up, if there is one.
    pub(super) fn first_spare(&self) -> Option<u32> {
        let spares = || self.iter().filter(|(_, executor)| executor.is_spare());
        let up = spares().find(|(_, executor)| executor.is_up());
        up.or_else(|| spares().next()).map(|(id, _)| id)
    }

    /// Who makes way for one in reserve: that is up, and has a post to take over.
    pub(super) fn to_be_relieved(&self) -> Option<u32> {
        let worn = self.first_worn()?;
        let is_up = self.first_spare().is_some_and(|spare| self[spare].is_up());
        (is_up && self.count(Executor::holds_post) <= self.maximum).then_some(worn)
    }

    /// Who is to be done without: one that is not up, if there is one.
    pub(super) fn last_spare(&self) -> Option<u32> {
        let spares = || self.iter().filter(|(_, executor)| executor.is_spare());
        let starting = spares().filter(|(_, executor)| !executor.is_up()).last();
        starting.or_else(|| spares().last()).map(|(id, _)| id)
    }

    // ---- the limit

    /// Whether as many tasks run as may, with `places` for each of the maximum. While there are no more executors than
    /// that, their own places say so.
    pub(super) fn is_full(&self, places: usize) -> bool {
        self.is_crowded() && self.taken() >= self.maximum.saturating_mul(places)
    }

    /// Whether there are more executors than may be on duty: those in reserve, and those on their way out.
    pub(super) fn is_crowded(&self) -> bool {
        self.executors.len() > self.maximum
    }

    /// Tasks that run, or are about to. One that was told to stop is among them until it is handed in, or its executor
    /// is gone.
    pub(super) fn taken(&self) -> usize {
        self.executors.values().map(Executor::taken).sum()
    }

    /// Those on duty that could take a task, if more might run.
    pub(super) fn standing_by(&self) -> impl Iterator<Item = u32> {
        let standing_by = |executor: &Executor| executor.state == State::StandingBy && !executor.is_spare();
        self.iter().filter(move |(_, executor)| standing_by(executor)).map(|(id, _)| id)
    }

    /// One that stands by, if it does, may take tasks from now on: it is idle.
    pub(super) fn release(&mut self, id: u32, now: Nanoseconds) {
        if self[id].state == State::StandingBy {
            self.enter_idle(id, State::Asleep { since: now });
        }
    }

    // ---- counting

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

    /// Executors that are up and will take what waits, and how many tasks each, `places` at a time and `limit` in its
    /// life: of its own `pinned` ones, and of what anybody may take.
    pub(super) fn hands(&self, places: usize, limit: Option<u64>) -> (Vec<(u32, usize)>, usize) {
        let mut left = match self.is_crowded() {
            true => self.maximum.saturating_mul(places).saturating_sub(self.taken()),
            false => usize::MAX,
        };
        let (mut own, mut shared) = (Vec::new(), 0);
        for (id, executor) in self.iter().filter(|(_, executor)| executor.is_up() && executor.is_free()) {
            let runs = executor.runs.len();
            let lasts = limit.map_or(usize::MAX, |limit| {
                usize::try_from(limit.saturating_sub(executor.tasks)).unwrap_or(usize::MAX)
            });
            let room = places.min(lasts).saturating_sub(runs).min(left);
            left -= room;
            let pinned = executor.pinned.min(room);
            own.push((id, pinned));
            shared += room - pinned;
        }
        (own, shared)
    }

    /// The offers that those are at a part of who are to end when they come back.
    pub(super) fn last_parts(&self) -> impl Iterator<Item = u64> {
        let retiring = self.executors.values().filter(|executor| executor.is_retiring());
        retiring.filter_map(Executor::helps)
    }

    /// The first that waits for a replacement.
    pub(super) fn first_worn(&self) -> Option<u32> {
        self.iter().find(|(_, executor)| executor.makes_way()).map(|(id, _)| id)
    }

    /// The one after `last`, by number, that new tasks may be meant for. One that is missing stands behind the others.
    pub(super) fn next_in_turn(&self, last: u32) -> Option<u32> {
        let staying =
            self.executors.after(last).filter(|(_, executor)| executor.stays() && !executor.is_barred());
        staying.min_by_key(|(_, executor)| executor.is_missing()).map(|(id, _)| id)
    }

    /// The one with the fewest tasks that new ones may be meant for, and how many it has. One that is missing
    /// stands behind the others.
    pub(super) fn least_loaded(&self) -> Option<(u32, usize)> {
        let staying = self.iter().filter(|(_, executor)| executor.stays() && !executor.is_barred());
        let first = staying.min_by_key(|(_, executor)| (executor.is_missing(), executor.load()));
        first.map(|(id, executor)| (id, executor.load()))
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

    pub(super) fn idlers(&self) -> usize {
        self.idle.len()
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

    // ---- figures

    pub(super) fn summary(&self) -> CrewSummary {
        let hidden = self.hidden();
        let is_idle = |(id, executor): &(u32, &Executor)| executor.is_ready() && !hidden.contains(id);
        CrewSummary {
            total: self.count(Executor::is_on_the_floor) - hidden.len(),
            busy: self.count(Executor::is_occupied),
            idle: self.iter().filter(is_idle).count(),
            spare: self.reserve() + hidden.len(),
        }
    }

    /// Those beyond the maximum who have nothing to do: while others are on their way out, whose tasks have not ended.
    fn hidden(&self) -> Vec<u32> {
        let most = self.count(Executor::is_on_the_floor).saturating_sub(self.maximum);
        if most == 0 {
            return Vec::new();
        }
        let unneeded = |executor: &Executor| executor.is_on_the_floor() && !executor.is_occupied();
        let mut unneeded: Vec<_> = self.iter().filter(|(_, executor)| unneeded(executor)).collect();
        unneeded.sort_by_key(|(id, executor)| (!executor.is_retiring(), executor.is_ready(), Reverse(*id)));
        unneeded.into_iter().map(|(id, _)| id).take(most).collect()
    }

    /// Each executor's figures.
    pub(super) fn per_executor(&self, kind: Kind, now: Nanoseconds) -> impl Iterator<Item = ExecutorSummary> {
        let hidden = self.hidden();
        let shown =
            self.iter().filter(move |(id, executor)| executor.is_on_the_floor() && !hidden.contains(id));
        shown.map(move |(id, executor)| {
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
