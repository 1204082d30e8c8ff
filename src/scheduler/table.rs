//! Every unsettled task, by the slot its submitter gave it.
//!
//! The submitter keeps the promise of a task in a slot of its own table and frees the slot when the
//! promise has settled; here the same number finds the task. A task leaves this table exactly once, by
//! [`Table::remove`] or with the whole table, and whoever removed it is the one that settles it.

use std::ops::{Index, IndexMut};

use super::clock::Nanoseconds;
use super::entry::Entry;
use super::labels::Place;
use super::statistics::Count;
use super::types::{Kind, Limits};

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
    pub figures: Place,
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
    /// Takes out what is needed to run a task that does not run; the caller says where the task is now.
    pub(super) fn take_job(&mut self) -> J {
        self.take_spare().expect("a task that does not run has its job")
    }

    /// Takes out what is needed to run a task again, which one that runs may not have; the caller says where the task
    /// is now.
    pub(super) fn take_spare(&mut self) -> Option<J> {
        match std::mem::replace(&mut self.stage, Stage::Moving) {
            Stage::Waiting(job)
            | Stage::Awaiting { job, .. }
            | Stage::BackingOff { job, .. }
            | Stage::Undecided { job, .. } => Some(job),
            Stage::Running { kept, .. } => kept,
            Stage::Moving => unreachable!("no step ends in between two stages"),
        }
    }
}

pub(super) struct Table<J> {
    /// By slot, in chunks: a table of a million that grows would else be moved under the lock.
    chunks: Vec<Chunk<J>>,
    length: usize,
}

type Chunk<J> = Box<[Option<Task<J>>; CHUNK]>;

/// Slots of a chunk.
const CHUNK: usize = 256;

/// Where a slot is: its chunk, and its place in that.
fn place_of(slot: u32) -> (usize, usize) {
    (slot as usize / CHUNK, slot as usize % CHUNK)
}

const THERE: &str = "the core speaks of tasks that are there";

/// A task that cannot be over, as somebody under the lock has just found it.
impl<J> Index<u32> for Table<J> {
    type Output = Task<J>;

    fn index(&self, slot: u32) -> &Task<J> {
        self.find(slot).expect(THERE)
    }
}

impl<J> IndexMut<u32> for Table<J> {
    fn index_mut(&mut self, slot: u32) -> &mut Task<J> {
        self.find_mut(slot).expect(THERE)
    }
}

impl<J> Table<J> {
    pub(super) fn new() -> Self {
        Self { chunks: Vec::new(), length: 0 }
    }

    /// # Panics
    /// If the slot is taken: its submitter has lost count, and two promises would share one answer.
    pub(super) fn insert(&mut self, slot: u32, task: Task<J>) {
        let (chunk, index) = place_of(slot);
        while chunk >= self.chunks.len() {
            let empty: Box<[_]> = std::iter::repeat_with(|| None).take(CHUNK).collect();
            self.chunks.extend(Chunk::try_from(empty)); // it has that length
        }
        let place = &mut self.chunks[chunk][index];
        assert!(place.is_none(), "slot {slot} already holds an unsettled task");
        *place = Some(task);
        self.length += 1;
    }

    /// A task that others speak of: it may be over, and the slot another's.
    pub(super) fn find(&self, slot: u32) -> Option<&Task<J>> {
        let (chunk, index) = place_of(slot);
        self.chunks.get(chunk)?[index].as_ref()
    }

    /// A task that others speak of: it may be over, and the slot another's.
    pub(super) fn find_mut(&mut self, slot: u32) -> Option<&mut Task<J>> {
        let (chunk, index) = place_of(slot);
        self.chunks.get_mut(chunk)?[index].as_mut()
    }

    /// Whether the task that `entry` was queued for still waits.
    pub(super) fn is_waiting(&self, entry: &Entry) -> bool {
        self.find(entry.slot)
            .is_some_and(|task| task.sequence == entry.sequence && matches!(task.stage, Stage::Waiting(_)))
    }

    /// Takes out a task that is there. Answers the job that it still has, if any: it may be large, and is not dropped here.
    pub(super) fn remove(&mut self, slot: u32) -> Option<J> {
        let (chunk, index) = place_of(slot);
        let place = &mut self.chunks[chunk][index];
        debug_assert!(place.is_some(), "a task leaves once");
        // Mostly it has none, and nothing of it needs to be moved.
        let spare =
            |task: &&mut Task<J>| !matches!(task.stage, Stage::Moving | Stage::Running { kept: None, .. });
        let job = place.as_mut().filter(spare).and_then(Task::take_spare);
        *place = None; // dropped where it is: nobody needs it any more
        self.length -= 1;
        job
    }

    /// Every task.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Task<J>)> {
        (0..)
            .zip(self.chunks.iter().flat_map(|chunk| chunk.iter()))
            .filter_map(|(slot, task)| Some((slot, task.as_ref()?)))
    }

    pub(super) fn length(&self) -> usize {
        self.length
    }
}
