//! Runs of a life that offer parts, and those who help.

use super::life::{Life, Place};
use super::*;

/// What a run offers, if it is still its task's.
pub(super) struct Offer {
    kind: Kind,
    slot: u32,
    most: usize,
}

/// What every helper is given.
const PART: u32 = u32::MAX;

impl Life {
    /// What runs offer their parts.
    fn offers(&self, kind: Kind) -> impl Iterator<Item = (u64, &Offer)> {
        let of_kind = self.offers.iter().filter(move |(_, offer)| offer.kind == kind);
        let is_live =
            |run: u64, slot| self.tasks.get(&slot).is_some_and(|task| task.place == Place::Running(run));
        of_kind.filter(move |(run, offer)| is_live(**run, offer.slot)).map(|(run, offer)| (*run, offer))
    }

    /// Tasks that wait, and helpers that are wanted besides those that are about to end.
    pub(super) fn demand(&self, kind: Kind) -> usize {
        let ends = |run| self.crew(kind).filter(|member| member.retires && member.part == Some(run)).count();
        let wanted = self.offers(kind).map(|(run, offer)| offer.most.saturating_sub(ends(run)));
        self.waiting(kind) + wanted.sum::<usize>()
    }

    /// A task offers parts of its run, if it has one. A worker with several places might sleep and not help itself.
    pub(super) fn offer(&mut self, slot: u32, most: usize) {
        let task = &self.tasks[&slot];
        let kind = task.order.kind;
        match task.place {
            Place::Running(run) if kind == Kind::Native || self.rules.places == 1 => {
                self.pool.scheduler.offer(kind, slot, run, PART, most);
                self.offers.insert(run, Offer { kind, slot, most });
            }
            Place::Running(_) => {}
            _ => self.pool.scheduler.offer(kind, slot, 0, PART, most),
        }
    }

    pub(super) fn retract(&mut self, index: usize) {
        if let Some(run) = self.offers.keys().nth(index % self.offers.len().max(1)).copied() {
            let offer = self.offers.remove(&run).expect("it was there");
            self.pool.scheduler.retract(offer.kind, run);
        }
    }

    pub(super) fn retract_all(&mut self) {
        while !self.offers.is_empty() {
            self.retract(0);
        }
    }

    /// The run that somebody is to help now whose next task would be the one in this slot.
    pub(super) fn comes_before(&self, kind: Kind, slot: Option<u32>) -> Option<u64> {
        let helpers = |run| self.crew(kind).filter(|member| member.part == Some(run)).count();
        let open = self.offers(kind).filter(|(run, offer)| helpers(*run) < offer.most);
        let place = |slot: u32| {
            let task = &self.tasks[&slot];
            (Reverse(task.order.priority), task.sequence)
        };
        let (run, offer) = open.min_by_key(|(_, offer)| place(offer.slot))?;
        slot.is_none_or(|slot| place(offer.slot) < place(slot)).then_some(run)
    }

    /// Somebody is given a part.
    pub(super) fn helps(&mut self, kind: Kind, id: u32, help: &Help<u32>) {
        assert_eq!(help.job, PART);
        assert!(self.offers(kind).any(|(run, _)| run == help.run), "nobody offers it");
        self.member(kind, id).part = Some(help.run);
        let most = self.offers[&help.run].most;
        let helpers = self.crew(kind).filter(|member| member.part == Some(help.run)).count();
        assert!(helpers <= most.max(1), "{helpers} of {most}");
    }
}
