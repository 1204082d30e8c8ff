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
        (self.missing(kind) > 0).then(|| self.hire(kind, now, effects))
    }

    /// Hires as many executors as there is more to do than are on their way. O(executors + offers), but for the hiring.
    pub(super) fn hire_missing(&mut self, kind: Kind, now: Nanoseconds, effects: &mut Effects) {
        for _ in 0..self.missing(kind) {
            let executor = self.hire(kind, now, effects);
            self.have_started(kind, executor, effects);
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

    /// An executor that was counted on for the tasks that wait for whoever asks first may take none of them, or more
    /// is offered: sees to it that others come. O(executors + offers), but for the hiring.
    pub(super) fn call_others(
        &mut self,
        kind: Kind,
        may_hire: bool,
        now: Nanoseconds,
        effects: &mut Effects,
    ) {
        let side = &mut self.sides[kind];
        for _ in 0..side.lacking_hands() {
            if side.crew.claim(None, &mut effects.wakes).is_none() {
                if may_hire {
                    self.hire_missing(kind, now, effects);
                }
                return; // whoever is busy comes when it has finished
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
