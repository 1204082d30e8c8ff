//! Waiting tasks of one kind, by priority.
//!
//! Each priority has its lane (`lane.rs`). Removal is lazy: whoever takes an entry asks the task table
//! whether its task still waits (see `table.rs`), so cancelling costs the queue little.
//!
//! With aging, a task's effective priority is `priority + waited / aging`. All tasks age at the same
//! rate, so within a lane the head is always ahead, and only lane heads need to be compared.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::clock::Nanoseconds;
use super::entry::{Entry, is_ahead};
use super::lane::Lane;

/// Empty lanes beyond this many are given up; fewer are kept so that a queue that runs dry and fills
/// again does not allocate each time.
const KEPT_LANES: usize = 8;

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

pub(super) struct Queue {
    lanes: BTreeMap<Level, Lane>,
    aging: Option<f64>,
}

impl Queue {
    /// `aging`: nanoseconds of waiting that are worth one step of priority, or `None` for no aging.
    pub(super) fn new(aging: Option<f64>) -> Self {
        Self { lanes: BTreeMap::new(), aging }
    }

    /// O(log p) in the number of distinct priorities.
    pub(super) fn push(&mut self, priority: f64, entry: Entry) {
        // 0 and -0 are one priority.
        self.lanes.entry(Level(priority + 0.0)).or_default().push(entry);
    }

    /// Takes in what waits in another queue, which has waited since then wherever that was. O(p), whatever the length; O(n)
    /// in those of a priority once in a while, when too many queues have been taken in.
    pub(super) fn append(&mut self, other: Self) {
        for (level, lane) in other.lanes.into_iter().filter(|(_, lane)| lane.live() > 0) {
            self.lanes.entry(level).or_default().append(lane);
        }
    }

    /// The priority that counts of a task that came at `queued_at`.
    fn effective(&self, priority: f64, queued_at: Nanoseconds, now: Nanoseconds) -> f64 {
        self.aging.map_or(priority, |step| priority + now.saturating_sub(queued_at) as f64 / step)
    }

    /// The lane whose head is to run next, and that head's effective priority.
    fn best(&self, now: Nanoseconds) -> Option<(Level, f64)> {
        let mut heads = self.lanes.iter().rev().filter_map(|(level, lane)| Some((*level, lane.head()?)));
        match self.aging {
            None => heads.next().map(|(level, _)| (level, level.0)),
            Some(_) => heads
                .map(|(level, head)| (level, self.effective(level.0, head.queued_at, now)))
                // Of equals the later in this walk is lower in base priority, so it came earlier.
                .max_by(|a, b| a.1.total_cmp(&b.1)),
        }
    }

    /// The entry to run next, with its effective priority. Costs as much as [`Queue::pop`].
    pub(super) fn peek(&self, now: Nanoseconds) -> Option<(f64, &Entry)> {
        let (level, priority) = self.best(now)?;
        Some((priority, self.lanes[&level].head()?))
    }

    /// The entry to run next, and its priority, if its task `waits`; `None` in the place of one that has left. O(log p) in
    /// the number of distinct priorities, O(p) with aging.
    pub(super) fn pop(
        &mut self,
        now: Nanoseconds,
        waits: impl FnOnce(&Entry) -> bool,
    ) -> Option<Option<(f64, Entry)>> {
        let (level, lane) = if self.aging.is_none() {
            // One walk instead of two: this is done for every task.
            let mut lanes = self.lanes.iter_mut().rev();
            lanes.find(|(_, lane)| lane.live() > 0).map(|(level, lane)| (*level, lane))?
        } else {
            let (level, _) = self.best(now)?;
            (level, self.lanes.get_mut(&level)?)
        };
        let entry = lane.pop(waits)?;
        if lane.live() == 0 && self.lanes.len() > KEPT_LANES {
            self.lanes.remove(&level);
        }
        Some(entry.map(|entry| (level.0, entry)))
    }

    /// The `most` first entries of tasks that wait, with their priorities. O(`most` × p).
    pub(super) fn first(
        &self,
        most: usize,
        now: Nanoseconds,
        waits: impl Fn(&Entry) -> bool,
    ) -> Vec<(f64, Entry)> {
        if most == 0 {
            return Vec::new();
        }
        let lanes = self.lanes.iter().rev().filter(|(_, lane)| lane.live() > 0);
        let mut runs: Vec<_> = lanes
            .flat_map(|(level, lane)| lane.runs().map(|run| (level.0, run)))
            .map(|(level, run)| (level, run.iter().filter(|entry| waits(entry)).peekable()))
            .collect();
        let mut first = Vec::new();
        while first.len() < most {
            let heads = runs.iter_mut().enumerate().filter_map(|(place, (level, run))| {
                let entry = run.peek()?;
                Some((place, (self.effective(*level, entry.queued_at, now), entry.sequence)))
            });
            let best = heads.reduce(|best, other| if is_ahead(other.1, best.1) { other } else { best });
            let Some((place, _)) = best else { break };
            let (level, run) = &mut runs[place];
            first.extend(run.next().map(|entry| (*level, *entry)));
        }
        first
    }

    /// A task of this priority has left, which is not asked of again; `waits` says of others whether they have. Looks at a
    /// few entries.
    pub(super) fn leave(&mut self, priority: f64, waits: impl FnMut(&Entry) -> bool) {
        let level = Level(priority + 0.0);
        let Some(lane) = self.lanes.get_mut(&level) else { return };
        lane.leave(waits);
        if lane.live() == 0 && self.lanes.len() > KEPT_LANES {
            self.lanes.remove(&level);
        }
    }

    /// Every entry, highest base priority first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (f64, &Entry)> {
        let runs = self.lanes.iter().rev().flat_map(|(level, lane)| lane.runs().map(|run| (level.0, run)));
        runs.flat_map(|(priority, run)| run.iter().map(move |entry| (priority, entry)))
    }

    /// How many wait of each priority, if any do.
    pub(super) fn lengths(&self) -> impl Iterator<Item = (f64, usize)> {
        self.lanes.iter().filter(|(_, lane)| lane.live() > 0).map(|(level, lane)| (level.0, lane.live()))
    }

    /// When the first came of those that wait. O(p), and O(n) in entries of tasks that left before it.
    pub(super) fn oldest(&self, waits: impl Fn(&Entry) -> bool) -> Option<Nanoseconds> {
        self.lanes.values().filter_map(|lane| lane.oldest(&waits)).min()
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
        std::iter::from_fn(|| queue.pop(now, |_| true)).flatten().map(|(_, entry)| entry.sequence).collect()
    }

    #[test]
    fn lanes_that_nobody_waits_in_are_given_up_at_once() {
        let mut queue = Queue::new(None);
        for sequence in 0..1000 {
            queue.push(sequence as f64, entry(sequence, 0));
            queue.leave(sequence as f64, |_| false);
        }
        assert!(queue.lanes.len() <= KEPT_LANES + 1, "{} lanes", queue.lanes.len());
    }

    #[test]
    fn lanes_that_nobody_waits_in_are_not_taken_in() {
        let (mut queue, mut other) = (Queue::new(None), Queue::new(None));
        other.push(1.0, entry(1, 0));
        other.leave(1.0, |_| false);
        queue.append(other);
        assert!(queue.lanes.is_empty());
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
        /// Whatever is pushed, taken in, left and taken, in any order: each comes once, by its age, and the counts agree.
        #[test]
        fn a_queue_is_what_a_list_of_its_tasks_is(steps in prop::collection::vec((0u8..8, 0u64..1000), 0..600)) {
            let mut queue = Queue::new(None);
            let mut model: Vec<(u64, u64)> = vec![]; // queued at, sequence
            for (sequence, (what, number)) in (0..).zip(steps) {
                match what {
                    0..=3 => {
                        queue.push(0.0, entry(sequence, number));
                        model.push((number, sequence));
                    }
                    4 => {
                        let mut other = Queue::new(None);
                        for n in 0..number % 20 {
                            other.push(0.0, entry(1_000_000 + 1000 * sequence + n, number + n));
                            model.push((number + n, 1_000_000 + 1000 * sequence + n));
                        }
                        queue.append(other);
                    }
                    5 | 6 if !model.is_empty() => {
                        model.remove(number as usize % model.len());
                        let waits = |entry: &Entry| model.contains(&(entry.queued_at, entry.sequence));
                        queue.leave(0.0, waits);
                    }
                    _ => {
                        let waits = |entry: &Entry| model.contains(&(entry.queued_at, entry.sequence));
                        let popped = std::iter::from_fn(|| queue.pop(0, waits)).flatten().next();
                        let oldest = model.iter().map(|task| task.0).min();
                        prop_assert_eq!(popped.map(|(_, entry)| entry.queued_at), oldest);
                        let popped = popped.map(|(_, entry)| (entry.queued_at, entry.sequence));
                        model.retain(|task| Some(*task) != popped);
                    }
                }
                prop_assert_eq!(queue.lengths().map(|(_, length)| length).sum::<usize>(), model.len());
            }
        }

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
