//! The picture of the core that users get.

use super::Kind;
use super::clock::{Nanoseconds, milliseconds};
use super::core::Core;
use super::queue::Queue;
use super::statistics::{QueueSummary, Snapshot};
use super::table::Stage;

impl<J, O> Core<J, O> {
    pub(super) fn snapshot(&self, now: Nanoseconds) -> Snapshot {
        let mut by_priority: Vec<(f64, usize)> = Vec::new();
        let mut oldest: Option<Nanoseconds> = None;
        for (priority, entry) in self.queues.iter().flat_map(Queue::iter) {
            if !self.table.get(entry.slot).is_some_and(|task| task.is_waiting(entry)) {
                continue;
            }
            oldest = Some(oldest.map_or(entry.queued_at, |oldest| oldest.min(entry.queued_at)));
            match by_priority.iter_mut().find(|level| level.0 == priority) {
                Some(level) => level.1 += 1,
                None => by_priority.push((priority, 1)),
            }
        }
        by_priority.sort_by(|a, b| b.0.total_cmp(&a.0));
        let running_since = |slot| match self.table.get(slot)?.stage {
            Stage::Running { since } => Some(since),
            _ => None,
        };
        let per_worker: Vec<_> = [Kind::JavaScript, Kind::Native]
            .into_iter()
            .flat_map(|kind| self.crews[kind as usize].per_executor(kind, now, running_since))
            .collect();
        let utilizations = per_worker.iter().map(|executor| executor.utilization);
        Snapshot {
            workers: self.crews[0].summary(),
            native_threads: self.crews[1].summary(),
            queue: QueueSummary {
                length: self.waiting.iter().sum(),
                oldest_age: milliseconds(oldest.map_or(0, |oldest| now.saturating_sub(oldest))),
                by_priority,
            },
            tasks: self.statistics.counts(),
            wait_time: self.statistics.wait_time(),
            run_time: self.statistics.run_time(),
            // Nobody's sum is negative zero.
            utilization: (utilizations.sum::<f64>() / per_worker.len().max(1) as f64).abs(),
            per_worker,
            per_task: self.statistics.per_task(),
        }
    }
}
