//! What executors of a life ask for, get and hand in.

use super::life::{Count, Life, Phase, Place};
use super::members::*;
use super::*;
use crate::scheduler::executor::State;

impl Life {
    /// Asks for work, and hands in a run if there is one to be handed in.
    pub(super) fn next(&mut self, kind: Kind, id: u32, hands_in: Option<(usize, Ending)>) {
        let finished = hands_in.and_then(|(index, ending)| self.hand_in(kind, id, index, ending, true));
        let is_over = self.phase != Phase::Open && self.tasks.is_empty();
        let rules = self.rules;
        let member = self.members.get_mut(&(kind as usize, id)).expect("it is alive");
        if !std::mem::replace(&mut member.is_up, true) {
            self.pool.scheduler.attach(kind, id, member.bell.clone());
        }
        let limit = rules.tasks_per_worker.filter(|_| kind == Kind::JavaScript);
        let is_worn_out = limit.is_some_and(|limit| member.started >= limit);
        let places = if kind == Kind::JavaScript { rules.places } else { 1 };
        member.part = None;
        let is_barred = kind == Kind::JavaScript && !rules.keep_after_stop && member.is_being_stopped();
        let (retires, awaited, runs) =
            (member.retires || is_over || member.is_cut_off, member.awaited, member.runs.len());

        let next = self.pool.scheduler.next(kind, id, finished);

        self.asleep[kind as usize].retain(|asleep| *asleep != id);
        self.member(kind, id).status = Status::Coming;
        self.see_who_stands_where(); // whoever it has made room for fell idle before it may have
        let state = lock(&self.pool.scheduler.core).sides[kind].crew.find(id).map(|executor| executor.state);
        let stands_by = state == Some(State::StandingBy);
        match (awaited, next) {
            (Some((slot, true)), Next::Run(assignment)) if slot == assignment.slot => {
                self.begins(kind, id, assignment);
            }
            (Some((_, false)), Next::Idle) => self.member(kind, id).status = Status::Coming,
            (None, Next::Stop) if (retires || is_worn_out) && runs == 0 => {
                self.member(kind, id).is_done = true
            }
            (None, Next::Idle) if retires || is_worn_out || runs >= places || is_barred => {
                assert!(runs > 0);
                self.member(kind, id).status = Status::Busy;
            }
            (None, Next::Idle) if stands_by => {
                self.member(kind, id).status = Status::StandingBy;
                self.see_who_stands_where();
                let taken: usize = self.crew(kind).map(Member::taken).sum();
                assert!(self.member(kind, id).is_spare || taken >= self.most(kind), "more might run");
            }
            (None, next) if !retires && !is_worn_out && runs < places => self.gets(kind, id, next),
            (awaited, next) => panic!("executor {id}, which awaits {awaited:?}, got {next:?}"),
        }
    }

    /// Has room for a task, and gets the first that waits.
    fn gets(&mut self, kind: Kind, id: u32, next: Next<u32>) {
        self.read_notes();
        let waiting =
            self.tasks.iter().filter(|(_, task)| task.order.kind == kind && task.place == Place::Waiting);
        let first = waiting.min_by_key(|(_, task)| (Reverse(task.order.priority), task.queued));
        let first = first.map(|(slot, task)| (*slot, task.order.needs_delivery));
        let got = match (&next, self.seen.last()) {
            (Next::Run(assignment), _) => Some((assignment.slot, false)),
            (Next::Idle, Some(Seen::Deliver { slot, executor })) if *executor == id => Some((*slot, true)),
            (Next::Idle, _) => None,
            (Next::Help(_), _) => None,
            (Next::Stop, _) => panic!("executor {id} should not stop"),
        };
        let help = self.comes_before(kind, first.map(|(slot, _)| slot));
        if let Next::Help(given) = &next {
            assert!(!self.is_shared || help == Some(given.job), "{given:?} instead of {help:?}");
            self.member(kind, id).status = Status::Coming;
            return self.helps(kind, id, given);
        }
        if self.is_shared {
            assert_eq!((got, help), (first, None), "the first of the highest priority");
        }
        assert!(got.is_some() || self.comes_before(kind, None).is_none(), "there is a part to do");
        match (got, next) {
            (Some(_), Next::Run(assignment)) => self.begins(kind, id, assignment),
            (Some((slot, _)), _) => {
                let task = self.tasks.get_mut(&slot).expect("it waits");
                assert_eq!((task.place, task.order.needs_delivery), (Place::Waiting, true));
                task.place = Place::Awaiting(id);
                self.expected.push(Seen::Deliver { slot, executor: id });
                let member = self.member(kind, id);
                (member.status, member.awaited) = (Status::Coming, Some((slot, false)));
            }
            (None, _) => {
                self.member(kind, id).status = Status::Asleep(self.now);
                self.asleep[kind as usize].push(id);
            }
        }
    }

    fn begins(&mut self, kind: Kind, id: u32, assignment: Assignment<u32>) {
        let slot = assignment.slot;
        let task = self.tasks.get_mut(&slot).expect("it waits");
        assert!(
            task.place == Place::Awaiting(id) || (task.place == Place::Waiting && !task.order.needs_delivery)
        );
        assert_eq!((assignment.sequence, assignment.attempt), (task.sequence, task.attempt));
        assert_eq!(assignment.delivered, task.order.needs_delivery);
        assert_eq!(assignment.stoppable, task.order.timeout.is_some());
        let place = std::mem::replace(&mut task.place, Place::Running(assignment.run));
        let deadline = task.order.timeout.map(|timeout| self.now + timeout);
        self.past.push((kind, id, slot, assignment.run));
        let limit = self.rules.tasks_per_worker.filter(|_| kind == Kind::JavaScript);
        let places = if kind == Kind::JavaScript { self.rules.places } else { 1 };
        let bars = self.bars(kind);
        let was_given = place == Place::Awaiting(id);
        let member = self.member(kind, id);
        assert!(was_given || !member.is_cut_off, "a worker that was cut off starts nothing");
        assert!(
            was_given || !(bars && member.is_being_stopped()),
            "one that is being stopped starts nothing"
        );
        (member.status, member.awaited) = (Status::Busy, None);
        member.runs.push(Run { number: assignment.run, slot, deadline, stop: None });
        member.started += 1;
        assert!(member.runs.len() <= places && limit.is_none_or(|limit| member.started <= limit));
        let taken: usize = self.crew(kind).map(Member::taken).sum();
        assert!(was_given || taken <= self.most(kind), "{taken} run, and may not");
    }

    /// The end of a run of the executor, if it has one.
    fn hand_in(
        &mut self,
        kind: Kind,
        id: u32,
        index: usize,
        ending: Ending,
        returns: bool,
    ) -> Option<Finished<&'static str>> {
        let keep = self.rules.keep_after_stop;
        let member = self.member(kind, id);
        if member.runs.is_empty() {
            return None;
        }
        let run = member.runs.remove(index % member.runs.len());
        if returns && member.status == Status::Busy {
            member.status = Status::Coming;
        }
        let slot = run.slot;
        let finished = Finished { slot, run: run.number as u32, outcome: "its own", ending };
        let is_stopped = kind == Kind::JavaScript && run.stop.is_some();
        if is_stopped && ending == Ending::Stopped && !keep {
            member.is_cut_off = true;
        }
        if is_stopped && ending != Ending::Stopped {
            self.expected.push(Seen::Dropped("its own"));
        }
        if is_stopped || !self.is_live(&run) {
            return Some(finished);
        }
        let outcome = End::Outcome("its own");
        match (run.stop, ending) {
            (Some(Stop { timed_out: true, .. }), _) => self.fails(slot, End::TimedOut),
            (Some(_), _) | (_, Ending::Stopped) => self.settles(slot, End::Cancelled, Count::Cancelled),
            (None, Ending::Fulfilled) => self.settles(slot, outcome, Count::Completed),
            (None, Ending::Rejected) => self.fails(slot, outcome),
            (None, Ending::Refused) => self.settles(slot, outcome, Count::Failed),
        }
        Some(finished)
    }

    /// Whether this is still the run of its task.
    pub(super) fn is_live(&self, run: &Run) -> bool {
        self.tasks.get(&run.slot).is_some_and(|task| task.place == Place::Running(run.number))
    }

    pub(super) fn finish(&mut self, index: usize, ending: Ending, returns: bool) {
        if let Some((kind, id)) = self.pick_member(index)
            && let Some(finished) = self.hand_in(kind, id, index, ending, returns)
        {
            self.pool.scheduler.finish(kind, id, finished, returns);
        }
    }

    /// Hands in again what was handed in before, or what somebody had who is dead.
    pub(super) fn finish_late(&mut self, index: usize) {
        let Some((kind, id, slot, run)) = self.past.get(index % self.past.len().max(1)).copied() else {
            return;
        };
        let runs = self.members.get(&(kind as usize, id)).map_or(&[][..], |member| &member.runs);
        if runs.iter().all(|each| each.number != run) {
            let late = Finished { slot, run: run as u32, outcome: "late", ending: Ending::Fulfilled };
            self.pool.scheduler.finish(kind, id, late, true);
        }
    }
}
