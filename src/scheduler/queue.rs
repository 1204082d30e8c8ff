//! Waiting tasks of one kind, by priority.
//!
//! A lane holds the tasks of one priority, first in, first out. Removal is lazy: whoever takes an entry
//! asks the task table whether its task still waits (see `table.rs`), so cancelling costs the queue little.
//!
//! With aging, a task's effective priority is `priority + waited / aging`. All tasks age at the same
//! rate, so within a lane the head is always ahead, and only lane heads need to be compared.
//!
//! A lane is made of *runs*, each in order: nearly always of one. A queue that is given back adds its runs to another's as
//! they are, so that it costs the same however long it is; whoever takes compares the heads.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use smallvec::SmallVec;

use super::chunks::Chunks;
use super::clock::Nanoseconds;

/// Empty lanes beyond this many are given up; fewer are kept so that a queue that runs dry and fills
/// again does not allocate each time.
const KEPT_LANES: usize = 8;

/// Entries of tasks that left are swept out of a lane once there are more than these...
const KEPT_STALE: usize = 256;

/// ...so many looked at for each that leaves.
const SWEPT: usize = 8;

/// A lane of more runs than this is made into one.
const MOST_RUNS: usize = 8;

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

type Run = Chunks<Entry>;

/// The tasks of one priority.
#[derive(Default)]
struct Lane {
    /// Each in order of time. Of equal heads, that of the earlier run comes first.
    runs: SmallVec<[Run; 1]>,
    /// Whether the first is what the sweep has let through, in order, and the others are what it has yet to see.
    sweeps: bool,
    /// How many tasks of its entries wait. With none there is no entry.
    live: usize,
}

impl Lane {
    /// Which run's head comes first. O(runs).
    fn first(&self) -> Option<usize> {
        match &self.runs[..] {
            [] => None,
            [run] => (!run.is_empty()).then_some(0),
            runs => first_of(runs.iter()),
        }
    }

    fn head(&self) -> Option<&Entry> {
        self.runs[self.first()?].front()
    }

    /// O(runs).
    fn push(&mut self, entry: Entry) {
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

    fn pop(&mut self) -> Option<Entry> {
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

    fn entries(&self) -> usize {
        self.runs.iter().map(Run::len).sum()
    }

    /// One task of the lane has left, and its entry stays behind: looks at a few entries, the first of those that this
    /// pass has not seen, and drops those that do not wait.
    fn leave(&mut self, mut waits: impl FnMut(&Entry) -> bool) {
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
        for (level, lane) in other.lanes.into_iter().filter(|(_, lane)| lane.live > 0) {
            let own = self.lanes.entry(level).or_default();
            own.live += lane.live;
            for run in lane.runs.into_iter().filter(|run| !run.is_empty()) {
                match own.runs.iter_mut().find(|run| run.is_empty()) {
                    Some(empty) if !own.sweeps => *empty = run,
                    _ => own.add(run),
                }
            }
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
            lanes.find(|(_, lane)| lane.live > 0).map(|(level, lane)| (*level, lane))?
        } else {
            let (level, _) = self.best(now)?;
            (level, self.lanes.get_mut(&level)?)
        };
        let entry = lane.pop()?;
        let waits = waits(&entry);
        lane.live -= usize::from(waits);
        if lane.live == 0 {
            lane.end();
            if self.lanes.len() > KEPT_LANES {
                self.lanes.remove(&level);
            }
        }
        Some(waits.then_some((level.0, entry)))
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
        let lanes = self.lanes.iter().rev().filter(|(_, lane)| lane.live > 0);
        let mut runs: Vec<_> = lanes
            .flat_map(|(level, lane)| lane.runs.iter().map(|run| (level.0, run)))
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
        if lane.live == 0 && self.lanes.len() > KEPT_LANES {
            self.lanes.remove(&level);
        }
    }

    /// Every entry, highest base priority first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (f64, &Entry)> {
        let runs =
            self.lanes.iter().rev().flat_map(|(level, lane)| lane.runs.iter().map(|run| (level.0, run)));
        runs.flat_map(|(priority, run)| run.iter().map(move |entry| (priority, entry)))
    }

    /// How many wait of each priority, if any do.
    pub(super) fn lengths(&self) -> impl Iterator<Item = (f64, usize)> {
        self.lanes.iter().filter(|(_, lane)| lane.live > 0).map(|(level, lane)| (level.0, lane.live))
    }

    /// When the first came of those that wait. O(p), and O(n) in entries of tasks that left before it.
    pub(super) fn oldest(&self, waits: impl Fn(&Entry) -> bool) -> Option<Nanoseconds> {
        let lanes = self.lanes.values().filter(|lane| lane.live > 0);
        let firsts =
            lanes.flat_map(|lane| lane.runs.iter().filter_map(|run| run.iter().find(|entry| waits(entry))));
        firsts.map(|entry| entry.queued_at).min()
    }

    /// Takes every entry.
    pub(super) fn take(&mut self) -> Self {
        let empty = Self::new(self.aging);
        std::mem::replace(self, empty)
    }

    /// How many entries there are, those of tasks that left included.
    #[cfg(test)]
    fn entries(&self) -> usize {
        self.lanes.values().map(Lane::entries).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

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
    fn entries_of_tasks_that_left_do_not_pile_up_and_none_costs_more_than_a_few_looks() {
        let mut queue = Queue::new(None);
        let mut waiting = BTreeSet::new();
        for sequence in 0..50_000 {
            queue.push(0.0, entry(sequence, sequence));
            waiting.insert(sequence);
        }
        // Every second, from the last to the first: nothing of it is ever at the head.
        for sequence in (0..50_000).rev().filter(|sequence| sequence % 2 == 1) {
            waiting.remove(&sequence);
            let mut looks = 0;
            queue.leave(0.0, |entry| {
                looks += 1;
                waiting.contains(&entry.sequence)
            });
            assert!(looks <= SWEPT);
        }
        assert!(queue.entries() < waiting.len() + waiting.len() / 2, "{}", queue.entries());
        assert_eq!(queue.lengths().collect::<Vec<_>>(), [(0.0, 25_000)]);
        assert_eq!(queue.oldest(|entry| waiting.contains(&entry.sequence)), Some(0));
        let taken: Vec<u64> = std::iter::from_fn(|| queue.pop(0, |entry| waiting.contains(&entry.sequence)))
            .flatten()
            .map(|(_, entry)| entry.sequence)
            .collect();
        assert_eq!(taken, Vec::from_iter(waiting));
    }

    #[test]
    fn a_queue_that_is_taken_in_moves_no_entry_and_its_tasks_come_by_their_age() {
        let mut queue = Queue::new(None);
        let mut other = Queue::new(None);
        for sequence in 0..10_000 {
            queue.push(0.0, entry(2 * sequence, 2 * sequence));
            other.push(0.0, entry(2 * sequence + 1, 2 * sequence + 1));
        }
        let address = |queue: &Queue| {
            queue.lanes[&Level(0.0)].runs.last().and_then(Chunks::front).map(std::ptr::from_ref)
        };
        let there = address(&other);
        queue.append(other);
        assert_eq!(address(&queue), there, "its entries are where they were");
        queue.push(0.0, entry(20_000, 20_000));
        assert_eq!(queue.lanes[&Level(0.0)].runs.len(), 2);
        assert_eq!(queue.lengths().collect::<Vec<_>>(), [(0.0, 20_001)]);
        assert_eq!(order(&mut queue, 0), Vec::from_iter(0..20_001));
    }

    #[test]
    fn older_ones_that_come_one_by_one_beside_newer_ones_make_no_more_runs() {
        let mut queue = Queue::new(None);
        for n in 0..1000 {
            queue.push(0.0, entry(1000 + n, 1000 + n));
            queue.push(0.0, entry(n, n));
        }
        assert_eq!(queue.lanes[&Level(0.0)].runs.len(), 2);
        assert_eq!(order(&mut queue, 0), Vec::from_iter(0..2000));
    }

    #[test]
    fn a_lane_does_not_get_more_runs_than_a_few() {
        let mut queue = Queue::new(None);
        for sequence in (0..100).rev() {
            queue.push(0.0, entry(sequence, sequence));
            assert!(queue.lanes[&Level(0.0)].runs.len() <= MOST_RUNS);
        }
        assert_eq!(order(&mut queue, 0), Vec::from_iter(0..100));
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
