//! Parts of running tasks, offered to executors that would otherwise be idle.

use std::ops::Index;

use super::clock::Nanoseconds;

/// What a running task offers. See `README.md`, "Helping hands".
pub(super) struct Offer<J> {
    /// The run that offers it: no run has more than one.
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

/// Those of one kind: few, as each is of another run.
pub(super) struct Offers<J>(Vec<Offer<J>>);

impl<J> Index<u64> for Offers<J> {
    type Output = Offer<J>;

    fn index(&self, run: u64) -> &Offer<J> {
        self.0.iter().find(|offer| offer.run == run).expect("its run has just been found among the offers")
    }
}

impl<J> Offers<J> {
    pub(super) fn new() -> Self {
        Self(Vec::new())
    }

    /// Takes the place of what the run has offered before.
    pub(super) fn add(&mut self, offer: Offer<J>) {
        self.retract(offer.run);
        self.0.push(offer);
    }

    pub(super) fn retract(&mut self, run: u64) {
        self.0.retain(|offer| offer.run != run);
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Offer<J>> {
        self.0.iter()
    }
}
