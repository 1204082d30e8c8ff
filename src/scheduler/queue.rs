//! Waiting tasks of one kind, by priority.
//!
//! A lane holds the tasks of one priority, first in, first out. Removal is lazy: whoever takes an entry
//! asks the task table whether its task still waits (see `table.rs`), so cancelling costs the queue nothing.
//!
//! With aging, a task's effective priority is `priority + waited / aging`. All tasks age at the same
//! rate, so within a lane the head is always ahead, and only lane heads need to be compared.

use std::cmp::Ordering;
use std::collections::{BTreeMap, VecDeque};

use super::clock::Nanoseconds;

/// Empty lanes beyond this many are given up; fewer are kept so that a queue that runs dry and fills
/// again does not allocate each time.
const KEPT_LANES: usize = 8;

/// An empty lane with room for more than this gives its memory back.
const KEPT_CAPACITY: usize = 4096;

/// A priority, totally ordered. Callers pass finite numbers.
#[derive(Clone, Copy, PartialEq)]
struct Level(f64);

impl Eq for Level {}

impl Ord for Level {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Level {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// One waiting task: its slot, the sequence number that tells it from later tenants of the slot, and
/// when it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub slot: u32,
    pub sequence: u64,
    pub queued_at: Nanoseconds,
}

/// Where a task stands among others: its effective priority and its number.
pub(super) type Rank = (f64, u64);

/// Where an entry stands that has this effective priority.
pub(super) fn rank((priority, entry): (f64, &Entry)) -> Rank {
    (priority, entry.sequence)
}

/// Whether what stands at one place comes before what stands at another.
pub(super) fn is_ahead((priority, sequence): Rank, (other_priority, other): Rank) -> bool {
    priority > other_priority || (priority == other_priority && sequence < other)
}

pub(super) struct Queue {
    lanes: BTreeMap<Level, VecDeque<Entry>>,
    length: usize,
    aging: Option<f64>,
}

impl Queue {
    /// `aging`: nanoseconds of waiting that are worth one step of priority, or `None` for no aging.
    pub(super) fn new(aging: Option<f64>) -> Self {
        Self { lanes: BTreeMap::new(), length: 0, aging }
    }

    /// O(log p) in the number of distinct priorities; O(n) in those of its own, if some of them came later.
    pub(super) fn push(&mut self, priority: f64, entry: Entry) {
        self.length += 1;
        // 0 and -0 are one priority.
        let lane = self.lanes.entry(Level(priority + 0.0)).or_default();
        if lane.back().is_some_and(|last| last.queued_at > entry.queued_at) {
            // It has waited elsewhere, and longer than some that are here.
            lane.insert(lane.partition_point(|other| other.queued_at <= entry.queued_at), entry);
        } else {
            lane.push_back(entry);
        }
    }

    /// The priority that counts of a task that came at `queued_at`.
    fn effective(&self, priority: f64, queued_at: Nanoseconds, now: Nanoseconds) -> f64 {
        self.aging.map_or(priority, |step| priority + now.saturating_sub(queued_at) as f64 / step)
    }

    /// The lane whose head is to run next, and that head's effective priority.
    fn best(&self, now: Nanoseconds) -> Option<(Level, f64)> {
        let waiting = self.lanes.iter().rev().filter(|(_, lane)| !lane.is_empty());
        match self.aging {
            None => waiting.map(|(level, _)| (*level, level.0)).next(),
            Some(_) => waiting
                .map(|(level, lane)| (*level, self.effective(level.0, lane[0].queued_at, now)))
                // Of equals the later in this walk is lower in base priority, so it came earlier.
                .max_by(|a, b| a.1.total_cmp(&b.1)),
        }
    }

    /// The entry to run next, with its effective priority. Costs as much as [`Queue::pop`].
    pub(super) fn peek(&self, now: Nanoseconds) -> Option<(f64, &Entry)> {
        let (level, priority) = self.best(now)?;
        Some((priority, self.lanes[&level].front()?))
    }

    /// The entry to run next. O(log p) in the number of distinct priorities, O(p) with aging.
    pub(super) fn pop(&mut self, now: Nanoseconds) -> Option<Entry> {
        let (level, lane) = if self.aging.is_none() {
            // One walk instead of two: this is done for every task.
            self.lanes
                .iter_mut()
                .rev()
                .find(|(_, lane)| !lane.is_empty())
                .map(|(level, lane)| (*level, lane))?
        } else {
            let (level, _) = self.best(now)?;
            (level, self.lanes.get_mut(&level)?)
        };
        let entry = lane.pop_front();
        self.length -= 1;
        if lane.is_empty() {
            if lane.capacity() > KEPT_CAPACITY {
                *lane = VecDeque::new();
            }
            if self.lanes.len() > KEPT_LANES {
                self.lanes.remove(&level);
            }
        }
        entry
    }

    /// The `most` first entries of tasks that wait, with their priorities. O(`most` × p).
    pub(super) fn first(
        &self,
        most: usize,
        now: Nanoseconds,
        waits: impl Fn(&Entry) -> bool,
    ) -> Vec<(f64, Entry)> {
        let mut lanes: Vec<_> = self
            .lanes
            .iter()
            .rev()
            .map(|(level, lane)| (level.0, lane.iter().filter(|entry| waits(entry)).peekable()))
            .collect();
        let mut first = Vec::new();
        while first.len() < most {
            let heads = lanes.iter_mut().enumerate().filter_map(|(place, (level, lane))| {
                let entry = lane.peek()?;
                Some((place, (self.effective(*level, entry.queued_at, now), entry.sequence)))
            });
            let best = heads.reduce(|best, other| if is_ahead(other.1, best.1) { other } else { best });
            let Some((place, _)) = best else { break };
            let (level, lane) = &mut lanes[place];
            first.extend(lane.next().map(|entry| (*level, *entry)));
        }
        first
    }

    /// Every entry, highest base priority first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (f64, &Entry)> {
        self.lanes.iter().rev().flat_map(|(level, lane)| lane.iter().map(|entry| (level.0, entry)))
    }

    /// Once entries whose task has left outnumber the `waiting` ones, takes them out. O(1) amortised.
    pub(super) fn tidy(&mut self, waiting: usize, mut waits: impl FnMut(&Entry) -> bool) {
        if self.length > 2 * waiting + KEPT_CAPACITY {
            self.lanes.values_mut().for_each(|lane| lane.retain(&mut waits));
            self.length = waiting;
        }
    }

    /// Takes every entry.
    pub(super) fn take(&mut self) -> Self {
        let empty = Self::new(self.aging);
        std::mem::replace(self, empty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry(sequence: u64, queued_at: u64) -> Entry {
        Entry { slot: sequence as u32, sequence, queued_at }
    }

    fn order(queue: &mut Queue, now: u64) -> Vec<u64> {
        std::iter::from_fn(|| queue.pop(now)).map(|entry| entry.sequence).collect()
    }

    #[test]
    fn higher_priorities_come_first_and_equals_in_order() {
        let mut queue = Queue::new(None);
        for (sequence, priority) in [(0, 0.0), (1, 10.0), (2, -5.5), (3, 10.0), (4, -0.0), (5, 1e300)] {
            queue.push(priority, entry(sequence, 0));
        }
        assert_eq!(order(&mut queue, 0), [5, 1, 3, 0, 4, 2]);
    }

    #[test]
    fn with_aging_an_old_low_task_overtakes_a_fresh_high_one() {
        let mut queue = Queue::new(Some(100.0));
        queue.push(0.0, entry(0, 0));
        queue.push(5.0, entry(1, 400));
        queue.push(5.0, entry(2, 600));
        assert_eq!(order(&mut queue, 1000), [1, 0, 2]);
    }

    #[test]
    fn entries_of_tasks_that_left_do_not_pile_up() {
        let mut queue = Queue::new(None);
        for sequence in 0..100_000 {
            queue.push(0.0, entry(sequence, 0));
            queue.tidy(1, |entry| entry.sequence == 0 || entry.sequence == sequence);
            assert!(queue.iter().count() <= KEPT_CAPACITY + 3);
        }
        assert_eq!(queue.pop(0), Some(entry(0, 0)));
    }

    #[test]
    fn one_that_has_waited_elsewhere_comes_before_those_that_came_later() {
        for aging in [None, Some(100.0)] {
            let mut queue = Queue::new(aging);
            for (sequence, queued_at) in [(1, 10), (4, 40), (2, 20), (3, 20), (0, 5)] {
                queue.push(0.0, entry(sequence, queued_at));
            }
            assert_eq!(order(&mut queue, 1000), [0, 1, 2, 3, 4]);
        }
    }

    #[test]
    fn without_aging_a_low_task_waits_however_old_it_is() {
        let mut queue = Queue::new(None);
        queue.push(0.0, entry(0, 0));
        queue.push(0.001, entry(1, u64::MAX / 2));
        assert_eq!(order(&mut queue, u64::MAX), [1, 0]);
    }

    proptest! {
        #[test]
        fn the_order_is_that_of_a_stable_sort(priorities in prop::collection::vec(-50i8..50, 0..200)) {
            let mut queue = Queue::new(None);
            for (sequence, priority) in priorities.iter().enumerate() {
                queue.push(f64::from(*priority), entry(sequence as u64, sequence as u64));
            }
            let mut expected: Vec<u64> = (0..priorities.len() as u64).collect();
            expected.sort_by_key(|sequence| -i32::from(priorities[*sequence as usize]));
            prop_assert_eq!(order(&mut queue, 1_000_000), expected);
        }

        #[test]
        fn the_aged_order_is_that_of_the_effective_priorities(
            tasks in prop::collection::vec((-50i8..50, 0u64..10_000), 0..200)
        ) {
            let mut queue = Queue::new(Some(100.0));
            let mut tasks = tasks;
            tasks.sort_by_key(|task| task.1); // tasks arrive in the order of time
            for (sequence, (priority, at)) in tasks.iter().enumerate() {
                queue.push(f64::from(*priority), entry(sequence as u64, *at));
            }
            // Effective priority in hundredths, exact in integers.
            let effective = |sequence: u64| {
                let (priority, at) = tasks[sequence as usize];
                i64::from(priority) * 100 + (20_000 - at as i64)
            };
            let taken = order(&mut queue, 20_000);
            prop_assert_eq!(taken.len(), tasks.len());
            for pair in taken.windows(2) {
                prop_assert!(effective(pair[0]) >= effective(pair[1]));
            }
        }
    }
}
