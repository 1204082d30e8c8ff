//! The executors of one kind, by number.
//!
//! Every task looks for its executor a dozen times, and executors come and go a million times less often. Their numbers
//! grow, so they stand in order, and nearly always in a row: then the number says where.

use super::executor::Executor;

#[derive(Default)]
pub(super) struct Roster {
    /// In the order of their numbers.
    executors: Vec<(u32, Executor)>,
}

impl Roster {
    /// Adds one whose number is higher than any before.
    pub(super) fn add(&mut self, id: u32, executor: Executor) {
        debug_assert!(self.executors.last().is_none_or(|(last, _)| *last < id), "numbers grow");
        self.executors.push((id, executor));
    }

    /// Where the executor of this number stands. O(1) as long as nobody between it and the first is gone, else O(log e).
    #[inline]
    fn place(&self, id: u32) -> Option<usize> {
        let (first, _) = self.executors.first()?;
        let place = id.checked_sub(*first)? as usize;
        match self.executors.get(place) {
            Some((there, _)) if *there == id => Some(place),
            _ => self.executors.binary_search_by_key(&id, |(there, _)| *there).ok(),
        }
    }

    #[inline]
    pub(super) fn get(&self, id: u32) -> Option<&Executor> {
        Some(&self.executors[self.place(id)?].1)
    }

    #[inline]
    pub(super) fn get_mut(&mut self, id: u32) -> Option<&mut Executor> {
        let place = self.place(id)?;
        Some(&mut self.executors[place].1)
    }

    /// O(e): those after it move up.
    pub(super) fn remove(&mut self, id: u32) -> Option<Executor> {
        Some(self.executors.remove(self.place(id)?).1)
    }

    pub(super) fn retain(&mut self, stays: impl Fn(&Executor) -> bool) {
        self.executors.retain(|(_, executor)| stays(executor));
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.executors.len()
    }

    /// In the order of their numbers.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (u32, &Executor)> {
        self.executors.iter().map(|(id, executor)| (*id, executor))
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &Executor> {
        self.executors.iter().map(|(_, executor)| executor)
    }

    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut Executor> {
        self.executors.iter_mut().map(|(_, executor)| executor)
    }

    /// In the order of their numbers, those after `last` first.
    pub(super) fn after(&self, last: u32) -> impl Iterator<Item = (u32, &Executor)> {
        let (before, after) = self.executors.split_at(self.executors.partition_point(|(id, _)| *id <= last));
        after.iter().chain(before).map(|(id, executor)| (*id, executor))
    }
}

#[cfg(all(test, not(feature = "model")))]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::super::executor::Standing;
    use super::*;

    proptest! {
        #[test]
        fn everybody_is_found_who_is_there_whoever_is_gone(gone in prop::collection::vec(1u32..40, 0..60)) {
            let mut roster = Roster::default();
            let mut there = BTreeSet::new();
            let mut next = 1;
            for id in gone {
                roster.add(next, Executor::new(Standing::OnDuty, u64::from(next)));
                there.insert(next);
                next += 1;
                prop_assert_eq!(roster.remove(id).is_some(), there.remove(&id));
                for id in 0..next + 2 {
                    prop_assert_eq!(roster.get(id).map(|executor| executor.born), there.get(&id).map(|id| u64::from(*id)));
                    prop_assert_eq!(roster.get_mut(id).is_some(), there.contains(&id));
                }
                prop_assert!(roster.iter().map(|(id, _)| id).eq(there.iter().copied()));
                let turn = there.range(id + 1..).chain(there.range(..=id)).copied();
                prop_assert!(roster.after(id).map(|(id, _)| id).eq(turn));
                prop_assert_eq!(roster.len(), there.len());
            }
        }
    }
}
