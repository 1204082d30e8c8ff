//! Whether the queue is as long as it may be.

use super::core::Core;
use super::types::Kind;

impl<J, O> Core<J, O> {
    /// Waiting tasks that nobody is there, or will be soon, to take.
    pub(super) fn excess(&self) -> usize {
        self.sides.iter().map(|side| side.excess(0)).sum()
    }

    /// Whether one more task of this kind would be too many.
    pub(super) fn would_refuse(&self, kind: Kind) -> bool {
        let Some(longest) = self.config.longest_queue.filter(|_| self.config.refuse_when_full) else {
            return false; // nothing is
        };
        let before = self.excess();
        let excess = before - self.sides[kind].excess(0) + self.sides[kind].excess(1);
        // Not before the owner was told: with several places, the room of a worker comes and goes with what it is at.
        let told = self.backed_up || longest == 0;
        told && excess > longest && excess > before
    }

    /// How many of so many waiting tasks are beyond the longest that the queue may be, where those are not refused.
    pub(super) fn held(&self, waiting: usize) -> usize {
        let longest = self.config.longest_queue.filter(|_| !self.config.refuse_when_full);
        longest.map_or(0, |longest| waiting.saturating_sub(longest))
    }

    /// Waiting tasks, of both kinds.
    pub(super) fn waiting(&self) -> usize {
        self.sides.iter().map(|side| side.waiting).sum()
    }

    /// A task has been queued: the owner is told from now on if the queue is as long as it may be.
    pub(super) fn note_length(&mut self) {
        if let Some(longest) = self.config.longest_queue {
            self.backed_up |= self.excess() >= longest.max(1);
        }
    }
}
