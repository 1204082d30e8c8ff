//! One of something for each kind of executor.

use std::ops::{Index, IndexMut};

use super::types::Kind;

/// Reached by its kind.
pub(super) struct ByKind<T> {
    workers: T,
    threads: T,
}

impl<T> ByKind<T> {
    pub(super) fn new(mut make: impl FnMut(Kind) -> T) -> Self {
        Self { workers: make(Kind::JavaScript), threads: make(Kind::Native) }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        [&self.workers, &self.threads].into_iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        [&mut self.workers, &mut self.threads].into_iter()
    }
}

impl<T> Index<Kind> for ByKind<T> {
    type Output = T;

    fn index(&self, kind: Kind) -> &T {
        match kind {
            Kind::JavaScript => &self.workers,
            Kind::Native => &self.threads,
        }
    }
}

impl<T> IndexMut<Kind> for ByKind<T> {
    fn index_mut(&mut self, kind: Kind) -> &mut T {
        match kind {
            Kind::JavaScript => &mut self.workers,
            Kind::Native => &mut self.threads,
        }
    }
}
