//! What a user of the scheduler sees: first each promise by itself, on one thread; then real threads;
//! then random lives of a pool against a plain model of the rules.

mod death;
mod delivery;
mod ending;
mod executors;
mod figures;
mod random;
mod tasks;
mod threads;

use std::collections::HashSet;
use std::sync::atomic::AtomicUsize;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::sync::{Arc, Condvar, Mutex, Ordering, lock};
use super::*;

const KINDS: [Kind; 2] = [Kind::JavaScript, Kind::Native];
const HOUR: Duration = Duration::from_secs(3600);

/// Counts how often it was rung.
#[derive(Default)]
struct Bell(AtomicUsize);

impl Bell {
    /// How often it rang since it was last asked.
    fn rings(&self) -> usize {
        self.0.swap(0, Ordering::Relaxed)
    }
}

impl Wake for Bell {
    fn wake(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

struct OwnersBell(Arc<Bell>);

impl Wake for OwnersBell {
    fn wake(&self) {
        self.0.wake();
    }
}

/// A [`Note`] that can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Settled(u32, &'static str),
    Deliver { slot: u32, executor: u32 },
    Ended,
}

/// A scheduler and its owner's side of things.
struct Pool {
    scheduler: Scheduler<u32, &'static str>,
    owner: Arc<Bell>,
}

impl Pool {
    /// At least `minimum` workers, at most `maximum` executors of either kind.
    fn new(minimum: usize, maximum: usize) -> Self {
        let config = Config {
            minimum_workers: minimum,
            maximum_workers: maximum,
            maximum_native_threads: maximum,
            aging: None,
        };
        let owner = Arc::new(Bell::default());
        let mailbox = Arc::new(Mailbox::new(Box::new(OwnersBell(owner.clone()))));
        Self { scheduler: Scheduler::new(&config, mailbox), owner }
    }

    /// The notes that have come since the last look.
    fn notes(&self) -> Vec<Seen> {
        let mailbox = self.scheduler.mailbox();
        let mut notes = Vec::new();
        loop {
            while let Some(note) = mailbox.take() {
                notes.push(match note {
                    Note::Settled { slot, outcome } => Seen::Settled(slot, outcome),
                    Note::Deliver { slot, executor } => Seen::Deliver { slot, executor },
                    Note::Ended => Seen::Ended,
                });
            }
            if mailbox.rest() {
                return notes;
            }
        }
    }

    fn try_submit(
        &self,
        kind: Kind,
        slot: u32,
        priority: f64,
        needs_delivery: bool,
    ) -> Result<Submitted, Closed> {
        let label = slot % 4;
        self.scheduler.submit(Submission { slot, kind, label, priority, needs_delivery, job: slot })
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

    /// Starts the executor that the scheduler asked for.
    fn start(&self, kind: Kind, id: u32) -> Executor<'_> {
        let bell = Arc::new(Bell::default());
        self.scheduler.attach(kind, id, bell.clone());
        Executor { pool: self, kind, id, bell }
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

fn done(slot: u32, outcome: &'static str) -> Finished<&'static str> {
    Finished { slot, outcome, ending: Ending::Fulfilled }
}

/// An executor, driven by hand.
struct Executor<'a> {
    pool: &'a Pool,
    kind: Kind,
    id: u32,
    bell: Arc<Bell>,
}

impl Executor<'_> {
    fn next(&self) -> Next<u32> {
        self.pool.scheduler.next(self.kind, self.id, None)
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
        self.pool.scheduler.finish(self.kind, self.id, done(slot, outcome));
    }

    /// Ends or dies. Answers the executor to start in its place.
    fn gone(&self) -> Option<u32> {
        self.pool.scheduler.gone(self.kind, self.id, true, || "its executor is gone")
    }

    fn was_woken(&self) -> bool {
        self.bell.rings() > 0
    }
}
