//! The executors of a life: what each is, and how they come.

use super::helpers::Part;
use super::life::{Life, Phase};
use super::*;

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
        self.is_worn |= !self.retires && !self.is_spare;
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
    pub(super) fn most(&self, kind: Kind) -> usize {
        self.rules.maximum * if kind == Kind::JavaScript { self.rules.places } else { 1 }
    }

    /// How many could be put on duty.
    pub(super) fn room(&self, kind: Kind) -> usize {
        self.rules.maximum.saturating_sub(self.crew(kind).filter(|member| member.holds_post).count())
    }

    /// Looks up who is in reserve, and who of those standing by no longer is.
    pub(super) fn see_who_stands_where(&mut self) {
        let core = lock(&self.pool.scheduler.core);
        let mut released = Vec::new();
        for ((kind, id), member) in &mut self.members {
            // Whether one may be gone is for `see_who_retires` to say.
            let Some(executor) = core.sides[KINDS[*kind]].crew.find(*id) else { continue };
            member.is_spare = executor.is_spare();
            member.holds_post = executor.holds_post();
            if member.status == Status::StandingBy && executor.is_idle() {
                member.status = Status::Asleep(self.now);
                released.push((*kind, *id));
            }
        }
        // Which of those that were released by one step came first is for the scheduler to say.
        let place = |(kind, id): &(usize, u32)| {
            core.sides[KINDS[*kind]].crew.idlers().iter().position(|idle| idle == id)
        };
        released.sort_by_key(place);
        released.into_iter().for_each(|(kind, id)| self.asleep[kind].push(id));
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
}
