//! The scheduler's races, one model each, walked by loom through every interleaving that a few
//! preemptions can make. The names are those of `README.md`.
//!
//! A model that ends has shown its assertions; a task, a note or an executor that is left sleeping shows
//! as a deadlock, which loom reports.

use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use loom::thread::{self, JoinHandle};

use super::sync::{Arc, Condvar, Mutex, Ordering, lock};
use super::*;

/// Checks every interleaving.
fn explore(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = None;
    builder.check(model);
}

/// Checks every interleaving with at most so many switches away from a thread that could go on; for
/// models that have too many others.
fn explore_preemptions(most: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(most);
    builder.check(model);
}

// ---- the scene

/// Where a thread sleeps: `wake` before `sleep` makes the next `sleep` return at once.
struct Bed {
    woken: Mutex<bool>,
    changed: Condvar,
}

impl Bed {
    fn new() -> Arc<Self> {
        Arc::new(Self { woken: Mutex::new(false), changed: Condvar::new() })
    }

    fn sleep(&self) {
        let mut woken = lock(&self.woken);
        while !*woken {
            woken = self.changed.wait(woken).expect("nobody panics with the lock");
        }
        *woken = false;
    }
}

/// Wakes whoever sleeps in the bed.
struct Alarm(Arc<Bed>);

impl Wake for Alarm {
    fn wake(&self) {
        *lock(&self.0.woken) = true;
        self.0.changed.notify_one();
    }
}

/// A counter that is no part of the model: nobody decides anything by it before all threads have ended.
type Counter = std::sync::Arc<AtomicUsize>;

fn counted(counter: &Counter) -> usize {
    counter.load(Ordering::Relaxed)
}

fn count(counter: &Counter) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// A scheduler whose owner reads its notes at the end.
#[derive(Clone)]
struct Pool {
    scheduler: Arc<Scheduler<u32, u32>>,
    /// How often each of the first tasks ran.
    ran: [Counter; 3],
}

const KIND: Kind = Kind::Native;
/// The outcome of a task whose executor died.
const DIED: u32 = 99;

/// Never asleep.
struct Awake;

impl Wake for Awake {
    fn wake(&self) {}
}

impl Pool {
    fn new(maximum_native_threads: usize) -> Self {
        let config = Config { minimum_workers: 0, maximum_workers: 0, maximum_native_threads, aging: None };
        let mailbox = Arc::new(Mailbox::new(Box::new(Awake)));
        Self { scheduler: Arc::new(Scheduler::new(&config, mailbox)), ran: Default::default() }
    }

    fn submit(&self, slot: u32) -> Option<u32> {
        self.submit_with(slot, false).hire
    }

    fn submit_with(&self, slot: u32, needs_delivery: bool) -> Submitted {
        let submission = Submission { slot, kind: KIND, label: 0, priority: 0.0, needs_delivery, job: slot };
        self.scheduler.submit(submission).expect("the pool is open")
    }

    /// Submits a task whose input has to be delivered, and reads the notes until it is known to whom.
    fn submit_until_asked(&self, slot: u32) {
        if self.submit_with(slot, true).deliver_to.is_none() {
            while !matches!(self.scheduler.mailbox().take(), Some(Note::Deliver { .. })) {
                thread::yield_now();
            }
        } else {
            // The result of the task before it.
            self.heard(vec![0], false);
        }
    }

    /// An executor that has been started, has a bed, and has not asked for work yet.
    fn executor(&self, id: u32) -> Executor {
        let bed = Bed::new();
        let waker: std::sync::Arc<dyn Wake> = std::sync::Arc::new(Alarm(bed.clone()));
        self.scheduler.attach(KIND, id, Arc::from_std(waker));
        Executor { pool: self.clone(), id, bed }
    }

    /// `COUNT` executors, each in the middle of a task: that of slot 0, 1, …
    fn working<const COUNT: usize>(&self) -> [Executor; COUNT] {
        let hired: [u32; COUNT] =
            std::array::from_fn(|slot| self.submit(slot as u32).expect("one executor per waiting task"));
        hired.map(|id| {
            let executor = self.executor(id);
            assert!(matches!(executor.next(None), Next::Run(_)));
            executor
        })
    }

    /// `COUNT` executors that sleep, and no task.
    fn asleep<const COUNT: usize>(&self) -> [Executor; COUNT] {
        let executors = self.working::<COUNT>();
        for (slot, executor) in executors.iter().enumerate() {
            let next = executor.next(Some(executor.done(slot as u32)));
            assert!(matches!(next, Next::Idle));
        }
        assert_eq!(self.notes().len(), COUNT);
        executors
    }

    /// Every note that has come.
    fn notes(&self) -> Vec<Note<u32>> {
        std::iter::from_fn(|| self.scheduler.mailbox().take()).collect()
    }

    /// Checks that the notes are these: settlements, in any order, of `slots`; then, if `ended`, the end.
    fn heard(&self, mut slots: Vec<u32>, ended: bool) {
        let mut notes = self.notes();
        if ended {
            assert!(matches!(notes.pop(), Some(Note::Ended)), "the end comes last");
        }
        for note in notes {
            let Note::Settled { slot, .. } = note else { panic!("once at most: {note:?}") };
            let place = slots.iter().position(|expected| *expected == slot);
            slots.remove(place.unwrap_or_else(|| panic!("slot {slot} settles once at most")));
        }
        assert!(slots.is_empty(), "{slots:?} never settled");
    }

    fn runs(&self) -> [usize; 3] {
        self.ran.each_ref().map(counted)
    }
}

struct Executor {
    pool: Pool,
    id: u32,
    bed: Arc<Bed>,
}

impl Executor {
    fn done(&self, slot: u32) -> Finished<u32> {
        Finished { slot, outcome: slot, ending: Ending::Fulfilled }
    }

    fn next(&self, finished: Option<Finished<u32>>) -> Next<u32> {
        self.pool.scheduler.next(KIND, self.id, finished)
    }

    fn gone(&self) -> Option<u32> {
        self.pool.scheduler.gone(KIND, self.id, true, || DIED)
    }

    /// What an executor does all its life, from the moment when it holds `finished`, until it is told to
    /// stop or has run `limit` tasks. Answers whether it was told to stop.
    fn work(&self, mut finished: Option<Finished<u32>>, limit: usize) -> bool {
        let mut taken = 0;
        loop {
            match self.next(finished.take()) {
                Next::Run(assignment) => {
                    count(&self.pool.ran[assignment.job as usize]);
                    finished = Some(self.done(assignment.slot));
                    taken += 1;
                    if taken == limit {
                        self.pool.scheduler.finish(KIND, self.id, self.done(assignment.slot));
                        return false;
                    }
                }
                Next::Idle => self.bed.sleep(),
                Next::Stop => return true,
            }
        }
    }

    /// Works until it is told to stop, then ends. Answers the executor to start in its place.
    fn live(&self, finished: Option<Finished<u32>>) -> Option<u32> {
        assert!(self.work(finished, usize::MAX));
        self.gone()
    }
}

fn spawn<R: 'static>(story: impl FnOnce() -> R + 'static) -> JoinHandle<R> {
    thread::spawn(story)
}

fn join<R>(thread: JoinHandle<R>) -> R {
    thread.join().expect("no thread panics")
}

// ---- the mailbox

/// The consumer takes until there is nothing left, and sleeps whenever it may.
fn take_all(mailbox: &Mailbox<u32>, bed: &Bed, expected: usize) -> Vec<u32> {
    let mut taken = Vec::new();
    loop {
        while let Some(note) = mailbox.take() {
            taken.push(note);
        }
        if taken.len() == expected {
            return taken;
        }
        if mailbox.rest() {
            bed.sleep();
        }
    }
}

#[test]
fn last_look_one_producer() {
    explore_preemptions(6, || {
        let bed = Bed::new();
        let mailbox = Arc::new(Mailbox::new(Box::new(Alarm(bed.clone()))));
        let producer = {
            let mailbox = mailbox.clone();
            spawn(move || {
                for note in 0..3 {
                    mailbox.push(note);
                    mailbox.notify();
                }
            })
        };
        assert_eq!(take_all(&mailbox, &bed, 3), [0, 1, 2]);
        join(producer);
    });
}

#[test]
fn last_look_two_producers() {
    explore_preemptions(3, || {
        let bed = Bed::new();
        let mailbox = Arc::new(Mailbox::new(Box::new(Alarm(bed.clone()))));
        let producers = [0, 10].map(|first| {
            let mailbox = mailbox.clone();
            spawn(move || {
                for note in first..first + 2 {
                    mailbox.push(note);
                    mailbox.notify();
                }
            })
        });
        let taken = take_all(&mailbox, &bed, 4);
        let of = |tens| taken.iter().copied().filter(move |note| note / 10 == tens);
        assert!(of(0).eq([0, 1]) && of(1).eq([10, 11]), "each producer's notes in order: {taken:?}");
        producers.into_iter().for_each(join);
    });
}

/// A consumer that has looked by itself for a while before it goes to sleep.
#[test]
fn last_look_after_watching() {
    explore_preemptions(5, || {
        let bed = Bed::new();
        let mailbox = Arc::new(Mailbox::new(Box::new(Alarm(bed.clone()))));
        let producer = {
            let mailbox = mailbox.clone();
            spawn(move || {
                for note in 0..3 {
                    mailbox.push(note);
                    mailbox.notify();
                }
            })
        };
        mailbox.watch();
        let mut taken: Vec<u32> = mailbox.take().into_iter().collect();
        mailbox.watch();
        taken.extend(take_all(&mailbox, &bed, 3 - taken.len()));
        assert_eq!(taken, [0, 1, 2]);
        join(producer);
    });
}

/// The owner of a pool is such a consumer, and the notes come from under the scheduler's lock.
#[test]
fn last_look_at_the_notes_of_a_pool() {
    explore_preemptions(5, || {
        let bed = Bed::new();
        let config =
            Config { minimum_workers: 0, maximum_workers: 0, maximum_native_threads: 1, aging: None };
        let mailbox = Arc::new(Mailbox::new(Box::new(Alarm(bed.clone()))));
        let scheduler = Arc::new(Scheduler::new(&config, mailbox));
        let pool = Pool { scheduler, ran: Default::default() };
        let [executor] = pool.working();
        pool.submit(1);
        pool.scheduler.close();
        let thread = spawn(move || executor.live(Some(executor.done(0))));
        let mut settled = Vec::new();
        'notes: loop {
            while let Some(note) = pool.scheduler.mailbox().take() {
                match note {
                    Note::Settled { slot, .. } => settled.push(slot),
                    Note::Ended => break 'notes,
                    Note::Deliver { .. } => panic!("no task asked for it"),
                }
            }
            if pool.scheduler.mailbox().rest() {
                bed.sleep();
            }
        }
        assert_eq!(settled, [0, 1]);
        assert_eq!(join(thread), None);
    });
}

// ---- executors and tasks

#[test]
fn falling_asleep() {
    explore(|| {
        let pool = Pool::new(1);
        let [executor] = pool.working();
        let thread = spawn(move || executor.work(Some(executor.done(0)), 1));
        assert_eq!(pool.submit(1), None, "there is no room for another");
        join(thread);
        assert_eq!(pool.runs()[1], 1);
        pool.heard(vec![0, 1], false);
    });
}

#[test]
fn falling_asleep_and_waking_for_nothing() {
    explore(|| {
        let pool = Pool::new(1);
        let [executor] = pool.asleep();
        pool.submit(1);
        // The wake-up for the withdrawn task is still in the bed when the next one comes.
        assert!(pool.scheduler.withdraw(KIND, 1));
        let thread = spawn(move || executor.work(None, 1));
        assert_eq!(pool.submit(2), None);
        join(thread);
        assert_eq!(pool.runs(), [0, 0, 1]);
        pool.heard(vec![2], false);
    });
}

#[test]
fn waking_before_sleeping() {
    explore(|| {
        let pool = Pool::new(1);
        let [executor] = pool.asleep();
        let thread = spawn(move || {
            executor.bed.sleep();
            executor.work(None, 1)
        });
        assert_eq!(pool.submit(1), None);
        assert!(!join(thread));
        assert_eq!(pool.runs()[1], 1);
    });
}

#[test]
fn two_executors_one_task() {
    explore_preemptions(3, || {
        let pool = Pool::new(2);
        let executors: [Executor; 2] = pool.working();
        let mut slot = 0;
        let threads = executors.map(|executor| {
            let finished = executor.done(slot);
            slot += 1;
            spawn(move || executor.live(Some(finished)))
        });
        assert_eq!(pool.submit(2), None);
        pool.scheduler.close();
        threads.into_iter().for_each(|thread| assert_eq!(join(thread), None));
        assert_eq!(pool.runs()[2], 1);
        pool.heard(vec![0, 1, 2], true);
    });
}

#[test]
fn two_executors_two_tasks() {
    explore_preemptions(3, || {
        let pool = Pool::new(2);
        let executors: [Executor; 2] = pool.asleep();
        let threads = executors.map(|executor| {
            spawn(move || {
                executor.bed.sleep();
                executor.live(None)
            })
        });
        assert_eq!(pool.submit(0), None);
        assert_eq!(pool.submit(1), None);
        pool.scheduler.close();
        threads.into_iter().for_each(|thread| assert_eq!(join(thread), None));
        assert_eq!(pool.runs(), [1, 1, 0]);
        pool.heard(vec![0, 1], true);
    });
}

#[test]
fn withdrawal_and_start() {
    explore(|| {
        let pool = Pool::new(1);
        let [executor] = pool.working();
        pool.submit(1);
        let thread = spawn(move || executor.live(Some(executor.done(0))));
        let withdrawn = pool.scheduler.withdraw(KIND, 1);
        pool.scheduler.close();
        join(thread);
        assert_eq!(pool.runs()[1], usize::from(!withdrawn));
        pool.heard(if withdrawn { vec![0] } else { vec![0, 1] }, true);
    });
}

// ---- death

#[test]
fn death_and_finish() {
    explore(|| {
        let pool = Pool::new(1);
        let [executor] = pool.working();
        pool.submit(1);
        let observer = {
            let pool = pool.clone();
            let id = executor.id;
            spawn(move || pool.scheduler.gone(KIND, id, true, || DIED))
        };
        let next = executor.next(Some(executor.done(0)));
        let replacement = join(observer);
        // The task in the queue went to it just in time, and died with it, or waits for its successor.
        let both = matches!(next, Next::Run(_));
        assert!(both || matches!(next, Next::Stop), "{next:?}");
        assert_eq!(replacement.is_some(), !both);
        pool.heard(if both { vec![0, 1] } else { vec![0] }, false);
    });
}

#[test]
fn death_and_submit() {
    explore(|| {
        let pool = Pool::new(2);
        let [survivor, dying] = pool.asleep();
        let thread = spawn(move || {
            survivor.bed.sleep();
            survivor.work(None, 1)
        });
        let observer = spawn(move || dying.gone());
        let hired = pool.submit(2);
        let replacement = join(observer);
        if let Some(id) = hired.or(replacement) {
            pool.executor(id).work(None, 1);
            pool.scheduler.close();
        }
        join(thread);
        assert_eq!(pool.runs()[2], 1);
    });
}

#[test]
fn delivery_and_death() {
    explore(|| {
        let pool = Pool::new(1);
        let [executor] = pool.asleep();
        assert_eq!(pool.submit_with(1, true).deliver_to, Some(executor.id));
        let thread = spawn(move || {
            let next = executor.next(None);
            let replacement = executor.gone();
            executor.pool.scheduler.finish(KIND, executor.id, executor.done(1));
            assert_eq!(replacement, None);
            assert!(matches!(next, Next::Idle | Next::Run(Assignment { delivered: true, .. })), "{next:?}");
        });
        pool.scheduler.delivered(KIND, 1);
        pool.scheduler.close();
        join(thread);
        pool.heard(vec![1], true);
    });
}

#[test]
fn delivery_and_falling_asleep() {
    explore(|| {
        let pool = Pool::new(1);
        let [executor] = pool.working();
        let thread = spawn(move || executor.live(Some(executor.done(0))));
        pool.submit_until_asked(1);
        pool.scheduler.delivered(KIND, 1);
        pool.scheduler.close();
        join(thread);
        assert_eq!(pool.runs()[1], 1);
    });
}

#[test]
fn withdrawn_delivery() {
    explore(|| {
        let pool = Pool::new(1);
        let [executor] = pool.working();
        let thread = spawn(move || executor.live(Some(executor.done(0))));
        pool.submit_until_asked(1);
        assert_eq!(pool.submit(2), None);
        assert!(pool.scheduler.withdraw(KIND, 1), "it cannot start without its input");
        pool.scheduler.delivered(KIND, 1);
        pool.scheduler.close();
        assert_eq!(join(thread), None);
        assert_eq!(pool.runs(), [0, 0, 1]);
        pool.heard(vec![2], true);
    });
}

// ---- the end

#[test]
fn last_task_and_close() {
    explore(|| {
        let pool = Pool::new(1);
        let [executor] = pool.working();
        let thread = spawn(move || executor.live(Some(executor.done(0))));
        pool.scheduler.close();
        assert_eq!(join(thread), None);
        pool.heard(vec![0], true);
    });
}

#[test]
fn last_task_and_close_with_a_sleeper() {
    explore_preemptions(3, || {
        let pool = Pool::new(2);
        let [worker, idle] = pool.asleep();
        pool.submit(0);
        assert!(matches!(idle.next(None), Next::Run(_)), "the last to fall asleep is the first to be woken");
        let (worker, idle) = (idle, worker);
        let finishing = spawn(move || worker.live(Some(worker.done(0))));
        let sleeping = spawn(move || {
            idle.bed.sleep();
            idle.live(None)
        });
        pool.scheduler.close();
        assert_eq!((join(finishing), join(sleeping)), (None, None));
        pool.heard(vec![0], true);
    });
}

#[test]
fn two_last_tasks_and_close() {
    explore_preemptions(4, || {
        let pool = Pool::new(2);
        let executors: [Executor; 2] = pool.working();
        let mut slot = 0;
        let threads = executors.map(|executor| {
            let finished = executor.done(slot);
            slot += 1;
            spawn(move || executor.live(Some(finished)))
        });
        pool.scheduler.close();
        threads.into_iter().for_each(|thread| assert_eq!(join(thread), None));
        pool.heard(vec![0, 1], true);
    });
}

#[test]
fn terminate_and_finish() {
    explore(|| {
        let pool = Pool::new(1);
        let [executor] = pool.working();
        pool.submit(1);
        let thread = spawn(move || executor.live(Some(executor.done(0))));
        pool.scheduler.terminate();
        let counts = pool.scheduler.snapshot().tasks;
        // What is not settled by now never will be: the owner may give the promises up.
        let in_time = pool.notes();
        assert_eq!(join(thread), None);
        let late = pool.notes();
        let settled = |notes: &[Note<u32>]| {
            notes.iter().filter(|note| matches!(note, Note::Settled { .. })).count() as u64
        };
        assert_eq!((settled(&in_time), settled(&late)), (counts.completed, 0), "{in_time:?}, {late:?}");
        assert_eq!(counts.completed + counts.cancelled, 2);
        let notes: Vec<_> = in_time.into_iter().chain(late).collect();
        let ends = notes.iter().filter(|note| matches!(note, Note::Ended)).count();
        assert!(ends == 1 && matches!(notes.last(), Some(Note::Ended)), "{notes:?}");
    });
}

#[test]
fn terminate_and_death() {
    explore(|| {
        let pool = Pool::new(1);
        let [executor] = pool.working();
        pool.submit(1);
        let observer = spawn(move || executor.gone());
        pool.scheduler.terminate();
        let replacement = join(observer);
        if let Some(id) = replacement {
            // It died first. Its successor is told to stop as soon as it asks.
            assert_eq!(pool.executor(id).live(None), None);
        }
        pool.heard(if replacement.is_some() { vec![0] } else { vec![] }, true);
    });
}

// ---- idle executors

/// The task is run by the executor if it was not retired yet, else by the one that the submitter or the
/// end of the retired one asks for; and one is asked for exactly if it is needed.
fn retire_and_submit(maximum: usize) {
    explore(move || {
        let pool = Pool::new(maximum);
        let [executor] = pool.asleep();
        let thread = spawn(move || {
            executor.bed.sleep();
            let stopped = executor.work(None, 1);
            stopped.then(|| executor.gone())
        });
        let reaper = {
            let pool = pool.clone();
            spawn(move || pool.scheduler.retire_idle(KIND, Duration::ZERO))
        };
        let hired = pool.submit(1);
        join(reaper);
        match join(thread) {
            None => assert_eq!(hired, None, "the executor took it"),
            Some(replacement) => {
                let id = hired.xor(replacement).expect("one executor for one task");
                pool.executor(id).work(None, 1);
            }
        }
        assert_eq!(pool.runs()[1], 1);
        pool.heard(vec![1], false);
    });
}

#[test]
fn retire_and_submit_with_room_for_another() {
    retire_and_submit(2);
}

#[test]
fn retire_and_submit_with_room_for_one() {
    retire_and_submit(1);
}
