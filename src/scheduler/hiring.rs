//! Who comes for what waits: an idle executor is claimed, else another is hired, if there is room.

use super::clock::{Nanoseconds, nanoseconds};
use super::core::{Core, Phase};
use super::effects::{Effects, Wakes};
use super::types::{Kind, Note};

impl<J, O> Core<J, O> {
    /// Takes an idle executor that may run the task.
    pub(super) fn claim_for(&mut self, slot: u32, wakes: &mut Wakes) -> Option<u32> {
        let task = &self.table[slot];
        self.sides[task.kind].crew.claim(task.home, wakes).map(|claimed| claimed.id)
    }

    /// Makes room for one more executor, which is to be started, and to be up in time.
    pub(super) fn hire(&mut self, kind: Kind, now: Nanoseconds, effects: &mut Effects) -> u32 {
        if let Some(limit) = self.config.start_timeout.filter(|_| kind == Kind::JavaScript) {
            self.deadlines.arm(now.saturating_add(nanoseconds(limit)), effects);
        }
        self.sides[kind].crew.hire(now)
    }

    /// Makes room for one more executor if there is more to do than executors are on their way.
    pub(super) fn hire_if_short(
        &mut self,
        kind: Kind,
        now: Nanoseconds,
        effects: &mut Effects,
    ) -> Option<u32> {
        let short = self.phase != Phase::Terminated && self.sides[kind].is_short();
        short.then(|| self.hire(kind, now, effects))
    }

    /// Has the owner start an executor that was hired.
    pub(super) fn have_started(&self, kind: Kind, executor: u32, effects: &mut Effects) {
        self.note(Note::Hire { kind, executor }, effects);
    }

    /// An executor that was counted on for the tasks that wait for whoever asks first may take none of them, or more
    /// is offered: sees to it that others come.
    pub(super) fn call_others(
        &mut self,
        kind: Kind,
        may_hire: bool,
        now: Nanoseconds,
        effects: &mut Effects,
    ) {
        while self.sides[kind].lacks_hands() {
            if self.sides[kind].crew.claim(None, &mut effects.wakes).is_none() {
                let hired = if may_hire { self.hire_if_short(kind, now, effects) } else { None };
                let Some(executor) = hired else { return }; // whoever is busy comes when it has finished
                self.have_started(kind, executor, effects);
            }
        }
    }

    /// Hires what is missing from the minimum.
    pub(super) fn hire_minimum(&mut self, now: Nanoseconds, effects: &mut Effects) {
        while self.phase == Phase::Open && self.sides[Kind::JavaScript].crew.lacks_minimum() {
            let executor = self.hire(Kind::JavaScript, now, effects);
            self.have_started(Kind::JavaScript, executor, effects);
        }
    }
}
