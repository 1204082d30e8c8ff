//! What a user of the scheduler sees: first each promise by itself, on one thread; then real threads;
//! then random lives of a pool against a plain model of the rules.

use std::collections::HashSet;
use std::sync::atomic::AtomicUsize;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::sync::{Arc, Condvar, Mutex, Ordering, lock};
use super::*;

const KINDS: [Kind; 2] = [Kind::JavaScript, Kind::Native];
const HOUR: Duration = Duration::from_secs(3600);

// ---- the scene

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

// ---- a task's life

#[test]
fn a_task_is_run_once_and_settles_once() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let id = pool.submit(kind, 7).expect("nobody is there to run it");
        let executor = pool.start(kind, id);
        let assignment = executor.takes();
        assert_eq!((assignment.slot, assignment.job, assignment.label), (7, 7, 3));
        assert_eq!((assignment.sequence, assignment.attempt, assignment.delivered), (0, 1, false));
        assert_eq!(pool.notes(), []);

        executor.finishes(7, "result");
        executor.finishes(7, "again");

        assert_eq!(pool.notes(), [Seen::Settled(7, "result")]);
        executor.falls_asleep();
        assert_eq!(pool.notes(), []);
    }
}

#[test]
fn an_executor_hands_in_a_result_and_takes_the_next_task_in_one_call() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let id = pool.submit(kind, 0).expect("nobody is there to run it");
        pool.submit(kind, 1);
        let executor = pool.start(kind, id);
        executor.takes();

        let next = pool.scheduler.next(kind, id, Some(done(0, "first")));

        assert!(matches!(next, Next::Run(Assignment { slot: 1, .. })), "{next:?}");
        assert_eq!(pool.notes(), [Seen::Settled(0, "first")]);
    }
}

#[test]
fn the_owner_is_woken_once_for_any_number_of_notes() {
    let pool = Pool::new(0, 1);
    let id = pool.submit(Kind::Native, 0).expect("nobody is there to run it");
    (1..5).for_each(|slot| assert_eq!(pool.submit(Kind::Native, slot), None));
    let executor = pool.start(Kind::Native, id);

    for slot in 0..5 {
        executor.takes();
        executor.finishes(slot, "done");
    }

    assert_eq!(pool.owner.rings(), 1);
    assert_eq!(pool.notes().len(), 5);
    pool.submit(Kind::Native, 5);
    executor.takes();
    executor.finishes(5, "done");
    assert_eq!(pool.owner.rings(), 1, "it has rested since");
}

#[test]
fn an_owner_that_looks_by_itself_is_not_woken_until_it_rests() {
    let pool = Pool::new(0, 1);
    let [executor] = pool.staff(Kind::Native);
    pool.scheduler.mailbox().watch();
    for slot in 0..2 {
        pool.submit(Kind::Native, slot);
        executor.takes();
        executor.finishes(slot, "done");
    }
    assert_eq!(pool.owner.rings(), 0);
    assert!(!pool.scheduler.mailbox().rest(), "there are notes that nobody will wake it for");
    assert_eq!(pool.notes().len(), 2);

    pool.submit(Kind::Native, 2);
    executor.takes();
    executor.finishes(2, "done");
    assert_eq!(pool.owner.rings(), 1);
}

#[test]
fn a_slot_may_be_used_again_once_its_task_has_settled() {
    let pool = Pool::new(0, 1);
    let [executor] = pool.staff(Kind::Native);
    for round in 0..3 {
        pool.submit(Kind::Native, 0);
        assert_eq!(executor.takes().sequence, 1 + round);
        executor.finishes(0, "done");
        assert_eq!(pool.notes(), [Seen::Settled(0, "done")]);
    }
}

#[test]
fn a_slot_that_is_taken_is_refused_and_the_pool_stays_as_it_was() {
    for needs_delivery in [false, true] {
        let pool = Pool::new(0, 2);
        let [executor, other] = pool.staff(Kind::JavaScript);
        pool.submit(Kind::JavaScript, 0);
        other.takes();

        let second = std::panic::AssertUnwindSafe(|| {
            pool.try_submit(Kind::JavaScript, 0, 0.0, needs_delivery).ok();
        });
        std::panic::catch_unwind(second).expect_err("two promises would share one answer");

        assert_eq!(pool.counts(), (3, 2, 0, 0), "the refused one does not count");
        let crew = pool.crew(Kind::JavaScript);
        assert_eq!((crew.busy, crew.idle), (1, 1), "nobody waits for the input of the refused one");
        pool.submit(Kind::JavaScript, 1);
        assert_eq!(executor.takes().slot, 1);
    }
}

#[test]
fn a_result_that_is_handed_in_again_does_not_settle_the_next_task_of_its_slot() {
    for kind in KINDS {
        let pool = Pool::new(0, 2);
        let [first, second] = pool.staff(kind);
        pool.submit(kind, 0);
        first.takes();
        first.finishes(0, "its own");
        pool.submit(kind, 0);
        second.takes();

        first.finishes(0, "again");

        assert_eq!(pool.notes(), [Seen::Settled(0, "its own")]);
        second.finishes(0, "its own, too");
        assert_eq!(pool.notes(), [Seen::Settled(0, "its own, too")]);
    }
}

// ---- order

#[test]
fn tasks_of_one_priority_run_in_the_order_of_their_submission() {
    for kind in KINDS {
        let pool = Pool::new(0, 2);
        let executors = pool.staff::<2>(kind);
        (0..6).for_each(|slot| assert_eq!(pool.submit(kind, slot), None));

        for slot in 0..6 {
            let executor = &executors[slot as usize % 2];
            assert_eq!(executor.takes().slot, slot);
            executor.finishes(slot, "done");
        }
    }
}

#[test]
fn a_higher_priority_runs_first_whichever_executor_asks() {
    for kind in KINDS {
        let pool = Pool::new(0, 2);
        let executors = pool.staff::<2>(kind);
        let priorities = [0.0, 5.0, -1.0, 5.0, 0.5, -0.0];
        for (slot, priority) in (0..).zip(priorities) {
            pool.submit_with_priority(kind, slot, priority);
        }

        for (index, slot) in [1, 3, 4, 0, 5, 2].into_iter().enumerate() {
            let executor = &executors[index % 2];
            let assignment = executor.takes();
            assert_eq!((assignment.slot, assignment.priority), (slot, priorities[slot as usize]));
            executor.finishes(slot, "done");
        }
    }
}

#[test]
fn workers_and_native_threads_do_not_take_each_others_tasks() {
    let pool = Pool::new(0, 1);
    let [worker] = pool.staff(Kind::JavaScript);
    let [thread] = pool.staff(Kind::Native);

    pool.submit(Kind::Native, 0);
    assert!(!worker.was_woken() && thread.was_woken());
    worker.falls_asleep();
    pool.submit(Kind::JavaScript, 1);
    assert!(worker.was_woken() && !thread.was_woken());

    assert_eq!(thread.takes().slot, 0);
    assert_eq!(worker.takes().slot, 1);
}

// ---- who is woken and who is hired

#[test]
fn an_idle_executor_is_woken_and_nobody_hired() {
    for kind in KINDS {
        let pool = Pool::new(0, 8);
        let [executor] = pool.staff(kind);
        assert_eq!(pool.submit(kind, 0), None);
        assert_eq!(executor.bell.rings(), 1);
        assert_eq!(executor.takes().slot, 0);
    }
}

#[test]
fn the_executor_that_fell_asleep_last_is_woken_first_and_each_for_one_task() {
    for kind in KINDS {
        let pool = Pool::new(0, 8);
        let [first, second] = pool.staff(kind);
        assert_eq!(pool.submit(kind, 0), None);
        assert!(!first.was_woken() && second.was_woken());
        assert_eq!(pool.submit(kind, 1), None);
        assert!(first.was_woken() && !second.was_woken());
        assert!(pool.submit(kind, 2).is_some(), "both are spoken for");
    }
}

#[test]
fn each_waiting_task_hires_an_executor_up_to_the_maximum() {
    for kind in KINDS {
        let pool = Pool::new(0, 3);
        let hired: Vec<_> = (0..5).map(|slot| pool.submit(kind, slot)).collect();
        assert!(hired[..3].iter().all(Option::is_some) && hired[3..].iter().all(Option::is_none));
        assert_eq!(hired.iter().flatten().collect::<HashSet<_>>().len(), 3, "each has its own number");
        assert_eq!(pool.crew(kind).total, 3);
    }
}

#[test]
fn an_executor_that_is_starting_counts_for_one_waiting_task() {
    let pool = Pool::new(2, 8);
    assert_eq!(pool.scheduler.hire_minimum(Kind::JavaScript).len(), 2);
    let hired: Vec<bool> = (0..4).map(|slot| pool.submit(Kind::JavaScript, slot).is_some()).collect();
    assert_eq!(hired, [false, false, true, true]);
}

#[test]
fn an_executor_that_was_woken_for_nothing_is_woken_again() {
    for kind in KINDS {
        let pool = Pool::new(0, 2);
        let [executor] = pool.staff(kind);
        // Often enough that it no longer spins before it sleeps.
        (0..20).for_each(|_| executor.falls_asleep());
        pool.submit(kind, 0);
        assert_eq!(executor.bell.rings(), 1);
        pool.submit(kind, 1);
        assert_eq!(executor.bell.rings(), 0, "it stands in the idle list once");
    }
}

#[test]
fn the_minimum_is_hired_once() {
    let pool = Pool::new(3, 8);
    assert_eq!(pool.scheduler.hire_minimum(Kind::Native), [0u32; 0], "only workers have a minimum");
    assert_eq!(pool.scheduler.hire_minimum(Kind::JavaScript).len(), 3);
    assert_eq!(pool.scheduler.hire_minimum(Kind::JavaScript).len(), 0);
    let crew = pool.crew(Kind::JavaScript);
    assert_eq!((crew.total, crew.busy, crew.idle), (3, 0, 0));
}

#[test]
fn the_minimum_is_not_hired_for_a_closed_pool() {
    let pool = Pool::new(3, 8);
    pool.scheduler.close();
    assert_eq!(pool.scheduler.hire_minimum(Kind::JavaScript), [0u32; 0]);
    assert_eq!(pool.notes(), [Seen::Ended]);
}

// ---- death

#[test]
fn the_task_of_a_dead_executor_settles_once_and_its_late_result_is_dropped() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        pool.submit(kind, 0);
        executor.takes();

        assert_eq!(executor.gone(), None);
        assert_eq!(pool.notes(), [Seen::Settled(0, "its executor is gone")]);

        executor.finishes(0, "late");
        assert_eq!(executor.gone(), None);
        executor.stops();
        assert_eq!(pool.notes(), []);
        assert_eq!(pool.counts(), (2, 1, 1, 0));
    }
}

#[test]
fn a_late_result_does_not_settle_the_next_task_of_its_slot() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [dead] = pool.staff(kind);
        pool.submit(kind, 0);
        dead.takes();
        dead.gone();
        pool.notes();
        let heir = pool.start(kind, pool.submit(kind, 0).expect("nobody is left"));
        heir.takes();

        pool.scheduler.next(kind, dead.id, Some(done(0, "late")));
        assert_eq!(pool.notes(), []);

        heir.finishes(0, "its own");
        assert_eq!(pool.notes(), [Seen::Settled(0, "its own")]);
    }
}

#[test]
fn an_executor_that_dies_with_tasks_waiting_is_replaced() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        pool.submit(kind, 0);
        pool.submit(kind, 1);
        executor.takes();

        let replacement = executor.gone().expect("a task waits");

        let replacement = pool.start(kind, replacement);
        assert_eq!(replacement.takes().slot, 1);
        assert_eq!(replacement.gone(), None, "nothing waits any more");
        assert_eq!(pool.crew(kind).total, 0);
    }
}

#[test]
fn a_task_survives_the_executor_that_was_woken_for_it() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [woken] = pool.staff(kind);
        pool.submit(kind, 0);
        assert!(woken.was_woken());

        let replacement = woken.gone().expect("its task waits for somebody else");

        assert_eq!(pool.start(kind, replacement).takes().slot, 0);
        assert_eq!(pool.notes(), []);
    }
}

#[test]
fn another_idle_executor_takes_over_for_one_that_died_after_it_was_woken() {
    for kind in KINDS {
        let pool = Pool::new(0, 2);
        let [idle, woken] = pool.staff(kind);
        pool.submit(kind, 0);
        assert!(woken.was_woken() && !idle.was_woken());

        let replacement = woken.gone();

        assert!(idle.was_woken() || replacement.is_some(), "nobody comes for the waiting task");
        assert_eq!(idle.takes().slot, 0);
    }
}

#[test]
fn a_worker_that_dies_while_it_starts_is_replaced_for_a_waiting_task() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let id = pool.submit(kind, 0).expect("nobody is there to run it");
        let replacement = pool.start(kind, id).gone().expect("a task waits");
        assert_ne!(replacement, id);
        assert_eq!(pool.start(kind, replacement).takes().slot, 0);
    }
}

#[test]
fn a_worker_that_dies_while_it_starts_is_not_replaced_for_the_minimum() {
    let pool = Pool::new(1, 2);
    let ids = pool.scheduler.hire_minimum(Kind::JavaScript);
    assert_eq!(pool.start(Kind::JavaScript, ids[0]).gone(), None);
    assert_eq!(pool.crew(Kind::JavaScript).total, 0);
}

#[test]
fn nobody_is_hired_for_one_that_is_not_to_be_replaced() {
    for kind in KINDS {
        let pool = Pool::new(1, 2);
        let [first, second] = pool.staff(kind);
        for (slot, executor) in [(0, &second), (1, &first)] {
            pool.submit(kind, slot);
            executor.takes();
        }
        pool.submit(kind, 2);

        for (slot, executor) in [(0, &second), (1, &first)] {
            assert_eq!(pool.scheduler.gone(kind, executor.id, false, || "gone"), None);
            assert_eq!(pool.notes(), [Seen::Settled(slot, "gone")]);
        }

        assert_eq!(pool.crew(kind).total, 0);
        assert!(pool.scheduler.withdraw(kind, 2), "it still waits");
    }
}

#[test]
fn an_idle_executor_takes_over_also_for_one_that_is_not_to_be_replaced() {
    for kind in KINDS {
        let pool = Pool::new(0, 2);
        let [idle, woken] = pool.staff(kind);
        pool.submit(kind, 0);
        assert!(woken.was_woken() && !idle.was_woken());
        assert_eq!(pool.scheduler.gone(kind, woken.id, false, || "gone"), None);
        assert!(idle.was_woken(), "nobody comes for the waiting task");
    }
}

#[test]
fn a_worker_that_has_worked_is_replaced_up_to_the_minimum() {
    let pool = Pool::new(1, 2);
    let [first, second] = pool.staff(Kind::JavaScript);
    assert_eq!(first.gone(), None, "there is another");
    assert!(second.gone().is_some());
    assert_eq!(pool.crew(Kind::JavaScript).total, 1);
}

#[test]
fn a_worker_that_dies_of_its_first_task_is_replaced_up_to_the_minimum() {
    let pool = Pool::new(1, 2);
    let ids = pool.scheduler.hire_minimum(Kind::JavaScript);
    let worker = pool.start(Kind::JavaScript, ids[0]);
    pool.submit(Kind::JavaScript, 0);
    worker.takes();
    assert!(worker.gone().is_some(), "it could start, so its successor can");
}

#[test]
fn no_more_executors_count_than_their_starters_were_told_of() {
    let pool = Pool::new(3, 3);
    let [survivor, ..] = pool.scheduler.hire_minimum(Kind::JavaScript)[..] else {
        panic!("three are missing")
    };
    let survivor = pool.start(Kind::JavaScript, survivor);
    pool.submit(Kind::JavaScript, 0);
    survivor.takes();
    survivor.finishes(0, "done");
    for id in [2, 3] {
        assert_eq!(pool.start(Kind::JavaScript, id).gone(), None);
    }

    let told = survivor.gone();

    let told = told.iter().count();
    assert_eq!(pool.crew(Kind::JavaScript).total, told, "an executor that nobody starts never ends");
}

#[test]
fn a_worker_is_replaced_up_to_the_minimum_while_another_retires() {
    let pool = Pool::new(1, 2);
    let [retired, worker] = pool.staff(Kind::JavaScript);
    pool.scheduler.retire_idle(Kind::JavaScript, Duration::ZERO);
    assert!(retired.was_woken());
    assert!(worker.gone().is_some(), "the retired one does not stay");
    retired.stops();
    assert_eq!(retired.gone(), None);
    assert_eq!(pool.crew(Kind::JavaScript).total, 1);
}

// ---- inputs that the submitter delivers

#[test]
fn an_idle_executor_gets_its_input_at_once() {
    for kind in KINDS {
        let pool = Pool::new(0, 2);
        let [executor] = pool.staff(kind);

        let submitted = pool.try_submit(kind, 0, 0.0, true);

        assert_eq!(submitted, Ok(Submitted { hire: None, deliver_to: Some(executor.id) }));
        assert_eq!(pool.notes(), [], "the submitter knows already");
        assert!(!executor.was_woken(), "there is nothing to run yet");
        executor.falls_asleep();
        pool.scheduler.delivered(kind, 0);
        assert!(executor.was_woken());
        let assignment = executor.takes();
        assert_eq!((assignment.slot, assignment.delivered), (0, true));
        executor.finishes(0, "done");
        assert_eq!(pool.notes(), [Seen::Settled(0, "done")]);
    }
}

#[test]
fn a_busy_executor_asks_for_the_input_when_the_tasks_turn_has_come() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        pool.submit(kind, 0);
        executor.takes();
        assert_eq!(pool.try_submit(kind, 1, 0.0, true), Ok(Submitted { hire: None, deliver_to: None }));

        let next = pool.scheduler.next(kind, executor.id, Some(done(0, "done")));

        assert!(matches!(next, Next::Idle), "{next:?}");
        let deliver = Seen::Deliver { slot: 1, executor: executor.id };
        assert_eq!(pool.notes(), [Seen::Settled(0, "done"), deliver]);
        executor.falls_asleep();
        assert_eq!(pool.notes(), [], "it asks once");
        pool.scheduler.delivered(kind, 1);
        let assignment = executor.takes();
        assert_eq!((assignment.slot, assignment.delivered), (1, true));
    }
}

#[test]
fn an_input_is_not_delivered_ahead_of_tasks_that_wait_longer() {
    for kind in KINDS {
        let pool = Pool::new(0, 2);
        let [late, early] = pool.staff(kind);
        pool.submit(kind, 0);

        let submitted = pool.try_submit(kind, 1, 0.0, true);

        assert_eq!(submitted, Ok(Submitted { hire: None, deliver_to: None }));
        assert!(late.was_woken() && early.was_woken());
        assert_eq!(early.takes().slot, 0);
        late.falls_asleep();
        assert_eq!(pool.notes(), [Seen::Deliver { slot: 1, executor: late.id }]);
    }
}

#[test]
fn an_executor_that_awaits_an_input_is_not_given_other_tasks() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        pool.try_submit(kind, 0, 0.0, true).expect("the pool is open");
        pool.submit_with_priority(kind, 1, 9.0);
        executor.falls_asleep();
        pool.scheduler.delivered(kind, 0);
        assert_eq!(executor.takes().slot, 0);
        executor.finishes(0, "done");
        assert_eq!(executor.takes().slot, 1);
    }
}

#[test]
fn a_delivery_that_nobody_waits_for_any_more_changes_nothing() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        pool.scheduler.delivered(kind, 99);
        pool.try_submit(kind, 0, 0.0, true).expect("the pool is open");
        pool.scheduler.delivered(kind, 0);
        pool.scheduler.delivered(kind, 0);
        executor.takes();
        pool.scheduler.delivered(kind, 0);
        executor.finishes(0, "done");
        pool.scheduler.delivered(kind, 0);
        executor.falls_asleep();
        assert_eq!(pool.notes(), [Seen::Settled(0, "done")]);
    }
}

#[test]
fn the_task_of_an_executor_that_dies_awaiting_its_input_settles_once() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        pool.try_submit(kind, 0, 0.0, true).expect("the pool is open");

        assert_eq!(executor.gone(), None);
        pool.scheduler.delivered(kind, 0);

        assert_eq!(pool.notes(), [Seen::Settled(0, "its executor is gone")]);
        assert!(!pool.scheduler.withdraw(kind, 0));
        assert_eq!(pool.counts(), (2, 1, 1, 0));
    }
}

#[test]
fn the_task_of_an_executor_that_dies_after_the_delivery_settles_once() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        pool.try_submit(kind, 0, 0.0, true).expect("the pool is open");
        pool.scheduler.delivered(kind, 0);
        executor.gone();
        assert_eq!(pool.notes(), [Seen::Settled(0, "its executor is gone")]);
    }
}

// ---- taking back

#[test]
fn a_waiting_task_can_be_withdrawn_and_never_runs() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        pool.submit(kind, 0);
        pool.submit(kind, 1);

        assert!(pool.scheduler.withdraw(kind, 0));
        assert!(!pool.scheduler.withdraw(kind, 0), "it is over");

        assert_eq!(executor.takes().slot, 1);
        assert_eq!(pool.notes(), []);
        assert_eq!(pool.counts(), (3, 1, 0, 1));
    }
}

#[test]
fn a_task_that_awaits_its_input_can_be_withdrawn_and_its_executor_is_free() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        pool.try_submit(kind, 0, 0.0, true).expect("the pool is open");
        pool.submit(kind, 1);

        assert!(pool.scheduler.withdraw(kind, 0));

        assert!(executor.was_woken(), "a task waits that nobody else takes");
        assert_eq!(executor.takes().slot, 1);
        pool.scheduler.delivered(kind, 0);
        assert_eq!(pool.notes(), []);
    }
}

#[test]
fn a_task_whose_input_has_been_delivered_can_be_withdrawn_until_it_runs() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        pool.try_submit(kind, 0, 0.0, true).expect("the pool is open");
        pool.scheduler.delivered(kind, 0);
        assert!(pool.scheduler.withdraw(kind, 0));
        executor.falls_asleep();
        assert_eq!(pool.submit(kind, 0), None);
        assert_eq!(executor.takes().slot, 0);
    }
}

#[test]
fn a_running_task_cannot_be_withdrawn() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        pool.submit(kind, 0);
        executor.takes();
        assert!(!pool.scheduler.withdraw(kind, 0));
        executor.finishes(0, "done");
        assert!(!pool.scheduler.withdraw(kind, 0));
        assert_eq!(pool.notes(), [Seen::Settled(0, "done")]);
    }
}

#[test]
fn what_a_withdrawn_task_left_in_the_queue_does_not_run_the_next_task_of_its_slot() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        pool.submit_with_priority(kind, 0, 9.0);
        assert!(pool.scheduler.withdraw(kind, 0));
        pool.submit_with_priority(kind, 1, 5.0);
        pool.submit_with_priority(kind, 0, 1.0);
        let queue = pool.scheduler.snapshot().queue;
        assert_eq!((queue.length, queue.by_priority), (2, vec![(5.0, 1), (1.0, 1)]));

        assert_eq!(executor.takes().slot, 1, "the slot's earlier tenant does not lend its place");
        executor.finishes(1, "done");
        assert_eq!(executor.takes().slot, 0);
        executor.finishes(0, "done");
        executor.falls_asleep();
        assert_eq!(pool.notes(), [Seen::Settled(1, "done"), Seen::Settled(0, "done")]);
    }
}

#[test]
fn a_slot_whose_task_was_withdrawn_and_replaced_twice_runs_its_last_task_once() {
    for kind in KINDS {
        let pool = Pool::new(0, 2);
        let [executor, other] = pool.staff(kind);
        for _ in 0..2 {
            pool.submit(kind, 0);
            assert!(pool.scheduler.withdraw(kind, 0));
        }
        pool.submit(kind, 0);
        assert_eq!(executor.takes().sequence, 4);
        other.falls_asleep();
        assert_eq!(pool.scheduler.snapshot().queue.length, 0);
    }
}

// ---- idle executors retire

#[test]
fn executors_above_the_minimum_retire_and_those_that_slept_longest_first() {
    let pool = Pool::new(1, 3);
    let [first, second, third] = pool.staff(Kind::JavaScript);

    assert_eq!(pool.scheduler.retire_idle(Kind::JavaScript, Duration::ZERO), None);

    assert!(first.was_woken() && second.was_woken() && !third.was_woken());
    for retired in [first, second] {
        retired.stops();
        assert_eq!(retired.gone(), None);
    }
    assert_eq!(pool.submit(Kind::JavaScript, 0), None);
    assert_eq!(third.takes().slot, 0);
}

#[test]
fn native_threads_have_no_minimum() {
    let pool = Pool::new(2, 2);
    let executors = pool.staff::<2>(Kind::Native);
    pool.scheduler.retire_idle(Kind::Native, Duration::ZERO);
    for retired in executors {
        assert!(retired.was_woken());
        retired.stops();
        assert_eq!(retired.gone(), None);
    }
    assert_eq!(pool.crew(Kind::Native).total, 0);
}

#[test]
fn an_executor_that_has_not_been_idle_for_long_stays_and_tells_when_to_look_again() {
    for kind in KINDS {
        let pool = Pool::new(0, 2);
        let [executor] = pool.staff(kind);
        let wait = pool.scheduler.retire_idle(kind, HOUR).expect("one is above the minimum");
        assert!(wait <= HOUR && wait > Duration::ZERO, "{wait:?}");
        assert!(!executor.was_woken());
    }
}

#[test]
fn nobody_above_the_minimum_means_nothing_to_look_for() {
    let pool = Pool::new(1, 2);
    assert_eq!(pool.scheduler.retire_idle(Kind::JavaScript, HOUR), None);
    let [worker] = pool.staff(Kind::JavaScript);
    assert_eq!(pool.scheduler.retire_idle(Kind::JavaScript, Duration::ZERO), None);
    assert!(!worker.was_woken());
}

#[test]
fn an_executor_that_works_stays_and_may_have_been_idle_long_enough_after_the_whole_limit() {
    for kind in KINDS {
        let pool = Pool::new(0, 2);
        let [executor] = pool.staff(kind);
        pool.submit(kind, 0);
        executor.takes();
        assert_eq!(pool.scheduler.retire_idle(kind, HOUR), Some(HOUR));
        executor.finishes(0, "done");
        executor.falls_asleep();
    }
}

#[test]
fn one_caller_at_a_time_is_told_to_keep_retiring() {
    let pool = Pool::new(1, 3);
    let [first] = pool.staff(Kind::JavaScript);
    assert!(!pool.scheduler.begin_retiring(Kind::JavaScript), "nobody is above the minimum");
    pool.submit(Kind::JavaScript, 0);
    first.takes();
    let second = pool.submit(Kind::JavaScript, 1).expect("the other works");
    assert!(pool.scheduler.begin_retiring(Kind::JavaScript));
    assert!(!pool.scheduler.begin_retiring(Kind::JavaScript), "the first is at it");
    assert!(!pool.scheduler.begin_retiring(Kind::Native), "each kind for itself");
    let second = pool.start(Kind::JavaScript, second);
    second.takes();
    second.finishes(1, "done");
    second.falls_asleep();
    assert_eq!(pool.scheduler.retire_idle(Kind::JavaScript, Duration::ZERO), None);
    assert!(!pool.scheduler.begin_retiring(Kind::JavaScript), "the second ends");
    second.stops();
    second.gone();
    pool.submit(Kind::JavaScript, 2).expect("the first works");
    assert!(pool.scheduler.begin_retiring(Kind::JavaScript));
}

#[test]
fn an_endless_limit_retires_nobody() {
    for limit in [Duration::MAX, Duration::from_secs(1 << 40)] {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(Kind::Native);
        let wait = pool.scheduler.retire_idle(Kind::Native, limit).expect("one is idle");
        assert!(wait > HOUR, "{wait:?}");
        assert!(!executor.was_woken());
    }
}

#[test]
fn an_executor_that_was_woken_for_a_task_does_not_retire() {
    for kind in KINDS {
        let pool = Pool::new(0, 2);
        let [idle, woken] = pool.staff(kind);
        pool.submit(kind, 0);
        pool.scheduler.retire_idle(kind, Duration::ZERO);
        idle.stops();
        assert_eq!(woken.takes().slot, 0);
    }
}

#[test]
fn an_executor_that_awaits_an_input_does_not_retire() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        pool.try_submit(kind, 0, 0.0, true).expect("the pool is open");
        assert_eq!(pool.scheduler.retire_idle(kind, HOUR), Some(HOUR));
        assert_eq!(pool.scheduler.retire_idle(kind, Duration::ZERO), Some(Duration::ZERO));
        pool.scheduler.delivered(kind, 0);
        assert_eq!(executor.takes().slot, 0);
    }
}

#[test]
fn a_task_that_comes_while_the_last_executor_retires_gets_a_new_one() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [retired] = pool.staff(kind);
        pool.scheduler.retire_idle(kind, Duration::ZERO);
        assert_eq!(pool.submit(kind, 0), None, "there is no room before the other is gone");
        retired.stops();
        let replacement = retired.gone().expect("a task waits");
        assert_eq!(pool.start(kind, replacement).takes().slot, 0);
    }
}

// ---- closing

#[test]
fn a_closed_pool_finishes_what_it_has_and_then_everybody_stops() {
    let pool = Pool::new(0, 2);
    let workers = pool.staff::<2>(Kind::JavaScript);
    let [thread] = pool.staff(Kind::Native);
    (0..4).for_each(|slot| assert_eq!(pool.submit(Kind::JavaScript, slot), None));
    assert_eq!(pool.submit(Kind::Native, 4), None);

    pool.scheduler.close();

    assert_eq!(thread.takes().slot, 4);
    thread.finishes(4, "done");
    thread.falls_asleep();
    for slot in 0..4 {
        let worker = &workers[slot as usize % 2];
        assert_eq!(worker.takes().slot, slot);
        worker.finishes(slot, "done");
    }
    assert!(thread.was_woken(), "the last task is over, so that the thread is to stop");
    assert!(!pool.notes().contains(&Seen::Ended));
    let executors: Vec<_> = workers.iter().chain([&thread]).collect();
    executors.iter().for_each(|executor| executor.stops());
    for executor in &executors {
        assert_eq!(pool.notes(), [], "somebody is still there");
        assert_eq!(executor.gone(), None);
    }
    assert_eq!(pool.notes(), [Seen::Ended]);
}

#[test]
fn a_closed_pool_replaces_an_executor_that_dies_before_the_work_is_done() {
    for kind in KINDS {
        let pool = Pool::new(1, 1);
        let [executor] = pool.staff(kind);
        pool.submit(kind, 0);
        pool.submit(kind, 1);
        pool.scheduler.close();
        executor.takes();

        let heir = pool.start(kind, executor.gone().expect("a task waits"));

        assert_eq!(heir.takes().slot, 1);
        assert_eq!(heir.gone(), None, "nothing waits, and nothing will come");
        let settled = |slot| Seen::Settled(slot, "its executor is gone");
        assert_eq!(pool.notes(), [settled(0), settled(1), Seen::Ended]);
    }
}

#[test]
fn a_closed_pool_waits_for_inputs_that_are_on_their_way() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        pool.try_submit(kind, 0, 0.0, true).expect("the pool is open");
        pool.scheduler.close();
        executor.falls_asleep();
        pool.scheduler.delivered(kind, 0);
        executor.takes();
        executor.finishes(0, "done");
        executor.stops();
        executor.gone();
        assert_eq!(pool.notes(), [Seen::Settled(0, "done"), Seen::Ended]);
    }
}

#[test]
fn a_closed_pool_ends_when_its_last_task_is_withdrawn() {
    for kind in KINDS {
        for needs_delivery in [false, true] {
            let pool = Pool::new(0, 1);
            let [executor] = pool.staff(kind);
            pool.try_submit(kind, 0, 0.0, needs_delivery).expect("the pool is open");
            pool.scheduler.close();
            assert!(pool.scheduler.withdraw(kind, 0));
            assert!(executor.was_woken());
            executor.stops();
            executor.gone();
            assert_eq!(pool.notes(), [Seen::Ended]);
        }
    }
}

#[test]
fn an_empty_pool_ends_as_it_is_closed() {
    let pool = Pool::new(0, 1);
    pool.scheduler.close();
    assert_eq!(pool.owner.rings(), 1);
    assert_eq!(pool.notes(), [Seen::Ended]);
}

#[test]
fn closing_again_changes_nothing() {
    let pool = Pool::new(0, 1);
    let [executor] = pool.staff(Kind::Native);
    pool.scheduler.close();
    pool.scheduler.close();
    executor.stops();
    pool.scheduler.close();
    executor.gone();
    pool.scheduler.close();
    assert_eq!(pool.notes(), [Seen::Ended]);
}

#[test]
fn an_idle_pool_stops_its_executors_as_it_is_closed_also_those_that_are_starting() {
    let pool = Pool::new(1, 2);
    let [thread] = pool.staff(Kind::Native);
    let ids = pool.scheduler.hire_minimum(Kind::JavaScript);

    pool.scheduler.close();

    assert!(thread.was_woken());
    thread.stops();
    thread.gone();
    assert_eq!(pool.notes(), [], "the worker is on its way");
    let worker = pool.start(Kind::JavaScript, ids[0]);
    worker.stops();
    assert_eq!(worker.gone(), None);
    assert_eq!(pool.notes(), [Seen::Ended]);
}

#[test]
fn a_closed_pool_takes_no_more_tasks() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        pool.scheduler.close();
        assert_eq!(pool.try_submit(kind, 0, 0.0, false), Err(Closed::Closing));
        executor.stops();
        executor.gone();
        assert_eq!(pool.try_submit(kind, 0, 0.0, true), Err(Closed::Closing));
        pool.scheduler.terminate();
        assert_eq!(pool.try_submit(kind, 0, 0.0, false), Err(Closed::Terminated));
        assert_eq!(pool.notes(), [Seen::Ended]);
        assert_eq!(pool.counts(), (1, 1, 0, 0), "those refused do not count");
    }
}

// ---- termination

#[test]
fn a_terminated_pool_forgets_its_tasks_and_stops() {
    for kind in KINDS {
        let pool = Pool::new(0, 3);
        let [awaiting, running, finished] = pool.staff(kind);
        pool.submit(kind, 0);
        finished.takes();
        finished.finishes(0, "in time");
        pool.submit(kind, 1);
        running.takes();
        pool.try_submit(kind, 2, 0.0, true).expect("the pool is open");
        (3..6).for_each(|slot| assert_eq!(pool.submit(kind, slot), None));
        awaiting.bell.rings();

        pool.scheduler.terminate();

        assert!(awaiting.was_woken());
        pool.scheduler.delivered(kind, 2);
        assert!(!pool.scheduler.withdraw(kind, 3));
        running.finishes(1, "too late");
        for executor in [&awaiting, &running, &finished] {
            assert!(!pool.notes().contains(&Seen::Ended));
            executor.stops();
            assert_eq!(executor.gone(), None);
        }
        assert_eq!(pool.notes(), [Seen::Ended]);
        assert_eq!(pool.counts(), (9, 4, 0, 5));
        assert_eq!(pool.scheduler.snapshot().queue.length, 0);
    }
}

#[test]
fn what_settled_before_the_termination_is_still_told() {
    let pool = Pool::new(0, 1);
    let [executor] = pool.staff(Kind::Native);
    pool.submit(Kind::Native, 0);
    executor.takes();
    executor.finishes(0, "in time");
    pool.scheduler.terminate();
    executor.gone();
    assert_eq!(pool.notes(), [Seen::Settled(0, "in time"), Seen::Ended]);
}

#[test]
fn an_executor_that_dies_after_the_termination_settles_nothing() {
    for kind in KINDS {
        let pool = Pool::new(1, 1);
        let [executor] = pool.staff(kind);
        pool.submit(kind, 0);
        pool.submit(kind, 1);
        executor.takes();
        pool.scheduler.terminate();
        assert_eq!(executor.gone(), None, "nobody is needed");
        assert_eq!(pool.notes(), [Seen::Ended]);
    }
}

#[test]
fn a_closing_pool_can_be_terminated_and_ends_once() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        pool.submit(kind, 0);
        executor.takes();
        pool.scheduler.close();
        pool.scheduler.terminate();
        pool.scheduler.terminate();
        pool.scheduler.close();
        assert_eq!(pool.try_submit(kind, 1, 0.0, false), Err(Closed::Terminated));
        let next = pool.scheduler.next(kind, executor.id, Some(done(0, "too late")));
        assert!(matches!(next, Next::Stop), "{next:?}");
        executor.gone();
        pool.scheduler.terminate();
        assert_eq!(pool.notes(), [Seen::Ended]);
    }
}

#[test]
fn an_empty_pool_ends_as_it_is_terminated() {
    let pool = Pool::new(0, 1);
    pool.scheduler.terminate();
    assert_eq!(pool.notes(), [Seen::Ended]);
    assert_eq!(pool.try_submit(Kind::Native, 0, 0.0, false), Err(Closed::Terminated));
}

// ---- figures

#[test]
fn a_snapshot_tells_who_works_and_what_waits() {
    let pool = Pool::new(0, 3);
    let [_asleep, awaiting, busy] = pool.staff(Kind::JavaScript);
    pool.submit(Kind::JavaScript, 0);
    busy.takes();
    pool.try_submit(Kind::JavaScript, 1, 0.0, true).expect("the pool is open");
    let [thread] = pool.staff(Kind::Native);
    pool.submit(Kind::Native, 2);
    thread.takes();
    let starting = pool.submit_with_priority(Kind::Native, 3, 2.5).expect("the other works");
    pool.submit_with_priority(Kind::Native, 4, -1.0);
    pool.submit_with_priority(Kind::Native, 5, 2.5);
    pool.submit_with_priority(Kind::Native, 6, 0.0);
    assert!(pool.scheduler.withdraw(Kind::Native, 6));

    let snapshot = pool.scheduler.snapshot();

    let workers = &snapshot.workers;
    assert_eq!((workers.total, workers.busy, workers.idle), (3, 2, 1));
    let threads = &snapshot.native_threads;
    assert_eq!((threads.total, threads.busy, threads.idle), (3, 1, 0));
    assert_eq!(snapshot.queue.length, 3);
    assert_eq!(snapshot.queue.by_priority, [(2.5, 2), (-1.0, 1)]);
    assert!(snapshot.queue.oldest_age > 0.0);
    let tasks = &snapshot.tasks;
    assert_eq!((tasks.submitted, tasks.completed, tasks.failed, tasks.cancelled), (11, 4, 0, 1));
    assert!((0.0..=1.0).contains(&snapshot.utilization));
    let find = |kind, id| {
        let mut all = snapshot.per_worker.iter();
        all.find(|executor| executor.kind == kind && executor.id == id).expect("it is there")
    };
    assert_eq!(snapshot.per_worker.len(), 6);
    assert!(find(Kind::JavaScript, busy.id).busy && find(Kind::JavaScript, awaiting.id).busy);
    assert!(!find(Kind::Native, starting).busy);
    assert_eq!(find(Kind::Native, starting).tasks, 0);
    assert_eq!(find(Kind::Native, thread.id).tasks, 1);
    assert!(find(Kind::Native, thread.id).busy_time > 0.0, "the task that runs counts");
}

#[test]
fn a_snapshot_of_a_new_pool_is_all_zero() {
    let snapshot = Pool::new(2, 2).scheduler.snapshot();
    assert_eq!((snapshot.workers.total, snapshot.native_threads.total), (0, 0));
    assert_eq!((snapshot.queue.length, snapshot.queue.oldest_age), (0, 0.0));
    assert_eq!((snapshot.tasks.submitted, snapshot.utilization), (0, 0.0));
    assert_eq!((snapshot.wait_time.max, snapshot.run_time.max), (0.0, 0.0));
    assert!(snapshot.per_worker.is_empty() && snapshot.per_task.is_empty());
}

#[test]
fn tasks_count_by_how_they_ended_and_by_name() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        let endings = [Ending::Fulfilled, Ending::Rejected, Ending::Cancelled, Ending::Rejected];
        for (slot, ending) in [1, 1, 1, 2].into_iter().zip(endings) {
            pool.submit(kind, slot);
            executor.takes();
            pool.scheduler.finish(kind, executor.id, Finished { slot, outcome: "over", ending });
        }
        assert_eq!(pool.notes().len(), 4, "the submitter hears of each");
        assert_eq!(pool.counts(), (5, 2, 2, 1));
        let snapshot = pool.scheduler.snapshot();
        let named: Vec<_> = snapshot
            .per_task
            .iter()
            .map(|figures| (figures.label, figures.kind, figures.completed, figures.failed))
            .collect();
        assert_eq!(named, [(0, kind, 1, 0), (1, kind, 1, 1), (2, kind, 0, 1)]);
        assert!(snapshot.wait_time.max > 0.0 && snapshot.run_time.max > 0.0);
    }
}

// ---- real threads

/// Within this, a pool that is not stuck is done many times over.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs `story` on a thread of its own and fails, instead of hanging, if it does not come to its end.
fn within_patience(story: impl FnOnce() + Send + 'static) {
    let (over, told) = mpsc::channel();
    let thread = thread::spawn(move || {
        story();
        let _ = over.send(());
    });
    match told.recv_timeout(PATIENCE) {
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("the pool hangs"),
        // Done, or panicked and dropped its end: the panic is the one to show.
        _ => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
    }
}

/// Where a thread sleeps: `wake` before `sleep` makes the next `sleep` return at once.
#[derive(Default)]
struct Bed {
    woken: Mutex<bool>,
    changed: Condvar,
}

impl Bed {
    fn sleep(&self) {
        let mut woken = lock(&self.woken);
        while !*woken {
            woken = self.changed.wait(woken).expect("nobody panics with the lock");
        }
        *woken = false;
    }
}

impl Wake for Bed {
    fn wake(&self) {
        *lock(&self.woken) = true;
        self.changed.notify_one();
    }
}

struct OwnersBed(Arc<Bed>);

impl Wake for OwnersBed {
    fn wake(&self) {
        self.0.wake();
    }
}

/// A pool whose executors are threads.
struct Threads {
    scheduler: Scheduler<u32, u32>,
    owner: Arc<Bed>,
    handles: Mutex<Vec<JoinHandle<()>>>,
    /// Each thread dies in the middle of its task of this number; 0 for never.
    mortality: u32,
    ran: Vec<AtomicUsize>,
}

impl Threads {
    fn new(maximum_native_threads: usize, tasks: u32, mortality: u32) -> Arc<Self> {
        let config = Config { minimum_workers: 0, maximum_workers: 0, maximum_native_threads, aging: None };
        let owner = Arc::new(Bed::default());
        let mailbox = Arc::new(Mailbox::new(Box::new(OwnersBed(owner.clone()))));
        Arc::new(Self {
            scheduler: Scheduler::new(&config, mailbox),
            owner,
            handles: Mutex::default(),
            mortality,
            ran: (0..tasks).map(|_| AtomicUsize::new(0)).collect(),
        })
    }

    fn start(self: &Arc<Self>, hire: Option<u32>) {
        if let Some(id) = hire {
            let own = self.clone();
            let handle = thread::spawn(move || {
                own.work(id);
                let replacement = own.scheduler.gone(Kind::Native, id, true, || u32::MAX);
                own.start(replacement);
            });
            lock(&self.handles).push(handle);
        }
    }

    fn work(&self, id: u32) {
        let bed = Arc::new(Bed::default());
        self.scheduler.attach(Kind::Native, id, bed.clone());
        let mut finished = None;
        let mut taken = 0;
        loop {
            match self.scheduler.next(Kind::Native, id, finished.take()) {
                Next::Run(Assignment { slot, job, .. }) => {
                    self.ran[job as usize].fetch_add(1, Ordering::Relaxed);
                    taken += 1;
                    if taken == self.mortality {
                        return;
                    }
                    finished = Some(Finished { slot, outcome: job, ending: Ending::Fulfilled });
                }
                Next::Idle => bed.sleep(),
                Next::Stop => return,
            }
        }
    }

    fn submit(self: &Arc<Self>, slot: u32) {
        let submission = Submission {
            slot,
            kind: Kind::Native,
            label: 0,
            priority: 0.0,
            needs_delivery: false,
            job: slot,
        };
        let submitted = self.scheduler.submit(submission).expect("the pool is open");
        self.start(submitted.hire);
    }

    /// The owner's loop: takes notes and sleeps, until `enough` says so.
    fn listen(&self, mut enough: impl FnMut(Note<u32>) -> bool) {
        let mailbox = self.scheduler.mailbox();
        loop {
            while let Some(note) = mailbox.take() {
                if enough(note) {
                    return;
                }
            }
            if mailbox.rest() {
                self.owner.sleep();
            }
        }
    }

    /// Submits a task for each slot, hears each settle once, closes, and hears the end.
    fn run_all(self: &Arc<Self>) -> Vec<u32> {
        let tasks = self.ran.len() as u32;
        let submitter = {
            let own = self.clone();
            thread::spawn(move || (0..tasks).for_each(|slot| own.submit(slot)))
        };
        let mut outcomes = vec![None; tasks as usize];
        let mut missing = tasks;
        self.listen(|note| {
            let Note::Settled { slot, outcome } = note else { panic!("only results come: {note:?}") };
            assert_eq!(outcomes[slot as usize].replace(outcome), None, "slot {slot} settles once");
            missing -= 1;
            missing == 0
        });
        submitter.join().expect("the submitter ends");
        self.scheduler.close();
        self.listen(|note| {
            assert!(matches!(note, Note::Ended), "everything has settled: {note:?}");
            true
        });
        while let Some(handle) = { lock(&self.handles).pop() } {
            handle.join().expect("a thread ends without a panic");
        }
        assert!(self.scheduler.mailbox().take().is_none(), "the end is the last note");
        assert!(self.ran.iter().all(|runs| runs.load(Ordering::Relaxed) == 1), "each task ran once");
        outcomes.into_iter().flatten().collect()
    }
}

#[test]
fn ten_thousand_tasks_on_four_threads_each_run_and_settle_once() {
    within_patience(|| {
        let pool = Threads::new(4, 10_000, 0);
        assert_eq!(pool.run_all(), (0..10_000).collect::<Vec<u32>>());
        assert_eq!(pool.scheduler.snapshot().tasks.completed, 10_000);
    });
}

#[test]
fn ten_thousand_tasks_on_threads_that_die_all_settle_once() {
    within_patience(|| {
        let pool = Threads::new(3, 10_000, 100);
        let outcomes = pool.run_all();
        let failed = outcomes.iter().filter(|outcome| **outcome == u32::MAX).count() as u64;
        let counts = pool.scheduler.snapshot().tasks;
        assert_eq!((counts.completed + counts.failed, counts.failed), (10_000, failed));
        assert!((98..=100).contains(&failed), "one in a hundred: {failed}");
    });
}

#[test]
fn tasks_that_come_one_at_a_time_always_find_a_sleeping_thread() {
    within_patience(|| {
        let pool = Threads::new(2, 2_000, 0);
        for slot in 0..2_000 {
            pool.submit(slot);
            pool.listen(|note| matches!(note, Note::Settled { slot: settled, .. } if settled == slot));
        }
        pool.scheduler.close();
        pool.listen(|note| matches!(note, Note::Ended));
    });
}

// ---- random lives

/// A pool beside a plain model of its rules, and every executor driven by hand.
mod life {
    use std::cmp::Reverse;
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Copy, Debug)]
    enum Step {
        Submit {
            kind: Kind,
            priority: i8,
            needs_delivery: bool,
        },
        HireMinimum,
        /// Executors and tasks are picked by number, modulo how many there are.
        Next(usize),
        Finish(usize),
        FinishLate(usize),
        Gone(usize),
        Delivered(usize),
        Withdraw(usize),
        Retire(Kind),
        Close,
        Terminate,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let kind = || prop_oneof![4 => Just(Kind::JavaScript), 1 => Just(Kind::Native)];
        let step = prop_oneof![
            24 => (kind(), -1i8..2, prop::bool::weighted(0.3))
                .prop_map(|(kind, priority, needs_delivery)| Step::Submit { kind, priority, needs_delivery }),
            1 => Just(Step::HireMinimum),
            40 => any::<usize>().prop_map(Step::Next),
            5 => any::<usize>().prop_map(Step::Finish),
            4 => any::<usize>().prop_map(Step::FinishLate),
            10 => any::<usize>().prop_map(Step::Gone),
            10 => any::<usize>().prop_map(Step::Delivered),
            6 => any::<usize>().prop_map(Step::Withdraw),
            2 => kind().prop_map(Step::Retire),
        ];
        let end =
            prop_oneof![3 => Just(None), 2 => Just(Some(Step::Close)), 1 => Just(Some(Step::Terminate))];
        (prop::collection::vec(step.clone(), 0..80), end, prop::collection::vec(step, 0..30))
            .prop_map(|(before, end, after)| before.into_iter().chain(end).chain(after).collect())
    }

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Place {
        Waiting,
        Awaiting(u32),
        Running(u32),
    }

    struct Task {
        kind: Kind,
        priority: i8,
        sequence: u64,
        needs_delivery: bool,
        place: Place,
    }

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Status {
        Starting,
        /// Between tasks and on its way to ask for the next.
        Coming,
        Running(u32),
        Awaiting(u32),
        /// The input of its task has come.
        Ready(u32),
        Asleep,
    }

    struct Member {
        status: Status,
        retiring: bool,
        /// The task it still has in hand although the pool has forgotten it.
        forgotten: Option<u32>,
        bell: Arc<Bell>,
    }

    impl Member {
        fn slot(&self) -> Option<u32> {
            match self.status {
                Status::Running(slot) | Status::Awaiting(slot) | Status::Ready(slot) => Some(slot),
                _ => self.forgotten,
            }
        }
    }

    #[derive(Clone, Copy, PartialEq, Eq)]
    enum Phase {
        Open,
        Closing,
        Terminated,
    }

    struct Life {
        pool: Pool,
        minimum: usize,
        maximum: usize,
        phase: Phase,
        ended: bool,
        tasks: BTreeMap<u32, Task>,
        members: BTreeMap<(usize, u32), Member>,
        /// Those asleep, by kind, the last to fall asleep last.
        asleep: [Vec<u32>; 2],
        /// Whether somebody has been told to keep retiring, by kind.
        watched: [bool; 2],
        /// Executors, dead or alive, and a task that they had in hand once.
        past: Vec<(Kind, u32, u32)>,
        newest: [u32; 2],
        free_slots: Vec<u32>,
        expected: Vec<Seen>,
        submitted: u64,
        settled: u64,
        withdrawn: u64,
        forgotten: u64,
    }

    impl Life {
        fn new(minimum: usize, maximum: usize) -> Self {
            Self {
                pool: Pool::new(minimum, maximum),
                minimum,
                maximum,
                phase: Phase::Open,
                ended: false,
                tasks: BTreeMap::new(),
                members: BTreeMap::new(),
                asleep: [Vec::new(), Vec::new()],
                watched: [false; 2],
                past: Vec::new(),
                newest: [0; 2],
                free_slots: (0..200).rev().collect(),
                expected: Vec::new(),
                submitted: 0,
                settled: 0,
                withdrawn: 0,
                forgotten: 0,
            }
        }

        fn waiting(&self, kind: Kind) -> usize {
            let waits = |task: &&Task| task.kind == kind && task.place == Place::Waiting;
            self.tasks.values().filter(waits).count()
        }

        fn crew(&self, kind: Kind) -> impl Iterator<Item = &Member> {
            self.members.range((kind as usize, 0)..=(kind as usize, u32::MAX)).map(|(_, member)| member)
        }

        fn starting(&self, kind: Kind) -> usize {
            let starts = |member: &&Member| member.status == Status::Starting && !member.retiring;
            self.crew(kind).filter(starts).count()
        }

        fn member(&mut self, kind: Kind, id: u32) -> &mut Member {
            self.members.get_mut(&(kind as usize, id)).expect("it is alive")
        }

        fn hired(&mut self, kind: Kind, id: u32) {
            let bell = Arc::new(Bell::default());
            let member = Member { status: Status::Starting, retiring: false, forgotten: None, bell };
            self.members.insert((kind as usize, id), member);
            assert!(self.newest[kind as usize] < id, "a new number");
            self.newest[kind as usize] = id;
            assert!(self.crew(kind).count() <= self.maximum);
            assert!(self.phase != Phase::Terminated);
        }

        /// Those asleep that were woken are on their way.
        fn those_woken_get_up(&mut self) -> Vec<u32> {
            let mut woken = Vec::new();
            for kind in KINDS {
                let (members, asleep) = (&mut self.members, &mut self.asleep[kind as usize]);
                asleep.retain(|id| {
                    let member = members.get_mut(&(kind as usize, *id)).expect("it is alive");
                    let up = member.bell.rings() > 0;
                    if up {
                        member.status = Status::Coming;
                        woken.push(*id);
                    }
                    !up
                });
            }
            woken
        }

        /// The task in `slot` has left the pool.
        fn left(&mut self, slot: u32) {
            self.tasks.remove(&slot).expect("a task leaves once");
            self.free_slots.push(slot);
        }

        fn settles(&mut self, slot: u32, outcome: &'static str) {
            self.left(slot);
            self.settled += 1;
            self.expected.push(Seen::Settled(slot, outcome));
            self.end_if_over();
        }

        fn end_if_over(&mut self) {
            if self.phase != Phase::Open && self.tasks.is_empty() && !self.ended {
                self.members.values_mut().for_each(|member| member.retiring = true);
                if self.members.is_empty() {
                    self.ended = true;
                    self.expected.push(Seen::Ended);
                }
            }
        }

        fn pick(&self, index: usize) -> Option<(Kind, u32)> {
            let place = index % self.members.len().max(1);
            self.members.keys().nth(place).map(|(kind, id)| (KINDS[*kind], *id))
        }

        fn apply(&mut self, step: Step) {
            match step {
                Step::Submit { kind, priority, needs_delivery } => {
                    self.submit(kind, priority, needs_delivery);
                }
                Step::HireMinimum => self.hire_minimum(),
                Step::Next(index) => {
                    if let Some((kind, id)) = self.pick(index) {
                        self.next(kind, id);
                    }
                }
                Step::Finish(index) => {
                    if let Some((kind, id)) = self.pick(index)
                        && let Some(finished) = self.result(kind, id)
                    {
                        self.pool.scheduler.finish(kind, id, finished);
                    }
                }
                Step::FinishLate(index) => {
                    let past = self.past.get(index % self.past.len().max(1)).copied();
                    if let Some((kind, id, slot)) = past
                        && self
                            .members
                            .get(&(kind as usize, id))
                            .is_none_or(|member| member.slot() != Some(slot))
                    {
                        self.pool.scheduler.finish(kind, id, done(slot, "late"));
                    }
                }
                Step::Gone(index) => {
                    if let Some((kind, id)) = self.pick(index) {
                        self.gone(kind, id);
                    }
                }
                Step::Delivered(index) => {
                    let place = index % self.tasks.len().max(1);
                    if let Some(slot) = self.tasks.keys().nth(place).copied() {
                        self.delivered(slot);
                    }
                }
                Step::Withdraw(index) => {
                    let place = index % self.tasks.len().max(1);
                    if let Some(slot) = self.tasks.keys().nth(place).copied() {
                        self.withdraw(slot);
                    }
                }
                Step::Retire(kind) => self.retire(kind),
                Step::Close => {
                    self.pool.scheduler.close();
                    if self.phase == Phase::Open {
                        self.phase = Phase::Closing;
                    }
                    self.end_if_over();
                }
                Step::Terminate => self.terminate(),
            }
            self.check();
        }

        fn submit(&mut self, kind: Kind, priority: i8, needs_delivery: bool) {
            let slot = self.free_slots.pop().expect("more slots than steps");
            let answer = self.pool.try_submit(kind, slot, f64::from(priority), needs_delivery);
            let closed = match self.phase {
                Phase::Open => None,
                Phase::Closing => Some(Closed::Closing),
                Phase::Terminated => Some(Closed::Terminated),
            };
            if let Some(closed) = closed {
                self.free_slots.push(slot);
                assert_eq!(answer, Err(closed));
                return;
            }
            let Submitted { hire, deliver_to } = answer.expect("the pool is open");
            let claimed = self.asleep[kind as usize].last().copied();
            let at_once = needs_delivery && self.waiting(kind) == 0;
            assert_eq!(deliver_to, claimed.filter(|_| at_once));
            let place = deliver_to.map_or(Place::Waiting, Place::Awaiting);
            let sequence = self.submitted;
            self.tasks.insert(slot, Task { kind, priority, sequence, needs_delivery, place });
            self.submitted += 1;
            if let Some(id) = deliver_to {
                self.asleep[kind as usize].pop();
                self.member(kind, id).status = Status::Awaiting(slot);
            } else {
                assert_eq!(self.those_woken_get_up(), claimed.into_iter().collect::<Vec<_>>());
            }
            let short = claimed.is_none() && self.waiting(kind) > self.starting(kind);
            assert_eq!(hire.is_some(), short && self.crew(kind).count() < self.maximum);
            if let Some(id) = hire {
                self.hired(kind, id);
            }
        }

        fn hire_minimum(&mut self) {
            let hired = self.pool.scheduler.hire_minimum(Kind::JavaScript);
            if self.phase != Phase::Open {
                assert_eq!(hired, [0u32; 0]);
            }
            hired.into_iter().for_each(|id| self.hired(Kind::JavaScript, id));
            if self.phase == Phase::Open {
                assert!(self.crew(Kind::JavaScript).count() >= self.minimum);
            }
        }

        /// The end of the task that an executor runs, if it runs one.
        fn result(&mut self, kind: Kind, id: u32) -> Option<Finished<&'static str>> {
            let member = self.member(kind, id);
            if let Some(slot) = member.forgotten.take() {
                return Some(done(slot, "nobody's"));
            }
            let Status::Running(slot) = member.status else { return None };
            member.status = Status::Coming;
            self.past.push((kind, id, slot));
            self.settles(slot, "done");
            Some(done(slot, "done"))
        }

        fn next(&mut self, kind: Kind, id: u32) {
            let finished = self.result(kind, id);
            let member = self.member(kind, id);
            member.bell.rings();
            if member.status == Status::Starting {
                let bell = member.bell.clone();
                self.pool.scheduler.attach(kind, id, bell);
            }
            let next = self.pool.scheduler.next(kind, id, finished);
            let member = self.member(kind, id);
            let status = member.status;
            if member.retiring {
                assert!(matches!(next, Next::Stop), "{next:?}");
                return;
            }
            if status == Status::Asleep {
                self.asleep[kind as usize].retain(|asleep| *asleep != id);
            }
            let waiting =
                self.tasks.iter().filter(|(_, task)| task.kind == kind && task.place == Place::Waiting);
            let first = waiting
                .min_by_key(|(_, task)| (Reverse(task.priority), task.sequence))
                .map(|(slot, _)| *slot);
            let status = match (status, first) {
                (Status::Awaiting(slot), _) => Status::Awaiting(slot),
                (Status::Ready(slot), _) => Status::Running(slot),
                (_, None) => Status::Asleep,
                (_, Some(slot)) if self.tasks[&slot].needs_delivery => {
                    self.expected.push(Seen::Deliver { slot, executor: id });
                    Status::Awaiting(slot)
                }
                (_, Some(slot)) => Status::Running(slot),
            };
            self.member(kind, id).status = status;
            match (status, next) {
                (Status::Asleep, Next::Idle) => self.asleep[kind as usize].push(id),
                (Status::Awaiting(slot), Next::Idle) => {
                    self.tasks.get_mut(&slot).expect("it waits").place = Place::Awaiting(id);
                }
                (Status::Running(slot), Next::Run(assignment)) => {
                    let task = self.tasks.get_mut(&slot).expect("it waits");
                    task.place = Place::Running(id);
                    assert_eq!((assignment.slot, assignment.sequence), (slot, task.sequence));
                    assert_eq!(assignment.delivered, task.needs_delivery);
                }
                (status, next) => panic!("executor {id} should be {status:?}, but got {next:?}"),
            }
        }

        fn gone(&mut self, kind: Kind, id: u32) {
            let replacement = self.pool.scheduler.gone(kind, id, true, || "gone");
            let member = self.members.remove(&(kind as usize, id)).expect("it was alive");
            self.asleep[kind as usize].retain(|asleep| *asleep != id);
            self.past.push((kind, id, member.slot().unwrap_or(0)));
            match member.forgotten {
                None if member.slot().is_some() => self.settles(member.slot().unwrap_or(0), "gone"),
                _ => self.end_if_over(),
            }
            if let Some(id) = replacement {
                self.hired(kind, id);
            }
        }

        fn delivered(&mut self, slot: u32) {
            let task = &self.tasks[&slot];
            let (kind, place) = (task.kind, task.place);
            self.pool.scheduler.delivered(kind, slot);
            if let Place::Awaiting(id) = place {
                let member = self.member(kind, id);
                member.status = Status::Ready(slot);
                assert!(member.bell.rings() > 0, "executor {id} has something to run");
            }
        }

        fn withdraw(&mut self, slot: u32) {
            let task = &self.tasks[&slot];
            let (kind, place) = (task.kind, task.place);
            let withdrawn = self.pool.scheduler.withdraw(kind, slot);
            assert_eq!(withdrawn, !matches!(place, Place::Running(_)));
            if let Place::Awaiting(id) = place {
                let member = self.member(kind, id);
                member.status = Status::Coming;
                assert!(member.bell.rings() > 0, "executor {id} is free");
            }
            if withdrawn {
                self.left(slot);
                self.withdrawn += 1;
                self.end_if_over();
            }
        }

        fn retire(&mut self, kind: Kind) {
            let minimum = if kind == Kind::JavaScript { self.minimum } else { 0 };
            let staying = self.crew(kind).filter(|member| !member.retiring).count();
            let surplus = staying.saturating_sub(minimum);
            let begins = surplus > 0 && !std::mem::replace(&mut self.watched[kind as usize], surplus > 0);
            assert_eq!(self.pool.scheduler.begin_retiring(kind), begins);
            let next = self.pool.scheduler.retire_idle(kind, Duration::ZERO);
            let retiring = surplus.min(self.asleep[kind as usize].len());
            self.watched[kind as usize] = surplus > retiring;
            assert_eq!(next, self.watched[kind as usize].then_some(Duration::ZERO));
            let retired = self.asleep[kind as usize][..retiring].to_vec();
            assert_eq!(self.those_woken_get_up(), retired);
            retired.into_iter().for_each(|id| self.member(kind, id).retiring = true);
        }

        fn terminate(&mut self) {
            self.pool.scheduler.terminate();
            if self.phase == Phase::Terminated {
                return;
            }
            self.phase = Phase::Terminated;
            for member in self.members.values_mut() {
                member.forgotten = member.slot();
                if member.forgotten.is_some() {
                    member.status = Status::Coming;
                }
            }
            self.forgotten += self.tasks.len() as u64;
            self.tasks.clear();
            self.end_if_over();
        }

        /// What is true after every step.
        fn check(&mut self) {
            self.those_woken_get_up();
            assert_eq!(self.pool.notes(), std::mem::take(&mut self.expected));
            let snapshot = self.pool.scheduler.snapshot();
            for (kind, summary) in KINDS.into_iter().zip([&snapshot.workers, &snapshot.native_threads]) {
                assert_eq!(summary.total, self.crew(kind).count(), "all that were told of, and no others");
                assert_eq!(summary.busy, self.crew(kind).filter(|member| member.slot().is_some()).count());
                assert_eq!(summary.idle, summary.total - summary.busy - self.starting(kind));
                let comes = |member: &Member| member.status != Status::Asleep && !member.retiring;
                let leaves = |member: &Member| member.status != Status::Asleep && member.retiring;
                let full = self.crew(kind).count() == self.maximum;
                let somebody = self.crew(kind).any(|member| comes(member) || (full && leaves(member)));
                assert!(self.waiting(kind) == 0 || somebody, "a task waits, and everybody sleeps");
            }
            assert_eq!(snapshot.queue.length, self.waiting(Kind::JavaScript) + self.waiting(Kind::Native));
            let by_priority: usize = snapshot.queue.by_priority.iter().map(|level| level.1).sum();
            assert_eq!(by_priority, snapshot.queue.length);
            let counts = snapshot.tasks;
            assert_eq!(counts.submitted, self.submitted);
            assert_eq!(counts.completed + counts.failed, self.settled);
            assert_eq!(counts.cancelled, self.withdrawn + self.forgotten);
            let left = self.tasks.len() as u64;
            assert_eq!(self.submitted, self.settled + self.withdrawn + self.forgotten + left);
        }

        /// Lets everybody who was woken do what there is to do, until everybody sleeps.
        fn run_dry(&mut self) {
            loop {
                let awaiting = self.members.iter().find_map(|(_, member)| match member.status {
                    Status::Awaiting(slot) if member.forgotten.is_none() => Some(slot),
                    _ => None,
                });
                let awake = self.members.iter().find(|(_, member)| member.status != Status::Asleep);
                if let Some(slot) = awaiting {
                    self.delivered(slot);
                } else if let Some(((kind, id), member)) = awake {
                    let (kind, id, retiring) = (KINDS[*kind], *id, member.retiring);
                    self.next(kind, id);
                    if retiring || self.member(kind, id).retiring {
                        self.gone(kind, id);
                    }
                } else {
                    break;
                }
                self.check();
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

        #[test]
        fn every_task_leaves_once_and_in_order_whatever_happens(
            steps in steps(),
            minimum in 0usize..4,
            more in 0usize..4,
        ) {
            let mut life = Life::new(minimum, (minimum + more).max(1));
            steps.into_iter().for_each(|step| life.apply(step));
            life.run_dry();
            assert!(life.tasks.is_empty(), "everybody sleeps, and nothing waits");
            life.apply(Step::Close);
            life.run_dry();
            assert!(life.ended && life.members.is_empty());
        }
    }
}
