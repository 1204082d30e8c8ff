//! The waiting tasks of one priority, first in, first out.
//!
//! A lane is made of *runs*, each in order: nearly always of one. A queue that is given back adds its runs to another's as
//! they are, so that it costs the same however long it is; whoever takes compares the heads.

use smallvec::SmallVec;

use super::chunks::Chunks;
use super::clock::Nanoseconds;
use super::entry::Entry;

/// Entries of tasks that left are swept out of a lane once there are more than these...
const KEPT_STALE: usize = 256;

/// ...so many looked at for each that leaves.
const SWEPT: usize = 8;

/// A lane of more runs than this is made into one.
const MOST_RUNS: usize = 8;

pub(super) type Run = Chunks<Entry>;

/// The tasks of one priority.
#[derive(Default)]
pub(super) struct Lane {
    /// Each in order of time. Of equal heads, that of the earlier run comes first.
    runs: SmallVec<[Run; 1]>,
    /// Whether the first is what the sweep has let through, in order, and the others are what it has yet to see.
    sweeps: bool,
    live: usize,
}

impl Lane {
    /// How many tasks of its entries wait. With none there is no entry.
    #[inline]
    pub(super) fn live(&self) -> usize {
        self.live
    }

    /// Its entries, run by run.
    pub(super) fn runs(&self) -> impl Iterator<Item = &Run> {
        self.runs.iter()
    }

    /// Which run's head comes first. O(runs).
    fn first(&self) -> Option<usize> {
        match &self.runs[..] {
            [] => None,
            [run] => (!run.is_empty()).then_some(0),
            runs => first_of(runs.iter()),
        }
    }

    pub(super) fn head(&self) -> Option<&Entry> {
        self.runs[self.first()?].front()
    }

    /// O(runs).
    pub(super) fn push(&mut self, entry: Entry) {
        self.live += 1;
        // The run with the latest end that it may follow; whether that has others before it does not matter.
        let fits = |run: &Run| run.back().is_none_or(|last| last.queued_at <= entry.queued_at);
        let run = match &self.runs[..] {
            [run] if fits(run) => Some(0),
            runs => {
                let ends = runs.iter().enumerate().filter(|(_, run)| fits(run));
                ends.max_by_key(|(_, run)| run.back().map(|last| last.queued_at)).map(|(index, _)| index)
            }
        };
        match run {
            Some(run) => self.runs[run].push_back(entry),
            None => {
                let mut run = Run::new();
                run.push_back(entry);
                self.add(run);
            }
        }
    }

    /// Takes in what waits in another lane, run by run.
    pub(super) fn append(&mut self, other: Self) {
        self.live += other.live;
        for run in other.runs.into_iter().filter(|run| !run.is_empty()) {
            match self.runs.iter_mut().find(|run| run.is_empty()) {
                Some(empty) if !self.sweeps => *empty = run,
                _ => self.add(run),
            }
        }
    }

    /// Adds a run as it is.
    fn add(&mut self, run: Run) {
        self.runs.push(run);
        if self.runs.len() > MOST_RUNS {
            self.unite();
        }
    }

    /// Makes one run of all. O(n).
    fn unite(&mut self) {
        let mut runs = std::mem::take(&mut self.runs);
        let mut united = Run::new();
        while let Some(entry) = first_of(runs.iter()).and_then(|first| runs[first].pop_front()) {
            united.push_back(entry);
        }
        self.runs.push(united);
        self.sweeps = false;
    }

    /// The first entry, if its task `waits`; `None` in the place of one that has left. O(runs).
    #[inline]
    pub(super) fn pop(&mut self, waits: impl FnOnce(&Entry) -> bool) -> Option<Option<Entry>> {
        let entry = self.pop_entry()?;
        let waits = waits(&entry);
        self.live -= usize::from(waits);
        if self.live == 0 {
            self.end();
        }
        Some(waits.then_some(entry))
    }

    #[inline]
    fn pop_entry(&mut self) -> Option<Entry> {
        if let [run] = &mut self.runs[..] {
            return run.pop_front();
        }
        let first = self.first()?;
        let entry = self.runs[first].pop_front();
        self.drop_if_empty(first);
        entry
    }

    fn drop_if_empty(&mut self, run: usize) {
        if self.runs[run].is_empty() && self.runs.len() > 1 && !(self.sweeps && run == 0) {
            self.runs.remove(run);
        }
    }

    /// Nobody waits. Its memory is used again if there is no more than usual.
    fn end(&mut self) {
        self.sweeps = false;
        if self.runs.len() > 1 || self.head().is_some() {
            self.runs.clear();
        }
    }

    /// How many entries there are, those of tasks that left included.
    fn entries(&self) -> usize {
        self.runs.iter().map(Run::len).sum()
    }

    /// When the first came of those that wait. O(n) in entries of tasks that left before it.
    pub(super) fn oldest(&self, waits: impl Fn(&Entry) -> bool) -> Option<Nanoseconds> {
        if self.live == 0 {
            return None;
        }
        let firsts = self.runs.iter().filter_map(|run| run.iter().find(|entry| waits(entry)));
        firsts.map(|entry| entry.queued_at).min()
    }

    /// One task of the lane has left, and its entry stays behind: looks at a few entries, the first of those that this
    /// pass has not seen, and drops those that do not wait.
    pub(super) fn leave(&mut self, mut waits: impl FnMut(&Entry) -> bool) {
        self.live -= 1;
        if self.live == 0 {
            return self.end();
        }
        if self.entries() - self.live <= KEPT_STALE {
            return;
        }
        if !self.sweeps {
            self.add(Run::new());
            self.runs.rotate_right(1);
            self.sweeps = true;
        }
        for _ in 0..SWEPT {
            let Some(next) = first_of(self.runs.iter().skip(1)).map(|next| next + 1) else {
                self.sweeps = false; // it is through
                return;
            };
            let Some(head) = self.runs[next].front().copied() else { return };
            if self.runs[0].back().is_some_and(|last| last.queued_at > head.queued_at) {
                self.sweeps = false; // what was given back since is older: the next pass begins with that
                return;
            }
            self.runs[next].pop_front();
            if waits(&head) {
                self.runs[0].push_back(head);
            }
            self.drop_if_empty(next);
        }
    }
}

/// Which of these runs has the head that comes first.
fn first_of<'a>(runs: impl Iterator<Item = &'a Run>) -> Option<usize> {
    let heads = runs.enumerate().filter_map(|(index, run)| Some((run.front()?.queued_at, index)));
    heads.min().map(|(_, index)| index)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn entry(sequence: u64, queued_at: u64) -> Entry {
        Entry { slot: sequence as u32, sequence, queued_at }
    }

    fn order(lane: &mut Lane) -> Vec<u64> {
        std::iter::from_fn(|| lane.pop(|_| true)).flatten().map(|entry| entry.sequence).collect()
    }

    #[test]
    fn entries_of_tasks_that_left_do_not_pile_up_and_none_costs_more_than_a_few_looks() {
        let mut lane = Lane::default();
        let mut waiting = BTreeSet::new();
        for sequence in 0..50_000 {
            lane.push(entry(sequence, sequence));
            waiting.insert(sequence);
        }
        // Every second, from the last to the first: nothing of it is ever at the head.
        for sequence in (0..50_000).rev().filter(|sequence| sequence % 2 == 1) {
            waiting.remove(&sequence);
            let mut looks = 0;
            lane.leave(|entry| {
                looks += 1;
                waiting.contains(&entry.sequence)
            });
            assert!(looks <= SWEPT);
        }
        assert!(lane.entries() < waiting.len() + waiting.len() / 2, "{}", lane.entries());
        assert_eq!(lane.live(), 25_000);
        assert_eq!(lane.oldest(|entry| waiting.contains(&entry.sequence)), Some(0));
        let taken: Vec<u64> = std::iter::from_fn(|| lane.pop(|entry| waiting.contains(&entry.sequence)))
            .flatten()
            .map(|entry| entry.sequence)
            .collect();
        assert_eq!(taken, Vec::from_iter(waiting));
    }

    #[test]
    fn a_lane_that_is_taken_in_moves_no_entry_and_its_tasks_come_by_their_age() {
        let mut lane = Lane::default();
        let mut other = Lane::default();
        for sequence in 0..10_000 {
            lane.push(entry(2 * sequence, 2 * sequence));
            other.push(entry(2 * sequence + 1, 2 * sequence + 1));
        }
        let address = |lane: &Lane| lane.runs.last().and_then(Chunks::front).map(std::ptr::from_ref);
        let there = address(&other);
        lane.append(other);
        assert_eq!(address(&lane), there, "its entries are where they were");
        lane.push(entry(20_000, 20_000));
        assert_eq!(lane.runs.len(), 2);
        assert_eq!(lane.live(), 20_001);
        assert_eq!(order(&mut lane), Vec::from_iter(0..20_001));
    }

    #[test]
    fn older_ones_that_come_one_by_one_beside_newer_ones_make_no_more_runs() {
        let mut lane = Lane::default();
        for n in 0..1000 {
            lane.push(entry(1000 + n, 1000 + n));
            lane.push(entry(n, n));
        }
        assert_eq!(lane.runs.len(), 2);
        assert_eq!(order(&mut lane), Vec::from_iter(0..2000));
    }

    #[test]
    fn a_lane_does_not_get_more_runs_than_a_few() {
        let mut lane = Lane::default();
        for sequence in (0..100).rev() {
            lane.push(entry(sequence, sequence));
            assert!(lane.runs.len() <= MOST_RUNS);
        }
        assert_eq!(order(&mut lane), Vec::from_iter(0..100));
    }
}
