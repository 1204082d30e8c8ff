//! A queue that grows without moving what it holds: a million entries would be moved under the scheduler's lock.

use std::collections::VecDeque;

/// Entries of a chunk.
const CHUNK: usize = 256;

/// First in, first out. Every call is O(1), and what it allocates or frees is a chunk at most.
pub(super) struct Chunks<T> {
    /// None but the first is empty, none but the last has room.
    chunks: VecDeque<VecDeque<T>>,
}

impl<T> Chunks<T> {
    pub(super) fn new() -> Self {
        Self { chunks: VecDeque::new() }
    }

    pub(super) fn push_back(&mut self, entry: T) {
        match self.chunks.back_mut() {
            Some(chunk) if chunk.len() < CHUNK => chunk.push_back(entry),
            _ => self.chunks.push_back(VecDeque::from([entry])),
        }
    }

    pub(super) fn pop_front(&mut self) -> Option<T> {
        let chunk = self.chunks.front_mut()?;
        let entry = chunk.pop_front();
        // The last is kept: its memory is used again.
        if chunk.is_empty() && self.chunks.len() > 1 {
            self.chunks.pop_front();
        }
        entry
    }

    pub(super) fn front(&self) -> Option<&T> {
        self.chunks.front()?.front()
    }

    pub(super) fn back(&self) -> Option<&T> {
        self.chunks.back()?.back()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.front().is_none()
    }

    /// O(1).
    pub(super) fn len(&self) -> usize {
        match (self.chunks.front(), self.chunks.back()) {
            (Some(first), Some(last)) if self.chunks.len() > 1 => {
                first.len() + last.len() + (self.chunks.len() - 2) * CHUNK
            }
            (first, _) => first.map_or(0, VecDeque::len),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.chunks.iter().flatten()
    }

    /// Entries that there is memory for.
    #[cfg(all(test, not(feature = "model")))]
    pub(super) fn capacity(&self) -> usize {
        self.chunks.iter().map(VecDeque::capacity).sum()
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
