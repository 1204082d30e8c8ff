//! Every unsettled task, by the slot its submitter gave it.
//!
//! The submitter keeps the promise of a task in a slot of its own table and frees the slot when the
//! promise has settled; here the same number finds the task. A task leaves this table exactly once, by
//! [`Table::remove`] or [`Table::drain`], and whoever removed it is the one that settles it.

use super::clock::Nanoseconds;
use super::queue::Entry;
use super::statistics::Count;
use super::{Kind, Limits};

/// Where a task is in its life. See `README.md`, "A task".
pub(super) enum Stage<J> {
    /// In its kind's queue, or in that of the worker it belongs to.
    Waiting(J),
    /// Given to an executor that cannot start before the submitter has delivered the input.
    Awaiting { executor: u32, job: J },
    /// On an executor. The job is `kept` for another try, if there is one left.
    Running { executor: u32, run: u64, since: Nanoseconds, kept: Option<J> },
    /// Failed, waiting for its next try.
    BackingOff { until: Nanoseconds, job: J },
    /// Failed; the submitter has been asked whether to try again.
    /// If nobody wants another try, it counts like this.
    Undecided { job: J, count: Count },
    /// Between two stages, within one step.
    Moving,
}

pub(super) struct Task<J> {
    pub sequence: u64,
    pub kind: Kind,
    pub label: u32,
    pub attempt: u32,
    pub priority: f64,
    /// When it last entered the queue.
    pub queued: Nanoseconds,
    pub needs_delivery: bool,
    pub stoppable: bool,
    /// The worker whose queue it is in.
    pub home: Option<u32>,
    /// Its own, or `None` for those of the pool.
    pub limits: Option<Box<Limits>>,
    pub stage: Stage<J>,
}

impl<J> Task<J> {
    /// Whether this is still the task that `entry` was queued for, and it waits.
    pub(super) fn is_waiting(&self, entry: &Entry) -> bool {
        self.sequence == entry.sequence && matches!(self.stage, Stage::Waiting(_))
    }

    /// Takes out what is needed to run the task, if it is there; the caller says where the task is now.
    pub(super) fn take_job(&mut self) -> Option<J> {
        match std::mem::replace(&mut self.stage, Stage::Moving) {
            Stage::Waiting(job)
            | Stage::Awaiting { job, .. }
            | Stage::BackingOff { job, .. }
            | Stage::Undecided { job, .. } => Some(job),
            Stage::Running { kept, .. } => kept,
            Stage::Moving => None,
        }
    }
}

pub(super) struct Table<J> {
    tasks: Vec<Option<Task<J>>>,
    length: usize,
}

impl<J> Table<J> {
    pub(super) fn new() -> Self {
        Self { tasks: Vec::new(), length: 0 }
    }

    /// # Panics
    /// If the slot is taken: its submitter has lost count, and two promises would share one answer.
    pub(super) fn insert(&mut self, slot: u32, task: Task<J>) {
        let index = slot as usize;
        if index >= self.tasks.len() {
            self.tasks.resize_with(index + 1, || None);
        }
        let place = &mut self.tasks[index];
        assert!(place.is_none(), "slot {slot} already holds an unsettled task");
        *place = Some(task);
        self.length += 1;
    }

    pub(super) fn get(&self, slot: u32) -> Option<&Task<J>> {
        self.tasks.get(slot as usize)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, slot: u32) -> Option<&mut Task<J>> {
        self.tasks.get_mut(slot as usize)?.as_mut()
    }

    pub(super) fn remove(&mut self, slot: u32) -> Option<Task<J>> {
        let task = self.tasks.get_mut(slot as usize)?.take();
        self.length -= usize::from(task.is_some());
        task
    }

    pub(super) fn length(&self) -> usize {
        self.length
    }

    /// Takes every task out.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Task<J>> + use<J> {
        self.length = 0;
        std::mem::take(&mut self.tasks).into_iter().flatten()
    }
}
