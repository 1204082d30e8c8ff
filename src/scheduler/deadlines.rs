//! What time brings: runs and waits that last too long, tries that are due, executors that do not answer, and
//! those that have idled long enough.
//!
//! Few deadlines have a list of their own. Those of waiting tasks do, since there may be a million; those of runs
//! and of executors stand with them, and as there are few of these, they are looked through each time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::clock::{Nanoseconds, nanoseconds};
use super::core::{Core, Effects};
use super::crew::Stop;
use super::queue::Entry;
use super::statistics::Count;
use super::table::Stage;
use super::{End, Kind, Note, STOP_GRACE};

/// Reminders of tasks that left are dropped once they outnumber the tasks by this much.
const KEPT_REMINDERS: usize = 4096;

/// When [`Core::tick`] has something to do.
pub(super) struct Deadlines {
    /// Time, slot and sequence number of tasks that wait for a time, the soonest first; some of them left.
    reminders: BinaryHeap<Reverse<(Nanoseconds, u32, u64)>>,
    /// When whoever calls `tick` will call it next.
    armed: Nanoseconds,
}

impl Deadlines {
    pub(super) fn new() -> Self {
        Self { reminders: BinaryHeap::new(), armed: Nanoseconds::MAX }
    }

    /// `tick` has something to do at this time.
    pub(super) fn arm(&mut self, at: Nanoseconds, effects: &mut Effects) {
        if at < self.armed {
            self.armed = at;
            effects.alarm = true;
        }
    }

    pub(super) fn clear(&mut self) {
        self.reminders = BinaryHeap::new();
    }
}

impl Stop {
    /// When the run is to be told again.
    fn again(&self) -> Nanoseconds {
        self.told.saturating_add(nanoseconds(STOP_GRACE))
    }

    /// When its executor is to be given up.
    fn given_up(&self, patience: Nanoseconds) -> Nanoseconds {
        self.since.saturating_add(patience)
    }
}

impl<J: Clone, O> Core<J, O> {
    /// Something is due for a waiting task at this time. O(log n) amortised.
    pub(super) fn remind(&mut self, at: Nanoseconds, entry: &Entry, effects: &mut Effects) {
        if self.deadlines.reminders.len() > 2 * self.table.length() + KEPT_REMINDERS {
            let mut reminders = std::mem::take(&mut self.deadlines.reminders);
            reminders.retain(|Reverse((at, slot, sequence))| self.is_due_at(*at, *slot, *sequence));
            self.deadlines.reminders = reminders;
        }
        self.deadlines.reminders.push(Reverse((at, entry.slot, entry.sequence)));
        self.deadlines.arm(at, effects);
    }

    /// Whether a reminder is still meant: its task waits, and for that time.
    fn is_due_at(&self, at: Nanoseconds, slot: u32, sequence: u64) -> bool {
        self.table.get(slot).filter(|task| task.sequence == sequence).is_some_and(|task| match task.stage {
            Stage::BackingOff { until, .. } => until == at,
            Stage::Waiting(_) | Stage::Awaiting { .. } => Self::limits(&self.config, task)
                .queue_timeout
                .is_some_and(|limit| task.queued.saturating_add(nanoseconds(limit)) == at),
            _ => false,
        })
    }

    /// Does what is due. Answers when there is more.
    pub(super) fn tick(&mut self, now: Nanoseconds, effects: &mut Effects) -> Option<Nanoseconds> {
        self.deadlines.armed = Nanoseconds::MAX;
        while let Some(Reverse((at, slot, sequence))) = self.deadlines.reminders.peek().copied() {
            let due = self.is_due_at(at, slot, sequence);
            if due && at > now {
                self.deadlines.arm(at, effects);
                break;
            }
            self.deadlines.reminders.pop();
            match self.table.get_mut(slot) {
                Some(task) if due => match task.stage {
                    Stage::BackingOff { .. } => {
                        if let Some(job) = task.take_job() {
                            task.stage = Stage::Waiting(job);
                        }
                        self.requeue(slot, now, true, now, effects);
                    }
                    _ => self.expire(slot, now, effects),
                },
                _ => {}
            }
        }
        for kind in [Kind::JavaScript, Kind::Native] {
            let everyone: Vec<u32> = self.crews[kind as usize].executors.keys().copied().collect();
            for id in everyone {
                self.check_start(kind, id, now, effects);
                self.check_runs(kind, id, now, effects);
                self.check_suspect(kind, id, now, effects);
            }
        }
        self.watch_idle(Kind::JavaScript, now, effects);
        effects.alarm = false; // whoever called is told below
        Some(self.deadlines.armed).filter(|at| *at < Nanoseconds::MAX)
    }

    /// Has workers retired that have idled long enough, now or later.
    pub(super) fn watch_idle(&mut self, kind: Kind, now: Nanoseconds, effects: &mut Effects) {
        let Some(limit) = self.config.idle_timeout.filter(|_| kind == Kind::JavaScript) else { return };
        let crew = &mut self.crews[kind as usize];
        if let Some(due) = crew.retire_idle(nanoseconds(limit), now, &mut effects.wakes) {
            self.deadlines.arm(due, effects);
        }
    }

    /// A worker that takes too long to come up is given up.
    fn check_start(&mut self, kind: Kind, id: u32, now: Nanoseconds, effects: &mut Effects) {
        let Some(limit) = self.config.start_timeout.filter(|_| kind == Kind::JavaScript) else { return };
        let Some(executor) = self.crews[kind as usize].executors.get(&id) else { return };
        if executor.up || executor.killed {
            return;
        }
        let due = executor.born.saturating_add(nanoseconds(limit));
        if due > now {
            self.deadlines.arm(due, effects);
        } else {
            self.kill(id, now, effects);
        }
    }

    fn check_runs(&mut self, kind: Kind, id: u32, now: Nanoseconds, effects: &mut Effects) {
        let patience = self.patience(kind, id);
        let count = self.crews[kind as usize].executors.get(&id).map_or(0, |executor| executor.runs.len());
        for index in 0..count {
            let Some(executor) = self.crews[kind as usize].executors.get_mut(&id) else { return };
            let Some(run) = executor.runs.get_mut(index) else { return };
            let Some(stop) = &mut run.stop else {
                match run.deadline {
                    Some(deadline) if deadline <= now => {
                        let number = run.number;
                        self.stop(kind, id, number, End::TimedOut, now, effects);
                    }
                    Some(deadline) => self.deadlines.arm(deadline, effects),
                    None => {}
                }
                continue;
            };
            if stop.given_up(patience) <= now {
                return self.kill(id, now, effects);
            }
            if stop.again() <= now {
                stop.told = now;
                effects.stops.extend(executor.endpoint.clone().map(|endpoint| (endpoint, run.number, true)));
            }
            let next = stop.again().min(stop.given_up(patience));
            self.deadlines.arm(next, effects);
        }
    }

    /// How long an executor has to let go of a run that was told to stop.
    fn patience(&self, kind: Kind, id: u32) -> Nanoseconds {
        // A native task stops when it gets to look, and nothing else can be done about it.
        if kind == Kind::Native {
            return Nanoseconds::MAX;
        }
        let executor = self.crews[kind as usize].executors.get(&id);
        let endpoint = executor.and_then(|executor| executor.endpoint.as_ref());
        let terminates = endpoint.is_none_or(|endpoint| endpoint.terminates());
        nanoseconds(if terminates { self.config.stop_timeout } else { 5 * STOP_GRACE })
    }

    /// Tells a run to stop. A JavaScript task is over with that; a native one, which may be reading its
    /// submitter's memory, when it has stopped.
    pub(super) fn stop(
        &mut self,
        kind: Kind,
        id: u32,
        number: u64,
        why: End<O>,
        now: Nanoseconds,
        effects: &mut Effects,
    ) {
        let timed_out = matches!(why, End::TimedOut);
        let patience = self.patience(kind, id);
        let Some(executor) = self.crews[kind as usize].executors.get_mut(&id) else { return };
        let Some(run) = executor.runs.iter_mut().find(|run| run.number == number) else { return };
        if let Some(stop) = &mut run.stop {
            stop.timed_out &= timed_out; // one that was cancelled is not tried again
            return;
        }
        let stop = Stop { since: now, told: now, timed_out };
        run.stop = Some(stop);
        let slot = run.slot;
        effects.stops.extend(executor.endpoint.clone().map(|endpoint| (endpoint, number, false)));
        self.deadlines.arm(stop.again().min(stop.given_up(patience)), effects);
        if kind == Kind::Native || !self.ran(slot, number, now) {
            return;
        }
        if timed_out {
            self.fail(slot, why, now, effects);
        } else if let Some(task) = self.table.remove(slot) {
            self.statistics.over(task.kind, task.label, Count::Cancelled);
            self.end_if_over(now, effects);
        }
    }

    /// Something was cut off or left behind in a worker: from now on, it is watched.
    pub(super) fn suspect(&mut self, id: u32, now: Nanoseconds, effects: &mut Effects) {
        let executor = self.crews[Kind::JavaScript as usize].executors.get_mut(&id);
        if let (Some(executor), Some(limit)) = (executor, self.config.suspect_timeout) {
            executor.suspect = true;
            self.deadlines.arm(now.saturating_add(nanoseconds(limit)), effects);
        }
    }

    /// A suspect that is expected and does not come is given up: code that was left behind runs for ever, and no
    /// run is there to be stopped.
    fn check_suspect(&mut self, kind: Kind, id: u32, now: Nanoseconds, effects: &mut Effects) {
        let executor = self.crews[kind as usize].executors.get_mut(&id);
        let suspect = executor.filter(|executor| executor.suspect && !executor.killed && !executor.leaving);
        let (Some(executor), Some(limit)) = (suspect, self.config.suspect_timeout) else { return };
        executor.expected = executor.is_expected().then(|| executor.expected.unwrap_or(now));
        let patience = nanoseconds(limit);
        if executor.expected.is_some_and(|since| since.saturating_add(patience) <= now) {
            return self.kill(id, now, effects);
        }
        self.deadlines.arm(now.saturating_add(patience), effects);
    }

    /// A worker does not answer: its owner is to end it.
    fn kill(&mut self, id: u32, now: Nanoseconds, effects: &mut Effects) {
        let executor = self.crews[Kind::JavaScript as usize].executors.get_mut(&id);
        let Some(executor) = executor.filter(|executor| !executor.killed) else { return };
        executor.killed = true;
        self.retire(Kind::JavaScript, id, now, effects);
        self.note(Note::Kill { executor: id }, effects);
    }
}
