//! Where tasks were sent that may not go to whoever asks first.

use std::collections::{HashMap, VecDeque};

/// A key that no task has is remembered until so many other tasks with keys are over.
const REMEMBERED: usize = 1 << 16;

/// Of one key.
struct Home {
    /// The worker that its tasks run on; it may be gone.
    worker: Option<u32>,
    /// Its unsettled tasks.
    tasks: u32,
    /// How many tasks with keys were over when its last one was.
    idle_at: u64,
}

#[derive(Default)]
pub(super) struct Homes {
    by_key: HashMap<u64, Home>,
    /// The keys of the last tasks that were over, and when that was. The oldest first.
    over: VecDeque<(u64, u64)>,
    /// Tasks with keys that are over.
    count: u64,
    /// The worker that was last in turn.
    pub last: u32,
}

impl Homes {
    /// A task with this key has come. O(1).
    pub(super) fn begin(&mut self, key: u64) {
        self.by_key.entry(key).or_insert(Home { worker: None, tasks: 0, idle_at: 0 }).tasks += 1;
    }

    /// A task with this key is over. O(1).
    pub(super) fn end(&mut self, key: u64) {
        let Some(home) = self.by_key.get_mut(&key) else { return };
        home.tasks -= 1;
        home.idle_at = self.count;
        self.over.push_back((key, self.count));
        self.count += 1;
        if self.over.len() <= REMEMBERED {
            return;
        }
        let Some((oldest, at)) = self.over.pop_front() else { return };
        if self.by_key.get(&oldest).is_some_and(|home| home.tasks == 0 && home.idle_at == at) {
            self.by_key.remove(&oldest);
        }
    }

    /// The worker of a key, if it has one; it may be gone.
    pub(super) fn of(&self, key: u64) -> Option<u32> {
        self.by_key.get(&key)?.worker
    }

    /// The tasks of a key, of which there is one, run on this worker from now on.
    pub(super) fn settle(&mut self, key: u64, worker: u32) {
        if let Some(home) = self.by_key.get_mut(&key) {
            home.worker = Some(worker);
        }
    }

    /// Forgets every task.
    pub(super) fn forget_tasks(&mut self) {
        *self = Self::default();
    }
}

#[cfg(all(test, not(feature = "model")))]
mod tests {
    use super::*;

    fn run(homes: &mut Homes, key: u64, worker: u32) {
        homes.begin(key);
        if homes.of(key).is_none() {
            homes.settle(key, worker);
        }
        homes.end(key);
    }

    #[test]
    fn a_key_is_forgotten_after_so_many_other_tasks() {
        let mut homes = Homes::default();
        run(&mut homes, 1, 7);
        for other in 0..REMEMBERED as u64 - 1 {
            run(&mut homes, 10 + other, 8);
        }
        assert_eq!(homes.of(1), Some(7));
        run(&mut homes, 2, 8);
        assert_eq!(homes.of(1), None);
        assert_eq!((homes.by_key.len(), homes.over.len()), (REMEMBERED, REMEMBERED));
    }

    #[test]
    fn a_key_that_a_task_has_stays() {
        let mut homes = Homes::default();
        homes.begin(1);
        homes.settle(1, 7);
        for other in 0..3 * REMEMBERED as u64 {
            run(&mut homes, 10 + other, 8);
        }
        assert_eq!(homes.of(1), Some(7));
        homes.end(1);
        assert_eq!(homes.of(1), Some(7));
    }

    #[test]
    fn one_that_comes_again_counts_from_then() {
        let mut homes = Homes::default();
        run(&mut homes, 1, 7);
        for other in 0..3 * REMEMBERED as u64 {
            run(&mut homes, 10 + other % 5, 8);
            if other % 1000 == 0 {
                run(&mut homes, 1, 9);
            }
        }
        assert_eq!(homes.of(1), Some(7));
        assert!(homes.by_key.len() <= 6);
    }
}
