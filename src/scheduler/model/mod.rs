//! The scheduler's races, one model each, walked by loom through every interleaving that a few
//! preemptions can make. The names are those of `README.md`.
//!
//! A model that ends has shown its assertions; a task, a note or an executor that is left sleeping shows
//! as a deadlock, which loom reports.

mod brake;
mod breaking;
mod calls;
mod crew;
mod death;
mod delivery;
mod ending;
mod helping;
mod idling;
mod intake;
mod mailbox;
mod reach;
mod replaced;
mod retry;
mod stopping;
mod telling;
mod time;

use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use loom::thread::{self, JoinHandle};

use super::sync::{Arc, Condvar, Mutex, Ordering, lock};
use super::*;
use reach::{Awake, Bed, Bell, Orders, Reach};

/// Checks every interleaving.
fn explore(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = None;
    builder.check(model);
}

/// The same for a model that takes a minute: every interleaving in the long tests, which set `THREADMILL_MODELS=whole`,
/// else those with at most four switches away from a thread that could go on.
fn explore_slowly(model: impl Fn() + Send + Sync + 'static) {
    if std::env::var_os("THREADMILL_MODELS").is_some_and(|which| which == "whole") {
        explore(model);
    } else {
        explore_preemptions(4, model);
    }
}

/// Checks every interleaving with at most so many switches away from a thread that could go on; for
/// models that have too many others.
fn explore_preemptions(most: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(most);
    builder.check(model);
}

// ---- the scene

/// A counter that is no part of the model: nobody decides anything by it before all threads have ended.
type Counter = std::sync::Arc<AtomicUsize>;

fn counted(counter: &Counter) -> usize {
    counter.load(Ordering::Relaxed)
}

fn count(counter: &Counter) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// The configuration of a pool of so many executors that is asked for nothing else.
fn sized(maximum_workers: usize, maximum_native_threads: usize) -> Config {
    Config {
        sizes: Sizes { minimum_workers: 0, maximum_workers, maximum_native_threads },
        aging: None,
        idle_timeout: None,
        start_timeout: None,
        places: 1,
        strategy: Strategy::Shared,
        tasks_per_worker: None,
        longest_queue: None,
        refuse_when_full: false,
        keep_after_stop: false,
        spare_workers: 0,
        stop_timeout: MOMENT,
        suspect_timeout: None,
        call_timeout: None,
        processors: usize::MAX,
        limits: Limits::default(),
    }
}

/// As long as anything takes that is ever to pass in a model.
const MOMENT: Duration = Duration::from_millis(1);

/// Tried again once, after so many milliseconds.
fn once_after(delay: f64) -> Option<Retry> {
    Some(Retry { most: 1, delays: vec![delay], factor: 1.0, longest: delay, jitter: false, ask: false })
}

/// A scheduler with executors of one kind.
#[derive(Clone)]
struct Pool {
    scheduler: Arc<Scheduler<u32, u32>>,
    kind: Kind,
    /// Where its owner sleeps, if it ever does.
    owner: Option<Arc<Bed>>,
    /// How often each of the first jobs ran, but for those that executors were `working` on.
    ran: [Counter; 4],
}

impl Pool {
    /// A pool whose owner reads its notes at the end.
    fn new(kind: Kind, config: &Config) -> Self {
        Self::with_alarm(kind, config, None, std::sync::Arc::new(Awake))
    }

    fn with_alarm(
        kind: Kind,
        config: &Config,
        owner: Option<Arc<Bed>>,
        alarm: std::sync::Arc<dyn Wake>,
    ) -> Self {
        let bell: Box<dyn Wake> = match &owner {
            Some(bed) => Box::new(Bell(bed.clone())),
            None => Box::new(Awake),
        };
        let mailbox = Arc::new(Mailbox::new(bell));
        let scheduler = Arc::new(Scheduler::new(config, mailbox, Arc::from_std(alarm)));
        Self { scheduler, kind, owner, ran: Default::default() }
    }

    /// A pool whose owner sleeps until it is woken for a note.
    fn with_sleeping_owner(kind: Kind, config: &Config) -> Self {
        Self::with_alarm(kind, config, Some(Bed::new()), std::sync::Arc::new(Awake))
    }

    fn of_threads(maximum: usize) -> Self {
        Self::new(Kind::Native, &sized(0, maximum))
    }

    fn of_workers(maximum: usize) -> Self {
        Self::new(Kind::JavaScript, &sized(maximum, 0))
    }

    /// Submits job `slot`, whose outcome is its number. Answers the executor to start.
    fn submit(&self, slot: u32) -> Option<u32> {
        self.submit_with(self.submission(slot)).hire
    }

    fn submission(&self, slot: u32) -> Submission<u32> {
        Submission {
            slot,
            kind: self.kind,
            label: 0,
            priority: 0.0,
            needs_delivery: false,
            admitted: false,
            stoppable: true,
            limits: None,
            job: slot,
        }
    }

    fn submit_with(&self, submission: Submission<u32>) -> Submitted {
        self.scheduler.submit(submission).expect("the pool is open")
    }

    /// An executor that has been started, has a bed, and has not asked for work yet.
    fn executor(&self, id: u32) -> Executor {
        let orders = Arc::new(Orders { stops: Mutex::new(Vec::new()), changed: Condvar::new() });
        let reach = Reach { kind: self.kind, bed: Bed::new(), orders };
        let endpoint: std::sync::Arc<dyn Endpoint> = std::sync::Arc::new(reach.clone());
        self.scheduler.attach(self.kind, id, Arc::from_std(endpoint));
        Executor { pool: self.clone(), id, reach }
    }

    /// `COUNT` executors, each in the middle of a task, that of slot 0, 1, …, with what it is about to hand in.
    fn working<const COUNT: usize>(&self) -> [(Executor, Finished<u32>); COUNT] {
        let hired: [u32; COUNT] =
            std::array::from_fn(|slot| self.submit(slot as u32).expect("one executor per waiting task"));
        hired.map(|id| {
            let executor = self.executor(id);
            let Next::Run(assignment) = executor.next(None) else { panic!("there is a task for each") };
            (executor, done(&assignment))
        })
    }

    /// `COUNT` executors that sleep, and no task.
    fn asleep<const COUNT: usize>(&self) -> [Executor; COUNT] {
        let executors = self.working::<COUNT>().map(|(executor, finished)| {
            assert!(matches!(executor.next(Some(finished)), Next::Idle));
            executor
        });
        assert_eq!(self.listen().settled.len(), COUNT);
        executors
    }

    /// Lets time pass.
    fn pass(&self, time: Duration) {
        self.scheduler.clock.advance(time);
    }

    /// The next note; the owner sleeps until there is one.
    fn next_note(&self) -> Note<u32> {
        let bed = self.owner.as_ref().expect("this owner sleeps");
        loop {
            if let Some(note) = self.scheduler.mailbox().take() {
                return note;
            }
            if self.scheduler.mailbox().rest() {
                bed.sleep();
            }
        }
    }

    /// The notes that have come since the last look.
    fn listen(&self) -> Heard {
        let mut heard = Heard::default();
        while let Some(note) = self.scheduler.mailbox().take() {
            heard.add(note);
        }
        heard
    }

    /// Checks that these tasks have settled since the last look, each once and in any order, each with the number
    /// of its slot as its outcome; then, if `ended`, that the pool has; and that nothing else was said.
    fn heard(&self, slots: Vec<u32>, ended: bool) {
        self.listen().is(slots.into_iter().map(|slot| (slot, End::Outcome(slot))).collect(), ended);
    }

    /// Starts whoever is asked for, one after the other, until nobody is, and sees each to its end.
    fn run_hired(&self) -> Heard {
        let mut heard = self.listen();
        while let Some(id) = heard.hires.pop() {
            self.executor(id).live(None);
            while let Some(note) = self.scheduler.mailbox().take() {
                heard.add(note);
            }
        }
        heard
    }

    fn runs(&self) -> [usize; 4] {
        self.ran.each_ref().map(counted)
    }
}

/// What the owner has been told.
#[derive(Debug, Default)]
struct Heard {
    settled: Vec<(u32, End<u32>)>,
    undecided: Vec<u32>,
    hires: Vec<u32>,
    kills: Vec<u32>,
    drained: usize,
    broken: usize,
    ended: bool,
}

impl Heard {
    fn add(&mut self, note: Note<u32>) {
        assert!(!self.ended, "the end comes last, and once: {note:?}");
        match note {
            Note::Settled { slot, end, undecided: false } => self.settled.push((slot, end)),
            Note::Settled { slot, undecided: true, .. } => self.undecided.push(slot),
            Note::Deliver { .. } => panic!("who asks for deliveries waits for this note"),
            Note::Hire { executor, .. } => self.hires.push(executor),
            Note::Kill { executor, .. } => self.kills.push(executor),
            Note::Dropped { .. } => {} // nobody's
            Note::Drained => self.drained += 1,
            Note::Broken { words } => {
                assert_eq!(words, "words", "a step has failed");
                self.broken += 1;
            }
            Note::Ended => self.ended = true,
        }
    }

    /// Checks that this was said, settlements in any order, and nothing else.
    fn is(mut self, mut settled: Vec<(u32, End<u32>)>, ended: bool) {
        self.settled.sort_by_key(|(slot, _)| *slot);
        settled.sort_by_key(|(slot, _)| *slot);
        assert_eq!((&self.settled, self.ended), (&settled, ended));
        assert!(self.undecided.is_empty() && self.hires.is_empty() && self.kills.is_empty(), "{self:?}");
        assert_eq!((self.drained, self.broken), (0, 0));
    }
}

fn done(assignment: &Assignment<u32>) -> Finished<u32> {
    Finished {
        slot: assignment.slot,
        run: assignment.run as u32,
        outcome: assignment.job,
        ending: Ending::Fulfilled,
    }
}

struct Executor {
    pool: Pool,
    id: u32,
    reach: Reach,
}

impl Executor {
    fn next(&self, finished: Option<Finished<u32>>) -> Next<u32> {
        self.pool.scheduler.next(self.pool.kind, self.id, finished)
    }

    /// Hands in the end of a run and does not come back.
    fn finish(&self, finished: Finished<u32>) {
        self.pool.scheduler.finish(self.pool.kind, self.id, finished, false);
    }

    fn gone(&self) {
        self.pool.scheduler.gone(self.pool.kind, self.id, true);
    }

    fn sleep(&self) {
        self.reach.bed.sleep();
    }

    /// The runs that it was told to stop, and whether by force.
    fn stops(&self) -> Vec<(u64, bool)> {
        lock(&self.reach.orders.stops).clone()
    }

    /// Runs something that does not end before it is told to stop.
    fn run_until_told(&self, run: u32) {
        let Orders { stops, changed } = &*self.reach.orders;
        let mut stops = lock(stops);
        while !stops.iter().any(|(told, _)| *told as u32 == run) {
            stops = changed.wait(stops).expect("nobody panics with the lock");
        }
    }

    /// What an executor does all its life, from the moment when it holds `finished`, until it is told to
    /// stop or has run `limit` tasks. Answers whether it was told to stop.
    fn work(&self, finished: Option<Finished<u32>>, limit: usize) -> bool {
        self.work_and_tell(finished, limit, || {})
    }

    /// The same; `begins` is called with each task.
    fn work_and_tell(&self, mut finished: Option<Finished<u32>>, limit: usize, begins: impl Fn()) -> bool {
        let mut taken = 0;
        loop {
            match self.next(finished.take()) {
                Next::Run(assignment) => {
                    begins();
                    count(&self.pool.ran[assignment.job as usize]);
                    taken += 1;
                    if taken == limit {
                        self.finish(done(&assignment));
                        return false;
                    }
                    finished = Some(done(&assignment));
                }
                // That was the last part.
                Next::Help(help) => self.pool.scheduler.retract(self.pool.kind, help.run),
                Next::Idle => self.sleep(),
                Next::Stop => return true,
            }
        }
    }

    /// Works until it is told to stop, then ends.
    fn live(&self, finished: Option<Finished<u32>>) {
        self.live_and_tell(finished, || {});
    }

    /// The same; `begins` is called with each task.
    fn live_and_tell(&self, finished: Option<Finished<u32>>, begins: impl Fn()) {
        assert!(self.work_and_tell(finished, usize::MAX, begins));
        self.gone();
    }
}

fn spawn<R: 'static>(story: impl FnOnce() -> R + 'static) -> JoinHandle<R> {
    thread::spawn(story)
}

fn join<R>(thread: JoinHandle<R>) -> R {
    thread.join().expect("no thread panics")
}
