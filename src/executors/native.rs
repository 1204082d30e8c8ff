//! The threads that run native tasks.

use std::cell::Cell;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::niceness::Niceness;
use super::{Job, NativeInput, Outcome, PoolScheduler};
use crate::allocator::Keeping;
use crate::catalogue::{Budget, CATALOGUE, Context, Failure, Help as Part, Helpers, Output, StopToken};
use crate::payload::Bytes;
use crate::refusals::is_refused;
use crate::scheduler::{Assignment, Ending, Endpoint, Finished, Help, Kind, Next, Wake, words_of};

/// The native threads of one pool.
pub struct NativeThreads {
    name: String,
    /// The memory of all their tasks together.
    budget: Arc<Budget>,
    niceness: Niceness,
    handles: Mutex<Vec<JoinHandle<()>>>,
    /// A thread that waits to be told which executor it is. It ends if nobody tells it any more.
    reserved: Mutex<Option<Sender<Place>>>,
}

/// What a thread is to be.
struct Place {
    id: u32,
    scheduler: Arc<PoolScheduler>,
}

impl NativeThreads {
    /// No thread yet. `name` shows in the threads' names; `budget` is that of their tasks together;
    /// `niceness` they take on.
    pub fn new(name: String, budget: Budget, niceness: Niceness) -> Self {
        Self {
            name,
            budget: Arc::new(budget),
            niceness,
            handles: Mutex::default(),
            reserved: Mutex::default(),
        }
    }

    /// Has a thread at hand for the next [`NativeThreads::start`], which then cannot fail.
    ///
    /// # Errors
    /// The operating system's, if it grants no thread.
    pub fn reserve(&self) -> io::Result<()> {
        let mut reserved = self.reserved.lock().unwrap_or_else(PoisonError::into_inner);
        if reserved.is_none() {
            let (teller, told) = bounded::<Place>(1);
            let budget = self.budget.clone();
            self.spawn("first", move || {
                if let Ok(Place { id, scheduler }) = told.recv() {
                    live(&scheduler, id, &budget);
                }
            })?;
            *reserved = Some(teller);
        }
        Ok(())
    }

    /// Lets go of a thread that is at hand.
    pub fn dismiss(&self) {
        *self.reserved.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Starts a thread as executor `id`.
    ///
    /// # Errors
    /// The operating system's, if it grants no thread; the executor is then gone.
    pub fn start(&self, id: u32, scheduler: &Arc<PoolScheduler>) -> io::Result<()> {
        let reserved = self.reserved.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(teller) = reserved {
            let place = Place { id, scheduler: scheduler.clone() };
            // Never an error: it waits, and there is room.
            let _ = teller.send(place);
            return Ok(());
        }
        let (own, budget) = (scheduler.clone(), self.budget.clone());
        self.spawn(&id.to_string(), move || live(&own, id, &budget))
            .inspect_err(|_| scheduler.gone(Kind::Native, id, false))
    }

    fn spawn(&self, name: &str, life: impl FnOnce() + Send + 'static) -> io::Result<()> {
        silence_panics_of_tasks();
        if is_refused("thread") {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let niceness = self.niceness;
        let handle = thread::Builder::new().name(format!("{}-{name}", self.name)).spawn(move || {
            niceness.take_on();
            life();
        })?;
        let mut handles = self.handles.lock().unwrap_or_else(PoisonError::into_inner);
        // Those that were idle for too long have ended.
        for ended in handles.extract_if(.., |handle| handle.is_finished()) {
            let _ = ended.join(); // at once
        }
        handles.push(handle);
        Ok(())
    }

    /// Waits until every thread has ended. To be called once the scheduler has none left to run, or has
    /// been terminated; otherwise it waits for ever.
    pub fn join(&self) {
        self.dismiss();
        let handles = std::mem::take(&mut *self.handles.lock().unwrap_or_else(PoisonError::into_inner));
        for handle in handles {
            // A thread catches what its tasks throw; one that died all the same has nothing to tell.
            let _ = handle.join();
        }
    }
}

/// A thread as others reach it: `wake` before `sleep` makes the next `sleep` return at once. That is a channel with
/// room for one: the wake-up stays in it until it is slept off, and a second finds it there.
struct Bed {
    wake_up: Sender<()>,
    sleeper: Receiver<()>,
    token: StopToken,
}

impl Bed {
    fn new() -> Self {
        let (wake_up, sleeper) = bounded(1);
        Self { wake_up, sleeper, token: StopToken::default() }
    }

    fn sleep(&self) {
        // Never an error: the sender lives beside the receiver.
        let _ = self.sleeper.recv();
    }
}

impl Wake for Bed {
    fn wake(&self) {
        // An error says that it is full: the thread has been woken already.
        let _ = self.wake_up.try_send(());
    }
}

impl Endpoint for Bed {
    fn stop(&self, run: u64, _force: bool) -> bool {
        self.token.stop(run); // seen at the task's next checkpoint; there is no force
        true
    }
}

/// A thread's life. However it ends, the scheduler hears of it. What tasks panic with they are rejected with, so a panic
/// that comes as far as here is this file's own, and leaves undone nobody knows what.
fn live(scheduler: &PoolScheduler, id: u32, budget: &Budget) {
    let _keeping = Keeping::new();
    // Unwind safety: all that is used after it is the scheduler, which is broken off.
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| run(scheduler, id, budget))) {
        scheduler.break_off(format!("a panic in native thread {id}: {}", words_of(panic)));
    }
    scheduler.gone(Kind::Native, id, false);
}

fn run(scheduler: &PoolScheduler, id: u32, budget: &Budget) {
    let bed = Arc::new(Bed::new());
    scheduler.attach(Kind::Native, id, bed.clone());
    let mut finished = None;
    loop {
        match scheduler.next(Kind::Native, id, finished.take()) {
            Next::Run(assignment) => {
                finished = Some(run_task(assignment, scheduler, &bed.token, budget));
            }
            Next::Help(help) => run_part(help, scheduler),
            Next::Idle => bed.sleep(),
            Next::Stop => return,
        }
        scheduler.may_panic("native thread");
    }
}

/// The other threads of a pool, as a task on one of them asks them for help.
struct Colleagues<'a> {
    scheduler: &'a PoolScheduler,
    slot: u32,
    run: u64,
}

impl Helpers for Colleagues<'_> {
    fn offer(&self, part: Arc<dyn Part>, most: usize) {
        self.scheduler.offer(Kind::Native, self.slot, self.run, Job::Help(part), most);
    }

    fn retract(&self) {
        self.scheduler.retract(Kind::Native, self.run);
    }
}

/// Runs a part of a task that runs on another thread.
fn run_part(help: Help<Job>, scheduler: &PoolScheduler) {
    let Job::Help(part) = help.job else { unreachable!("tasks offer nothing but their parts") };
    // Unwind safety: a part whose code panics says so to its task, and answers; one that panics itself is given up.
    let more = in_task(|| catch_unwind(AssertUnwindSafe(|| part.run()))).unwrap_or(false);
    if !more {
        // Lest others come in vain. By now the task may have offered something else.
        scheduler.retract_offer(Kind::Native, help.offer);
    }
}

fn run_task(
    assignment: Assignment<Job>,
    scheduler: &PoolScheduler,
    token: &StopToken,
    budget: &Budget,
) -> Finished<Outcome> {
    let Assignment { slot, run, label, job, .. } = assignment;
    let colleagues = Colleagues { scheduler, slot, run };
    let context = Context::new(token, run).with_budget(budget).with_helpers(&colleagues);
    // The attachments are dropped in here, before the outcome is known to anybody: they may be the memory
    // of JavaScript's buffers, which are let go when it is.
    let call = || call(label, job, &context).map(Outcome::from);
    let result = in_task(|| catch_unwind(AssertUnwindSafe(call)));
    let (outcome, ending) = match result {
        Ok(Ok(outcome)) => (outcome, Ending::Fulfilled),
        Ok(Err(Failure::Cancelled)) => (Outcome::Failure(Failure::Cancelled), Ending::Stopped),
        Ok(Err(failure)) => {
            let ending = if failure.is_of_options() { Ending::Refused } else { Ending::Rejected };
            (Outcome::Failure(failure), ending)
        }
        Err(panic) => (Outcome::Panic(words_of(panic)), Ending::Rejected),
    };
    Finished { slot, run: run as u32, outcome, ending }
}

fn call(label: u32, job: Job, context: &Context<'_>) -> Result<Output, Failure> {
    let Job::Native(input) = job else { unreachable!("only native tasks are queued for native threads") };
    let input = input.map(Arc::unwrap_or_clone);
    let NativeInput { options, attachments } =
        input.unwrap_or_else(|| NativeInput { options: String::new(), attachments: Vec::new() });
    context.checkpoint()?;
    // Before what it is for, so that it is dropped after: memory is freed first, then given back.
    let _memory = context.memory(Bytes::copied(&attachments))?;
    let mut attachments = attachments;
    attachments.iter_mut().try_for_each(|bytes| bytes.settle(|| context.checkpoint()))?;
    (CATALOGUE[label as usize].run)(&options, &attachments, context)
}

thread_local! {
    static IN_TASK: Cell<bool> = const { Cell::new(false) };
}

/// Calls code of a task, whose panics are nobody's but the caller's.
fn in_task<R>(code: impl FnOnce() -> R) -> R {
    IN_TASK.set(true);
    let result = code();
    IN_TASK.set(false);
    result
}

/// A panic in a task becomes a rejection; the words that Rust would print belong there and not on the
/// application's console. Other panics are printed as ever.
fn silence_panics_of_tasks() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let print = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !IN_TASK.get() {
                print(info);
            }
        }));
    });
}
