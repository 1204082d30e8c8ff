//! The scheduler: which task runs when and on which executor, and who learns of its end.
//!
//! Plain Rust: it knows nothing of Node-API, of JavaScript, or of what a task does. `J` is a job, what an
//! executor needs in order to run a task; `O` is an outcome, what the submitter needs in order to settle
//! its promise. The protocols (states, races, memory orderings) are in `README.md` beside this file.

mod clock;
mod core;
mod crew;
mod mailbox;
#[cfg(all(test, feature = "model"))]
mod model;
mod queue;
mod snapshot;
mod spin;
mod statistics;
pub mod sync;
mod table;
#[cfg(all(test, not(feature = "model")))]
mod tests;

use std::time::Duration;

pub use clock::Nanoseconds;
pub use mailbox::{Mailbox, Wake};
pub use statistics::{
    CrewSummary, ExecutorSummary, LabelSummary, QueueSummary, Snapshot, TaskCounts, TimesSummary,
};

use self::core::{Core, Effects, Turn};
use clock::Clock;
use sync::{Arc, AtomicBool, Mutex, Ordering, lock};

/// Which executors run a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Workers: Node worker threads.
    JavaScript = 0,
    /// Native threads.
    Native = 1,
}

/// Limits of a pool.
#[derive(Clone, Debug)]
pub struct Config {
    /// Workers that are kept although idle.
    pub minimum_workers: usize,
    /// Most workers at a time.
    pub maximum_workers: usize,
    /// Most native threads at a time.
    pub maximum_native_threads: usize,
    /// The waiting that is worth one step of priority; `None` for no aging.
    pub aging: Option<Duration>,
}

/// A task to be run.
pub struct Submission<J> {
    /// Where the submitter keeps its promise; free again once the task's note has arrived.
    pub slot: u32,
    /// Who runs it.
    pub kind: Kind,
    /// Its name, as a number, for the statistics.
    pub label: u32,
    /// Larger runs first. Finite.
    pub priority: f64,
    /// Whether the submitter has to hand the input to the executor itself, once it is known which.
    pub needs_delivery: bool,
    /// What the executor needs.
    pub job: J,
}

/// What the submitter is to do now.
#[derive(Debug, PartialEq, Eq)]
pub struct Submitted {
    /// Start this executor.
    pub hire: Option<u32>,
    /// Hand the input to this executor, then call [`Scheduler::delivered`].
    pub deliver_to: Option<u32>,
}

/// Why a task was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// The pool is draining, or has drained.
    Closing,
    /// The pool was terminated.
    Terminated,
}

/// A task, given to an executor.
#[derive(Debug)]
pub struct Assignment<J> {
    /// To be named in [`Finished`].
    pub slot: u32,
    /// The task's name, as a number.
    pub label: u32,
    /// 1 for the first run.
    pub attempt: u32,
    /// What it was submitted with.
    pub priority: f64,
    /// The task's number in the order of submission, from 0.
    pub sequence: u64,
    /// Whether its input was handed over by the submitter.
    pub delivered: bool,
    /// What was submitted.
    pub job: J,
}

/// The end of a run.
pub struct Finished<O> {
    /// From the [`Assignment`].
    pub slot: u32,
    /// What the submitter gets.
    pub outcome: O,
    /// How it counts.
    pub ending: Ending,
}

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It resolved.
    Fulfilled,
    /// It rejected.
    Rejected,
    /// It was told to stop, and did.
    Cancelled,
}

/// What an executor is to do.
#[derive(Debug)]
pub enum Next<J> {
    /// Run this, then ask again.
    Run(Assignment<J>),
    /// Sleep until woken, then ask again.
    Idle,
    /// End, then call [`Scheduler::gone`].
    Stop,
}

/// A note to the pool's owner.
#[derive(Debug)]
pub enum Note<O> {
    /// A task is over; this comes exactly once for each task, unless the pool is terminated.
    Settled {
        /// The task's slot.
        slot: u32,
        /// How it ended.
        outcome: O,
    },
    /// Hand the input of the task to this executor, then call [`Scheduler::delivered`].
    Deliver {
        /// The task's slot.
        slot: u32,
        /// The executor that waits for it.
        executor: u32,
    },
    /// The pool was closed or terminated, every task is over and every executor is gone. The last note.
    Ended,
}

/// Longest spin of an idle executor. A wake-up through the kernel costs 5 to 80 µs; spinning longer than
/// that costs more than it saves.
#[cfg_attr(feature = "model", allow(dead_code))] // a model has no time
const SPIN: Duration = Duration::from_micros(50);

/// See the module's words.
pub struct Scheduler<J, O> {
    clock: Clock,
    core: Mutex<Core<J, O>>,
    mailbox: Arc<Mailbox<Note<O>>>,
}

impl<J, O> Scheduler<J, O> {
    /// A scheduler without tasks or executors that writes to `mailbox`.
    pub fn new(config: &Config, mailbox: Arc<Mailbox<Note<O>>>) -> Self {
        Self { clock: Clock::start(), core: Mutex::new(Core::new(config, mailbox.clone())), mailbox }
    }

    /// Where the notes are.
    pub fn mailbox(&self) -> &Mailbox<Note<O>> {
        &self.mailbox
    }

    /// Does one step under the lock, then what it owes, without it.
    fn step<R>(&self, step: impl FnOnce(&mut Core<J, O>, &mut Effects) -> R) -> R {
        let mut effects = Effects::default();
        let result = step(&mut lock(&self.core), &mut effects);
        if effects.noted {
            self.mailbox.notify();
        }
        for waker in effects.wakes {
            waker.wake();
        }
        result
    }

    /// Takes a task. O(log p) in the number of distinct priorities.
    ///
    /// # Errors
    /// [`Closed`], once the pool takes no more.
    ///
    /// # Panics
    /// If the slot holds an unsettled task.
    pub fn submit(&self, submission: Submission<J>) -> Result<Submitted, Closed> {
        let now = self.clock.now();
        self.step(|core, effects| core.submit(submission, now, effects))
    }

    /// Takes back a task that does not run yet; no note will come. `false` if it runs or is over. O(1).
    pub fn withdraw(&self, kind: Kind, slot: u32) -> bool {
        self.step(|core, effects| core.withdraw(kind, slot, effects))
    }

    /// Whether the task in `slot` is one that executor `id` awaits the input of. A [`Note::Deliver`] may be of a
    /// task that was withdrawn since, and its slot another's.
    pub fn awaits(&self, slot: u32, id: u32) -> bool {
        self.step(|core, _| core.awaits(slot, id))
    }

    /// The input of a task is where its executor finds it.
    pub fn delivered(&self, kind: Kind, slot: u32) {
        self.step(|core, effects| core.delivered(kind, slot, effects));
    }

    /// Hands in the end of a run without asking for more.
    pub fn finish(&self, kind: Kind, id: u32, finished: Finished<O>) {
        let now = self.clock.now();
        self.step(|core, effects| core.finish(kind, id, finished, now, effects));
    }

    /// Hands in the end of a run, if there is one, and asks for work. May watch for work for [`SPIN`].
    pub fn next(&self, kind: Kind, id: u32, finished: Option<Finished<O>>) -> Next<J> {
        let mut finished = finished;
        loop {
            let now = self.clock.now();
            let finished = finished.take();
            let turn = self.step(|core, effects| {
                if let Some(finished) = finished {
                    core.finish(kind, id, finished, now, effects);
                }
                core.turn(kind, id, now, effects)
            });
            match turn {
                Turn::Run(assignment) => return Next::Run(assignment),
                Turn::Idle => return Next::Idle,
                Turn::Stop => return Next::Stop,
                Turn::Spin(signal) => {
                    self.spin(&signal);
                    let now = self.clock.now();
                    if self.step(|core, _| core.give_up_spinning(kind, id, now)) {
                        return Next::Idle;
                    }
                }
            }
        }
    }

    /// Watches `signal` until it is raised or [`SPIN`] has passed.
    #[cfg(not(feature = "model"))]
    fn spin(&self, signal: &AtomicBool) {
        let until = self.clock.now() + SPIN.as_nanos() as Nanoseconds;
        // Relaxed: a hint, see `Crew::rouse`.
        while !signal.load(Ordering::Relaxed) && self.clock.now() < until {
            sync::pause();
        }
    }

    /// A model has no time: one look, and every thread may run in between.
    #[cfg(feature = "model")]
    fn spin(&self, signal: &AtomicBool) {
        if !signal.load(Ordering::Relaxed) {
            sync::pause();
        }
    }

    /// Tells how executor `id` is woken, before it first calls [`Scheduler::next`].
    pub fn attach(&self, kind: Kind, id: u32, waker: Arc<dyn Wake>) {
        self.step(|core, _| core.attach(kind, id, waker));
    }

    /// Executor `id` is gone; the task that it ran, if any, settles with what `outcome` makes. With `replace`,
    /// answers an executor to start in its place, if one is needed.
    pub fn gone(&self, kind: Kind, id: u32, replace: bool, outcome: impl FnOnce() -> O) -> Option<u32> {
        let now = self.clock.now();
        self.step(|core, effects| core.gone(kind, id, replace, outcome, now, effects))
    }

    /// The executors to start so that the minimum is reached.
    pub fn hire_minimum(&self, kind: Kind) -> Vec<u32> {
        let now = self.clock.now();
        self.step(|core, _| core.hire_minimum(kind, now))
    }

    /// Retires executors above the minimum that have been idle for `limit`. Answers in how long to ask again;
    /// `None` if there are none above the minimum any more.
    pub fn retire_idle(&self, kind: Kind, limit: Duration) -> Option<Duration> {
        let now = self.clock.now();
        let limit = Nanoseconds::try_from(limit.as_nanos()).unwrap_or(Nanoseconds::MAX);
        let deadline = now.checked_sub(limit);
        let next = self.step(|core, effects| core.retire_idle(kind, deadline, now, effects))?;
        Some(Duration::from_nanos(next.saturating_add(limit).saturating_sub(now)))
    }

    /// Whether the caller is to call [`Scheduler::retire_idle`] from now on until it answers `None`, as there
    /// are executors above the minimum and nobody does.
    pub fn begin_retiring(&self, kind: Kind) -> bool {
        self.step(|core, _| core.begin_retiring(kind))
    }

    /// Takes no more tasks; once the last is over and every executor gone, [`Note::Ended`] comes.
    pub fn close(&self) {
        self.step(|core, effects| core.close(effects));
    }

    /// Forgets every task; no note will come for them. Once every executor is gone, [`Note::Ended`] comes.
    pub fn terminate(&self) {
        self.step(|core, effects| core.terminate(effects));
    }

    /// Figures, all of one moment. O(waiting tasks).
    pub fn snapshot(&self) -> Snapshot {
        let now = self.clock.now();
        self.step(|core, _| core.snapshot(now))
    }
}
