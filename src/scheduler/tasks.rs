//! A task's life: submitted, queued, withdrawn, failed, tried again, over.

use std::hash::BuildHasher;

use super::clock::Nanoseconds;
use super::core::{Core, Discarded, Phase};
use super::effects::{Effects, Wakes};
use super::intake::Intake;
use super::statistics::Count;
use super::table::{Stage, Task};
use super::types::{End, Kind, Note, Refused, Strategy, Submission, Submitted};

impl<J, O> Core<J, O> {
    // ---- into the table

    /// Why a task of this kind would be refused.
    pub(super) fn refuses(&self, kind: Kind) -> Option<Refused> {
        match self.phase {
            Phase::Open => self.would_refuse(kind).then_some(Refused::Full),
            Phase::Closing => Some(Refused::Closing),
            Phase::Terminated if self.failure.is_some() => Some(Refused::Broken),
            Phase::Terminated => Some(Refused::Terminated),
        }
    }

    /// A task that was submitted `since` then. `None` if the slot is taken: then nothing has changed.
    pub(super) fn submit(
        &mut self,
        submission: Submission<J>,
        since: Nanoseconds,
        now: Nanoseconds,
        effects: &mut Effects,
    ) -> Option<Result<Submitted, Refused>> {
        let is_excused = |why: &Refused| submission.admitted && *why == Refused::Full;
        if let Some(why) = self.refuses(submission.kind).filter(|why| !is_excused(why)) {
            return Some(Err(why));
        }
        if self.table.find(submission.slot).is_some() {
            return None;
        }
        Some(Ok(self.accept(submission, since, now, effects)))
    }

    fn accept(
        &mut self,
        submission: Submission<J>,
        since: Nanoseconds,
        now: Nanoseconds,
        effects: &mut Effects,
    ) -> Submitted {
        let Submission { slot, kind, label, priority, needs_delivery, admitted: _, stoppable, limits, job } =
            submission;
        let sequence = self.sequence;
        self.sequence += 1;
        self.statistics.submitted();
        let own = limits.as_deref();
        let stoppable = stoppable || own.unwrap_or(&self.config.limits).timeout.is_some();
        let key = own.and_then(|own| own.affinity);
        let has_home = self.config.strategy != Strategy::Shared || key.is_some();
        let figures = self.statistics.labels.place(kind, label);
        let stage = Stage::Waiting(job);
        self.table.insert(
            slot,
            Task {
                sequence,
                kind,
                label,
                figures,
                attempt: 1,
                priority,
                queued: since,
                needs_delivery,
                stoppable,
                home: None,
                limits,
                stage,
            },
        );
        if let Some(key) = key {
            self.homes.begin(key);
        }
        let hire = if has_home { self.place(slot, now, effects) } else { None };
        // With an executor free and nobody ahead, the submitter can deliver at once.
        if needs_delivery
            && self.sides[kind].waiting == 0
            && !self.sides[kind].is_full()
            && let Some(executor) = self.claim_for(slot, now, &mut Wakes::new())
        {
            self.await_delivery(executor, slot);
            return Submitted { hire, deliver_to: Some(executor), full: self.backed_up };
        }
        let hire = hire.or(self.enqueue(slot, since, true, now, effects));
        self.note_length();
        Submitted { hire, deliver_to: None, full: self.backed_up }
    }

    /// Whether tasks for executors of this kind may be put down for one that is back soon, and would be taken in before
    /// they are needed: others wait as it is.
    pub(super) fn may_attend(&self, kind: Kind) -> bool {
        self.phase == Phase::Open && self.sides[kind].shared() > 0
    }

    /// Tasks that were put down are submitted now. The pool is as open as it was when they were, for whoever ends it or
    /// fills its queue takes them in first.
    pub(super) fn take_in(&mut self, now: Nanoseconds, effects: &mut Effects) {
        while let Some((submission, since)) = self.taken.pop_front() {
            let kind = submission.kind;
            match self.submit(submission, since, now, effects) {
                Some(Ok(Submitted { hire, deliver_to: None, full: false })) => {
                    if let Some(executor) = hire {
                        self.have_started(kind, executor, effects);
                    }
                }
                other => panic!("a task that was put down: {other:?}"),
            }
        }
    }

    /// A step has failed halfway: the owner, who has not been told yet, gives up every task, those that were put down, too.
    pub(super) fn drop_what_is_put_down(&mut self, intake: &Intake<J>) {
        let taken = std::mem::take(&mut self.taken);
        intake.leave(&mut self.taken);
        for (submission, _) in taken.into_iter().chain(std::mem::take(&mut self.taken)) {
            self.statistics.submitted();
            self.statistics.forgotten(1);
            self.discarded.push(Discarded::Job(submission.job));
        }
    }

    // ---- out of the table

    /// Takes out a task that does not run. The caller settles its promise. `false` if it runs or is over.
    pub(super) fn withdraw(&mut self, slot: u32, now: Nanoseconds, effects: &mut Effects) -> bool {
        match self.table.find(slot).map(|task| &task.stage) {
            // Its end was quicker than its submitter, or its submitter is about to be asked.
            None | Some(Stage::Running { .. } | Stage::Undecided { .. }) => false,
            Some(_) => {
                self.take_out(slot, Count::Cancelled, now, effects);
                true
            }
        }
    }

    /// A task that waits has waited too long.
    pub(super) fn expire(&mut self, slot: u32, now: Nanoseconds, effects: &mut Effects) {
        // Said before the end of the pool may be.
        self.note(Note::Settled { slot, end: End::QueueTimedOut, undecided: false }, effects);
        self.take_out(slot, Count::TimedOut, now, effects);
    }

    /// Takes out a task that waits for something. The caller settles its promise.
    pub(super) fn take_out(&mut self, slot: u32, count: Count, now: Nanoseconds, effects: &mut Effects) {
        self.forget_reminder(slot);
        let kind = self.table[slot].kind;
        match self.table[slot].stage {
            Stage::BackingOff { .. } => {}
            Stage::Waiting(_) => {
                let home = self.home_of(&self.table[slot]);
                self.leave_queue(kind, home, effects);
                self.leave_lane(kind, home, slot);
            }
            Stage::Awaiting { executor, .. } => self.let_go(kind, executor, now, effects),
            Stage::Running { .. } | Stage::Undecided { .. } | Stage::Moving => {
                unreachable!("only what waits is taken out")
            }
        }
        self.leave(slot, count, now, effects);
    }

    /// A task is over. Whoever says so settles its promise.
    pub(super) fn leave(&mut self, slot: u32, count: Count, now: Nanoseconds, effects: &mut Effects) {
        let task = &self.table[slot];
        self.statistics.over(task.figures, count);
        if let Some(key) = task.limits.as_deref().and_then(|limits| limits.affinity) {
            self.homes.end(key);
        }
        self.discarded.extend(self.table.remove(slot).map(Discarded::Job));
        self.end_if_over(now, effects);
    }

    /// A task is over, and its submitter is told.
    pub(super) fn settle(
        &mut self,
        slot: u32,
        end: End<O>,
        count: Count,
        now: Nanoseconds,
        effects: &mut Effects,
    ) {
        // Said before the end of the pool may be.
        self.note(Note::Settled { slot, end, undecided: false }, effects);
        self.leave(slot, count, now, effects);
    }

    // ---- from try to try

    /// A try of a task has failed. It is tried again, if it may be.
    pub(super) fn fail(&mut self, slot: u32, end: End<O>, now: Nanoseconds, effects: &mut Effects) {
        self.forget_reminder(slot); // of one that was held
        let task = &mut self.table[slot];
        let retry =
            Self::limits(&self.config, task).retry.as_ref().filter(|retry| task.attempt <= retry.most);
        let ask = retry.map(|retry| retry.ask);
        let count = if matches!(end, End::TimedOut) { Count::TimedOut } else { Count::Failed };
        let Some((ask, job)) = ask.and_then(|ask| Some((ask, task.take_spare()?))) else {
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
        let Some(task) = self.table.find_mut(slot) else { return }; // the pool was terminated
        let Stage::Undecided { count, .. } = task.stage else { return }; // nobody has asked
        if !again {
            return self.leave(slot, count, now, effects);
        }
        let random = self.random.hash_one((task.sequence, task.attempt));
        let delay = Self::limits(&self.config, task)
            .retry
            .as_ref()
            .map_or(0, |retry| retry.delay(task.attempt, random));
        task.attempt += 1;
        self.statistics.retried();
        let job = task.take_job();
        if delay == 0 {
            task.stage = Stage::Waiting(job);
            return self.requeue(slot, now, true, now, effects);
        }
        let until = now.saturating_add(delay);
        task.stage = Stage::BackingOff { until, job };
        self.remind(until, slot, effects);
    }

    /// A task is to be tried again now.
    pub(super) fn try_again(&mut self, slot: u32, now: Nanoseconds, effects: &mut Effects) {
        let task = &mut self.table[slot];
        debug_assert!(matches!(task.stage, Stage::BackingOff { .. }));
        task.stage = Stage::Waiting(task.take_job());
        self.requeue(slot, now, true, now, effects);
    }

    /// Records that a run is over, and with it what it offered. `false` if it is no longer its task's: the task was
    /// settled without it, may be tried again by now, or its slot is another's.
    pub(super) fn ran(&mut self, slot: u32, run: u64, now: Nanoseconds) -> bool {
        let Some(task) = self.table.find(slot) else { return false };
        match task.stage {
            Stage::Running { run: current, since, .. } if current == run => {
                self.statistics.ran(task.figures, now.saturating_sub(since));
                self.sides[task.kind].offers.retract_of(run);
                true
            }
            _ => false,
        }
    }
}
