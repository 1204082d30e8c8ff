//! The executors of a life: what they ask for, get, hand in, and how they end.

use super::helpers::Part;
use super::life::{Count, Life, Phase, Place};
use super::*;
use crate::scheduler::executor::State;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Starting,
    /// About to ask for work.
    Coming,
    /// Asks when it has handed in something.
    Busy,
    /// Since then.
    Asleep(u64),
    /// Up, with room for a task that it may not take for now.
    StandingBy,
}

pub(super) struct Run {
    pub number: u64,
    pub slot: u32,
    pub deadline: Option<u64>,
    pub stop: Option<Stop>,
}

#[derive(Clone, Copy)]
pub(super) struct Stop {
    pub since: u64,
    pub told: u64,
    pub timed_out: bool,
}

pub(super) struct Member {
    pub status: Status,
    pub is_up: bool,
    pub runs: Vec<Run>,
    /// The task whose input it waits for, and whether that has come.
    pub awaited: Option<(u32, bool)>,
    /// What it helps with.
    pub part: Option<Part>,
    /// Runs so far.
    pub started: u64,
    pub is_worn: bool,
    /// Code was cut off or left behind in it, and its pool does not keep such workers.
    pub is_cut_off: bool,
    /// In reserve, as the scheduler sees it: who steps in is for that to say.
    pub is_spare: bool,
    /// One of those that there are at most so many of, likewise.
    pub holds_post: bool,
    pub is_killed: bool,
    pub retires: bool,
    /// It was told to stop.
    pub is_done: bool,
    pub born: u64,
    /// Since when it had slept when it was last woken.
    pub woken_from: Option<u64>,
    pub bell: Arc<Bell>,
    pub expected_stops: Vec<(u64, bool)>,
}

impl Member {
    pub(super) fn is_occupied(&self) -> bool {
        !self.runs.is_empty() || self.awaited.is_some() || self.part.is_some()
    }

    /// Whether it is up, stays, has no task and may take one.
    pub(super) fn is_ready(&self) -> bool {
        let waits = matches!(self.status, Status::Starting | Status::StandingBy);
        !waits && !self.is_spare && !self.retires && !self.is_occupied()
    }

    /// Whether users count it among those that work.
    pub(super) fn is_on_the_floor(&self) -> bool {
        self.holds_post || self.is_occupied()
    }

    /// Whether a run of its own was told to stop, so that it takes nothing until that is over.
    pub(super) fn is_being_stopped(&self) -> bool {
        self.runs.iter().any(|run| run.stop.is_some())
    }

    /// Tasks that run on it, or are about to.
    pub(super) fn taken(&self) -> usize {
        self.runs.len() + usize::from(self.awaited.is_some())
    }

    fn is_asleep(&self) -> bool {
        matches!(self.status, Status::Asleep(_))
    }

    pub(super) fn wear(&mut self) {
        self.is_worn |= !self.retires;
    }

    fn comes(&self) -> bool {
        let asks = matches!(self.status, Status::Starting | Status::Coming);
        asks && !self.retires && !self.is_spare && self.awaited.is_none()
    }

    /// Whether there is something for it to do without being woken.
    pub(super) fn is_awake(&self) -> bool {
        let waits =
            self.is_asleep() || self.status == Status::StandingBy || matches!(self.awaited, Some((_, false)));
        self.is_killed || !self.runs.is_empty() || !waits
    }
}

impl Life {
    pub(super) fn crew(&self, kind: Kind) -> impl Iterator<Item = &Member> {
        self.members.range((kind as usize, 0)..=(kind as usize, u32::MAX)).map(|(_, member)| member)
    }

    pub(super) fn member(&mut self, kind: Kind, id: u32) -> &mut Member {
        self.members.get_mut(&(kind as usize, id)).expect("it is alive")
    }

    pub(super) fn pick_member(&self, index: usize) -> Option<(Kind, u32)> {
        let place = index % self.members.len().max(1);
        self.members.keys().nth(place).map(|(kind, id)| (KINDS[*kind], *id))
    }

    pub(super) fn coming(&self, kind: Kind) -> usize {
        let bars = |member: &Member| self.bars(kind) && member.is_being_stopped();
        self.crew(kind).filter(|member| member.comes() && !bars(member)).count()
    }

    /// Those on duty that are up and will take a task as soon as they may.
    pub(super) fn free(&self, kind: Kind) -> impl Iterator<Item = &Member> {
        let bars = self.bars(kind);
        self.crew(kind).filter(move |member| {
            let waits = matches!(member.status, Status::Coming | Status::Asleep(_) | Status::StandingBy);
            let is_barred = bars && member.is_being_stopped();
            waits && member.awaited.is_none() && !member.is_spare && !member.retires && !is_barred
        })
    }

    /// Those on duty that will come as soon as more may run.
    pub(super) fn standing_by(&self, kind: Kind) -> usize {
        self.crew(kind).filter(|member| member.status == Status::StandingBy && !member.is_spare).count()
    }

    /// Whether an executor of which a run was told to stop takes nothing until that is over.
    pub(super) fn bars(&self, kind: Kind) -> bool {
        kind == Kind::JavaScript && !self.rules.keep_after_stop
    }

    /// Tasks of a kind that may run at a time.
    fn most(&self, kind: Kind) -> usize {
        self.rules.maximum * if kind == Kind::JavaScript { self.rules.places } else { 1 }
    }

    /// How many could be put on duty.
    pub(super) fn room(&self, kind: Kind) -> usize {
        self.rules.maximum.saturating_sub(self.crew(kind).filter(|member| member.holds_post).count())
    }

    /// Looks up who is in reserve, and who of those standing by no longer is.
    pub(super) fn see_who_stands_where(&mut self) {
        let core = lock(&self.pool.scheduler.core);
        for ((kind, id), member) in &mut self.members {
            // Whether one may be gone is for `see_who_retires` to say.
            let Some(executor) = core.sides[KINDS[*kind]].crew.find(*id) else { continue };
            member.is_spare = executor.is_spare();
            member.holds_post = executor.holds_post();
            if member.status == Status::StandingBy && executor.is_idle() {
                member.status = Status::Asleep(self.now);
                self.asleep[*kind].push(*id);
            }
        }
    }

    // ---- coming

    pub(super) fn hired(&mut self, kind: Kind, id: u32) {
        let member = Member {
            status: Status::Starting,
            is_up: false,
            runs: Vec::new(),
            awaited: None,
            part: None,
            started: 0,
            is_worn: false,
            is_cut_off: false,
            is_spare: false,
            holds_post: true,
            is_killed: false,
            retires: false,
            is_done: false,
            born: self.now,
            woken_from: None,
            bell: Arc::new(Bell::default()),
            expected_stops: Vec::new(),
        };
        self.members.insert((kind as usize, id), member);
        assert!(self.numbers.insert((kind as usize, id)), "a new number");
        assert!(self.phase != Phase::Terminated);
        self.see_who_stands_where();
        let posts = self.crew(kind).filter(|member| member.holds_post).count();
        assert!(self.was_resized || posts <= self.rules.maximum);
    }

    pub(super) fn hire_minimum(&mut self) {
        self.pool.scheduler.hire_minimum();
        self.read_notes();
        if self.phase == Phase::Open {
            self.see_who_stands_where();
            let stays = |member: &&Member| !member.retires && !member.is_spare;
            let staying = self.crew(Kind::JavaScript).filter(stays).count();
            assert!(staying >= self.rules.minimum || self.room(Kind::JavaScript) == 0);
        }
    }

    /// Those asleep that were woken are on their way.
    pub(super) fn those_woken_get_up(&mut self) -> Vec<u32> {
        let mut woken = Vec::new();
        for ((kind, id), member) in &mut self.members {
            let rang = member.bell.rings() > 0;
            match member.status {
                Status::Asleep(since) if rang => {
                    member.status = Status::Coming;
                    member.woken_from = Some(since);
                    self.asleep[*kind].retain(|asleep| asleep != id);
                    woken.push(*id);
                }
                Status::StandingBy if rang => member.status = Status::Coming,
                _ => {}
            }
        }
        woken
    }

    /// Is given a task in its sleep.
    pub(super) fn gets_up(&mut self, kind: Kind, id: u32) {
        self.asleep[kind as usize].retain(|asleep| *asleep != id);
        let member = self.member(kind, id);
        assert!(member.is_asleep() || member.status == Status::StandingBy);
        member.status = Status::Coming;
    }

    // ---- working

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
