//! What the scheduler counts, and the picture of it that users get.

use hdrhistogram::Histogram;
use serde::Serialize;

use super::clock::{Nanoseconds, milliseconds};
use super::labels::{LabelSummary, Labels, Place};
use super::types::Kind;

/// Run and wait times are kept to two significant figures, from a nanosecond to an hour.
const LONGEST: Nanoseconds = 3_600_000_000_000;

/// A distribution of times: O(1) to record, constant memory.
struct Times {
    histogram: Histogram<u64>,
    total: u128,
}

impl Times {
    fn new() -> Self {
        let histogram = Histogram::new_with_bounds(1, LONGEST, 2).expect("the bounds are valid");
        Self { histogram, total: 0 }
    }

    fn record(&mut self, time: Nanoseconds) {
        self.histogram.saturating_record(time.max(1));
        self.total += u128::from(time);
    }

    fn summary(&self) -> TimesSummary {
        let count = self.histogram.len();
        if count == 0 {
            return TimesSummary::default();
        }
        let quantile = |q| milliseconds(self.histogram.value_at_quantile(q));
        TimesSummary {
            mean: self.total as f64 / count as f64 / 1e6,
            p50: quantile(0.5),
            p90: quantile(0.9),
            p99: quantile(0.99),
            max: milliseconds(self.histogram.max()),
        }
    }
}

/// Milliseconds. All zero before the first task has run.
#[derive(Clone, Debug, Default, Serialize)]
pub struct TimesSummary {
    /// Arithmetic mean.
    pub mean: f64,
    /// Median.
    pub p50: f64,
    /// 90th percentile.
    pub p90: f64,
    /// 99th percentile.
    pub p99: f64,
    /// Largest.
    pub max: f64,
}

/// Numbers of tasks since the pool was made.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskCounts {
    /// Accepted by the pool.
    pub submitted: u64,
    /// Resolved.
    pub completed: u64,
    /// Rejected with an error of their own, or because their worker died.
    pub failed: u64,
    /// Rejected because they were aborted, the pool was terminated, or they were taken back before they ran.
    pub cancelled: u64,
    /// Rejected because they ran, or waited, too long.
    pub timed_out: u64,
    /// Runs after the first of their task.
    pub retried: u64,
}

/// How a task counts, now that it is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    Completed,
    Failed,
    TimedOut,
    Cancelled,
}

pub(super) struct Statistics {
    counts: TaskCounts,
    wait: Times,
    run: Times,
    pub labels: Labels,
}

impl Statistics {
    pub(super) fn new() -> Self {
        Self { counts: TaskCounts::default(), wait: Times::new(), run: Times::new(), labels: Labels::new() }
    }

    pub(super) fn submitted(&mut self) {
        self.counts.submitted += 1;
    }

    pub(super) fn started(&mut self, waited: Nanoseconds) {
        self.wait.record(waited);
    }

    /// A run is over, whatever became of its task.
    pub(super) fn ran(&mut self, label: Place, time: Nanoseconds) {
        self.run.record(time);
        self.labels.ran(label, time);
    }

    /// A task is over.
    pub(super) fn over(&mut self, label: Place, count: Count) {
        let total = match count {
            Count::Completed => &mut self.counts.completed,
            Count::Failed => &mut self.counts.failed,
            Count::TimedOut => &mut self.counts.timed_out,
            Count::Cancelled => {
                self.counts.cancelled += 1;
                return;
            }
        };
        *total += 1;
        self.labels.over(label, count == Count::Completed);
    }

    /// So many tasks are over at once, and nobody wants to know of what name they were.
    pub(super) fn forgotten(&mut self, tasks: usize) {
        self.counts.cancelled += tasks as u64;
    }

    /// A task is tried again.
    pub(super) fn retried(&mut self) {
        self.counts.retried += 1;
    }

    pub(super) fn counts(&self) -> TaskCounts {
        self.counts.clone()
    }

    pub(super) fn wait_time(&self) -> TimesSummary {
        self.wait.summary()
    }

    pub(super) fn run_time(&self) -> TimesSummary {
        self.run.summary()
    }
}

/// How many executors of one kind there are.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CrewSummary {
    /// All, those still starting included.
    pub total: usize,
    /// Running a task.
    pub busy: usize,
    /// Ready and without one.
    pub idle: usize,
    /// In reserve, or about to take the place of one whose task is being stopped; not among the others.
    #[serde(skip_serializing_if = "is_none")]
    pub spare: usize,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde passes references
fn is_none(count: &usize) -> bool {
    *count == 0
}

/// One executor's figures.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecutorSummary {
    /// Unique in the pool among executors of its kind.
    pub id: u32,
    /// What it runs.
    pub kind: Kind,
    /// Whether it is running a task.
    pub busy: bool,
    /// Tasks that ended on it, either way.
    pub tasks: u64,
    /// Milliseconds it has spent in tasks.
    pub busy_time: f64,
    /// The part of its life, from 0 to 1, that it has spent in tasks.
    pub utilization: f64,
}

/// What waits.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QueueSummary {
    /// Tasks that wait, of both kinds.
    pub length: usize,
    /// Those beyond the longest that the queue may be.
    pub held: usize,
    /// Milliseconds the longest waiting one has waited; 0 if nothing waits.
    pub oldest_age: f64,
    /// Priority and number of waiting tasks, highest first.
    pub by_priority: Vec<(f64, usize)>,
}

/// One run of this moment.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunSummary {
    /// The number the submitter gave the task's name.
    pub label: u32,
    /// What runs it.
    pub kind: Kind,
    /// Which of them.
    pub executor: u32,
    /// Milliseconds it has been running for.
    pub running_for: f64,
    /// Mean time of the label's runs so far, in milliseconds.
    pub usual: f64,
    /// How many those are.
    pub runs: u64,
}

/// A consistent picture of a scheduler: all of it was true at one moment.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// Workers.
    pub workers: CrewSummary,
    /// Native threads.
    pub native_threads: CrewSummary,
    /// What waits.
    pub queue: QueueSummary,
    /// What came and went.
    pub tasks: TaskCounts,
    /// From submit to start.
    pub wait_time: TimesSummary,
    /// From start to end.
    pub run_time: TimesSummary,
    /// The part of all executors' lives, from 0 to 1, that they have spent in tasks.
    pub utilization: f64,
    /// Every executor.
    pub per_worker: Vec<ExecutorSummary>,
    /// Every task name that has run.
    pub per_task: Vec<LabelSummary>,
    /// What runs.
    pub running: Vec<RunSummary>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_right_to_two_figures() {
        let mut times = Times::new();
        for millisecond in 1..=1000 {
            times.record(millisecond * 1_000_000);
        }
        let summary = times.summary();
        let near = |value: f64, expected: f64| (value - expected).abs() <= expected * 0.01;
        assert!(near(summary.mean, 500.5), "{summary:?}");
        assert!(near(summary.p50, 500.0), "{summary:?}");
        assert!(near(summary.p90, 900.0), "{summary:?}");
        assert!(near(summary.p99, 990.0), "{summary:?}");
        assert!(near(summary.max, 1000.0), "{summary:?}");
    }

    #[test]
    fn a_time_past_an_hour_counts_as_an_hour() {
        let mut times = Times::new();
        times.record(u64::MAX);
        assert!(times.summary().max >= 3_600_000.0);
    }
}
