//! What the scheduler's lock protects. What happens to it is in the files above this one; see the table in
//! `README.md`.
//!
//! Nothing there blocks, wakes or calls out: a step records what is owed in [`Effects`], and the caller
//! carries it out once the lock is released.

use std::collections::VecDeque;
use std::hash::RandomState;

use super::by_kind::ByKind;
use super::clock::Nanoseconds;
use super::crew::Crew;
use super::deadlines::Deadlines;
use super::effects::Effects;
use super::homes::Homes;
use super::intake::PutDown;
use super::mailbox::Mailbox;
use super::queue::Queue;
use super::side::Side;
use super::statistics::Statistics;
use super::sync::Arc;
use super::table::{Table, Task};
use super::types::{Config, Kind, Limits, Note};

/// How the pool stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Takes tasks.
    Open,
    /// Takes no more, finishes what it has.
    Closing,
    /// Has nothing left.
    Terminated,
}

/// See [`Core::discarded`]: nobody reads it any more.
#[allow(dead_code)]
pub(super) enum Discarded<J> {
    Job(J),
    Tasks(Table<J>),
    Queue(Queue),
    Deadlines(Deadlines),
}

pub(super) struct Core<J, O> {
    pub config: Config,
    pub phase: Phase,
    /// The pool's end has been said.
    pub ended: bool,
    /// Tasks so far.
    pub sequence: u64,
    /// Runs so far.
    pub run: u64,
    pub table: Table<J>,
    pub sides: ByKind<Side<J>>,
    pub homes: Homes,
    pub deadlines: Deadlines,
    /// Since when there have been notes that the owner is told of later; see `README.md`, "Told later".
    pub untold: Option<Nanoseconds>,
    /// The queue was as long as it may be, and nobody has been told that it no longer is.
    pub backed_up: bool,
    /// What has failed halfway, if something has; the owner was told.
    pub failure: Option<String>,
    /// What this step throws away. It may be large or many, or have code of its own: dropped without the lock.
    pub discarded: Vec<Discarded<J>>,
    /// Tasks on their way from the intake into the table. Empty between steps.
    pub taken: VecDeque<PutDown<J>>,
    pub statistics: Statistics,
    pub random: RandomState,
    mailbox: Arc<Mailbox<Note<O>>>,
}

impl<J, O> Core<J, O> {
    pub(super) fn new(config: &Config, mailbox: Arc<Mailbox<Note<O>>>) -> Self {
        let sizes = config.sizes;
        let side = |kind| {
            let (crew, places) = match kind {
                Kind::JavaScript => {
                    let spares = config.spare_workers;
                    (Crew::new(sizes.minimum_workers, sizes.maximum_workers, spares), config.places)
                }
                Kind::Native => (Crew::new(0, sizes.maximum_native_threads, 0), 1),
            };
            Side::new(empty_queue(config), crew, places)
        };
        Self {
            config: config.clone(),
            phase: Phase::Open,
            ended: false,
            sequence: 0,
            run: 0,
            table: Table::new(),
            sides: ByKind::new(side),
            homes: Homes::default(),
            deadlines: Deadlines::new(),
            untold: None,
            backed_up: false,
            failure: None,
            discarded: Vec::new(),
            taken: VecDeque::new(),
            statistics: Statistics::new(),
            random: RandomState::new(),
            mailbox,
        }
    }

    pub(super) fn note(&self, note: Note<O>, effects: &mut Effects) {
        self.mailbox.push(note);
        effects.noted = true;
    }

    /// The limits of a task.
    pub(super) fn limits<'a>(config: &'a Config, task: &'a Task<J>) -> &'a Limits {
        task.limits.as_deref().unwrap_or(&config.limits)
    }
}

/// A queue of tasks that age as the pool's do.
pub(super) fn empty_queue(config: &Config) -> Queue {
    Queue::new(config.aging.map(|aging| aging.as_nanos() as f64))
}
