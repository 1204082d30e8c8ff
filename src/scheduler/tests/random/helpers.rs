//! Runs of a life that offer parts, and those who help.

use super::life::{Life, Place};
use super::members::Member;
use super::*;

/// What a run offers, if it is still its task's.
pub(super) struct Offer {
    kind: Kind,
    slot: u32,
    most: usize,
    /// What every helper is given: each offer something else.
    part: u32,
}

/// What a helper was given.
#[derive(Clone, Copy)]
pub(super) struct Part {
    part: u32,
    offer: u64,
}

impl Life {
    /// What runs offer their parts.
    fn offers(&self, kind: Kind) -> impl Iterator<Item = (u64, &Offer)> {
        let of_kind = self.offers.iter().filter(move |(_, offer)| offer.kind == kind);
        let is_live =
            |run: u64, slot| self.tasks.get(&slot).is_some_and(|task| task.place == Place::Running(run));
        of_kind.filter(move |(run, offer)| is_live(**run, offer.slot)).map(|(run, offer)| (*run, offer))
    }

    /// Executors that are at a part of the offer.
    fn helpers(&self, offer: &Offer) -> impl Iterator<Item = &Member> {
        let given = offer.part;
        self.crew(offer.kind).filter(move |member| member.part.is_some_and(|part| part.part == given))
    }

    /// Tasks that wait, and helpers that are wanted besides those that are about to end.
    pub(super) fn demand(&self, kind: Kind) -> usize {
        let ending = |offer| self.helpers(offer).filter(|member| member.retires).count();
        let wanted = self.offers(kind).map(|(_, offer)| offer.most - ending(offer));
        self.waiting(kind) + wanted.sum::<usize>()
    }

    /// A task offers parts of its run, if it has one. A worker with several places might sleep and not help itself.
    pub(super) fn offer(&mut self, slot: u32, most: usize) {
        let task = &self.tasks[&slot];
        let kind = task.order.kind;
        self.offered += 1;
        let part = self.offered;
        match task.place {
            Place::Running(run) if kind == Kind::Native || self.rules.places == 1 => {
                self.pool.scheduler.offer(kind, slot, run, part, most);
                self.offers.insert(run, Offer { kind, slot, most, part });
            }
            Place::Running(_) => {}
            _ => self.pool.scheduler.offer(kind, slot, 0, part, most),
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

    /// A helper takes back what it was given, which may have been taken back before.
    pub(super) fn helper_retracts(&mut self, index: usize) {
        let Some((kind, id)) = self.pick_member(index) else { return };
        let Some(given) = self.member(kind, id).part else { return };
        self.pool.scheduler.retract_offer(kind, given.offer);
        self.offers.retain(|_, offer| offer.part != given.part);
    }

    /// What somebody is to help with now whose next task would be the one in this slot.
    pub(super) fn comes_before(&self, kind: Kind, slot: Option<u32>) -> Option<u32> {
        let open = self.offers(kind).filter(|(_, offer)| self.helpers(offer).count() < offer.most);
        let place = |slot: u32| {
            let task = &self.tasks[&slot];
            (Reverse(task.order.priority), task.sequence)
        };
        let (_, offer) = open.min_by_key(|(_, offer)| place(offer.slot))?;
        let priority = |slot: u32| self.tasks[&slot].order.priority;
        slot.is_none_or(|slot| priority(offer.slot) > priority(slot)).then_some(offer.part)
    }

    /// Somebody is given a part.
    pub(super) fn helps(&mut self, kind: Kind, id: u32, help: &Help<u32>) {
        let given = Part { part: help.job, offer: help.offer };
        self.member(kind, id).part = Some(given);
        let offer = self.offers(kind).find(|(run, offer)| (*run, offer.part) == (help.run, help.job));
        let (_, offer) = offer.expect("somebody offers it");
        let helpers = self.helpers(offer).count();
        assert!(helpers <= offer.most, "{helpers} of {}", offer.most);
    }
}
