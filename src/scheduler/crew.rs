//! The executors of one kind: who they are, who is idle, and who is woken for a task.

use std::collections::BTreeMap;

use super::Kind;
use super::clock::{Nanoseconds, milliseconds};
use super::mailbox::Wake;
use super::statistics::{CrewSummary, ExecutorSummary};
use super::sync::{Arc, AtomicBool, Ordering};

/// What an executor is doing. See `README.md`, "An executor".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Asked for, has not called `next` yet.
    Starting,
    /// Has a task, or is about to ask for one.
    Busy,
    /// Idle, watching its signal for a short while.
    Spinning,
    /// Idle, to be woken.
    Asleep { since: Nanoseconds },
    /// Holds a task whose input has yet to be delivered.
    Awaiting,
    /// To end as soon as it asks for work.
    Retiring,
}

pub(super) struct Executor {
    pub state: State,
    /// The task it runs or awaits.
    pub slot: Option<u32>,
    /// Raised when it is claimed while it spins. A hint: the truth is `state`, under the lock.
    pub signal: Arc<AtomicBool>,
    pub waker: Option<Arc<dyn Wake>>,
    pub tasks: u64,
    pub busy: Nanoseconds,
    pub born: Nanoseconds,
}

/// Wake-ups owed, to be called after the lock is released.
pub(super) type Wakes = smallvec::SmallVec<[Arc<dyn Wake>; 2]>;

pub(super) struct Crew {
    pub executors: BTreeMap<u32, Executor>,
    /// Spinning or asleep, the one that went idle last on top: it is the warmest, and those at the bottom
    /// get to be idle long enough to be retired.
    idle: Vec<u32>,
    /// At most one executor spins.
    pub spinner: Option<u32>,
    pub minimum: usize,
    pub maximum: usize,
    pub starting: usize,
    /// Whether somebody keeps calling [`Crew::retire_idle`].
    retiring: bool,
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
            starting: 0,
            retiring: false,
            next_id: 1,
        }
    }

    /// Makes room for one more executor, which the caller is to start.
    pub(super) fn hire(&mut self, now: Nanoseconds) -> u32 {
        let id = self.next_id;
        self.next_id += 1;
        self.starting += 1;
        let executor = Executor {
            state: State::Starting,
            slot: None,
            signal: Arc::new(AtomicBool::new(false)),
            waker: None,
            tasks: 0,
            busy: 0,
            born: now,
        };
        self.executors.insert(id, executor);
        id
    }

    /// Sets the state, keeping `starting` right.
    pub(super) fn set_state(&mut self, id: u32, state: State) {
        if let Some(executor) = self.executors.get_mut(&id) {
            self.starting -= usize::from(executor.state == State::Starting);
            self.starting += usize::from(state == State::Starting);
            executor.state = state;
        }
    }

    /// Gives an executor a task whose input it has to wait for.
    pub(super) fn set_awaiting(&mut self, id: u32, slot: u32) {
        self.set_state(id, State::Awaiting);
        if let Some(executor) = self.executors.get_mut(&id) {
            executor.slot = Some(slot);
        }
    }

    /// The executor that [`Crew::claim`] would take.
    pub(super) fn next_idle(&self) -> Option<&Executor> {
        self.executors.get(&self.spinner.or_else(|| self.idle.last().copied())?)
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

    /// Takes the idle executor that will be there soonest and makes it busy; it is on its way to `next`
    /// once the caller has carried out `wakes`.
    pub(super) fn claim(&mut self, wakes: &mut Wakes) -> Option<u32> {
        let id = self.spinner.or_else(|| self.idle.last().copied())?;
        self.leave_idle(id);
        self.rouse(id, State::Busy, wakes);
        Some(id)
    }

    /// Sets the state of an executor that is out of the idle list, and has it look again.
    pub(super) fn rouse(&mut self, id: u32, state: State, wakes: &mut Wakes) {
        let Some(executor) = self.executors.get(&id) else { return };
        // Relaxed: only a hint to stop spinning; what there is to do is read under the lock.
        executor.signal.store(true, Ordering::Relaxed);
        // One that spins is in `next` already and needs no system call.
        if executor.state != State::Spinning {
            wakes.extend(executor.waker.clone());
        }
        self.set_state(id, state);
    }

    /// Retires idle executors beyond the minimum that have slept since before `deadline`. Answers since when
    /// the longest sleeper of the rest has slept, or `now` if nobody sleeps; `None` if nobody is left to
    /// retire.
    pub(super) fn retire_idle(
        &mut self,
        deadline: Option<Nanoseconds>,
        now: Nanoseconds,
        wakes: &mut Wakes,
    ) -> Option<Nanoseconds> {
        let mut surplus = self.surplus();
        let mut index = 0;
        let mut next = now;
        while surplus > 0 && index < self.idle.len() {
            let id = self.idle[index];
            match self.executors[&id].state {
                State::Asleep { since } if Some(since) <= deadline => {
                    surplus -= 1;
                    self.leave_idle(id);
                    self.rouse(id, State::Retiring, wakes);
                }
                State::Asleep { since } => {
                    next = next.min(since);
                    index += 1;
                }
                _ => index += 1,
            }
        }
        self.retiring = surplus > 0;
        self.retiring.then_some(next)
    }

    /// Whether [`Crew::retire_idle`] has to be called from now on, which nobody does yet.
    pub(super) fn begin_retiring(&mut self) -> bool {
        let begin = !self.retiring && self.surplus() > 0;
        self.retiring |= begin;
        begin
    }

    /// Those that are not about to end.
    pub(super) fn staying(&self) -> usize {
        self.executors.values().filter(|executor| executor.state != State::Retiring).count()
    }

    /// Executors above the minimum.
    fn surplus(&self) -> usize {
        self.staying().saturating_sub(self.minimum)
    }

    /// Tells every executor to end as soon as it asks for work.
    pub(super) fn retire_all(&mut self, wakes: &mut Wakes) {
        let everyone: Vec<u32> = self.executors.keys().copied().collect();
        for id in everyone {
            self.leave_idle(id);
            self.rouse(id, State::Retiring, wakes);
        }
    }

    /// Those that have no task and will ask for one: idle, starting, on their way after a claim, or back
    /// shortly from a turn of their event loop.
    pub(super) fn free(&self) -> usize {
        let free = |executor: &&Executor| executor.slot.is_none() && executor.state != State::Retiring;
        self.executors.values().filter(free).count()
    }

    pub(super) fn summary(&self) -> CrewSummary {
        let busy = self.executors.values().filter(|executor| executor.slot.is_some()).count();
        CrewSummary { total: self.executors.len(), busy, idle: self.executors.len() - busy - self.starting }
    }

    /// Each executor's figures. `running_since` tells when a slot's task began.
    pub(super) fn per_executor(
        &self,
        kind: Kind,
        now: Nanoseconds,
        running_since: impl Fn(u32) -> Option<Nanoseconds>,
    ) -> Vec<ExecutorSummary> {
        let summary = |(id, executor): (&u32, &Executor)| {
            let current = executor.slot.and_then(&running_since).map_or(0, |since| now.saturating_sub(since));
            let busy = executor.busy + current;
            let life = now.saturating_sub(executor.born).max(1);
            ExecutorSummary {
                id: *id,
                kind,
                busy: executor.slot.is_some(),
                tasks: executor.tasks,
                busy_time: milliseconds(busy),
                utilization: (busy as f64 / life as f64).min(1.0),
            }
        };
        self.executors.iter().map(summary).collect()
    }
}
