//! What the scheduler's lock protects, and every step that a task or an executor takes.
//!
//! Nothing here blocks, wakes or calls out: a step records what is owed in [`Effects`], and the caller
//! carries it out once the lock is released.

use super::clock::Nanoseconds;
use super::crew::{Crew, State, Wakes};
use super::mailbox::{Mailbox, Wake};
use super::queue::{Entry, Queue};
use super::spin::SpinCredit;
use super::statistics::Statistics;
use super::sync::{Arc, AtomicBool, Ordering};
use super::table::{Stage, Table, Task};
use super::{Assignment, Closed, Config, Ending, Finished, Kind, Note, Submission, Submitted};

/// How the pool stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Takes tasks.
    Open,
    /// Takes no more, finishes what it has.
    Closing,
    /// Has nothing left.
    Terminated,
}

/// What a step owes the outside, to be carried out without the lock.
#[derive(Default)]
pub(super) struct Effects {
    pub wakes: Wakes,
    pub noted: bool,
}

/// What an executor that asked for work is to do.
pub(super) enum Turn<J> {
    Run(Assignment<J>),
    /// Watch the signal for a moment, then ask [`Core::give_up_spinning`].
    Spin(Arc<AtomicBool>),
    Idle,
    Stop,
}

pub(super) struct Core<J, O> {
    phase: Phase,
    ended: bool,
    sequence: u64,
    pub(super) table: Table<J>,
    pub(super) queues: [Queue; 2],
    /// Waiting tasks by kind; the queues may also hold entries of tasks that left.
    pub(super) waiting: [usize; 2],
    pub(super) crews: [Crew; 2],
    spin: [SpinCredit; 2],
    pub(super) statistics: Statistics,
    mailbox: Arc<Mailbox<Note<O>>>,
}

impl<J, O> Core<J, O> {
    pub(super) fn new(config: &Config, mailbox: Arc<Mailbox<Note<O>>>) -> Self {
        let queue = || Queue::new(config.aging.map(|aging| aging.as_nanos() as f64));
        Self {
            phase: Phase::Open,
            ended: false,
            sequence: 0,
            table: Table::new(),
            queues: [queue(), queue()],
            waiting: [0, 0],
            crews: [
                Crew::new(config.minimum_workers, config.maximum_workers),
                Crew::new(0, config.maximum_native_threads),
            ],
            spin: [SpinCredit(SpinCredit::FULL), SpinCredit(SpinCredit::FULL)],
            statistics: Statistics::new(),
            mailbox,
        }
    }

    fn note(&self, note: Note<O>, effects: &mut Effects) {
        self.mailbox.push(note);
        effects.noted = true;
    }

    // ---- tasks

    pub(super) fn submit(
        &mut self,
        submission: Submission<J>,
        now: Nanoseconds,
        effects: &mut Effects,
    ) -> Result<Submitted, Closed> {
        match self.phase {
            Phase::Open => {}
            Phase::Closing => return Err(Closed::Closing),
            Phase::Terminated => return Err(Closed::Terminated),
        }
        let Submission { slot, kind, label, priority, needs_delivery, job } = submission;
        // Before anything is changed: a panic further down would leave an executor claimed for nothing.
        assert!(self.table.get(slot).is_none(), "slot {slot} already holds an unsettled task");
        let sequence = self.sequence;
        self.sequence += 1;
        self.statistics.submitted();
        let mut task = Task {
            sequence,
            label,
            attempt: 1,
            priority,
            submitted: now,
            needs_delivery,
            stage: Stage::Waiting(job),
        };
        let crew = &mut self.crews[kind as usize];
        // With an executor free and nobody ahead, the submitter can deliver at once.
        if needs_delivery
            && self.waiting[kind as usize] == 0
            && let Some(executor) = crew.claim(&mut Wakes::new())
        {
            crew.set_awaiting(executor, slot);
            task.await_delivery(executor);
            self.table.insert(slot, task);
            return Ok(Submitted { hire: None, deliver_to: Some(executor) });
        }
        self.table.insert(slot, task);
        self.queues[kind as usize].push(priority, Entry { slot, sequence, queued_at: now });
        self.waiting[kind as usize] += 1;
        let asleep_since = self.newest_sleeper(kind);
        let claimed = self.crews[kind as usize].claim(&mut effects.wakes).is_some();
        if let (true, Some(since)) = (claimed, asleep_since)
            && now.saturating_sub(since) < SpinCredit::NEAR_MISS
        {
            self.spin[kind as usize].paid_off();
        }
        let hire = if claimed { None } else { self.hire_if_short(kind, now) };
        Ok(Submitted { hire, deliver_to: None })
    }

    /// When the executor that `claim` would take fell asleep, if it sleeps.
    fn newest_sleeper(&self, kind: Kind) -> Option<Nanoseconds> {
        self.crews[kind as usize].next_idle().and_then(|executor| match executor.state {
            State::Asleep { since } => Some(since),
            _ => None,
        })
    }

    /// Makes room for one more executor if there are more waiting tasks than executors on their way.
    fn hire_if_short(&mut self, kind: Kind, now: Nanoseconds) -> Option<u32> {
        let crew = &mut self.crews[kind as usize];
        let room = self.phase != Phase::Terminated && crew.executors.len() < crew.maximum;
        (room && self.waiting[kind as usize] > crew.free()).then(|| crew.hire(now))
    }

    /// Makes room for the executors that are missing from the minimum.
    pub(super) fn hire_minimum(&mut self, kind: Kind, now: Nanoseconds) -> Vec<u32> {
        let crew = &mut self.crews[kind as usize];
        let room = crew.maximum.saturating_sub(crew.executors.len());
        let missing = crew.minimum.saturating_sub(crew.staying()).min(room);
        if self.phase == Phase::Open { (0..missing).map(|_| crew.hire(now)).collect() } else { Vec::new() }
    }

    /// Takes back a task that does not run yet. The caller settles its promise.
    pub(super) fn withdraw(&mut self, kind: Kind, slot: u32, effects: &mut Effects) -> bool {
        let executor = match self.table.get(slot).map(|task| &task.stage) {
            None | Some(Stage::Running { .. }) => return false,
            Some(Stage::Waiting(_)) => None,
            Some(Stage::Awaiting { executor, .. }) => Some(*executor),
        };
        self.table.remove(slot);
        self.statistics.cancelled();
        match executor {
            None => {
                self.waiting[kind as usize] -= 1;
                self.queues[kind as usize].tidy(self.waiting[kind as usize], |entry| {
                    self.table.get(entry.slot).is_some_and(|task| task.is_waiting(entry))
                });
            }
            Some(executor) => {
                let crew = &mut self.crews[kind as usize];
                if let Some(executor) = crew.executors.get_mut(&executor) {
                    executor.slot = None;
                }
                crew.rouse(executor, State::Busy, &mut effects.wakes);
            }
        }
        self.end_if_over(effects);
        true
    }

    /// Whether the task in `slot` is one that executor `id` awaits the input of.
    pub(super) fn awaits(&self, slot: u32, id: u32) -> bool {
        let stage = self.table.get(slot).map(|task| &task.stage);
        matches!(stage, Some(Stage::Awaiting { executor, .. }) if *executor == id)
    }

    /// The input of an awaiting task has arrived at its executor.
    pub(super) fn delivered(&mut self, kind: Kind, slot: u32, effects: &mut Effects) {
        let Some(Stage::Awaiting { executor, .. }) = self.table.get(slot).map(|task| &task.stage) else {
            return; // its executor died meanwhile, or the pool was terminated
        };
        let executor = *executor;
        self.crews[kind as usize].rouse(executor, State::Busy, &mut effects.wakes);
    }

    pub(super) fn finish(
        &mut self,
        kind: Kind,
        id: u32,
        finished: Finished<O>,
        now: Nanoseconds,
        effects: &mut Effects,
    ) {
        let crew = &mut self.crews[kind as usize];
        let Some(executor) = crew.executors.get_mut(&id) else { return };
        if executor.slot != Some(finished.slot) {
            return;
        }
        executor.slot = None;
        executor.tasks += 1;
        // Gone if the pool was terminated: the promise has settled, and this outcome is nobody's.
        let Some(task) = self.table.remove(finished.slot) else { return };
        if let Stage::Running { since } = task.stage {
            let ran = now.saturating_sub(since);
            executor.busy += ran;
            self.statistics.ended(kind, task.label, ran, finished.ending);
        }
        self.note(Note::Settled { slot: finished.slot, outcome: finished.outcome }, effects);
        self.end_if_over(effects);
    }

    // ---- executors

    /// An executor asks for work.
    pub(super) fn turn(&mut self, kind: Kind, id: u32, now: Nanoseconds, effects: &mut Effects) -> Turn<J> {
        let crew = &mut self.crews[kind as usize];
        let Some(executor) = crew.executors.get(&id) else { return Turn::Stop };
        match executor.state {
            State::Retiring => return Turn::Stop,
            State::Awaiting => return Turn::Idle, // woken for nothing; the delivery will wake it again
            State::Starting | State::Busy | State::Spinning | State::Asleep { .. } => {}
        }
        crew.leave_idle(id);
        crew.set_state(id, State::Busy);
        if let Some(slot) = crew.executors[&id].slot {
            return self.start(kind, id, slot, now); // its delivery has come
        }
        while let Some(entry) = self.queues[kind as usize].pop(now) {
            let Some(task) = self.table.get_mut(entry.slot).filter(|task| task.is_waiting(&entry)) else {
                continue;
            };
            self.waiting[kind as usize] -= 1;
            if !task.needs_delivery {
                return self.start(kind, id, entry.slot, now);
            }
            task.await_delivery(id);
            self.crews[kind as usize].set_awaiting(id, entry.slot);
            self.note(Note::Deliver { slot: entry.slot, executor: id }, effects);
            return Turn::Idle;
        }
        let crew = &mut self.crews[kind as usize];
        if crew.spinner.is_none() && self.spin[kind as usize].allows() {
            crew.enter_idle(id, State::Spinning);
            let signal = crew.executors[&id].signal.clone();
            // Relaxed: nothing raises it before the lock is released; see `Crew::rouse`.
            signal.store(false, Ordering::Relaxed);
            return Turn::Spin(signal);
        }
        crew.enter_idle(id, State::Asleep { since: now });
        Turn::Idle
    }

    /// Gives the task in `slot` to executor `id`.
    fn start(&mut self, kind: Kind, id: u32, slot: u32, now: Nanoseconds) -> Turn<J> {
        let Some(task) = self.table.get_mut(slot) else { return Turn::Idle };
        let stage = std::mem::replace(&mut task.stage, Stage::Running { since: now });
        let (Stage::Waiting(job) | Stage::Awaiting { job, .. }) = stage else {
            unreachable!("a task starts once")
        };
        self.statistics.started(now.saturating_sub(task.submitted));
        let assignment = Assignment {
            slot,
            label: task.label,
            attempt: task.attempt,
            priority: task.priority,
            sequence: task.sequence,
            delivered: task.needs_delivery,
            job,
        };
        if let Some(executor) = self.crews[kind as usize].executors.get_mut(&id) {
            executor.slot = Some(slot);
        }
        Turn::Run(assignment)
    }

    /// The spinner has watched long enough or was claimed: `true` if it may sleep, `false` if there is
    /// something for it to do.
    pub(super) fn give_up_spinning(&mut self, kind: Kind, id: u32, now: Nanoseconds) -> bool {
        let crew = &mut self.crews[kind as usize];
        let spinning = crew.executors.get(&id).is_some_and(|executor| executor.state == State::Spinning);
        if spinning {
            self.spin[kind as usize].in_vain();
            crew.spinner = None; // it stays in the idle list
            crew.set_state(id, State::Asleep { since: now });
        } else {
            self.spin[kind as usize].paid_off();
        }
        spinning
    }

    /// Tells how to wake an executor, before its first `turn`.
    pub(super) fn attach(&mut self, kind: Kind, id: u32, waker: Arc<dyn Wake>) {
        if let Some(executor) = self.crews[kind as usize].executors.get_mut(&id) {
            executor.waker = Some(waker);
        }
    }

    /// An executor is gone. Its task settles with what `outcome` makes. Answers the executor to start in
    /// its place, if the waiting tasks need one.
    pub(super) fn gone(
        &mut self,
        kind: Kind,
        id: u32,
        replace: bool,
        outcome: impl FnOnce() -> O,
        now: Nanoseconds,
        effects: &mut Effects,
    ) -> Option<u32> {
        let executor = self.crews[kind as usize].dismiss(id)?;
        if let Some(slot) = executor.slot
            && let Some(task) = self.table.remove(slot)
        {
            let since = if let Stage::Running { since } = task.stage { since } else { now };
            self.statistics.ended(kind, task.label, now.saturating_sub(since), Ending::Rejected);
            self.note(Note::Settled { slot, outcome: outcome() }, effects);
        }
        self.end_if_over(effects);
        // It may have been claimed for one of the waiting tasks; then an idle one takes over.
        let waits = self.waiting[kind as usize] > 0;
        let taken_over = waits && self.crews[kind as usize].claim(&mut effects.wakes).is_some();
        if taken_over || !replace {
            return None;
        }
        if let Some(replacement) = self.hire_if_short(kind, now) {
            return Some(replacement);
        }
        // One that has worked is replaced up to the minimum; one that died while starting is not, lest a
        // script that cannot start be started forever. One for one: the caller starts no more than it is
        // told of.
        let worked = executor.tasks > 0 || executor.slot.is_some();
        let crew = &mut self.crews[kind as usize];
        let missing = crew.staying() < crew.minimum && crew.executors.len() < crew.maximum;
        (self.phase == Phase::Open && worked && missing).then(|| crew.hire(now))
    }

    /// See [`Crew::retire_idle`].
    pub(super) fn retire_idle(
        &mut self,
        kind: Kind,
        deadline: Option<Nanoseconds>,
        now: Nanoseconds,
        effects: &mut Effects,
    ) -> Option<Nanoseconds> {
        self.crews[kind as usize].retire_idle(deadline, now, &mut effects.wakes)
    }

    /// See [`Crew::begin_retiring`].
    pub(super) fn begin_retiring(&mut self, kind: Kind) -> bool {
        self.crews[kind as usize].begin_retiring()
    }

    // ---- the end

    pub(super) fn close(&mut self, effects: &mut Effects) {
        if self.phase == Phase::Open {
            self.phase = Phase::Closing;
        }
        self.end_if_over(effects);
    }

    /// Forgets every task; their promises are the caller's to settle.
    pub(super) fn terminate(&mut self, effects: &mut Effects) {
        if self.phase == Phase::Terminated {
            return;
        }
        self.phase = Phase::Terminated;
        self.queues.iter_mut().for_each(Queue::clear);
        self.waiting = [0, 0];
        for _ in self.table.drain() {
            self.statistics.cancelled();
        }
        self.end_if_over(effects);
    }

    /// Once nothing is left to do and nothing will come, everybody may go; once they have, says so.
    fn end_if_over(&mut self, effects: &mut Effects) {
        if self.phase == Phase::Open || self.table.length() > 0 || self.ended {
            return;
        }
        if self.crews.iter().all(|crew| crew.executors.is_empty()) {
            self.ended = true;
            self.note(Note::Ended, effects);
        } else {
            self.crews.iter_mut().for_each(|crew| crew.retire_all(&mut effects.wakes));
        }
    }
}
