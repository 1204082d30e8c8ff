//! How the executors of a life end, and who is there for what waits.

use super::life::{Count, Life, Phase, Place};
use super::members::{Member, Status, Stop};
use super::*;
use crate::scheduler::executor::Standing;

impl Life {
    pub(super) fn gone(&mut self, kind: Kind, id: u32, replace: bool) {
        self.pool.scheduler.gone(kind, id, replace);
        let member = self.members.remove(&(kind as usize, id)).expect("it was alive");
        self.asleep[kind as usize].retain(|asleep| *asleep != id);
        self.missing[kind as usize] += usize::from(!(replace && member.is_up));
        for run in member.runs.iter().filter(|run| self.is_live(run)).collect::<Vec<_>>() {
            match run.stop {
                None => self.fails(run.slot, End::ExecutorGone(id)),
                Some(Stop { timed_out: true, .. }) => self.fails(run.slot, End::TimedOut),
                Some(_) => self.settles(run.slot, End::Cancelled, Count::Cancelled),
            }
        }
        if let Some((slot, _)) = member.awaited {
            self.fails(slot, End::ExecutorGone(id));
        }
    }

    /// With nothing left to do, everybody is to end; those that start have as long to answer from now on.
    pub(super) fn all_retire_if_over(&mut self) {
        if self.phase == Phase::Open || !self.tasks.is_empty() {
            return;
        }
        for member in self.members.values_mut().filter(|member| !member.retires) {
            member.retires = true;
            if member.status == Status::Starting {
                member.born = self.now;
            }
        }
    }

    /// Who is to end is for the scheduler to say; that it is for a reason is checked.
    pub(super) fn see_who_retires(&mut self) {
        let core = lock(&self.pool.scheduler.core);
        let is_over = self.phase != Phase::Open && self.tasks.is_empty();
        let (now, limit) = (self.now, self.rules.idle_timeout);
        // A native thread that has idled for long is gone at once.
        self.members.retain(|(kind, id), member| {
            let is_there = core.sides[KINDS[*kind]].crew.find(*id).is_some();
            let slept = member.woken_from.map(|since| now - since);
            let idled = *kind == Kind::Native as usize && slept >= limit && limit.is_some();
            assert!(is_there || (idled && member.runs.is_empty()), "executor {id} is gone for no reason");
            is_there
        });
        for ((kind, id), member) in &mut self.members {
            if member.retires || !core.sides[KINDS[*kind]].crew[*id].is_retiring() {
                continue;
            }
            let is_worker = *kind == Kind::JavaScript as usize;
            let limit = self.rules.tasks_per_worker.filter(|_| is_worker);
            let is_worn_out = limit.is_some_and(|limit| member.started >= limit);
            let slept = member.woken_from.map(|since| self.now - since);
            let idled = is_worker && slept >= self.rules.idle_timeout && member.runs.is_empty();
            let was_spare = core.sides[KINDS[*kind]].crew[*id].standing == Standing::Spare;
            let is_replaced = member.is_worn || member.is_cut_off || member.is_killed || was_spare;
            let must = is_over || is_worn_out || is_replaced || self.was_resized;
            assert!(must || (idled && self.rules.idle_timeout.is_some()), "executor {id} ends for no reason");
            member.retires = true;
            if member.status == Status::Starting {
                member.born = self.now;
            }
            self.missing[*kind] += usize::from(!member.is_up);
        }
    }

    /// Whoever waits has somebody on the way, else nobody is idle who might come, and there is no room for more.
    pub(super) fn check_hands(&mut self, kind: Kind) {
        let (demand, coming) = (self.demand(kind), self.coming(kind));
        if demand == 0 {
            self.missing[kind as usize] = 0;
        } else if self.is_shared && demand > coming {
            // With as many that run as may, a sleeper would stand by, too: whoever does calls it when it is let in.
            let taken: usize = self.crew(kind).map(Member::taken).sum();
            let is_called_later = taken >= self.most(kind) && self.standing_by(kind) > 0;
            let sleeps = !self.asleep[kind as usize].is_empty();
            assert!(!sleeps || is_called_later, "there is something to do, and somebody sleeps");
            let hired = (demand - coming).saturating_sub(self.standing_by(kind)).min(self.room(kind));
            assert!(hired <= self.missing[kind as usize], "there is something to do, and nobody is hired");
        }
    }

    /// An executor that has something to do: first one that asks, then one that hands in.
    pub(super) fn next_awake(&self) -> Option<(Kind, u32)> {
        let awake = || self.members.iter().filter(|(_, member)| member.is_awake());
        let first = awake().find(|(_, member)| member.status != Status::Busy && member.runs.is_empty());
        first.or_else(|| awake().next()).map(|((kind, id), _)| (KINDS[*kind], *id))
    }

    /// A worker is being ended by force: what it had fails, and counts as running until it is gone.
    pub(super) fn lose(&mut self, id: u32) {
        if !self.members[&(Kind::JavaScript as usize, id)].is_up {
            return self.gone(Kind::JavaScript, id, true);
        }
        self.pool.scheduler.lose(id);
        let member = self.member(Kind::JavaScript, id);
        member.is_killed = true;
        let awaited = member.awaited.take();
        let runs: Vec<_> = member.runs.iter().map(|run| (run.slot, run.number, run.stop)).collect();
        if let Some((slot, _)) = awaited {
            self.fails(slot, End::ExecutorGone(id));
        }
        for (slot, number, stop) in runs {
            if self.tasks.get(&slot).is_none_or(|task| task.place != Place::Running(number)) {
                continue;
            }
            match stop {
                None => self.fails(slot, End::ExecutorGone(id)),
                Some(Stop { timed_out: true, .. }) => self.fails(slot, End::TimedOut),
                Some(_) => self.settles(slot, End::Cancelled, Count::Cancelled),
            }
        }
    }

    /// Does what there is to do.
    pub(super) fn act(&mut self, kind: Kind, id: u32) {
        let member = self.member(kind, id);
        if member.is_killed || member.is_done {
            return self.gone(kind, id, true);
        }
        let is_stopped = member.runs.first().is_some_and(|run| run.stop.is_some());
        let ending = if is_stopped { Ending::Stopped } else { Ending::Fulfilled };
        self.next(kind, id, Some((0, ending)));
    }
}
