//! What the scheduler counts, and the picture of it that users get.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use hdrhistogram::Histogram;
use serde::Serialize;

use super::by_kind::ByKind;
use super::clock::{Nanoseconds, milliseconds};
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

/// Runs of a label after which it is known how long the next will take: the first few also load and compile.
const KNOWN: u64 = 8;

/// One task name's figures.
#[derive(Clone, Debug, Default)]
struct PerLabel {
    completed: u64,
    failed: u64,
    runs: u64,
    busy: Nanoseconds,
    longest: Nanoseconds,
    /// Time of the runs of late.
    recent: Nanoseconds,
}

/// How a task counts, now that it is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    Completed,
    Failed,
    TimedOut,
    Cancelled,
}

/// One task name's figures, times in milliseconds.
#[derive(Clone, Debug, Serialize)]
pub struct LabelSummary {
    /// The number the submitter gave the name.
    pub label: u32,
    /// Which executors run it.
    pub kind: Kind,
    /// Tasks that resolved.
    pub completed: u64,
    /// Tasks that ran and rejected, or timed out.
    pub failed: u64,
    /// Mean time of its runs, which are more than its tasks if some were tried again.
    pub mean: f64,
    /// Longest of its runs.
    pub max: f64,
}

pub(super) struct Statistics {
    counts: TaskCounts,
    wait: Times,
    run: Times,
    /// Of labels that tasks have run with and that are not forgotten.
    labels: ByKind<HashMap<u32, PerLabel, BuildHasherDefault<Spread>>>,
}

/// Labels are consecutive numbers that nobody chooses to do harm: a multiplication spreads them well enough, at a
/// fraction of what the usual hasher costs.
#[derive(Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u32(u32::from(*byte));
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.0 = (self.0 ^ u64::from(number)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Statistics {
    pub(super) fn new() -> Self {
        Self {
            counts: TaskCounts::default(),
            wait: Times::new(),
            run: Times::new(),
            labels: ByKind::new(|_| HashMap::default()),
        }
    }

    pub(super) fn submitted(&mut self) {
        self.counts.submitted += 1;
    }

    pub(super) fn started(&mut self, waited: Nanoseconds) {
        self.wait.record(waited);
    }

    /// A run is over, whatever became of its task.
    pub(super) fn ran(&mut self, kind: Kind, label: u32, time: Nanoseconds) {
        self.run.record(time);
        let figures = self.label(kind, label);
        figures.runs += 1;
        figures.busy += time;
        figures.longest = figures.longest.max(time);
        figures.recent =
            if figures.runs == 1 { time } else { figures.recent - figures.recent / 8 + time / 8 };
    }

    /// A task is over.
    pub(super) fn over(&mut self, kind: Kind, label: u32, count: Count) {
        let (total, own) = match count {
            Count::Completed => (&mut self.counts.completed, 1),
            Count::Failed => (&mut self.counts.failed, 0),
            Count::TimedOut => (&mut self.counts.timed_out, 0),
            Count::Cancelled => {
                self.counts.cancelled += 1;
                return;
            }
        };
        *total += 1;
        let figures = self.label(kind, label);
        figures.completed += own;
        figures.failed += 1 - own;
    }

    /// So many tasks are over at once, and nobody wants to know of what name they were.
    pub(super) fn forgotten(&mut self, tasks: usize) {
        self.counts.cancelled += tasks as u64;
    }

    /// A task is tried again.
    pub(super) fn retried(&mut self) {
        self.counts.retried += 1;
    }

    fn label(&mut self, kind: Kind, label: u32) -> &mut PerLabel {
        self.labels[kind].entry(label).or_default()
    }

    /// Forgets the figures of labels that no task has.
    pub(super) fn forget(&mut self, kind: Kind, labels: &[u32]) {
        for label in labels {
            self.labels[kind].remove(label);
        }
    }

    /// How long a run of this label will take, by those of late; `None` if there were too few to tell.
    pub(super) fn expected(&self, kind: Kind, label: u32) -> Option<Nanoseconds> {
        let figures = self.labels[kind].get(&label)?;
        (figures.runs >= KNOWN).then_some(figures.recent)
    }

    /// Mean time of a label's runs in milliseconds, and how many there were.
    pub(super) fn usual(&self, kind: Kind, label: u32) -> (f64, u64) {
        self.labels[kind].get(&label).map_or((0.0, 0), |figures| {
            (milliseconds(figures.busy) / figures.runs.max(1) as f64, figures.runs)
        })
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

    pub(super) fn per_task(&self) -> Vec<LabelSummary> {
        let mut summaries = Vec::new();
        for kind in Kind::BOTH {
            let first = summaries.len();
            for (label, figures) in &self.labels[kind] {
                if figures.completed + figures.failed > 0 {
                    summaries.push(LabelSummary {
                        label: *label,
                        kind,
                        completed: figures.completed,
                        failed: figures.failed,
                        mean: milliseconds(figures.busy) / figures.runs.max(1) as f64,
                        max: milliseconds(figures.longest),
                    });
                }
            }
            summaries[first..].sort_unstable_by_key(|summary| summary.label);
        }
        summaries
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
