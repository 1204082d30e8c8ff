//! Tasks that are cancelled, and runs that are told to stop.

use super::clock::{Nanoseconds, nanoseconds};
use super::core::Core;
use super::effects::Effects;
use super::run::{Stop, Verdict};
use super::statistics::Count;
use super::table::Stage;
use super::types::{Cancelled, End, Ending, Kind, Note, STOP_GRACE};

impl Stop {
    /// When the run is to be told again.
    pub(super) fn again(&self) -> Nanoseconds {
        self.told.saturating_add(nanoseconds(STOP_GRACE))
    }

    /// When its executor is to be given up.
    pub(super) fn given_up(&self, patience: Nanoseconds) -> Nanoseconds {
        self.since.saturating_add(patience)
    }
}

impl<J, O> Core<J, O> {
    pub(super) fn cancel(&mut self, slot: u32, now: Nanoseconds, effects: &mut Effects) -> Cancelled {
        let Some(task) = self.table.find_mut(slot) else { return Cancelled::Over };
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
                let out = self.withdraw(slot, now, effects);
                debug_assert!(out, "what does not run can be taken out");
                Cancelled::Out
            }
        }
    }

    /// Who runs the JavaScript task in `slot`, and as which run.
    pub(super) fn run_of(&self, slot: u32) -> Option<(u32, u64)> {
        let task = self.table.find(slot)?;
        match task.stage {
            Stage::Running { executor, run, .. } if task.kind == Kind::JavaScript => Some((executor, run)),
            _ => None,
        }
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
        let executor = &mut self.sides[kind].crew[id];
        let Some(run) = executor.runs.iter_mut().find(|run| run.number == number) else {
            unreachable!("a task runs on an executor that has its run")
        };
        if let Some(stop) = &mut run.stop {
            stop.timed_out &= timed_out; // one that was cancelled is not tried again
            return;
        }
        let bars = kind == Kind::JavaScript && !self.config.keep_after_stop;
        let verdict = if bars { Verdict::Open } else { Verdict::Stays };
        let stop = Stop { since: now, told: now, timed_out, verdict };
        run.stop = Some(stop);
        let slot = run.slot;
        executor.tell(number, false, &mut effects.stops);
        self.deadlines.arm(stop.again().min(stop.given_up(patience)), effects);
        if bars {
            self.sides[kind].crew.bar(id);
        }
        // A run may also outlast its pool.
        if kind == Kind::JavaScript && self.ran(slot, number, now) {
            if timed_out {
                self.fail(slot, why, now, effects);
            } else {
                self.leave(slot, Count::Cancelled, now, effects);
            }
        }
        if bars {
            self.call_others(kind, true, now, effects); // for what it was counted on
        }
    }

    /// A worker that was told to stop a run has not been able to let its code answer: it is not expected to go on, and
    /// whoever is to replace it starts now.
    pub(super) fn give_up_on(&mut self, number: u64, now: Nanoseconds, effects: &mut Effects) {
        let crew = &mut self.sides[Kind::JavaScript].crew;
        let Some(stop) = crew.stop_of(number) else { return }; // it has been handed in
        if stop.verdict == Verdict::Open {
            stop.verdict = Verdict::Lost;
            self.review_reserve(Kind::JavaScript, now, effects);
        }
    }

    /// A JavaScript run that was told to stop has been handed in; its task has been told of already.
    pub(super) fn stopped(
        &mut self,
        id: u32,
        ending: Ending,
        outcome: O,
        now: Nanoseconds,
        effects: &mut Effects,
    ) {
        let kind = Kind::JavaScript;
        if ending == Ending::Stopped {
            // What it left behind in its worker nobody knows.
            if !self.config.keep_after_stop {
                self.replace(kind, id, now, effects);
            }
        } else {
            self.note(Note::Dropped { outcome }, effects);
            self.review_reserve(kind, now, effects); // it goes on as it was
        }
    }

    /// How long an executor has to let go of a run that was told to stop.
    pub(super) fn patience(&self, kind: Kind, id: u32) -> Nanoseconds {
        // A native task stops when it gets to look, and nothing else can be done about it.
        if kind == Kind::Native {
            return Nanoseconds::MAX;
        }
        let endpoint = self.sides[kind].crew[id].endpoint.as_ref();
        let terminates = endpoint.is_none_or(|endpoint| endpoint.terminates());
        nanoseconds(if terminates { self.config.stop_timeout } else { 5 * STOP_GRACE })
    }
}
