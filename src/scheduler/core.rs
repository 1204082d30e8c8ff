//! What the scheduler's lock protects, and the life of a task: submitted, queued, over. What executors do is in
//! `runs.rs`, where a task goes in `placement.rs`, what time brings in `deadlines.rs`.
//!
//! Nothing here blocks, wakes or calls out: a step records what is owed in [`Effects`], and the caller
//! carries it out once the lock is released.

use std::hash::{BuildHasher, RandomState};

use super::clock::{Nanoseconds, nanoseconds};
use super::crew::{Crew, Wakes};
use super::deadlines::Deadlines;
use super::mailbox::Mailbox;
use super::placement::Homes;
use super::queue::{Entry, Queue};
use super::spin::SpinCredit;
use super::statistics::{Count, Statistics};
use super::sync::{Arc, AtomicBool};
use super::table::{Stage, Table, Task};
use super::{
    Assignment, Cancelled, Config, End, Endpoint, Kind, Limits, Note, Refused, Strategy, Submission,
    Submitted,
};

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

/// Runs, on their executors, and whether by force.
type Stops = Vec<(Arc<dyn Endpoint>, u64, bool)>;

/// What a step owes the outside, to be carried out without the lock.
#[derive(Default)]
pub(super) struct Effects {
    pub wakes: Wakes,
    /// Runs to be told to stop, and whether by force.
    pub stops: Stops,
    pub noted: bool,
    /// `tick` is due earlier than whoever calls it knows.
    pub alarm: bool,
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
    pub(super) config: Config,
    pub(super) phase: Phase,
    ended: bool,
    sequence: u64,
    /// Runs so far.
    pub(super) run: u64,
    pub(super) table: Table<J>,
    pub(super) queues: [Queue; 2],
    /// Waiting tasks by kind; the queues may also hold entries of tasks that left.
    pub(super) waiting: [usize; 2],
    pub(super) crews: [Crew; 2],
    pub(super) homes: Homes,
    pub(super) spin: [SpinCredit; 2],
    pub(super) deadlines: Deadlines,
    /// The queue was as long as it may be, and nobody has been told that it no longer is.
    backed_up: bool,
    pub(super) statistics: Statistics,
    random: RandomState,
    mailbox: Arc<Mailbox<Note<O>>>,
}

impl<J: Clone, O> Core<J, O> {
    pub(super) fn new(config: &Config, mailbox: Arc<Mailbox<Note<O>>>) -> Self {
        let sizes = config.sizes;
        let mut core = Self {
            config: config.clone(),
            phase: Phase::Open,
            ended: false,
            sequence: 0,
            run: 0,
            table: Table::new(),
            queues: [Queue::new(None), Queue::new(None)],
            waiting: [0, 0],
            crews: [
                Crew::new(sizes.minimum_workers, sizes.maximum_workers),
                Crew::new(0, sizes.maximum_native_threads),
            ],
            homes: Homes::default(),
            spin: [SpinCredit(SpinCredit::FULL), SpinCredit(SpinCredit::FULL)],
            deadlines: Deadlines::new(),
            backed_up: false,
            statistics: Statistics::new(),
            random: RandomState::new(),
            mailbox,
        };
        core.queues = [core.empty_queue(), core.empty_queue()];
        core
    }

    pub(super) fn empty_queue(&self) -> Queue {
        Queue::new(self.config.aging.map(|aging| aging.as_nanos() as f64))
    }

    pub(super) fn note(&self, note: Note<O>, effects: &mut Effects) {
        self.mailbox.push(note);
        effects.noted = true;
    }

    /// The limits of a task.
    pub(super) fn limits<'a>(config: &'a Config, task: &'a Task<J>) -> &'a Limits {
        task.limits.as_deref().unwrap_or(&config.limits)
    }

    // ---- into the queue

    pub(super) fn submit(
        &mut self,
        submission: Submission<J>,
        now: Nanoseconds,
        effects: &mut Effects,
    ) -> Result<Submitted, Refused> {
        match self.phase {
            Phase::Open => {}
            Phase::Closing => return Err(Refused::Closing),
            Phase::Terminated => return Err(Refused::Terminated),
        }
        let Submission { slot, kind, label, priority, needs_delivery, stoppable, limits, job } = submission;
        // Before anything is changed: a panic further down would leave an executor claimed for nothing.
        assert!(self.table.get(slot).is_none(), "slot {slot} already holds an unsettled task");
        if self.would_refuse(kind) {
            return Err(Refused::Full);
        }
        let sequence = self.sequence;
        self.sequence += 1;
        self.statistics.submitted();
        let own = limits.as_deref();
        let stoppable = stoppable || own.unwrap_or(&self.config.limits).timeout.is_some();
        let has_home =
            self.config.strategy != Strategy::Shared || own.is_some_and(|own| own.affinity.is_some());
        let stage = Stage::Waiting(job);
        self.table.insert(
            slot,
            Task {
                sequence,
                kind,
                label,
                attempt: 1,
                priority,
                queued: now,
                needs_delivery,
                stoppable,
                home: None,
                limits,
                stage,
            },
        );
        let hire = if has_home { self.place(slot, now, effects) } else { None };
        // With an executor free and nobody ahead, the submitter can deliver at once.
        if needs_delivery
            && self.waiting[kind as usize] == 0
            && let Some(executor) = self.claim_for(slot, &mut Wakes::new())
        {
            self.await_delivery(executor, slot);
            return Ok(Submitted { hire, deliver_to: Some(executor), full: self.backed_up });
        }
        let hire = hire.or(self.enqueue(slot, now, true, now, effects));
        if let Some(longest) = self.config.longest_queue {
            self.backed_up |= self.excess() >= longest.max(1);
        }
        Ok(Submitted { hire, deliver_to: None, full: self.backed_up })
    }

    /// Puts a task that has waited `since` then into the queue and finds somebody to take it. Answers the executor
    /// to start for it.
    fn enqueue(
        &mut self,
        slot: u32,
        since: Nanoseconds,
        may_hire: bool,
        now: Nanoseconds,
        effects: &mut Effects,
    ) -> Option<u32> {
        let task = self.table.get_mut(slot)?;
        task.queued = since;
        let (kind, home) = (task.kind, task.home);
        let entry = Entry { slot, sequence: task.sequence, queued_at: since };
        let priority = task.priority;
        let deadline = Self::limits(&self.config, task).queue_timeout;
        self.waiting[kind as usize] += 1;
        match home {
            None => self.queues[kind as usize].push(priority, entry),
            Some(home) => self.push_home(home, priority, entry),
        }
        if let Some(deadline) = deadline {
            self.remind(since.saturating_add(nanoseconds(deadline)), &entry, effects);
        }
        self.find_taker(slot, may_hire, now, effects)
    }

    /// Claims or hires somebody for a waiting task. Answers whom to start.
    fn find_taker(
        &mut self,
        slot: u32,
        may_hire: bool,
        now: Nanoseconds,
        effects: &mut Effects,
    ) -> Option<u32> {
        let task = self.table.get(slot)?;
        let (kind, home) = (task.kind, task.home);
        let asleep_since = self.crews[kind as usize].asleep_since(home);
        if self.claim_for(slot, &mut effects.wakes).is_none() {
            return if may_hire && home.is_none() { self.hire_if_short(kind, now, effects) } else { None };
        }
        if asleep_since.is_some_and(|since| now.saturating_sub(since) < SpinCredit::NEAR_MISS) {
            self.spin[kind as usize].paid_off();
        }
        None
    }

    /// Waiting tasks that nobody is there, or will be soon, to take.
    fn excess(&self) -> usize {
        self.excess_with([0, 0])
    }

    fn excess_with(&self, more: [usize; 2]) -> usize {
        let excess = |kind: usize| {
            let places = if kind == Kind::JavaScript as usize { self.config.places } else { 1 };
            (self.waiting[kind] + more[kind]).saturating_sub(self.crews[kind].room(places))
        };
        excess(0) + excess(1)
    }

    /// Whether one more task of this kind would be too many.
    pub(super) fn would_refuse(&self, kind: Kind) -> bool {
        let Some(longest) = self.config.longest_queue.filter(|_| self.config.refuse_when_full) else {
            return false;
        };
        let mut more = [0, 0];
        more[kind as usize] = 1;
        let excess = self.excess_with(more);
        // Not before the owner was told: with several places, the room of a worker comes and goes with what it is at.
        let told = self.backed_up || longest == 0;
        told && excess > longest && excess > self.excess()
    }

    /// Waiting tasks beyond the longest that the queue may be, where those are not refused. One that somebody is about
    /// to take is still in the queue.
    pub(super) fn held(&self) -> usize {
        let longest = self.config.longest_queue.filter(|_| !self.config.refuse_when_full);
        longest.map_or(0, |longest| self.waiting.iter().sum::<usize>().saturating_sub(longest))
    }

    /// A waiting task has left the queue, by whatever way.
    pub(super) fn leave_queue(&mut self, kind: Kind, home: Option<u32>, effects: &mut Effects) {
        self.waiting[kind as usize] -= 1;
        if let Some(home) = home {
            self.crews[kind as usize].unpin(home);
        }
        if let Some(longest) = self.config.longest_queue
            && self.backed_up
            && self.excess() <= longest / 2
        {
            self.backed_up = false;
            self.note(Note::Drained, effects);
        }
    }

    // ---- out of the table

    /// Takes out a task that does not run. The caller settles its promise.
    fn take_out(&mut self, slot: u32, now: Nanoseconds, count: Count, effects: &mut Effects) -> bool {
        let Some(task) = self.table.get(slot) else { return false };
        match task.stage {
            Stage::Running { .. } | Stage::Undecided { .. } | Stage::Moving => return false,
            Stage::BackingOff { .. } => {}
            Stage::Waiting(_) => {
                let (kind, home) = (task.kind, task.home);
                self.leave_queue(kind, home, effects);
                self.tidy(kind, home, slot);
            }
            Stage::Awaiting { executor, .. } => {
                let kind = task.kind;
                self.stop_awaiting(kind, executor, effects);
            }
        }
        if let Some(task) = self.table.remove(slot) {
            self.statistics.over(task.kind, task.label, count);
        }
        self.end_if_over(now, effects);
        true
    }

    /// Entries of tasks that left are dropped once they outnumber the others; `leaving` is about to.
    fn tidy(&mut self, kind: Kind, home: Option<u32>, leaving: u32) {
        let waits = |entry: &Entry| {
            entry.slot != leaving && self.table.get(entry.slot).is_some_and(|task| task.is_waiting(entry))
        };
        let shared = self.waiting[kind as usize] - self.crews[kind as usize].pinned;
        match home.and_then(|home| self.crews[kind as usize].executors.get_mut(&home)) {
            None => self.queues[kind as usize].tidy(shared, waits),
            Some(home) => home.own.iter_mut().for_each(|queue| queue.tidy(home.pinned, waits)),
        }
    }

    pub(super) fn withdraw(&mut self, slot: u32, now: Nanoseconds, effects: &mut Effects) -> bool {
        self.take_out(slot, now, Count::Cancelled, effects)
    }

    pub(super) fn cancel(&mut self, slot: u32, now: Nanoseconds, effects: &mut Effects) -> Cancelled {
        let Some(task) = self.table.get_mut(slot) else { return Cancelled::Over };
        match &mut task.stage {
            Stage::Undecided { count, .. } => {
                *count = Count::Cancelled;
                Cancelled::Over
            }
            Stage::Running { executor, run, .. } => {
                let (kind, executor, run) = (task.kind, *executor, *run);
                self.stop(kind, executor, run, End::Cancelled, now, effects);
                if kind == Kind::Native { Cancelled::Stopping } else { Cancelled::Out }
            }
            _ => {
                self.withdraw(slot, now, effects);
                Cancelled::Out
            }
        }
    }

    /// A task that waits has waited too long.
    pub(super) fn expire(&mut self, slot: u32, now: Nanoseconds, effects: &mut Effects) {
        // Said before the end of the pool may be.
        self.note(Note::Settled { slot, end: End::QueueTimedOut, undecided: false }, effects);
        let out = self.take_out(slot, now, Count::TimedOut, effects);
        debug_assert!(out, "only a waiting task expires");
    }

    /// A task is over.
    pub(super) fn settle(
        &mut self,
        slot: u32,
        end: End<O>,
        count: Count,
        now: Nanoseconds,
        effects: &mut Effects,
    ) {
        let Some(task) = self.table.remove(slot) else { return };
        self.statistics.over(task.kind, task.label, count);
        self.note(Note::Settled { slot, end, undecided: false }, effects);
        self.end_if_over(now, effects);
    }

    /// A try of a task has failed. It is tried again, if it may be.
    pub(super) fn fail(&mut self, slot: u32, end: End<O>, now: Nanoseconds, effects: &mut Effects) {
        let Some(task) = self.table.get_mut(slot) else { return };
        let retry =
            Self::limits(&self.config, task).retry.as_ref().filter(|retry| task.attempt <= retry.most);
        let ask = retry.map(|retry| retry.ask);
        let count = if matches!(end, End::TimedOut) { Count::TimedOut } else { Count::Failed };
        let (Some(ask), Some(job)) = (ask, task.take_job()) else {
            return self.settle(slot, end, count, now, effects);
        };
        task.stage = Stage::Undecided { job, count };
        if ask {
            self.note(Note::Settled { slot, end, undecided: true }, effects);
        } else {
            self.decide(slot, true, now, effects);
        }
    }

    pub(super) fn decide(&mut self, slot: u32, again: bool, now: Nanoseconds, effects: &mut Effects) {
        let Some(task) = self.table.get_mut(slot) else { return }; // the pool was terminated
        let Stage::Undecided { count, .. } = task.stage else { return };
        if !again {
            if let Some(task) = self.table.remove(slot) {
                self.statistics.over(task.kind, task.label, count);
            }
            return self.end_if_over(now, effects);
        }
        let random = self.random.hash_one((task.sequence, task.attempt));
        let delay = Self::limits(&self.config, task)
            .retry
            .as_ref()
            .map_or(0, |retry| retry.delay(task.attempt, random));
        task.attempt += 1;
        self.statistics.retried();
        let Some(job) = task.take_job() else { unreachable!("an undecided task has its job") };
        if delay == 0 {
            task.stage = Stage::Waiting(job);
            return self.requeue(slot, now, true, now, effects);
        }
        let until = now.saturating_add(delay);
        task.stage = Stage::BackingOff { until, job };
        let entry = Entry { slot, sequence: task.sequence, queued_at: now };
        self.remind(until, &entry, effects);
    }

    /// Puts a task into the queue again, from wherever it was.
    pub(super) fn requeue(
        &mut self,
        slot: u32,
        since: Nanoseconds,
        may_hire: bool,
        now: Nanoseconds,
        effects: &mut Effects,
    ) {
        let Some(task) = self.table.get_mut(slot) else { return };
        let kind = task.kind;
        task.home = None;
        let placed = if may_hire { self.place(slot, now, effects) } else { None };
        let hire = placed.or(self.enqueue(slot, since, may_hire, now, effects));
        if let Some(executor) = hire {
            self.note(Note::Hire { kind, executor }, effects);
        }
    }

    // ---- delivery

    /// Gives the task in `slot`, which is in no queue, to an executor that has to wait for its input.
    pub(super) fn await_delivery(&mut self, executor: u32, slot: u32) {
        let Some(task) = self.table.get_mut(slot) else { return };
        let Some(job) = task.take_job() else { unreachable!("a task that does not run has its job") };
        task.stage = Stage::Awaiting { executor, job };
        self.crews[task.kind as usize].set_awaiting(executor, slot);
    }

    /// Whether the task in `slot` is one that executor `id` awaits the input of, which has not been sent.
    pub(super) fn lacks_input(&self, slot: u32, id: u32) -> bool {
        let executor = self.crews[Kind::JavaScript as usize].executors.get(&id);
        let awaited = executor.and_then(|executor| executor.awaited);
        self.awaits(slot, id) && awaited.is_some_and(|awaited| awaited.slot == slot && !awaited.arrived)
    }

    /// Whether the task in `slot` is one that executor `id` was given and has not started.
    pub(super) fn awaits(&self, slot: u32, id: u32) -> bool {
        let stage = self.table.get(slot).map(|task| &task.stage);
        matches!(stage, Some(Stage::Awaiting { executor, .. }) if *executor == id)
    }

    /// The input of an awaiting task has arrived at its executor.
    pub(super) fn delivered(&mut self, kind: Kind, slot: u32, effects: &mut Effects) {
        let Some(Stage::Awaiting { executor, .. }) = self.table.get(slot).map(|task| &task.stage) else {
            return; // its executor died meanwhile, it timed out, or the pool was terminated
        };
        let executor = *executor;
        self.crews[kind as usize].deliver(executor, &mut effects.wakes);
    }

    // ---- the end

    pub(super) fn close(&mut self, now: Nanoseconds, effects: &mut Effects) {
        if self.phase == Phase::Open {
            self.phase = Phase::Closing;
        }
        self.end_if_over(now, effects);
    }

    /// Forgets every task; their promises are the caller's to settle.
    pub(super) fn terminate(&mut self, now: Nanoseconds, effects: &mut Effects) {
        if self.phase == Phase::Terminated {
            return;
        }
        self.phase = Phase::Terminated;
        self.queues.iter_mut().for_each(Queue::clear);
        self.waiting = [0, 0];
        self.deadlines.clear();
        self.crews.iter_mut().for_each(Crew::forget_tasks);
        for task in self.table.drain() {
            self.statistics.over(task.kind, task.label, Count::Cancelled);
        }
        // Workers are ended by their owner; native threads end with what they run.
        for executor in self.crews[Kind::Native as usize].executors.values() {
            for run in &executor.runs {
                effects.stops.extend(executor.endpoint.clone().map(|endpoint| (endpoint, run.number, true)));
            }
        }
        self.end_if_over(now, effects);
    }

    /// Once nothing is left to do and nothing will come, everybody may go; once they have, says so.
    pub(super) fn end_if_over(&mut self, now: Nanoseconds, effects: &mut Effects) {
        if self.phase == Phase::Open || self.table.length() > 0 || self.ended {
            return;
        }
        if self.crews.iter().all(|crew| crew.executors.is_empty()) {
            self.ended = true;
            self.note(Note::Ended, effects);
        } else {
            self.crews.iter_mut().for_each(|crew| crew.retire_all(now, &mut effects.wakes));
        }
    }
}
