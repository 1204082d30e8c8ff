//! Who comes for what waits: an idle executor is claimed, else one in reserve steps in, or another is hired, if there
//! is room.

use super::clock::{Nanoseconds, nanoseconds};
use super::core::{Core, Phase};
use super::effects::{Effects, Wakes};
use super::executor::{Executor, Standing};
use super::types::{Kind, Note};

impl<J, O> Core<J, O> {
    /// Takes an idle executor that may run the task.
    pub(super) fn claim_for(&mut self, slot: u32, now: Nanoseconds, wakes: &mut Wakes) -> Option<u32> {
        let task = &self.table[slot];
        let side = &mut self.sides[task.kind];
        let claimed = side.crew.claim(task.home, now, wakes)?;
        side.spin.work_comes(now);
        Some(claimed)
    }

    /// Makes room for one more executor, which is to be started, and to be up in time.
    pub(super) fn hire(
        &mut self,
        kind: Kind,
        standing: Standing,
        now: Nanoseconds,
        effects: &mut Effects,
    ) -> u32 {
        if let Some(limit) = self.config.start_timeout.filter(|_| kind == Kind::JavaScript) {
            self.deadlines.arm(now.saturating_add(nanoseconds(limit)), effects);
        }
        self.sides[kind].crew.hire(standing, now)
    }

    /// Puts one more executor on duty, for which there is room. It is to be started, unless one in reserve steps in,
    /// which is woken by whoever claims it. The reserve is then to be reviewed.
    pub(super) fn engage(&mut self, kind: Kind, now: Nanoseconds, effects: &mut Effects) -> Engaged {
        let Some(spare) = self.sides[kind].crew.first_spare() else {
            return Engaged { id: self.hire(kind, Standing::OnDuty, now, effects), is_new: true };
        };
        self.step_in(kind, spare, now, effects);
        Engaged { id: spare, is_new: false }
    }

    /// Puts one more executor on duty, for which there is room, and has it started.
    pub(super) fn put_on_duty(&mut self, kind: Kind, now: Nanoseconds, effects: &mut Effects) {
        let Engaged { id, is_new } = self.engage(kind, now, effects);
        if is_new {
            self.have_started(kind, id, effects);
        }
        self.review_reserve(kind, now, effects);
        self.call_for_queue(kind, now, effects); // one that has stepped in is idle
    }

    /// Puts one more executor on duty, and has it come for what waits. Answers whom to start.
    fn engage_for_more(&mut self, kind: Kind, now: Nanoseconds, effects: &mut Effects) -> Option<u32> {
        let Engaged { id, is_new } = self.engage(kind, now, effects);
        self.sides[kind].crew.claim(Some(id), now, &mut effects.wakes);
        self.watch_calls(now, effects);
        is_new.then_some(id)
    }

    /// Puts one more executor on duty if there is more to do than executors are on their way; if `refill`, with another
    /// in reserve if it was there. Answers whom to start.
    pub(super) fn hire_if_short(
        &mut self,
        kind: Kind,
        refill: bool,
        now: Nanoseconds,
        effects: &mut Effects,
    ) -> Option<u32> {
        if self.missing(kind) == 0 {
            return None;
        }
        let hired = self.engage_for_more(kind, now, effects);
        if refill {
            self.review_reserve(kind, now, effects);
        }
        hired
    }

    /// Puts as many executors on duty as there is more to do than are on their way. O(executors + offers), but for the
    /// hiring.
    pub(super) fn hire_missing(&mut self, kind: Kind, now: Nanoseconds, effects: &mut Effects) {
        for _ in 0..self.missing(kind) {
            if let Some(executor) = self.engage_for_more(kind, now, effects) {
                self.have_started(kind, executor, effects);
            }
            self.review_reserve(kind, now, effects);
        }
    }

    /// Executors that are to be hired.
    fn missing(&self, kind: Kind) -> usize {
        if self.phase == Phase::Terminated { 0 } else { self.sides[kind].short_of() }
    }

    /// Has the owner start an executor that was hired.
    pub(super) fn have_started(&self, kind: Kind, executor: u32, effects: &mut Effects) {
        self.note(Note::Hire { kind, executor }, effects);
    }

    /// Has the idle executor come that will be there soonest, or the one that is `home`, if it idles.
    pub(super) fn call(
        &mut self,
        kind: Kind,
        home: Option<u32>,
        now: Nanoseconds,
        effects: &mut Effects,
    ) -> bool {
        let side = &mut self.sides[kind];
        if side.crew.claim(home, now, &mut effects.wakes).is_none() {
            return false;
        }
        side.spin.work_comes(now);
        self.watch_calls(now, effects);
        true
    }

    /// Calls idle executors for what waits for whoever asks first, as far as that is worth it. O(1) for each.
    pub(super) fn call_for_queue(&mut self, kind: Kind, now: Nanoseconds, effects: &mut Effects) {
        let side = &self.sides[kind];
        if side.crew.nobody_idles() || side.shared() == 0 {
            return;
        }
        while self.sides[kind].lacks_a_hand(self.config.processors) && self.call(kind, None, now, effects) {}
        // Whoever is counted on may not come, or not soon.
        self.watch_calls(now, effects);
    }

    /// An executor that was counted on for the tasks that wait for whoever asks first may take none of them, or more
    /// is offered: sees to it that others come. O(executors + offers), but for the hiring.
    pub(super) fn call_others(
        &mut self,
        kind: Kind,
        may_hire: bool,
        now: Nanoseconds,
        effects: &mut Effects,
    ) {
        if self.sides[kind].offers.wanted() == 0 {
            self.call_for_queue(kind, now, effects);
        } else {
            for _ in 0..self.sides[kind].lacking_hands() {
                if !self.call(kind, None, now, effects) {
                    break; // nobody is left
                }
            }
        }
        // Else whoever is busy comes when it has finished.
        if may_hire && self.sides[kind].crew.nobody_idles() {
            self.hire_missing(kind, now, effects);
        }
    }

    /// Somebody waits for an executor to ask for work.
    pub(super) fn expect(&mut self, kind: Kind, id: u32, now: Nanoseconds, effects: &mut Effects) {
        let crew = &mut self.sides[kind].crew;
        if crew.find(id).is_some_and(Executor::is_expected) {
            crew.expect(id, now);
            self.watch_calls(now, effects);
        }
    }

    /// Sees to it that `tick` looks at those that are counted on.
    pub(super) fn watch_calls(&mut self, now: Nanoseconds, effects: &mut Effects) {
        if let Some(limit) = self.config.call_timeout {
            self.deadlines.arm(now.saturating_add(nanoseconds(limit)), effects);
        }
    }

    /// Hires what is missing from the minimum.
    pub(super) fn hire_minimum(&mut self, now: Nanoseconds, effects: &mut Effects) {
        while self.phase == Phase::Open && self.sides[Kind::JavaScript].crew.lacks_minimum() {
            self.put_on_duty(Kind::JavaScript, now, effects);
        }
        self.review_reserve(Kind::JavaScript, now, effects);
    }
}

/// Who was put on duty.
pub(super) struct Engaged {
    pub id: u32,
    /// It is to be started.
    pub is_new: bool,
}
