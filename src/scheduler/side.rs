//! All that there is of one kind: its executors, and what waits for them.

use super::clock::Nanoseconds;
use super::crew::Crew;
use super::offers::{Offer, Offers};
use super::queue::{Queue, Rank, is_ahead};
use super::spin::SpinCredit;

pub(super) struct Side<J> {
    /// What whoever asks first may take.
    pub queue: Queue,
    /// Waiting tasks, those in executors' own queues included; the queues may also hold entries of tasks that left.
    pub waiting: usize,
    pub crew: Crew,
    pub spin: SpinCredit,
    /// What running tasks offer to those that would be idle.
    pub offers: Offers<J>,
    /// Tasks that an executor may hold at a time.
    pub places: usize,
}

impl<J> Side<J> {
    pub(super) fn new(queue: Queue, crew: Crew, places: usize) -> Self {
        Self { queue, waiting: 0, crew, spin: SpinCredit(SpinCredit::FULL), offers: Offers::new(), places }
    }

    /// Waiting tasks that whoever asks first may take.
    pub(super) fn shared(&self) -> usize {
        self.waiting - self.crew.pinned
    }

    /// Executors that there is something to do for, besides what they have: one for each waiting task that whoever
    /// asks first may take, and as many for each offer as it wants helpers.
    pub(super) fn demand(&self) -> usize {
        self.offers.iter().fold(self.shared(), |demand, offer| {
            // The place of one that ends after this part is free when it has done it.
            let wanted = offer.most.saturating_sub(self.crew.last_helpers(offer.number));
            demand.saturating_add(wanted)
        })
    }

    /// Whether one more executor is to be hired: there is more to do than there are to do it, and there is room.
    pub(super) fn is_short(&self) -> bool {
        self.crew.has_room() && self.demand() > self.crew.free()
    }

    /// Whether there is something to do that nobody is on the way for.
    pub(super) fn lacks_hands(&self) -> bool {
        self.demand() > self.crew.coming()
    }

    /// Where the offer stands that executor `id` would be given if nothing that waits came first, and its number.
    pub(super) fn first_offer(&self, id: u32, now: Nanoseconds) -> Option<(Rank, u64)> {
        if self.offers.is_empty() {
            return None; // as nearly always
        }
        let open = self.offers.iter().filter(|offer| {
            self.crew.helpers(offer.number) < offer.most && !self.crew[id].runs_number(offer.run)
        });
        let rank =
            |offer: &Offer<J>| (self.queue.effective(offer.priority, offer.queued, now), offer.sequence);
        let ranked = open.map(|offer| (rank(offer), offer.number));
        ranked.reduce(|first, other| if is_ahead(other.0, first.0) { other } else { first })
    }

    /// Waiting tasks, and `more`, that nobody is there, or will be soon, to take.
    pub(super) fn excess(&self, more: usize) -> usize {
        (self.waiting + more).saturating_sub(self.crew.room(self.places))
    }

    /// Forgets every task but those that run.
    pub(super) fn forget_tasks(&mut self) {
        self.queue.clear();
        self.waiting = 0;
        self.offers.clear();
        self.crew.forget_tasks();
    }
}
