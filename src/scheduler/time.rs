//! What time brings: runs and waits that last too long, tries that are due, executors that do not answer, and
//! those that have idled long enough.

use super::clock::{Nanoseconds, nanoseconds};
use super::core::Core;
use super::effects::Effects;
use super::executor::{Exit, Held, State};
use super::table::Stage;
use super::types::{End, Kind};

/// Waiting tasks that one tick looks after.
pub(super) const BATCH: usize = 256;

/// How many times longer a worker may take to come that was sent an input: it reads that first, hundreds of megabytes maybe.
const READING: Nanoseconds = 10;

impl<J, O> Core<J, O> {
    /// Does what is due. Answers when there is more.
    pub(super) fn tick(&mut self, now: Nanoseconds, effects: &mut Effects) -> Option<Nanoseconds> {
        self.deadlines.disarm();
        effects.noted |= self.untold.is_some();
        self.give_up_overdue(now, effects);
        self.check_waiting(now, effects);
        for kind in Kind::BOTH {
            for id in self.sides[kind].crew.ids() {
                self.check_runs(kind, id, now, effects);
                self.check_call(kind, id, now, effects);
                self.check_expected(kind, id, now, effects);
            }
            self.call_for_queue(kind, now, effects);
        }
        self.watch_on(now, effects);
        self.watch_starts(effects);
        Kind::BOTH.into_iter().for_each(|kind| self.watch_idle(kind, now, effects));
        effects.alarm = false; // whoever called is told now
        self.deadlines.armed()
    }

    /// Tasks that are due to be tried again are, and those that have waited too long time out: some of them, if they are
    /// many, and the others with the next tick, which is due now.
    fn check_waiting(&mut self, now: Nanoseconds, effects: &mut Effects) {
        for _ in 0..BATCH {
            let Some(reminder) = self.deadlines.first() else { return };
            if reminder.at > now {
                return self.deadlines.arm(reminder.at, effects);
            }
            self.deadlines.drop_first();
            debug_assert!(self.is_meant(&reminder), "a reminder leaves with its task");
            match self.table[reminder.slot].stage {
                Stage::BackingOff { .. } => self.try_again(reminder.slot, now, effects),
                _ => self.expire(reminder.slot, now, effects),
            }
        }
        if let Some(reminder) = self.deadlines.first() {
            self.deadlines.arm(reminder.at.max(now), effects);
        }
    }

    /// When each worker that is not up, and was not given up, is to be.
    fn starts_due(&self) -> impl Iterator<Item = (u32, Nanoseconds)> {
        let limit = self.config.start_timeout.map(nanoseconds);
        let workers = self.sides[Kind::JavaScript].crew.iter();
        workers.filter_map(move |(id, worker)| Some((id, worker.starting_since()?.saturating_add(limit?))))
    }

    /// Workers that take too long to come up are given up: all that are too late by now, before anything else is done that
    /// is due. Whatever that is may have one of them retire, which then has longer.
    fn give_up_overdue(&mut self, now: Nanoseconds, effects: &mut Effects) {
        let overdue: Vec<u32> = self.starts_due().filter(|(_, due)| *due <= now).map(|(id, _)| id).collect();
        overdue.into_iter().for_each(|id| self.kill(id, false, now, effects));
    }

    /// Looks again when the next worker is to be up.
    fn watch_starts(&mut self, effects: &mut Effects) {
        if let Some(due) = self.starts_due().map(|(_, due)| due).min() {
            self.deadlines.arm(due, effects);
        }
    }

    /// Runs that last too long are told to stop, and told again; a worker that does not let go of one is given up.
    fn check_runs(&mut self, kind: Kind, id: u32, now: Nanoseconds, effects: &mut Effects) {
        let patience = self.patience(kind, id);
        for index in 0..self.sides[kind].crew[id].runs.len() {
            let executor = &mut self.sides[kind].crew[id];
            let run = &mut executor.runs[index];
            let number = run.number;
            let Some(stop) = &mut run.stop else {
                match run.deadline {
                    Some(deadline) if deadline <= now => {
                        self.stop(kind, id, number, End::TimedOut, now, effects);
                    }
                    Some(deadline) => self.deadlines.arm(deadline, effects),
                    None => {}
                }
                continue;
            };
            if stop.given_up(patience) <= now {
                return self.kill(id, false, now, effects);
            }
            let again = stop.again() <= now;
            if again {
                stop.told = now;
            }
            let next = stop.again().min(stop.given_up(patience));
            if again {
                executor.tell(number, true, &mut effects.stops);
            }
            self.deadlines.arm(next, effects);
        }
    }

    /// An executor that was called and has not come in time is no longer counted on: others are called in its place, and
    /// in the end hired. What it alone was to take goes elsewhere, unless it is a matter of its key.
    fn check_call(&mut self, kind: Kind, id: u32, now: Nanoseconds, effects: &mut Effects) {
        let Some(limit) = self.config.call_timeout else { return };
        let crew = &mut self.sides[kind].crew;
        let is_later = crew.give_up_waiting(id, nanoseconds(limit), now);
        if let Some(since) = crew[id].counted_on
            && let Some(due) = crew.patience(id, nanoseconds(limit))
        {
            self.deadlines.arm(since.saturating_add(due), effects);
        }
        if !is_later {
            return;
        }
        if self.sides[kind].crew[id].is_missing() {
            self.send_elsewhere(kind, id, now, effects);
            self.hire_missing(kind, now, effects);
        }
    }

    /// Looks again as long as anybody is counted on, and once more after that: with tasks that follow one another
    /// nobody has to ring the alarm.
    fn watch_on(&mut self, now: Nanoseconds, effects: &mut Effects) {
        let counted = Kind::BOTH.map(|kind| self.sides[kind].crew.take_counted());
        if counted.contains(&true) {
            self.watch_calls(now, effects);
        }
    }

    /// A worker that is expected and does not come is given up: code that was left behind in it runs for ever, and no
    /// run is there to be stopped.
    fn check_expected(&mut self, kind: Kind, id: u32, now: Nanoseconds, effects: &mut Effects) {
        let executor = &mut self.sides[kind].crew[id];
        let over = matches!(executor.state, State::Retiring(Exit::Killed(_) | Exit::Leaving));
        let Some(limit) = self.config.suspect_timeout.filter(|_| kind == Kind::JavaScript && !over) else {
            return;
        };
        if !executor.is_expected() {
            executor.expected = None;
            return;
        }
        let is_reading = executor.held().is_some_and(Held::has_come);
        let limit = nanoseconds(limit).saturating_mul(if is_reading { READING } else { 1 });
        let due = executor.expected.get_or_insert(now).saturating_add(limit);
        if due <= now {
            return self.kill(id, true, now, effects);
        }
        self.deadlines.arm(due, effects);
        self.watch_calls(now, effects);
    }
}
