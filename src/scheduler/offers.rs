//! Which parts of running tasks are on offer.

use super::entry::{Rank, is_ahead};
use super::types::Help;

/// What a running task offers. See `README.md`, "Helping hands".
pub(super) struct Offer<J> {
    /// Of all that were made to this kind, growing: a run may make several, one after the other, and a helper may still
    /// be on its way back from an earlier one.
    pub number: u64,
    /// The run that offers it: no run has more than one at a time.
    pub run: u64,
    /// Who has that run.
    pub executor: u32,
    /// Of its task. What waits comes first if its effective priority is as high.
    pub priority: f64,
    /// Of its task: of offers of the same priority, that of the older task comes first.
    pub sequence: u64,
    /// What each helper is given.
    pub help: J,
    /// Helpers at a time.
    pub most: usize,
    /// Executors that are at a part of it.
    helpers: usize,
}

impl<J> Offer<J> {
    /// Where it stands among others.
    fn rank(&self) -> Rank {
        (self.priority, self.sequence)
    }
}

/// Those of one kind, by number: few, as each is of another run.
pub(super) struct Offers<J> {
    standing: Vec<Offer<J>>,
    /// The number of the next.
    next: u64,
}

impl<J: Clone> Offers<J> {
    /// A part of the offer of this number, which stands.
    pub(super) fn begin_part(&mut self, number: u64) -> Help<J> {
        let place = self.place(number).expect("it has just been found among the offers");
        let offer = &mut self.standing[place];
        let help = Help { run: offer.run, offer: number, job: offer.help.clone() };
        offer.helpers += 1;
        help
    }
}

impl<J> Offers<J> {
    pub(super) fn new() -> Self {
        Self { standing: Vec::new(), next: 0 }
    }

    /// Takes the place of what the run has offered before, under a number of its own.
    pub(super) fn add(
        &mut self,
        (executor, run): (u32, u64),
        (priority, sequence): (f64, u64),
        help: J,
        most: usize,
    ) {
        self.retract_of(run);
        let number = self.next;
        self.next += 1;
        self.standing.push(Offer { number, run, executor, priority, sequence, help, most, helpers: 0 });
    }

    /// Where the offer of this number is, if it stands: they are in the order of their numbers.
    fn place(&self, number: u64) -> Option<usize> {
        self.standing.binary_search_by_key(&number, |offer| offer.number).ok()
    }

    /// Whether the offer of this number stands. O(log offers).
    pub(super) fn stands(&self, number: u64) -> bool {
        self.place(number).is_some()
    }

    /// Helpers that all of them want at a time. O(offers).
    pub(super) fn wanted(&self) -> usize {
        self.standing.iter().fold(0, |wanted, offer| wanted.saturating_add(offer.most))
    }

    /// Somebody has done a part of the offer of this number, which may have been taken back.
    pub(super) fn end_part(&mut self, number: u64) {
        if let Some(place) = self.place(number) {
            self.standing[place].helpers -= 1;
        }
    }

    /// Takes back the offer of this number, if it stands.
    pub(super) fn retract(&mut self, number: u64) {
        self.standing.retain(|offer| offer.number != number);
    }

    /// Takes back what the run offers, if it does.
    pub(super) fn retract_of(&mut self, run: u64) {
        self.standing.retain(|offer| offer.run != run);
    }

    pub(super) fn clear(&mut self) {
        self.standing.clear();
    }

    /// The one that executor `id` would be given a part of, if any: its priority and its number. O(offers).
    pub(super) fn first(&self, id: u32) -> Option<(f64, u64)> {
        let open = self.standing.iter().filter(|offer| offer.helpers < offer.most && offer.executor != id);
        let first =
            open.reduce(|first, other| if is_ahead(other.rank(), first.rank()) { other } else { first });
        first.map(|offer| (offer.priority, offer.number))
    }
}
