//! What time brings to a life.

use super::life::{Count, Life, Place, Task};
use super::members::{Member, Status, Stop};
use super::*;

/// How long a worker has to let go of a task that was stopped.
pub(super) const PATIENCE: u64 = 25;

const GRACE: u64 = STOP_GRACE.as_millis() as u64;

/// When something is due for a task that waits.
fn due(task: &Task) -> Option<u64> {
    match task.place {
        Place::BackingOff(until) => Some(until),
        Place::Waiting | Place::Awaiting(_) => Some(task.queued?.1 + task.order.queue_timeout?),
        _ => None,
    }
}

impl Stop {
    fn given_up(self, kind: usize) -> Option<u64> {
        (kind == Kind::JavaScript as usize).then_some(self.since + PATIENCE)
    }
}

impl Life {
    /// The run is told to stop, if it has not been.
    pub(super) fn is_told_to_stop(&mut self, kind: Kind, number: u64, timed_out: bool) {
        let (now, bars) = (self.now, self.bars(kind));
        for ((_, id), member) in self.members.iter_mut().filter(|((each, _), _)| *each == kind as usize) {
            for run in member.runs.iter_mut().filter(|run| run.number == number) {
                if bars && matches!(member.status, Status::Asleep(_) | Status::StandingBy) {
                    member.status = Status::Busy;
                    self.asleep[kind as usize].retain(|asleep| asleep != id);
                }
                match &mut run.stop {
                    Some(stop) => stop.timed_out &= timed_out,
                    None => {
                        run.stop = Some(Stop { since: now, told: now, timed_out });
                        member.expected_stops.push((number, false));
                    }
                }
            }
        }
    }

    pub(super) fn tick(&mut self) {
        let answer = self.pool.scheduler.tick();
        // Before anything else, as who is to end has longer from then on.
        for (kind, id) in self.members.keys().copied().collect::<Vec<_>>() {
            if self.start_due(kind, &self.members[&(kind, id)]).is_some_and(|due| due <= self.now) {
                self.is_killed(kind, id);
            }
        }
        let passed = |(slot, task): (&u32, &Task)| Some((due(task)?, *slot, task.sequence));
        let mut over: Vec<_> =
            self.tasks.iter().filter_map(passed).filter(|(at, ..)| *at <= self.now).collect();
        over.sort_unstable();
        for (_, slot, _) in over {
            if matches!(self.tasks[&slot].place, Place::BackingOff(_)) {
                self.enters(slot);
            } else {
                self.stops_awaiting(slot);
                self.settles(slot, End::QueueTimedOut, Count::TimedOut);
            }
        }
        self.all_retire_if_over();
        for (kind, id) in self.members.keys().copied().collect::<Vec<_>>() {
            self.check_runs(kind, id);
            self.all_retire_if_over();
        }
        self.look_around();
        self.alarm_at = answer.map(|wait| self.now + wait.as_millis() as u64);
        // A replacement may have been hired since, for one that was told to stop by force.
        self.alarm_rung = self.pool.alarm.rings() > 0;
        // An idle worker may be due before.
        if self.rules.idle_timeout.is_none() {
            let next = self.next_moment();
            let is_exact = self.alarm_at == next;
            let is_later = next.is_some_and(|next| self.alarm_at.is_none_or(|at| at > next));
            assert!(
                if self.alarm_rung { is_later } else { is_exact },
                "{:?}, and not {next:?}",
                self.alarm_at
            );
        }
    }

    fn is_killed(&mut self, kind: usize, id: u32) {
        let member = self.members.get_mut(&(kind, id)).expect("it is alive");
        if !std::mem::replace(&mut member.is_killed, true) {
            self.expected_kills.push(id);
        }
    }

    /// Runs that took too long are stopped, and those that were told before are told again, or their worker killed.
    fn check_runs(&mut self, kind: usize, id: u32) {
        let now = self.now;
        for index in 0..self.members[&(kind, id)].runs.len() {
            let member = self.members.get_mut(&(kind, id)).expect("it is alive");
            let run = &mut member.runs[index];
            match &mut run.stop {
                Some(stop) if stop.given_up(kind).is_some_and(|at| at <= now) => {
                    return self.is_killed(kind, id);
                }
                Some(stop) if stop.told + GRACE <= now => {
                    stop.told = now;
                    member.expected_stops.push((run.number, true));
                }
                None if run.deadline.is_some_and(|deadline| deadline <= now) => {
                    let (number, slot) = (run.number, run.slot);
                    let is_live = self.is_live(&self.members[&(kind, id)].runs[index]);
                    self.is_told_to_stop(KINDS[kind], number, true);
                    if KINDS[kind] == Kind::JavaScript && is_live {
                        self.fails(slot, End::TimedOut);
                    }
                }
                _ => {}
            }
        }
    }

    /// When the executor is to be up.
    fn start_due(&self, kind: usize, member: &Member) -> Option<u64> {
        let is_watched = kind == Kind::JavaScript as usize && !member.is_up && !member.is_killed;
        self.rules.start_timeout.filter(|_| is_watched).map(|limit| member.born + limit)
    }

    /// When there is something to do for an executor and what it runs.
    fn member_due(&self, kind: usize, member: &Member) -> Option<u64> {
        let mut first = self.start_due(kind, member);
        for run in &member.runs {
            let given_up = run.stop.and_then(|stop| stop.given_up(kind));
            let is_given_up = given_up.is_some_and(|at| at <= self.now);
            if is_given_up && member.is_killed {
                break;
            }
            let again = run.stop.map_or(run.deadline, |stop| Some(stop.told + GRACE));
            first = first.into_iter().chain(again).chain(given_up).min();
            if is_given_up {
                break;
            }
        }
        first
    }

    /// When the next thing is due.
    pub(super) fn next_moment(&self) -> Option<u64> {
        self.next_moment_of(|_| true)
    }

    /// The same; with workers that have been killed, nothing is urgent.
    pub(super) fn next_urgent_moment(&self) -> Option<u64> {
        self.next_moment_of(|member| !member.is_killed)
    }

    fn next_moment_of(&self, counts: fn(&Member) -> bool) -> Option<u64> {
        let tasks = self.tasks.values().filter_map(due);
        let members = self.members.iter().filter(|(_, member)| counts(member));
        tasks.chain(members.filter_map(|((kind, _), member)| self.member_due(*kind, member))).min()
    }
}
