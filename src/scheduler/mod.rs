//! The scheduler: which task runs when and on which executor, and who learns of its end.
//!
//! Plain Rust: it knows nothing of Node-API, of JavaScript, or of what a task does. `J` is a job, what an
//! executor needs in order to run a task; `O` is an outcome, what the submitter needs in order to settle
//! its promise. The protocols (states, races, memory orderings) are in `README.md` beside this file.

mod brake;
mod clock;
mod core;
mod crew;
mod deadlines;
mod mailbox;
#[cfg(all(test, feature = "model"))]
mod model;
mod placement;
mod queue;
mod retry;
mod runs;
mod snapshot;
mod spin;
mod statistics;
pub mod sync;
mod table;
#[cfg(all(test, not(feature = "model")))]
mod tests;

use std::time::Duration;

pub use brake::{Brake, Engine};
pub use clock::Nanoseconds;
pub use mailbox::{Mailbox, Wake};
pub use retry::Retry;
pub use statistics::{
    CrewSummary, ExecutorSummary, LabelSummary, QueueSummary, RunSummary, Snapshot, TaskCounts, TimesSummary,
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

/// How a pool is run.
#[derive(Clone, Debug)]
pub struct Config {
    /// How many executors there are.
    pub sizes: Sizes,
    /// The waiting that is worth one step of priority; `None` for no aging.
    pub aging: Option<Duration>,
    /// How long a worker above the minimum may idle; `None` for ever.
    pub idle_timeout: Option<Duration>,
    /// How long a worker may take from its start to its first call of [`Scheduler::next`]; `None` for ever.
    pub start_timeout: Option<Duration>,
    /// Tasks that a worker may hold at a time: more than one if it lets them wait for something.
    pub places: usize,
    /// Who runs a JavaScript task.
    pub strategy: Strategy,
    /// Tasks after which a worker is replaced.
    pub tasks_per_worker: Option<u64>,
    /// Waiting tasks that nobody is there to take; `None` for no limit.
    pub longest_queue: Option<usize>,
    /// Whether tasks beyond `longest_queue` are refused.
    pub refuse_when_full: bool,
    /// Keep a worker that one of its tasks was stopped in.
    pub keep_after_stop: bool,
    /// How long after it was told to stop a task's worker is given up, if it has not answered.
    pub stop_timeout: Duration,
    /// How long a worker in which something was cut off or left behind may take to come when it is expected; `None`
    /// for ever.
    pub suspect_timeout: Option<Duration>,
    /// Of tasks that bring none of their own.
    pub limits: Limits,
}

/// How many executors there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Workers that are kept although idle.
    pub minimum_workers: usize,
    /// Most workers at a time.
    pub maximum_workers: usize,
    /// Most native threads at a time.
    pub maximum_native_threads: usize,
}

/// Which worker a JavaScript task goes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// Whoever asks first.
    #[default]
    Shared,
    /// Each in turn.
    RoundRobin,
    /// The one with the fewest tasks, running and waiting.
    LeastLoaded,
}

/// What a task may take.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Limits {
    /// Longest run; each attempt has its own.
    pub timeout: Option<Duration>,
    /// Longest stay in the queue, each time it is there.
    pub queue_timeout: Option<Duration>,
    /// What happens when it fails; `None` for nothing.
    pub retry: Option<Retry>,
    /// Tasks of the same key run on the same worker while it lives.
    pub affinity: Option<u64>,
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
    /// Whether the submitter may want it stopped while it runs. One with a timeout can be in any case.
    pub stoppable: bool,
    /// Its own limits instead of the pool's.
    pub limits: Option<Box<Limits>>,
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
    /// The queue is as long as it may be. Once there is room again, [`Note::Drained`] comes.
    pub full: bool,
}

/// Why a task was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The pool is draining, or has drained.
    Closing,
    /// The pool was terminated.
    Terminated,
    /// The queue is as long as it may be.
    Full,
}

/// What became of a task that was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancelled {
    /// It is out of the table, and no note will come. If it ran, its executor has been told to stop it.
    Out,
    /// It runs natively and has been told to stop; its note will come when it has.
    Stopping,
    /// It is over; its note is on the way.
    Over,
}

/// A task, given to an executor.
#[derive(Debug)]
pub struct Assignment<J> {
    /// To be named in [`Finished`].
    pub slot: u32,
    /// The number of the run, to be named in [`Finished`]. Later runs have larger ones.
    pub run: u64,
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
    /// Whether it may be told to stop, through [`Endpoint::stop`].
    pub stoppable: bool,
    /// What was submitted.
    pub job: J,
}

/// The end of a run.
pub struct Finished<O> {
    /// From the [`Assignment`].
    pub slot: u32,
    /// From the [`Assignment`], the lower half: which of the slot's runs it was.
    pub run: u32,
    /// What the submitter gets.
    pub outcome: O,
    /// How it counts.
    pub ending: Ending,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It resolved.
    Fulfilled,
    /// It rejected.
    Rejected,
    /// It rejected, and would each time: not to be tried again.
    Refused,
    /// It was told to stop, and either did or was left behind; nobody gets its outcome.
    Stopped,
}

/// How a task ended, for its submitter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End<O> {
    /// As its executor said.
    Outcome(O),
    /// It ran too long.
    TimedOut,
    /// It waited too long.
    QueueTimedOut,
    /// It ran natively, was cancelled and has stopped.
    Cancelled,
    /// Its executor is gone.
    ExecutorGone(u32),
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
    /// A task is over. Comes once for each task that was not taken out by its submitter. If it is `undecided`, the
    /// task is not over: it failed and might be tried again, and waits for [`Scheduler::decide`].
    Settled {
        /// The task's slot.
        slot: u32,
        /// How it ended.
        end: End<O>,
        /// Whether the submitter is asked about another try.
        undecided: bool,
    },
    /// Hand the input of the task to this executor, then call [`Scheduler::delivered`].
    Deliver {
        /// The task's slot.
        slot: u32,
        /// The executor that waits for it.
        executor: u32,
    },
    /// Start this executor.
    Hire {
        /// What it runs.
        kind: Kind,
        /// Its number.
        executor: u32,
    },
    /// This worker does not answer: end it by force and declare it [`Scheduler::gone`].
    Kill {
        /// Its number.
        executor: u32,
    },
    /// A task that had been told to stop ended all the same, and this outcome is nobody's. Part of it may be on its
    /// way to the owner by other means.
    Dropped {
        /// What the task would have come to.
        outcome: O,
    },
    /// The queue was as long as it may be, and there is room again.
    Drained,
    /// The pool was closed or terminated, every task is over and every executor is gone. The last note.
    Ended,
}

/// An executor, as the scheduler reaches it from any thread.
pub trait Endpoint: Wake {
    /// Tells a run of the executor to stop; with `force`, also one that was given time to answer. It may have
    /// ended meanwhile: then nothing must happen.
    fn stop(&self, run: u64, force: bool);

    /// Whether code that runs can be terminated. A worker whose code cannot is given up sooner.
    fn terminates(&self) -> bool {
        true
    }
}

/// Longest spin of an idle executor. A wake-up through the kernel costs 5 to 80 µs; spinning longer than
/// that costs more than it saves.
#[cfg_attr(feature = "model", allow(dead_code))] // a model has no time
const SPIN: Duration = Duration::from_micros(50);

/// How long a task that asks whether it is to stop, or waits for something, has to answer before it is
/// terminated or left behind.
pub const STOP_GRACE: Duration = Duration::from_millis(10);

/// See the module's words.
pub struct Scheduler<J, O> {
    clock: Clock,
    core: Mutex<Core<J, O>>,
    mailbox: Arc<Mailbox<Note<O>>>,
    alarm: Arc<dyn Wake>,
}

impl<J: Clone, O> Scheduler<J, O> {
    /// A scheduler without tasks or executors that writes to `mailbox`. `alarm` is rung when
    /// [`Scheduler::tick`] is due earlier than it last answered, or for the first time.
    pub fn new(config: &Config, mailbox: Arc<Mailbox<Note<O>>>, alarm: Arc<dyn Wake>) -> Self {
        let core = Mutex::new(Core::new(config, mailbox.clone()));
        Self { clock: Clock::start(), core, mailbox, alarm }
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
        for (endpoint, run, force) in effects.stops {
            endpoint.stop(run, force);
        }
        if effects.alarm {
            self.alarm.wake();
        }
        result
    }

    /// Takes a task. O(log p) in the number of distinct priorities.
    ///
    /// # Errors
    /// [`Refused`], once the pool takes no more.
    ///
    /// # Panics
    /// If the slot holds an unsettled task.
    pub fn submit(&self, submission: Submission<J>) -> Result<Submitted, Refused> {
        let now = self.clock.now();
        self.step(|core, effects| core.submit(submission, now, effects))
    }

    /// Whether a task of this kind would be refused for a full queue. O(executors).
    pub fn is_full(&self, kind: Kind) -> bool {
        self.step(|core, _| core.would_refuse(kind))
    }

    /// Takes back a task that does not run; no note will come. `false` if it runs or is over. O(1) amortised.
    pub fn withdraw(&self, slot: u32) -> bool {
        let now = self.clock.now();
        self.step(|core, effects| core.withdraw(slot, now, effects))
    }

    /// Gives up a task, whether it waits or runs. O(1) amortised.
    pub fn cancel(&self, slot: u32) -> Cancelled {
        let now = self.clock.now();
        self.step(|core, effects| core.cancel(slot, now, effects))
    }

    /// Answers an undecided note: the task is tried `again`, or it is over.
    pub fn decide(&self, slot: u32, again: bool) {
        let now = self.clock.now();
        self.step(|core, effects| core.decide(slot, again, now, effects));
    }

    /// Whether the task in `slot` is one that executor `id` awaits the input of, which has not been sent. A
    /// [`Note::Deliver`] may be of a task that was withdrawn since, and its slot another's, which may have been sent.
    pub fn awaits(&self, slot: u32, id: u32) -> bool {
        self.step(|core, _| core.lacks_input(slot, id))
    }

    /// The input of a task is where its executor finds it.
    pub fn delivered(&self, kind: Kind, slot: u32) {
        self.step(|core, effects| core.delivered(kind, slot, effects));
    }

    /// Hands in the end of a run without asking for more. With `returns`, the executor will ask before long.
    pub fn finish(&self, kind: Kind, id: u32, finished: Finished<O>, returns: bool) {
        let now = self.clock.now();
        self.step(|core, effects| core.finish(kind, id, finished, returns, now, effects));
    }

    /// Hands in the end of a run, if there is one, and asks for work. May watch for work for [`SPIN`].
    pub fn next(&self, kind: Kind, id: u32, finished: Option<Finished<O>>) -> Next<J> {
        let mut finished = finished;
        loop {
            let now = self.clock.now();
            let finished = finished.take();
            let turn = self.step(|core, effects| {
                if let Some(finished) = finished {
                    core.finish(kind, id, finished, true, now, effects);
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
                    if self.step(|core, effects| core.give_up_spinning(kind, id, now, effects)) {
                        return Next::Idle;
                    }
                }
            }
        }
    }

    /// Watches `signal` until it is raised or [`SPIN`] has passed.
    #[cfg(not(feature = "model"))]
    fn spin(&self, signal: &AtomicBool) {
        let begun = std::time::Instant::now();
        // Relaxed: a hint, see `Crew::rouse`.
        while !signal.load(Ordering::Relaxed) && begun.elapsed() < SPIN {
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

    /// Tells how executor `id` is reached, before it first calls [`Scheduler::next`].
    pub fn attach(&self, kind: Kind, id: u32, endpoint: Arc<dyn Endpoint>) {
        self.step(|core, _| core.attach(kind, id, endpoint));
    }

    /// Executor `id` is up and will ask for work soon; one that only asks is up, too.
    pub fn arrive(&self, kind: Kind, id: u32) {
        let now = self.clock.now();
        self.step(|core, effects| core.arrive(kind, id, now, effects));
    }

    /// Worker `id` should make way for another as soon as that is up. What it has, it still does.
    pub fn wear(&self, id: u32) {
        let now = self.clock.now();
        self.step(|core, effects| core.wear(Kind::JavaScript, id, now, effects));
    }

    /// Executor `id` is gone; the tasks that it ran fail with [`End::ExecutorGone`]. With `replace`, another is
    /// hired in its place if one is needed.
    pub fn gone(&self, kind: Kind, id: u32, replace: bool) {
        let now = self.clock.now();
        self.step(|core, effects| core.gone(kind, id, replace, now, effects));
    }

    /// Whether worker `id` is up and not about to end.
    pub fn remains(&self, id: u32) -> bool {
        self.step(|core, _| core.remains(id))
    }

    /// Hires the executors that are missing from the minimum.
    pub fn hire_minimum(&self) {
        let now = self.clock.now();
        self.step(|core, effects| core.hire_minimum(now, effects));
    }

    /// Changes how many executors there are: hires what is missing, and has those beyond the limits end after
    /// what they have. O(executors).
    pub fn resize(&self, sizes: Sizes) {
        let now = self.clock.now();
        self.step(|core, effects| core.resize(sizes, now, effects));
    }

    /// Does what time brings: deadlines, waits before another try, idle executors. Answers in how long to ask
    /// again, unless the alarm rings before; `None` for not until it rings. O(executors + deadlines passed).
    pub fn tick(&self) -> Option<Duration> {
        let now = self.clock.now();
        let next = self.step(|core, effects| core.tick(now, effects))?;
        Some(Duration::from_nanos(next.saturating_sub(now)))
    }

    /// Takes no more tasks; once the last is over and every executor gone, [`Note::Ended`] comes.
    pub fn close(&self) {
        let now = self.clock.now();
        self.step(|core, effects| core.close(now, effects));
    }

    /// Forgets every task; no note will come for them. Once every executor is gone, [`Note::Ended`] comes.
    /// Native tasks that run are told to stop.
    pub fn terminate(&self) {
        let now = self.clock.now();
        self.step(|core, effects| core.terminate(now, effects));
    }

    /// Figures, all of one moment. O(waiting tasks).
    pub fn snapshot(&self) -> Snapshot {
        let now = self.clock.now();
        self.step(|core, _| core.snapshot(now))
    }
}
