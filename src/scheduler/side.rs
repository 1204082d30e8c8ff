//! All that there is of one kind: its executors, and what waits for them.

use super::clock::Nanoseconds;
use super::core::Discarded;
use super::crew::Crew;
use super::offers::Offers;
use super::queue::Queue;
use super::spin::SpinHistory;

pub(super) struct Side<J> {
    /// What whoever asks first may take.
    pub queue: Queue,
    /// Waiting tasks, those in executors' own queues included; the queues may also hold entries of tasks that left.
    pub waiting: usize,
    pub crew: Crew,
    pub spin: SpinHistory,
    /// Parts of running tasks.
    pub offers: Offers<J>,
    /// Tasks that an executor may hold at a time.
    pub places: usize,
    /// How long the tasks of late were expected to run. None counts as longer than [`LONG`].
    usual: Nanoseconds,
}

/// What calling another executor takes: it wakes up, and the processor changes hands twice.
pub(super) const CALL_WORTH: Nanoseconds = 50_000;

/// A task that takes so long, or nobody knows how long, is worth a call in any case.
const LONG: Nanoseconds = 1_000_000;

impl<J> Side<J> {
    pub(super) fn new(queue: Queue, crew: Crew, places: usize) -> Self {
        Self { queue, waiting: 0, crew, spin: SpinHistory::new(), offers: Offers::new(), places, usual: LONG }
    }

    /// Waiting tasks that whoever asks first may take.
    pub(super) fn shared(&self) -> usize {
        self.waiting - self.crew.pinned
    }

    /// Whether as many tasks run as may.
    pub(super) fn is_full(&self) -> bool {
        self.crew.is_full(self.places)
    }

    /// Executors that there is something to do for, besides what they have: one for each waiting task that whoever
    /// asks first may take, and as many for each offer as it wants helpers. O(offers), and O(executors) if there are any.
    pub(super) fn demand(&self) -> usize {
        let wanted = self.offers.wanted();
        if wanted == 0 {
            return self.shared(); // as nearly always
        }
        // The place of one that ends after this part is free when it has done it.
        let ending = self.crew.last_parts().filter(|offer| self.offers.stands(*offer)).count();
        self.shared().saturating_add(wanted - ending)
    }

    /// How many more executors are to be hired: there is that much more to do than there are to do it, and room for
    /// them. O(executors + offers).
    pub(super) fn short_of(&self) -> usize {
        match self.crew.vacancies() {
            0 => 0,
            vacancies => self.demand().saturating_sub(self.crew.free()).min(vacancies),
        }
    }

    /// Whether an idle executor is to be called for what waits for whoever asks first: nobody is counted on, or there is
    /// more to do than is done while another wakes up, and a processor for one more. O(1).
    pub(super) fn is_worth_a_call(&self, processors: usize) -> bool {
        let hands = self.crew.counted_on();
        if self.crew.nobody_idles() || hands >= processors {
            return false;
        }
        hands == 0 || (self.shared() as u64).saturating_mul(self.usual) > hands as u64 * CALL_WORTH
    }

    /// The same if not each waiting task has somebody already who is counted on.
    pub(super) fn lacks_a_hand(&self, processors: usize) -> bool {
        self.shared() > self.crew.counted_on() && self.is_worth_a_call(processors)
    }

    /// A task that is expected to take so long is about to wait.
    pub(super) fn expects(&mut self, time: Nanoseconds) {
        self.usual = self.usual - self.usual / 8 + time.min(LONG) / 8;
    }

    /// How much there is to do that nobody is on the way for. O(executors + offers).
    pub(super) fn lacking_hands(&self) -> usize {
        self.demand().saturating_sub(self.crew.coming())
    }

    /// Waiting tasks, and `more`, that nobody is there, or will be soon, to take.
    pub(super) fn excess(&self, more: usize) -> usize {
        (self.waiting + more).saturating_sub(self.crew.room(self.places))
    }

    /// Forgets every task but those that run.
    pub(super) fn forget_tasks(&mut self, discarded: &mut Vec<Discarded<J>>) {
        discarded.push(Discarded::Queue(self.queue.take()));
        self.waiting = 0;
        self.offers.clear();
        discarded.extend(self.crew.forget_tasks().map(Discarded::Queue));
    }
}
