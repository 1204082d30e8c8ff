//! What time brings: runs and waits that last too long, tries that are due, executors that do not answer, and
//! those that have idled long enough.

use super::clock::{Nanoseconds, nanoseconds};
use super::core::Core;
use super::effects::Effects;
use super::executor::{Exit, State, Trust};
use super::table::Stage;
use super::types::{End, Kind};

impl<J, O> Core<J, O> {
    /// Does what is due. Answers when there is more.
    pub(super) fn tick(&mut self, now: Nanoseconds, effects: &mut Effects) -> Option<Nanoseconds> {
        self.deadlines.disarm();
        self.check_waiting(now, effects);
        for kind in Kind::BOTH {
            for id in self.sides[kind].crew.ids() {
                self.check_start(kind, id, now, effects);
                self.check_runs(kind, id, now, effects);
                self.check_suspect(kind, id, now, effects);
            }
        }
        self.watch_idle(Kind::JavaScript, now, effects);
        effects.alarm = false; // whoever called is told now
        self.deadlines.armed()
    }

    /// Tasks that are due to be tried again are, and those that have waited too long time out.
    fn check_waiting(&mut self, now: Nanoseconds, effects: &mut Effects) {
        while let Some(reminder) = self.deadlines.first() {
            let meant = Self::is_meant(&self.table, &self.config, &reminder);
            if meant && reminder.at > now {
                return self.deadlines.arm(reminder.at, effects);
            }
            self.deadlines.drop_first();
            if !meant {
                continue; // its task has left, or waits for something else by now
            }
            match self.table[reminder.slot].stage {
                Stage::BackingOff { .. } => self.try_again(reminder.slot, now, effects),
                _ => self.expire(reminder.slot, now, effects),
            }
        }
    }

    /// A worker that takes too long to come up is given up.
    fn check_start(&mut self, kind: Kind, id: u32, now: Nanoseconds, effects: &mut Effects) {
        let Some(limit) = self.config.start_timeout.filter(|_| kind == Kind::JavaScript) else { return };
        let (State::Starting { since } | State::Retiring(Exit::Starting { since })) =
            self.sides[kind].crew[id].state
        else {
            return; // it is up, or was given up
        };
        let due = since.saturating_add(nanoseconds(limit));
        if due > now {
            self.deadlines.arm(due, effects);
        } else {
            self.kill(id, now, effects);
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
                return self.kill(id, now, effects);
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

    /// A suspect that is expected and does not come is given up: code that was left behind runs for ever, and no
    /// run is there to be stopped.
    fn check_suspect(&mut self, kind: Kind, id: u32, now: Nanoseconds, effects: &mut Effects) {
        let executor = &mut self.sides[kind].crew[id];
        let over = matches!(executor.state, State::Retiring(Exit::Killed(_) | Exit::Leaving));
        let Some(limit) = self.config.suspect_timeout.filter(|_| !over) else { return };
        let patience = nanoseconds(limit);
        executor.trust = match executor.trust {
            Trust::Sound => return,
            Trust::Suspect | Trust::Expected { .. } if !executor.is_expected() => Trust::Suspect,
            Trust::Suspect => Trust::Expected { since: now },
            Trust::Expected { since } if since.saturating_add(patience) <= now => {
                return self.kill(id, now, effects);
            }
            expected => expected,
        };
        self.deadlines.arm(now.saturating_add(patience), effects);
    }
}
