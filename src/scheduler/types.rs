//! What goes in and what comes out: the words in which the scheduler and those around it speak.

use std::time::Duration;

use super::mailbox::Wake;
use super::retry::Retry;

/// How long a task that asks whether it is to stop, or waits for something, has to answer before it is
/// terminated or left behind.
pub const STOP_GRACE: Duration = Duration::from_millis(10);

/// Which executors run a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Workers: Node worker threads.
    JavaScript = 0,
    /// Native threads.
    Native = 1,
}

impl Kind {
    /// Each of them.
    pub(super) const BOTH: [Self; 2] = [Self::JavaScript, Self::Native];
}

/// How a pool is run.
#[derive(Clone, Debug)]
pub struct Config {
    /// How many executors there are.
    pub sizes: Sizes,
    /// The waiting that is worth one step of priority; `None` for no aging.
    pub aging: Option<Duration>,
    /// How long a worker above the minimum, or a native thread, may idle; `None` for ever.
    pub idle_timeout: Option<Duration>,
    /// How long a worker may take from its start to its first call of [`next`](super::Scheduler::next); `None` for ever.
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
    /// Workers beyond those on duty, to step in for one that is lost.
    pub spare_workers: usize,
    /// How long after it was told to stop a task's worker is given up, if it has not answered.
    pub stop_timeout: Duration,
    /// How long a worker that is expected may take to come before it is given up; `None` for ever.
    pub suspect_timeout: Option<Duration>,
    /// How long an executor that was called for a task is waited for before another is called in its place; `None` for
    /// ever. Without it nobody who is at a short task is counted on, as nothing bounds how long that is.
    pub call_timeout: Option<Duration>,
    /// Threads that can run at a time. No more executors than that are on their way at a time.
    pub processors: usize,
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
    /// Whether the submitter was told that it [would not be refused](super::Scheduler::refuses), and has acted on that: a
    /// queue that others have filled since is no reason.
    pub admitted: bool,
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
    /// Hand the input to this executor, then call [`delivered`](super::Scheduler::delivered).
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
    /// The pool has [failed](Note::Broken).
    Broken,
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

/// A part of somebody else's task, given to an executor that would otherwise be idle, or run a task of lower priority.
#[derive(Debug)]
pub struct Help<J> {
    /// The run that it is a part of.
    pub run: u64,
    /// The number of the offer, to be named in [`retract_offer`](super::Scheduler::retract_offer).
    pub offer: u64,
    /// What was [offered](super::Scheduler::offer).
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
    /// Do one part of this, then ask again, with nothing to hand in.
    Help(Help<J>),
    /// Sleep until woken, then ask again.
    Idle,
    /// End, then call [`gone`](super::Scheduler::gone).
    Stop,
}

/// A note to the pool's owner.
#[derive(Debug)]
pub enum Note<O> {
    /// A task is over. Comes once for each task that was not taken out by its submitter. If it is `undecided`, the
    /// task is not over: it failed and might be tried again, and waits for [`decide`](super::Scheduler::decide).
    Settled {
        /// The task's slot.
        slot: u32,
        /// How it ended.
        end: End<O>,
        /// Whether the submitter is asked about another try.
        undecided: bool,
    },
    /// Hand the input of the task to this executor, then call [`delivered`](super::Scheduler::delivered).
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
    /// This worker does not answer: end it by force and declare it [`gone`](super::Scheduler::gone).
    Kill {
        /// Its number.
        executor: u32,
        /// Whether it is that it did not come when it was expected, and not that it went on with what was stopped.
        is_missing: bool,
    },
    /// A task that had been told to stop ended all the same, and this outcome is nobody's. Part of it may be on its
    /// way to the owner by other means.
    Dropped {
        /// What the task would have come to.
        outcome: O,
    },
    /// The queue was as long as it may be, and there is room again.
    Drained,
    /// Something of the pool's own has failed, and these are the words for it: every task that was under way is
    /// forgotten, and no note will come for it.
    Broken {
        /// For whoever is to mend it.
        words: String,
    },
    /// The pool was closed or terminated, or is broken, every task is over and every executor is gone. The last note.
    Ended,
}

/// An executor, as the scheduler reaches it from any thread.
pub trait Endpoint: Wake {
    /// Tells a run of the executor to stop; with `force`, also one that was given time to answer. It may have
    /// ended meanwhile: then nothing must happen. Answers whether the run may still end in good order; if not, its
    /// executor is not expected to go on.
    fn stop(&self, run: u64, force: bool) -> bool;

    /// Whether code that runs can be terminated. A worker whose code cannot is given up sooner.
    fn terminates(&self) -> bool {
        true
    }
}
