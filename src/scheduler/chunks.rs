//! A queue that grows without moving what it holds: a million entries would be moved under the scheduler's lock.

use std::collections::VecDeque;

/// Entries of a chunk.
const CHUNK: usize = 256;

/// First in, first out. Every call is O(1), and what it allocates or frees is a chunk at most.
pub(super) struct Chunks<T> {
    /// The first. Empty only if all is; its memory is used again.
    first: VecDeque<T>,
    /// The others. None is empty, none but the last has room.
    rest: VecDeque<VecDeque<T>>,
}

impl<T> Chunks<T> {
    pub(super) fn new() -> Self {
        Self { first: VecDeque::new(), rest: VecDeque::new() }
    }

    #[inline]
    pub(super) fn push_back(&mut self, entry: T) {
        if self.rest.is_empty() && self.first.len() < CHUNK {
            self.first.push_back(entry);
        } else {
            self.push_behind(entry);
        }
    }

    fn push_behind(&mut self, entry: T) {
        match self.rest.back_mut() {
            Some(chunk) if chunk.len() < CHUNK => chunk.push_back(entry),
            _ => self.rest.push_back(VecDeque::from([entry])),
        }
    }

    #[inline]
    pub(super) fn pop_front(&mut self) -> Option<T> {
        let entry = self.first.pop_front();
        if self.first.is_empty()
            && let Some(next) = self.rest.pop_front()
        {
            self.first = next;
        }
        entry
    }

    pub(super) fn front(&self) -> Option<&T> {
        self.first.front()
    }

    pub(super) fn back(&self) -> Option<&T> {
        self.rest.back().unwrap_or(&self.first).back()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.first.is_empty()
    }

    /// O(1).
    pub(super) fn len(&self) -> usize {
        let rest = self.rest.back().map_or(0, |last| last.len() + (self.rest.len() - 1) * CHUNK);
        self.first.len() + rest
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.first.iter().chain(self.rest.iter().flatten())
    }

    /// Entries that there is memory for.
    #[cfg(all(test, not(feature = "model")))]
    pub(super) fn capacity(&self) -> usize {
        self.first.capacity() + self.rest.iter().map(VecDeque::capacity).sum::<usize>()
    }
}

#[cfg(all(test, not(feature = "model")))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_is_moved_by_growth_and_memory_is_given_back() {
        let mut chunks = Chunks::new();
        (0..CHUNK).for_each(|n| chunks.push_back(n));
        let first = std::ptr::from_ref(chunks.front().unwrap());
        (CHUNK..100 * CHUNK).for_each(|n| chunks.push_back(n));
        assert_eq!(std::ptr::from_ref(chunks.front().unwrap()), first);
        assert!((0..100 * CHUNK).all(|n| chunks.pop_front() == Some(n)));
        assert!(chunks.is_empty() && chunks.capacity() <= CHUNK);
    }

    proptest! {
        #[test]
        fn it_is_a_queue(steps in prop::collection::vec(0u8..5, 0..3000)) {
            let (mut chunks, mut model) = (Chunks::new(), VecDeque::new());
            for (n, step) in steps.into_iter().enumerate() {
                if step < 3 {
                    chunks.push_back(n);
                    model.push_back(n);
                } else {
                    prop_assert_eq!(chunks.pop_front(), model.pop_front());
                }
                prop_assert_eq!((chunks.len(), chunks.front(), chunks.back()), (model.len(), model.front(), model.back()));
            }
            prop_assert!(chunks.iter().eq(model.iter()));
        }
    }
}
