//! Which parts of running tasks are on offer.

use std::ops::Index;

use super::clock::Nanoseconds;

/// What a running task offers. See `README.md`, "Helping hands".
pub(super) struct Offer<J> {
    /// Of all that were made to this kind, growing: a run may make several, one after the other, and a helper may still
    /// be on its way back from an earlier one.
    pub number: u64,
    /// The run that offers it: no run has more than one at a time.
    pub run: u64,
    /// Of its task, as are the next two: they say where the offer stands among those that wait.
    pub priority: f64,
    pub sequence: u64,
    pub queued: Nanoseconds,
    /// What each helper is given.
    pub help: J,
    /// Helpers at a time.
    pub most: usize,
}

/// Those of one kind, by number: few, as each is of another run.
pub(super) struct Offers<J> {
    standing: Vec<Offer<J>>,
    /// The number of the next.
    next: u64,
}

impl<J> Index<u64> for Offers<J> {
    type Output = Offer<J>;

    fn index(&self, number: u64) -> &Offer<J> {
        let found = self.standing.iter().find(|offer| offer.number == number);
        found.expect("its number has just been found among the offers")
    }
}

impl<J> Offers<J> {
    pub(super) fn new() -> Self {
        Self { standing: Vec::new(), next: 0 }
    }

    /// Takes the place of what the run has offered before, under a number of its own.
    pub(super) fn add(
        &mut self,
        run: u64,
        (priority, sequence, queued): (f64, u64, Nanoseconds),
        help: J,
        most: usize,
    ) {
        self.retract_of(run);
        let number = self.next;
        self.next += 1;
        self.standing.push(Offer { number, run, priority, sequence, queued, help, most });
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

    pub(super) fn is_empty(&self) -> bool {
        self.standing.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Offer<J>> {
        self.standing.iter()
    }
}
