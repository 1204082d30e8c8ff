//! What a user of the scheduler sees: first each promise by itself, on one thread; then real threads;
//! then random lives of a pool against a plain model of the rules. Time stands still but where a test lets it pass.

mod backpressure;
mod bell;
mod brake;
mod breaking;
mod calls;
mod cancelling;
mod deadlines;
mod death;
mod delivery;
mod ending;
mod executors;
mod figures;
mod helpers;
mod helping;
mod idling;
mod intake;
mod mailbox;
mod own_queues;
mod placement;
mod places;
mod random;
mod replaced;
mod retries;
mod sizes;
mod spoken_for;
mod stopping;
mod suspects;
mod tasks;
mod telling;
mod threads;
mod undecided;
mod wear;

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::AtomicUsize;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::sync::{Arc, Condvar, Mutex, Ordering, lock};
use super::*;
use bell::{Bell, OwnersBell};

const KINDS: [Kind; 2] = [Kind::JavaScript, Kind::Native];
const JS: Kind = Kind::JavaScript;
const HOUR: Duration = Duration::from_secs(3600);

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// A [`Note`] that can be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Seen {
    /// By its executor.
    Settled(u32, &'static str),
    /// In another way.
    Ended(u32, End<&'static str>),
    /// Failed, and perhaps to be tried again.
    Undecided(u32, End<&'static str>),
    Deliver {
        slot: u32,
        executor: u32,
    },
    Hire(Kind, u32),
    Kill(u32),
    Dropped(&'static str),
    Drained,
    Broken,
    PoolEnded,
}

fn seen(note: Note<&'static str>) -> Seen {
    match note {
        Note::Settled { slot, end, undecided: true } => Seen::Undecided(slot, end),
        Note::Settled { slot, end: End::Outcome(outcome), .. } => Seen::Settled(slot, outcome),
        Note::Settled { slot, end, .. } => Seen::Ended(slot, end),
        Note::Deliver { slot, executor } => Seen::Deliver { slot, executor },
        Note::Hire { kind, executor } => Seen::Hire(kind, executor),
        Note::Kill { executor, .. } => Seen::Kill(executor),
        Note::Dropped { outcome } => Seen::Dropped(outcome),
        Note::Drained => Seen::Drained,
        Note::Broken { words } => {
            assert!(words == "words" || words.contains("a test wants it"), "a step has failed: {words}");
            Seen::Broken
        }
        Note::Ended => Seen::PoolEnded,
    }
}

/// At least `minimum` workers, at most `maximum` executors of either kind, and nothing else asked for.
fn config(minimum: usize, maximum: usize) -> Config {
    Config {
        sizes: sizes(minimum, maximum),
        aging: None,
        idle_timeout: None,
        start_timeout: None,
        places: 1,
        strategy: Strategy::Shared,
        tasks_per_worker: None,
        longest_queue: None,
        refuse_when_full: true,
        keep_after_stop: false,
        spare_workers: 0,
        stop_timeout: Duration::from_secs(1),
        suspect_timeout: None,
        call_timeout: None,
        processors: usize::MAX,
        limits: Limits::default(),
    }
}

fn sizes(minimum: usize, maximum: usize) -> Sizes {
    Sizes { minimum_workers: minimum, maximum_workers: maximum, maximum_native_threads: maximum }
}

/// A task that asks for nothing special.
fn task(kind: Kind, slot: u32) -> Submission<u32> {
    Submission {
        slot,
        kind,
        label: slot % 4,
        priority: 0.0,
        needs_delivery: false,
        admitted: false,
        stoppable: false,
        limits: None,
        job: slot,
    }
}

/// A task with limits of its own.
fn limited(kind: Kind, slot: u32, limits: Limits) -> Submission<u32> {
    Submission { limits: Some(Box::new(limits)), ..task(kind, slot) }
}

/// A task that only the worker of this key may run.
fn keyed(slot: u32, key: u64) -> Submission<u32> {
    limited(Kind::JavaScript, slot, Limits { affinity: Some(key), ..Limits::default() })
}

fn retry(most: u32, delays: &[f64]) -> Retry {
    Retry { most, delays: delays.to_vec(), factor: 1.0, longest: f64::INFINITY, jitter: false, ask: false }
}

/// A scheduler and its owner's side of things.
struct Pool {
    scheduler: Scheduler<u32, &'static str>,
    owner: Arc<Bell>,
    alarm: Arc<Bell>,
    /// What the owner has read.
    read: RefCell<Vec<Seen>>,
}

impl Pool {
    fn new(minimum: usize, maximum: usize) -> Self {
        Self::with(&config(minimum, maximum))
    }

    fn with(config: &Config) -> Self {
        let (owner, alarm) = (Arc::new(Bell::default()), Arc::new(Bell::default()));
        let mailbox = Arc::new(Mailbox::new(Box::new(OwnersBell(owner.clone()))));
        let scheduler = Scheduler::new(config, mailbox, alarm.clone());
        Self { scheduler, owner, alarm, read: RefCell::default() }
    }

    fn read(&self) {
        let mailbox = self.scheduler.mailbox();
        loop {
            while let Some(note) = mailbox.take() {
                self.read.borrow_mut().push(seen(note));
            }
            if mailbox.rest() {
                return;
            }
        }
    }

    /// The notes that have come since the last look.
    fn notes(&self) -> Vec<Seen> {
        self.read();
        self.read.take()
    }

    /// The executors that this hires through notes; those are not shown again.
    fn hired_by(&self, step: impl FnOnce()) -> Vec<(Kind, u32)> {
        self.read();
        let before = self.read.borrow().len();
        step();
        self.read();
        let after = self.read.borrow_mut().split_off(before);
        let mut hired = Vec::new();
        for note in after {
            match note {
                Seen::Hire(kind, executor) => hired.push((kind, executor)),
                note => self.read.borrow_mut().push(note),
            }
        }
        hired
    }

    /// The workers that this hires through notes.
    fn workers_hired_by(&self, step: impl FnOnce()) -> Vec<u32> {
        let hired = self.hired_by(step);
        assert!(hired.iter().all(|(kind, _)| *kind == JS), "{hired:?}");
        hired.into_iter().map(|(_, id)| id).collect()
    }

    /// Workers to start so that the minimum is reached.
    fn hire_minimum(&self) -> Vec<u32> {
        self.workers_hired_by(|| self.scheduler.hire_minimum())
    }

    /// Lets time pass without anybody noticing.
    fn pass(&self, time: Duration) {
        self.scheduler.clock.advance(time);
    }

    /// Lets time pass, and does what it brings. Answers in how long there is more.
    fn tick_after(&self, time: Duration) -> Option<Duration> {
        self.pass(time);
        self.scheduler.tick()
    }

    /// Submits a task to an open pool.
    fn accepts(&self, submission: Submission<u32>) -> Submitted {
        self.scheduler.submit(submission).expect("the pool is open")
    }

    /// Whether a task would be refused for a full queue.
    fn is_full(&self, kind: Kind) -> bool {
        self.scheduler.refuses(kind) == Some(Refused::Full)
    }

    fn try_submit(
        &self,
        kind: Kind,
        slot: u32,
        priority: f64,
        needs_delivery: bool,
    ) -> Result<Submitted, Refused> {
        self.scheduler.submit(Submission { priority, needs_delivery, ..task(kind, slot) })
    }

    /// Submits a task that asks for nothing special. Answers the executor to start, if any.
    fn submit(&self, kind: Kind, slot: u32) -> Option<u32> {
        self.submit_with_priority(kind, slot, 0.0)
    }

    fn submit_with_priority(&self, kind: Kind, slot: u32, priority: f64) -> Option<u32> {
        let submitted = self.try_submit(kind, slot, priority, false).expect("the pool is open");
        assert_eq!(submitted.deliver_to, None);
        submitted.hire
    }

    /// Submits a task with limits of its own. Answers the executor to start, if any.
    fn submit_limited(&self, kind: Kind, slot: u32, limits: Limits) -> Option<u32> {
        self.accepts(limited(kind, slot, limits)).hire
    }

    /// Starts the executor that the scheduler asked for.
    fn start(&self, kind: Kind, id: u32) -> Executor<'_> {
        let bell = Arc::new(Bell::default());
        self.scheduler.attach(kind, id, bell.clone());
        Executor { pool: self, kind, id, bell, runs: RefCell::default() }
    }

    /// `count` executors that have each run a task and sleep, in the order in which they fell asleep.
    fn staff<const COUNT: usize>(&self, kind: Kind) -> [Executor<'_>; COUNT] {
        let slots: [u32; COUNT] = std::array::from_fn(|index| 1000 + index as u32);
        let ids = slots.map(|slot| self.submit(kind, slot).expect("one executor per waiting task"));
        let executors = ids.map(|id| self.start(kind, id));
        let slots = executors.each_ref().map(|executor| executor.takes().slot);
        for (executor, slot) in executors.iter().zip(slots) {
            executor.finishes(slot, "warmed up");
            executor.falls_asleep();
            executor.bell.rings();
        }
        assert_eq!(self.notes().len(), COUNT);
        self.owner.rings();
        executors
    }

    fn counts(&self) -> (u64, u64, u64, u64) {
        let counts = self.scheduler.snapshot().tasks;
        (counts.submitted, counts.completed, counts.failed, counts.cancelled)
    }

    fn crew(&self, kind: Kind) -> CrewSummary {
        let snapshot = self.scheduler.snapshot();
        match kind {
            Kind::JavaScript => snapshot.workers,
            Kind::Native => snapshot.native_threads,
        }
    }
}

/// An executor, driven by hand.
struct Executor<'a> {
    pool: &'a Pool,
    kind: Kind,
    id: u32,
    bell: Arc<Bell>,
    /// Its last run of each slot.
    runs: RefCell<HashMap<u32, u64>>,
}

impl Executor<'_> {
    fn next(&self) -> Next<u32> {
        self.next_with(None)
    }

    fn next_with(&self, finished: Option<Finished<&'static str>>) -> Next<u32> {
        let next = self.pool.scheduler.next(self.kind, self.id, finished);
        if let Next::Run(assignment) = &next {
            self.runs.borrow_mut().insert(assignment.slot, assignment.run);
        }
        next
    }

    /// Tasks of each label but the last (see `task`) are known to take no time from now on.
    fn knows_short_tasks(&self) {
        for slot in [0, 1, 2].repeat(8) {
            self.pool.submit(self.kind, slot);
            self.takes();
            self.finishes(slot, "known");
            self.falls_asleep();
            self.pool.notes();
        }
        self.pool.owner.rings();
    }

    /// The number of its last run of this slot; 0 if it has never had one.
    fn run_of(&self, slot: u32) -> u64 {
        self.runs.borrow().get(&slot).copied().unwrap_or(0)
    }

    /// How its last run of this slot ended.
    fn end_of(&self, slot: u32, ending: Ending, outcome: &'static str) -> Finished<&'static str> {
        Finished { slot, run: self.run_of(slot) as u32, outcome, ending }
    }

    fn done(&self, slot: u32, outcome: &'static str) -> Finished<&'static str> {
        self.end_of(slot, Ending::Fulfilled, outcome)
    }

    /// Asks for work and is given a task.
    fn takes(&self) -> Assignment<u32> {
        match self.next() {
            Next::Run(assignment) => assignment,
            other => panic!("executor {} should run something, not {other:?}", self.id),
        }
    }

    /// Asks for work and is told to sleep.
    fn falls_asleep(&self) {
        let next = self.next();
        assert!(matches!(next, Next::Idle), "executor {} should sleep, not {next:?}", self.id);
    }

    /// Asks for work and is told to end.
    fn stops(&self) {
        let next = self.next();
        assert!(matches!(next, Next::Stop), "executor {} should stop, not {next:?}", self.id);
    }

    fn finishes(&self, slot: u32, outcome: &'static str) {
        self.ends(slot, Ending::Fulfilled, outcome);
    }

    fn fails(&self, slot: u32, outcome: &'static str) {
        self.ends(slot, Ending::Rejected, outcome);
    }

    fn ends(&self, slot: u32, ending: Ending, outcome: &'static str) {
        self.pool.scheduler.finish(self.kind, self.id, self.end_of(slot, ending, outcome), true);
    }

    /// Ends or dies. Answers the executor to start in its place.
    fn gone(&self) -> Option<u32> {
        self.gone_and(true)
    }

    fn gone_and(&self, replace: bool) -> Option<u32> {
        let hired = self.pool.hired_by(|| self.pool.scheduler.gone(self.kind, self.id, replace));
        assert!(hired.len() <= 1 && hired.iter().all(|(kind, _)| *kind == self.kind), "{hired:?}");
        hired.first().map(|(_, id)| *id)
    }

    fn was_woken(&self) -> bool {
        self.bell.rings() > 0
    }
}

/// Has the worker run everything that it is given. Answers the slots.
fn runs(worker: &Executor<'_>) -> Vec<u32> {
    let mut slots = vec![];
    while let Next::Run(Assignment { slot, .. }) = worker.next() {
        slots.push(slot);
        worker.finishes(slot, "done");
    }
    slots
}
