//! The picture of the core that users get.

use std::collections::HashSet;

use super::clock::{Nanoseconds, milliseconds};
use super::core::Core;
use super::entry::Entry;
use super::queue::Queue;
use super::statistics::{QueueSummary, RunSummary, Snapshot};
use super::table::Stage;
use super::types::Kind;

impl<J, O> Core<J, O> {
    pub(super) fn snapshot(&self, now: Nanoseconds) -> Snapshot {
        let spoken = Kind::BOTH.into_iter().flat_map(|kind| self.spoken_for(kind, now));
        let spoken: Vec<(f64, u64)> = spoken.map(|(priority, entry)| (priority, entry.sequence)).collect();
        let taken: HashSet<u64> = spoken.iter().map(|(_, sequence)| *sequence).collect();
        let own = self.sides[Kind::JavaScript].crew.iter().filter_map(|(_, worker)| worker.own.as_ref());
        let queues: Vec<&Queue> = self.sides.iter().map(|side| &side.queue).chain(own).collect();
        let waits = |entry: &Entry| self.table.is_waiting(entry) && !taken.contains(&entry.sequence);
        let oldest = queues.iter().filter_map(|queue| queue.oldest(waits)).min();
        let mut by_priority: Vec<(f64, usize)> = queues.iter().flat_map(|queue| queue.lengths()).collect();
        by_priority.sort_by(|a, b| b.0.total_cmp(&a.0));
        by_priority.dedup_by(|next, level| {
            let same = level.0 == next.0;
            level.1 += if same { next.1 } else { 0 };
            same
        });
        for (priority, _) in &spoken {
            let level = by_priority.iter_mut().find(|level| level.0 == *priority);
            level.expect("it waits").1 -= 1;
        }
        by_priority.retain(|level| level.1 > 0);
        let crew = |kind| &self.sides[kind].crew;
        let per_worker: Vec<_> =
            Kind::BOTH.into_iter().flat_map(|kind| crew(kind).per_executor(kind, now)).collect();
        let running = Kind::BOTH.into_iter().flat_map(|kind| self.running(kind, now)).collect();
        let waiting = self.waiting() - spoken.len();
        let held = self.held(waiting);
        let utilizations = per_worker.iter().map(|executor| executor.utilization);
        Snapshot {
            workers: crew(Kind::JavaScript).summary(),
            native_threads: crew(Kind::Native).summary(),
            queue: QueueSummary {
                length: waiting - held,
                held,
                oldest_age: milliseconds(oldest.map_or(0, |oldest| now.saturating_sub(oldest))),
                by_priority,
            },
            tasks: self.statistics.counts(),
            wait_time: self.statistics.wait_time(),
            run_time: self.statistics.run_time(),
            // Nobody's sum is negative zero.
            utilization: (utilizations.sum::<f64>() / per_worker.len().max(1) as f64).abs(),
            per_worker,
            per_task: self.statistics.labels.summaries(),
            running,
        }
    }

    /// What the executors of a kind run.
    fn running(&self, kind: Kind, now: Nanoseconds) -> impl Iterator<Item = RunSummary> {
        let executors = self.sides[kind].crew.iter();
        let runs = executors.flat_map(|(id, executor)| executor.runs.iter().map(move |run| (id, run)));
        runs.filter_map(move |(executor, run)| {
            // A run that was told to stop may be all that is left of its task.
            let task = self.table.find(run.slot)?;
            let Stage::Running { run: number, since, .. } = task.stage else { return None };
            let (usual, runs) = self.statistics.labels.usual(task.figures);
            let running_for = milliseconds(now.saturating_sub(since));
            (number == run.number).then_some(RunSummary {
                label: task.label,
                kind,
                executor,
                running_for,
                usual,
                runs,
            })
        })
    }
}
