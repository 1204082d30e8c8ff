//! Real threads as executors.

use std::sync::atomic::{AtomicBool, AtomicU64};

use super::*;

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
    /// The last run that was told to stop.
    told: AtomicU64,
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

impl Bed {
    /// A run that succeeds, fails, or goes on until it is told to stop.
    fn run(&self, run: u64) -> Ending {
        match run % 4 {
            0 => Ending::Rejected,
            1 => {
                while self.told.load(Ordering::Relaxed) < run {
                    thread::yield_now();
                }
                Ending::Stopped
            }
            _ => Ending::Fulfilled,
        }
    }
}

impl Endpoint for Bed {
    fn stop(&self, run: u64, _force: bool) -> bool {
        self.told.fetch_max(run, Ordering::Relaxed);
        false
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
    /// With `counts`, short tasks are left to those who are at others, put down, and told of later.
    fn new(maximum_native_threads: usize, tasks: u32, mortality: u32, counts: bool) -> Arc<Self> {
        let call_timeout = counts.then_some(HOUR);
        Self::with(&Config { call_timeout, ..config(0, maximum_native_threads) }, tasks, mortality)
    }

    fn with(config: &Config, tasks: u32, mortality: u32) -> Arc<Self> {
        let owner = Arc::new(Bed::default());
        let mailbox = Arc::new(Mailbox::new(Box::new(OwnersBed(owner.clone()))));
        Arc::new(Self {
            scheduler: Scheduler::new(config, mailbox, Arc::new(Bell::default())),
            owner,
            handles: Mutex::default(),
            mortality,
            ran: (0..tasks).map(|_| AtomicUsize::new(0)).collect(),
        })
    }

    fn start(self: &Arc<Self>, id: u32) {
        let own = self.clone();
        let handle = thread::spawn(move || {
            own.work(id);
            own.scheduler.gone(Kind::Native, id, true);
        });
        lock(&self.handles).push(handle);
    }

    fn work(&self, id: u32) {
        let bed = Arc::new(Bed::default());
        self.scheduler.attach(Kind::Native, id, bed.clone());
        let mut finished = None;
        let mut taken = 0;
        loop {
            match self.scheduler.next(Kind::Native, id, finished.take()) {
                Next::Run(Assignment { slot, run, job, stoppable, .. }) => {
                    self.ran[job as usize].fetch_add(1, Ordering::Relaxed);
                    taken += 1;
                    if taken == self.mortality {
                        return;
                    }
                    let ending = if stoppable { bed.run(run) } else { Ending::Fulfilled };
                    finished = Some(Finished { slot, run: run as u32, outcome: job, ending });
                }
                Next::Help(_) => panic!("nobody offers anything"),
                Next::Idle => bed.sleep(),
                Next::Stop => return,
            }
        }
    }

    fn submit(self: &Arc<Self>, slot: u32) {
        let submitted = self.scheduler.submit(task(Kind::Native, slot)).expect("the pool is open");
        if let Some(id) = submitted.hire {
            self.start(id);
        }
    }

    /// The owner's loop: starts threads, takes other notes and sleeps, until `enough` says so.
    fn listen(self: &Arc<Self>, mut enough: impl FnMut(Note<u32>) -> bool) {
        let mailbox = self.scheduler.mailbox();
        loop {
            while let Some(note) = mailbox.take() {
                if let Note::Hire { executor, .. } = note {
                    self.start(executor);
                } else if enough(note) {
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
            let (slot, outcome) = match note {
                Note::Settled { slot, end: End::Outcome(outcome), undecided: false } => (slot, outcome),
                Note::Settled { slot, end: End::ExecutorGone(_), undecided: false } => (slot, u32::MAX),
                note => panic!("only results come: {note:?}"),
            };
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
    for counts in [false, true] {
        within_patience(move || {
            let pool = Threads::new(4, 10_000, 0, counts);
            assert_eq!(pool.run_all(), (0..10_000).collect::<Vec<u32>>());
            assert_eq!(pool.scheduler.snapshot().tasks.completed, 10_000);
        });
    }
}

#[test]
fn ten_thousand_tasks_on_threads_that_die_all_settle_once() {
    for counts in [false, true] {
        within_patience(move || {
            let pool = Threads::new(3, 10_000, 100, counts);
            let outcomes = pool.run_all();
            let failed = outcomes.iter().filter(|outcome| **outcome == u32::MAX).count() as u64;
            let counts = pool.scheduler.snapshot().tasks;
            assert_eq!((counts.completed + counts.failed, counts.failed), (10_000, failed));
            assert!((98..=100).contains(&failed), "one in a hundred: {failed}");
        });
    }
}

#[test]
fn tasks_that_come_one_at_a_time_always_find_a_sleeping_thread() {
    within_patience(|| {
        let pool = Threads::new(2, 2_000, 0, true);
        for slot in 0..2_000 {
            pool.submit(slot);
            pool.listen(|note| matches!(note, Note::Settled { slot: settled, .. } if settled == slot));
        }
        pool.scheduler.close();
        pool.listen(|note| matches!(note, Note::Ended));
    });
}

#[test]
fn tasks_that_fail_hang_are_cancelled_and_lose_their_threads_all_settle_once() {
    const TASKS: u32 = 3_000;
    within_patience(|| {
        let limits = Limits { timeout: Some(ms(2)), retry: Some(retry(2, &[0.0, 1.0])), ..Limits::default() };
        let call_timeout = Some(ms(5));
        let pool = Threads::with(&Config { limits, call_timeout, ..config(0, 3) }, TASKS, 40);
        let is_over = Arc::new(AtomicBool::new(false));
        let timer = {
            let (own, is_over) = (pool.clone(), is_over.clone());
            thread::spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    own.scheduler.clock.advance(ms(1));
                    own.scheduler.tick();
                    thread::yield_now();
                }
            })
        };
        let submitter = {
            let own = pool.clone();
            thread::spawn(move || (0..TASKS).for_each(|slot| own.submit(slot)))
        };
        let mut ends = vec![0; TASKS as usize];
        let mut left = TASKS;
        pool.listen(|note| {
            let Note::Settled { slot, undecided: false, .. } = note else {
                panic!("only ends come: {note:?}")
            };
            ends[slot as usize] += 1;
            left -= 1;
            // Some of these wait, some run, some are between two tries, and some are over.
            for other in [slot * 7 % TASKS, (slot + 5) % TASKS] {
                if pool.scheduler.cancel(other) == Cancelled::Out {
                    ends[other as usize] += 1;
                    left -= 1;
                }
            }
            left == 0
        });
        submitter.join().expect("the submitter ends");
        pool.scheduler.close();
        pool.listen(|note| {
            assert!(matches!(note, Note::Ended), "everything has settled: {note:?}");
            true
        });
        is_over.store(true, Ordering::Relaxed);
        timer.join().expect("the timer ends");
        while let Some(handle) = { lock(&pool.handles).pop() } {
            handle.join().expect("a thread ends without a panic");
        }
        assert!(ends.iter().all(|ends| *ends == 1), "each once");
        assert!(pool.scheduler.mailbox().take().is_none(), "the end is the last note");
        let counts = pool.scheduler.snapshot().tasks;
        let over = counts.completed + counts.failed + counts.timed_out + counts.cancelled;
        assert_eq!((counts.submitted, over), (u64::from(TASKS), u64::from(TASKS)));
        assert!(
            [counts.failed, counts.timed_out, counts.cancelled, counts.retried]
                .iter()
                .all(|count| *count > 0)
        );
    });
}
