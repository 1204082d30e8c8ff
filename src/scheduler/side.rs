//! All that there is of one kind: its executors, and what waits for them.

use super::crew::Crew;
use super::queue::Queue;
use super::spin::SpinCredit;

pub(super) struct Side {
    /// What whoever asks first may take.
    pub queue: Queue,
    /// Waiting tasks, those in executors' own queues included; the queues may also hold entries of tasks that left.
    pub waiting: usize,
    pub crew: Crew,
    pub spin: SpinCredit,
    /// Tasks that an executor may hold at a time.
    pub places: usize,
}

impl Side {
    pub(super) fn new(queue: Queue, crew: Crew, places: usize) -> Self {
        Self { queue, waiting: 0, crew, spin: SpinCredit(SpinCredit::FULL), places }
    }

    /// Waiting tasks that whoever asks first may take.
    pub(super) fn shared(&self) -> usize {
        self.waiting - self.crew.pinned
    }

    /// Whether one more executor is to be hired: more waits than there are to take it, and there is room.
    pub(super) fn is_short(&self) -> bool {
        self.crew.has_room() && self.shared() > self.crew.free()
    }

    /// Whether some of what waits has nobody on the way.
    pub(super) fn lacks_hands(&self) -> bool {
        self.shared() > self.crew.coming()
    }

    /// Waiting tasks, and `more`, that nobody is there, or will be soon, to take.
    pub(super) fn excess(&self, more: usize) -> usize {
        (self.waiting + more).saturating_sub(self.crew.room(self.places))
    }

    /// Forgets every task but those that run.
    pub(super) fn forget_tasks(&mut self) {
        self.queue.clear();
        self.waiting = 0;
        self.crew.forget_tasks();
    }
}
