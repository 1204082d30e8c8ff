//! The executors in reserve: how many are missing, and who steps in for whom.

use super::crew::Crew;
use super::executor::Executor;

impl Crew {
    /// How many in reserve are missing from what there is to be, or too many if negative.
    pub(super) fn missing_spares(&self) -> isize {
        let replaced = self.count(|executor| executor.makes_way() || executor.is_lost());
        (self.spares + replaced) as isize - self.reserve() as isize
    }

    /// How many are in reserve.
    pub(super) fn reserve(&self) -> usize {
        self.count(Executor::is_spare)
    }

    /// How many are not expected to go on after a stop.
    pub(super) fn lost(&self) -> usize {
        self.count(Executor::is_lost)
    }

    /// Who is to step in: one that is up, if there is one.
    pub(super) fn first_spare(&self) -> Option<u32> {
        let spares = || self.iter().filter(|(_, executor)| executor.is_spare());
        let up = spares().find(|(_, executor)| executor.is_up());
        up.or_else(|| spares().next()).map(|(id, _)| id)
    }

    /// Who makes way for one in reserve: that is up, and has a post to take over.
    pub(super) fn to_be_relieved(&self) -> Option<u32> {
        let worn = self.first_worn()?;
        let is_up = self.first_spare().is_some_and(|spare| self[spare].is_up());
        (is_up && self.count(Executor::holds_post) <= self.maximum).then_some(worn)
    }

    /// Who is to be done without: one that is not up, if there is one.
    pub(super) fn last_spare(&self) -> Option<u32> {
        let spares = || self.iter().filter(|(_, executor)| executor.is_spare());
        let starting = spares().filter(|(_, executor)| !executor.is_up()).last();
        starting.or_else(|| spares().last()).map(|(id, _)| id)
    }
}
