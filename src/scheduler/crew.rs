//! The executors of one kind: who they are, who is idle, and who is woken for a task.

use std::collections::BTreeMap;

use smallvec::SmallVec;

use super::clock::{Nanoseconds, milliseconds};
use super::queue::Queue;
use super::statistics::{CrewSummary, ExecutorSummary};
use super::sync::{Arc, AtomicBool, Ordering};
use super::{Endpoint, Kind};

/// What an executor is doing. See `README.md`, "An executor".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Asked for, has not called `next` yet.
    Starting,
    /// Between two tasks, about to call `next`.
    Coming,
    /// Runs what it has; will ask for more when it can take more.
    Busy,
    /// Has room for a task, watches its signal for a short while.
    Spinning,
    /// Has room for a task, to be woken.
    Asleep { since: Nanoseconds },
    /// Holds a task whose input has yet to be delivered.
    Awaiting,
    /// To end as soon as it has nothing left.
    Retiring,
}

/// One attempt of a task, on the executor that makes it.
pub(super) struct Run {
    /// Unique in the pool.
    pub number: u64,
    pub slot: u32,
    pub deadline: Option<Nanoseconds>,
    pub stop: Option<Stop>,
}

/// A run has been told to stop.
#[derive(Clone, Copy)]
pub(super) struct Stop {
    pub since: Nanoseconds,
    /// When it was last told. From the second time on with force.
    pub told: Nanoseconds,
    /// Because it ran too long, and not because it was cancelled.
    pub timed_out: bool,
}

/// A task that an executor was given before its input.
#[derive(Clone, Copy)]
pub(super) struct Awaited {
    pub slot: u32,
    /// Its input has come, so that it can start.
    pub arrived: bool,
}

pub(super) struct Executor {
    pub state: State,
    /// What it runs, and what it has been told to stop and has not handed in.
    pub runs: SmallVec<[Run; 1]>,
    /// The task whose input it waits for, or has just been given.
    pub awaited: Option<Awaited>,
    /// It has called `next`, or said that it will.
    pub up: bool,
    /// To make way for a replacement once that is up.
    pub worn: bool,
    /// Its owner has been told to end it.
    pub killed: bool,
    /// Something was cut off or left behind in it, which may keep it from ever coming back.
    pub suspect: bool,
    /// Since when it has been seen to be expected, if it is a suspect.
    pub expected: Option<Nanoseconds>,
    /// It has been told to end, and is about to.
    pub leaving: bool,
    /// Tasks that only it may take, unless it ends.
    pub own: Option<Queue>,
    /// How many of those wait.
    pub pinned: usize,
    /// Raised when it is claimed while it spins. A hint: the truth is `state`, under the lock.
    pub signal: Arc<AtomicBool>,
    pub endpoint: Option<Arc<dyn Endpoint>>,
    /// Runs handed in.
    pub tasks: u64,
    /// Time with at least one run, but for the current stretch.
    pub busy: Nanoseconds,
    pub busy_since: Nanoseconds,
    pub born: Nanoseconds,
}

impl Executor {
    /// Tasks it has or will get.
    pub(super) fn load(&self) -> usize {
        self.runs.len() + usize::from(self.awaited.is_some()) + self.pinned
    }

    /// Whether new tasks may be meant for it.
    pub(super) fn stays(&self) -> bool {
        self.state != State::Retiring && !self.worn
    }

    /// Whether it is up and not about to end.
    pub(super) fn remains(&self) -> bool {
        !matches!(self.state, State::Starting | State::Retiring)
    }

    /// Whether it has nothing to run and somebody waits for it to ask for more.
    pub(super) fn is_expected(&self) -> bool {
        let called = match self.awaited {
            Some(awaited) => awaited.arrived,
            None => matches!(self.state, State::Coming | State::Retiring),
        };
        called && self.runs.is_empty() && !self.leaving
    }

    /// Whether it has a task.
    pub(super) fn is_occupied(&self) -> bool {
        !self.runs.is_empty() || self.awaited.is_some()
    }

    pub(super) fn is_idle(&self) -> bool {
        matches!(self.state, State::Spinning | State::Asleep { .. })
    }

    /// Whether it is about to ask for a task.
    fn is_coming(&self) -> bool {
        matches!(self.state, State::Starting | State::Coming) && self.awaited.is_none()
    }

    /// Whether it will ask for a task without waiting for one that it runs.
    fn is_free(&self) -> bool {
        self.is_coming() || self.is_idle()
    }
}

/// Wake-ups owed, to be called after the lock is released.
pub(super) type Wakes = SmallVec<[Arc<dyn Endpoint>; 2]>;

pub(super) struct Crew {
    pub executors: BTreeMap<u32, Executor>,
    /// Spinning or asleep, the one that went idle last on top: it is the warmest, and those at the bottom
    /// get to be idle long enough to be retired.
    idle: Vec<u32>,
    /// At most one executor spins.
    pub spinner: Option<u32>,
    pub minimum: usize,
    pub maximum: usize,
    /// Waiting tasks that are in executors' own queues.
    pub pinned: usize,
    next_id: u32,
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

    /// Makes room for one more executor, which the caller is to start.
    pub(super) fn hire(&mut self, now: Nanoseconds) -> u32 {
        let id = self.next_id;
        self.next_id += 1;
        let executor = Executor {
            state: State::Starting,
            runs: SmallVec::new(),
            awaited: None,
            up: false,
            worn: false,
            killed: false,
            suspect: false,
            expected: None,
            leaving: false,
            own: None,
            pinned: 0,
            signal: Arc::new(AtomicBool::new(false)),
            endpoint: None,
            tasks: 0,
            busy: 0,
            busy_since: now,
            born: now,
        };
        self.executors.insert(id, executor);
        id
    }

    pub(super) fn set_state(&mut self, id: u32, state: State) {
        if let Some(executor) = self.executors.get_mut(&id) {
            executor.state = state;
        }
    }

    /// Gives an executor a task whose input it has to wait for.
    pub(super) fn set_awaiting(&mut self, id: u32, slot: u32) {
        self.set_state(id, State::Awaiting);
        if let Some(executor) = self.executors.get_mut(&id) {
            executor.awaited = Some(Awaited { slot, arrived: false });
        }
    }

    /// The input of the executor's task has come.
    pub(super) fn deliver(&mut self, id: u32, wakes: &mut Wakes) {
        if let Some(awaited) = self.executors.get_mut(&id).and_then(|executor| executor.awaited.as_mut()) {
            awaited.arrived = true;
        }
        self.end_awaiting(id, wakes);
    }

    /// The executor's task can start, or is no longer its own: it is to look again.
    pub(super) fn end_awaiting(&mut self, id: u32, wakes: &mut Wakes) {
        let retiring = self.executors.get(&id).is_some_and(|executor| executor.state == State::Retiring);
        self.rouse(id, if retiring { State::Retiring } else { State::Coming }, wakes);
    }

    /// The executor that [`Crew::claim`] would take.
    fn next_idle(&self) -> Option<u32> {
        self.spinner.or_else(|| self.idle.last().copied())
    }

    /// Since when the executor that would be claimed for a task of this home has slept, if it sleeps.
    pub(super) fn asleep_since(&self, home: Option<u32>) -> Option<Nanoseconds> {
        match self.executors.get(&home.or_else(|| self.next_idle())?)?.state {
            State::Asleep { since } => Some(since),
            _ => None,
        }
    }

    /// Takes an executor out for good.
    pub(super) fn dismiss(&mut self, id: u32) -> Option<Executor> {
        self.leave_idle(id);
        self.set_state(id, State::Retiring);
        self.executors.remove(&id)
    }

    pub(super) fn enter_idle(&mut self, id: u32, state: State) {
        debug_assert!(!self.idle.contains(&id));
        self.idle.push(id);
        self.set_state(id, state);
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

    /// Takes the idle executor that will be there soonest, or the one that is `home` if it is idle; it is on its
    /// way to `next` once the caller has carried out `wakes`.
    pub(super) fn claim(&mut self, home: Option<u32>, wakes: &mut Wakes) -> Option<u32> {
        let id = match home {
            None => self.next_idle()?,
            Some(home) => self.executors.get(&home).filter(|executor| executor.is_idle()).map(|_| home)?,
        };
        self.leave_idle(id);
        self.rouse(id, State::Coming, wakes);
        Some(id)
    }

    /// Sets the state of an executor that is out of the idle list, and has it look again.
    pub(super) fn rouse(&mut self, id: u32, state: State, wakes: &mut Wakes) {
        let Some(executor) = self.executors.get(&id) else { return };
        // Relaxed: only a hint to stop spinning; what there is to do is read under the lock.
        executor.signal.store(true, Ordering::Relaxed);
        // One that spins is in `next` already and needs no system call.
        if executor.state != State::Spinning {
            wakes.extend(executor.endpoint.clone());
        }
        self.set_state(id, state);
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
            let executor = &self.executors[&id];
            let State::Asleep { since } = executor.state else { continue };
            if surplus == 0 {
                return None;
            }
            if !executor.runs.is_empty() {
                continue;
            }
            let due = since.saturating_add(limit);
            if due <= now {
                surplus -= 1;
                self.leave_idle(id);
                self.rouse(id, State::Retiring, wakes);
            } else {
                next = Some(next.map_or(due, |next: Nanoseconds| next.min(due)));
            }
        }
        next.filter(|_| surplus > 0)
    }

    /// With more executors than the maximum allows, the one to do without: one that has slept longest, or has
    /// the least to do. Also one that is to be replaced, and more is there already than its replacement.
    pub(super) fn most_dispensable(&self) -> Option<u32> {
        let staying = || self.executors.iter().filter(|(_, executor)| executor.stays());
        if staying().count() <= self.maximum {
            let up = staying().filter(|(_, executor)| executor.up).count();
            let worn = || self.worn(None);
            return worn().next().filter(|_| up + worn().count() > self.maximum);
        }
        let sleepers =
            self.idle.iter().find(|id| self.executors[id].load() == 0 && self.executors[id].stays());
        sleepers.copied().or_else(|| staying().min_by_key(|(_, executor)| executor.load()).map(|(id, _)| *id))
    }

    /// Those that wait for a replacement, but for this one.
    pub(super) fn worn(&self, but: Option<u32>) -> impl Iterator<Item = u32> {
        let worn = |executor: &Executor| executor.worn && executor.state != State::Retiring;
        let waits =
            move |(id, executor): (&u32, &Executor)| (worn(executor) && Some(*id) != but).then_some(*id);
        self.executors.iter().filter_map(waits)
    }

    /// Those that are not about to end.
    pub(super) fn staying(&self) -> usize {
        self.executors.values().filter(|executor| executor.state != State::Retiring).count()
    }

    /// Those that count towards the maximum: one that is to be replaced does not, its replacement does.
    pub(super) fn size(&self) -> usize {
        self.executors.values().filter(|executor| !executor.worn).count()
    }

    /// Tells every executor to end as soon as it has nothing left.
    pub(super) fn retire_all(&mut self, now: Nanoseconds, wakes: &mut Wakes) {
        let everyone: Vec<u32> = self.executors.keys().copied().collect();
        for id in everyone {
            self.retire(id, now, wakes);
        }
    }

    /// Tells an executor to end as soon as it has nothing left. Its own queue is the caller's to empty.
    pub(super) fn retire(&mut self, id: u32, now: Nanoseconds, wakes: &mut Wakes) {
        self.leave_idle(id);
        // One that has not started yet has from now on as long to answer as a start may take.
        if let Some(executor) = self.executors.get_mut(&id).filter(|each| each.state == State::Starting) {
            executor.born = now;
        }
        self.rouse(id, State::Retiring, wakes);
    }

    /// Those that are about to ask for a task.
    pub(super) fn coming(&self) -> usize {
        self.executors.values().filter(|executor| executor.is_coming()).count()
    }

    /// Those that will ask for a task without waiting for one that they run.
    pub(super) fn free(&self) -> usize {
        self.executors.values().filter(|executor| executor.is_free()).count()
    }

    /// Tasks that could be taken soon, by those that are free or not yet hired, `places` by each.
    pub(super) fn room(&self, places: usize) -> usize {
        let free = self.executors.values().filter(|executor| executor.is_free());
        let taken = |executor: &Executor| places.saturating_sub(executor.runs.len());
        free.map(taken).sum::<usize>() + self.maximum.saturating_sub(self.size()) * places
    }

    /// A task has left the own queue of `home`.
    pub(super) fn unpin(&mut self, home: u32) {
        if let Some(executor) = self.executors.get_mut(&home) {
            executor.pinned -= 1;
            self.pinned -= 1;
        }
    }

    /// Forgets every executor's tasks but those that it runs.
    pub(super) fn forget_tasks(&mut self) {
        self.pinned = 0;
        for executor in self.executors.values_mut() {
            (executor.own, executor.pinned, executor.awaited) = (None, 0, None);
        }
    }

    pub(super) fn summary(&self) -> CrewSummary {
        let is_busy = |executor: &&Executor| executor.is_occupied();
        let busy = self.executors.values().filter(is_busy).count();
        let is_ready = |executor: &&Executor| executor.remains() && !executor.is_occupied();
        let idle = self.executors.values().filter(is_ready).count();
        CrewSummary { total: self.executors.len(), busy, idle }
    }

    /// Each executor's figures.
    pub(super) fn per_executor(&self, kind: Kind, now: Nanoseconds) -> Vec<ExecutorSummary> {
        let summary = |(id, executor): (&u32, &Executor)| {
            let current = if executor.runs.is_empty() { 0 } else { now.saturating_sub(executor.busy_since) };
            let busy = executor.busy + current;
            let life = now.saturating_sub(executor.born).max(1);
            ExecutorSummary {
                id: *id,
                kind,
                busy: executor.is_occupied(),
                tasks: executor.tasks,
                busy_time: milliseconds(busy),
                utilization: (busy as f64 / life as f64).min(1.0),
            }
        };
        self.executors.iter().map(summary).collect()
    }
}
