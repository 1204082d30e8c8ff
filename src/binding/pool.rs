//! What the thread that owns a pool calls.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, RwLock, Weak};
use std::time::Duration;

use napi::bindgen_prelude::*;
use napi::{CleanupEnvHook, JsString};
use napi_derive::napi;

use super::event_loop::EventLoop;
use super::values::{self, StringReader};
use crate::catalogue::{CATALOGUE, Failure, Output};
use crate::executors::native::NativeThreads;
use crate::executors::{Job, Outcome, PoolMailbox, PoolScheduler, timer};
use crate::payload::{Full, Records, Text};
use crate::scheduler::{Closed, Config, Kind, Note, Scheduler, Submission, Submitted, Wake};

/// The name of a JavaScript task, as the workers need it.
#[derive(Clone)]
pub(super) enum Label {
    /// An export of the script.
    Export(String),
    /// The source of a function.
    Source(String),
}

/// What the owner of a pool and its workers share.
pub(super) struct Shared {
    pub scheduler: Arc<PoolScheduler>,
    pub labels: RwLock<Vec<Label>>,
    native_threads: NativeThreads,
    owner: Arc<EventLoop>,
}

impl Shared {
    /// Forgets every task and stops what runs. The native threads end soon after.
    fn terminate(&self) {
        self.scheduler.terminate();
        self.native_threads.cancel();
    }
}

/// The pools of this process, by number, for the workers to find theirs.
static POOLS: LazyLock<Mutex<HashMap<u32, Weak<Shared>>>> = LazyLock::new(Mutex::default);
static NEXT_POOL: AtomicU32 = AtomicU32::new(1);

pub(super) fn find(pool: u32) -> Option<Arc<Shared>> {
    POOLS.lock().unwrap_or_else(PoisonError::into_inner).get(&pool)?.upgrade()
}

struct Owner(Arc<EventLoop>);

impl Wake for Owner {
    fn wake(&self) {
        self.0.wake();
    }
}

// Kinds of records; `lib/records.js` holds the same numbers.
const END: i32 = 0;
const MORE: i32 = 1;
const GROW: i32 = 2;
const FULFILLED: i32 = 3;
const REJECTED: i32 = 4;
const CARGO_FULFILLED: i32 = 5;
const CARGO_REJECTED: i32 = 6;
const NOTHING: i32 = 7;
const TEXT: i32 = 8;
const BYTES: i32 = 9;
const LARGE_BYTES: i32 = 10;
const ATTACHMENT: i32 = 11;
const FAILURE: i32 = 12;
const PANIC: i32 = 13;
const WORKER_GONE: i32 = 14;
const DELIVER: i32 = 15;
const ENDED: i32 = 16;

/// Bytes beyond this come back as memory of their own instead of through the records.
const LARGE: usize = 4096;

/// Notes taken in one call; more are left for the next, so that none holds the event loop long.
const BATCH: usize = 1024;

/// Limits and names, checked by `lib/options.js`.
#[napi(object)]
pub struct NativePoolOptions {
    /// Workers that are kept although idle.
    pub min_workers: u32,
    /// Most workers at a time.
    pub max_workers: u32,
    /// Most native threads at a time.
    pub native_threads: u32,
    /// Milliseconds of waiting that are worth one step of priority; 0 for none.
    pub aging: f64,
    /// Milliseconds that a worker above the minimum may idle.
    pub idle_timeout: f64,
    /// Part of the native threads' names.
    pub name: String,
}

/// A pool, as its owner sees it.
#[napi]
pub struct NativePool {
    shared: Arc<Shared>,
    number: u32,
    idle_timeout: Option<Duration>,
    outbound: RefCell<Uint8Array>,
    inbound: RefCell<Int32Array>,
    reader: RefCell<StringReader>,
    text: RefCell<Text>,
    /// A note that did not fit into the last batch.
    held: Cell<Option<Note<Outcome>>>,
    large: RefCell<VecDeque<Vec<u8>>>,
    teardown: RefCell<Option<CleanupEnvHook<Weak<Shared>>>>,
}

#[napi]
impl NativePool {
    /// `wake` is called on this thread whenever there may be something to drain. `outbound` is where
    /// messages are written before [`NativePool::submit`], `inbound` where records are read.
    #[napi(constructor, catch_unwind)]
    pub fn new(
        env: &Env,
        options: NativePoolOptions,
        wake: Function<'_, (), ()>,
        outbound: Uint8Array,
        inbound: Int32Array,
    ) -> Result<Self> {
        let owner = Arc::new(EventLoop::new(&wake)?);
        let mailbox = Arc::new(PoolMailbox::new(Box::new(Owner(owner.clone()))));
        let config = Config {
            minimum_workers: options.min_workers as usize,
            maximum_workers: options.max_workers as usize,
            maximum_native_threads: options.native_threads as usize,
            aging: Duration::try_from_secs_f64(options.aging / 1e3).ok().filter(|aging| !aging.is_zero()),
        };
        let shared = Arc::new(Shared {
            scheduler: Arc::new(Scheduler::new(&config, mailbox)),
            labels: RwLock::default(),
            native_threads: NativeThreads::new(options.name),
            owner,
        });
        let number = NEXT_POOL.fetch_add(1, Ordering::Relaxed);
        POOLS.lock().unwrap_or_else(PoisonError::into_inner).insert(number, Arc::downgrade(&shared));
        // Added after the event loop's own hook, so it runs before that: until the native threads have
        // ended, there is somebody for them to wake.
        let teardown = env.add_env_cleanup_hook(Arc::downgrade(&shared), |shared| {
            if let Some(shared) = shared.upgrade() {
                shared.terminate();
                shared.native_threads.join();
            }
        })?;
        Ok(Self {
            shared,
            number,
            // One too long for a Duration never passes.
            idle_timeout: Duration::try_from_secs_f64(options.idle_timeout / 1e3).ok(),
            outbound: RefCell::new(outbound),
            inbound: RefCell::new(inbound),
            reader: RefCell::new(StringReader::new()),
            text: RefCell::default(),
            held: Cell::new(None),
            large: RefCell::default(),
            teardown: RefCell::new(Some(teardown)),
        })
    }

    /// The number by which workers find the pool.
    #[napi(getter)]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Where messages are written from now on.
    #[napi(catch_unwind)]
    pub fn use_outbound(&self, outbound: Uint8Array) {
        *self.outbound.borrow_mut() = outbound;
    }

    /// Where records are read from now on.
    #[napi(catch_unwind)]
    pub fn use_inbound(&self, inbound: Int32Array) {
        *self.inbound.borrow_mut() = inbound;
    }

    /// Gives a JavaScript task a number: the name of an export, or the source of a function.
    #[napi(catch_unwind)]
    pub fn add_label(&self, text: String, is_source: bool) -> u32 {
        let label = if is_source { Label::Source(text) } else { Label::Export(text) };
        let mut labels = self.shared.labels.write().unwrap_or_else(PoisonError::into_inner);
        labels.push(label);
        labels.len() as u32 - 1
    }

    /// Submits a JavaScript task whose input is the first `length` bytes of `outbound` and `text`, or, if
    /// `needs_delivery`, will be sent over a worker's port. Answers what to do now: nothing (0), start
    /// worker n (2n), deliver to worker n (2n + 1); or that the pool is closing (-1), terminated (-2).
    #[napi(catch_unwind)]
    pub fn submit(
        &self,
        env: &Env,
        slot: u32,
        label: u32,
        priority: f64,
        text: JsString<'_>,
        length: u32,
        needs_delivery: bool,
    ) -> Result<i32> {
        let message = self.reader.borrow_mut().message(env, &self.outbound.borrow(), length, text)?;
        let job = Job::JavaScript(message);
        let submission = Submission { slot, kind: Kind::JavaScript, label, priority, needs_delivery, job };
        Ok(match self.shared.scheduler.submit(submission) {
            Ok(Submitted { hire: Some(worker), .. }) => {
                self.watch_idle_workers();
                (worker << 1) as i32
            }
            Ok(Submitted { deliver_to: Some(worker), .. }) => (worker << 1 | 1) as i32,
            Ok(_) => 0,
            Err(closed) => refusal(closed),
        })
    }

    fn watch_idle_workers(&self) {
        if let Some(limit) = self.idle_timeout {
            timer::retire_idle_workers(&self.shared.scheduler, limit);
        }
    }

    /// Submits the native task number `task` with its options as JSON and the buffers they mention, each a
    /// Uint8Array with its mode (see `values.rs`). Answers as [`NativePool::submit`] does.
    #[napi(catch_unwind)]
    pub fn submit_native(
        &self,
        env: &Env,
        slot: u32,
        task: u32,
        priority: f64,
        options: String,
        attachments: Vec<Unknown<'_>>,
        modes: Vec<u32>,
    ) -> Result<i32> {
        let attachments = attachments
            .into_iter()
            .zip(modes)
            // SAFETY: `lib/` keeps the buffers alive and to itself until the slot's record has come, and
            // after a termination until ENDED has, when no native thread is left; teardown joins them.
            .map(|(view, mode)| unsafe { values::bytes(env, view, mode) })
            .collect::<Result<Vec<_>>>()?;
        let job = Job::Native { options, attachments };
        let submission =
            Submission { slot, kind: Kind::Native, label: task, priority, needs_delivery: false, job };
        Ok(match self.shared.scheduler.submit(submission) {
            Ok(submitted) => {
                if let Some(thread) = submitted.hire {
                    self.shared
                        .native_threads
                        .start(thread, &self.shared.scheduler)
                        .map_err(|error| Error::from_reason(format!("no native thread: {error}")))?;
                }
                0
            }
            Err(closed) => refusal(closed),
        })
    }

    /// Takes back a task that does not run yet.
    #[napi(catch_unwind)]
    pub fn withdraw(&self, slot: u32, is_native: bool) -> bool {
        let kind = if is_native { Kind::Native } else { Kind::JavaScript };
        self.shared.scheduler.withdraw(kind, slot)
    }

    /// The input of a JavaScript task is in its worker's port.
    #[napi(catch_unwind)]
    pub fn delivered(&self, slot: u32) {
        self.shared.scheduler.delivered(Kind::JavaScript, slot);
    }

    /// Writes a batch of notes as records into `inbound` and answers their text.
    #[napi(catch_unwind)]
    pub fn drain<'env>(&self, env: &'env Env) -> Result<JsString<'env>> {
        let mut inbound = self.inbound.borrow_mut();
        let mut text = self.text.borrow_mut();
        // SAFETY: the array is private to `lib/`, which neither detaches nor reads it during this call.
        let mut records = Records::new(unsafe { inbound.as_mut() }, &mut text, 0);
        let mut large = self.large.borrow_mut();
        let mailbox = self.shared.scheduler.mailbox();
        let mut end = MORE;
        for count in 0..BATCH {
            let Some(note) = self.held.take().or_else(|| mailbox.take()) else {
                if mailbox.rest() {
                    end = END;
                }
                break;
            };
            if let Err(Full(needed)) = write(&mut records, &note) {
                self.held.set(Some(note));
                if count == 0 {
                    let _ = records.plain(GROW, needed as u32, 0);
                }
                break;
            }
            if let Note::Settled { outcome: Outcome::Output(Output::Bytes(bytes)), .. } = note
                && bytes.len() > LARGE
            {
                large.push_back(bytes);
            }
        }
        records.end(end);
        values::string(env, &text)
    }

    /// The memory of the next LARGE_BYTES record, without a copy where the runtime allows that.
    #[napi(catch_unwind)]
    pub fn take_large<'env>(&self, env: &'env Env) -> Result<Option<ArrayBuffer<'env>>> {
        let bytes = self.large.borrow_mut().pop_front();
        bytes.map(|bytes| ArrayBuffer::from_data(env, bytes)).transpose()
    }

    /// Worker `id` is gone. Answers the worker to start in its place, or 0.
    #[napi(catch_unwind)]
    pub fn worker_gone(&self, id: u32) -> u32 {
        let gone = || Outcome::WorkerGone { worker: id };
        let replacement = self.shared.scheduler.gone(Kind::JavaScript, id, gone);
        if replacement.is_some() {
            self.watch_idle_workers();
        }
        replacement.unwrap_or(0)
    }

    /// The workers to start so that the minimum is reached.
    #[napi(catch_unwind)]
    pub fn hire_minimum(&self) -> Vec<u32> {
        self.shared.scheduler.hire_minimum(Kind::JavaScript)
    }

    /// Keeps the event loop alive, or stops keeping it.
    #[napi(catch_unwind)]
    pub fn hold(&self, env: &Env, hold: bool) {
        self.shared.owner.hold(env, hold);
    }

    /// Takes no more tasks, finishes those it has, and says ENDED once everybody is gone.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        self.shared.scheduler.close();
    }

    /// Forgets every task, stops what runs natively, and says ENDED once everybody is gone.
    #[napi(catch_unwind)]
    pub fn terminate(&self) {
        self.shared.terminate();
    }

    /// After ENDED: lets go of what the environment was to tear down.
    #[napi(catch_unwind)]
    pub fn release(&self, env: &Env) -> Result<()> {
        self.shared.native_threads.join();
        POOLS.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.number);
        match self.teardown.borrow_mut().take() {
            Some(hook) => env.remove_env_cleanup_hook(hook),
            None => Ok(()),
        }
    }

    /// The statistics, as JSON.
    #[napi(catch_unwind)]
    pub fn stats(&self) -> Result<String> {
        serde_json::to_string(&self.shared.scheduler.snapshot())
            .map_err(|error| Error::from_reason(error.to_string()))
    }
}

impl Drop for NativePool {
    fn drop(&mut self) {
        self.shared.terminate();
    }
}

fn refusal(closed: Closed) -> i32 {
    match closed {
        Closed::Closing => -1,
        Closed::Terminated => -2,
    }
}

fn write(records: &mut Records<'_>, note: &Note<Outcome>) -> std::result::Result<(), Full> {
    let (slot, outcome) = match note {
        Note::Settled { slot, outcome } => (*slot, outcome),
        Note::Deliver { slot, executor } => return records.plain(DELIVER, *slot, *executor),
        Note::Ended => return records.plain(ENDED, 0, 0),
    };
    match outcome {
        Outcome::Message { fulfilled: true, message } => records.message(FULFILLED, slot, 0, message),
        Outcome::Message { fulfilled: false, message } => records.message(REJECTED, slot, 0, message),
        Outcome::Cargo { fulfilled: true, worker } => records.plain(CARGO_FULFILLED, slot, *worker),
        Outcome::Cargo { fulfilled: false, worker } => records.plain(CARGO_REJECTED, slot, *worker),
        Outcome::Output(Output::Nothing) => records.plain(NOTHING, slot, 0),
        Outcome::Output(Output::Text(text)) => records.text(TEXT, slot, text, ""),
        Outcome::Output(Output::Bytes(bytes)) if bytes.len() <= LARGE => records.bytes(BYTES, slot, bytes),
        Outcome::Output(Output::Bytes(_)) => records.plain(LARGE_BYTES, slot, 0),
        Outcome::Output(Output::Attachment(index)) => records.plain(ATTACHMENT, slot, *index as u32),
        Outcome::Failure(Failure::Error { code, message }) => records.text(FAILURE, slot, code, message),
        // Only a terminated pool cancels, and it has settled the promise; the record frees the slot.
        Outcome::Failure(Failure::Cancelled) => records.plain(NOTHING, slot, 0),
        Outcome::Panic(words) => records.text(PANIC, slot, words, ""),
        Outcome::WorkerGone { worker } => records.plain(WORKER_GONE, slot, *worker),
    }
}

/// The names of the native tasks; a task's number is its place.
#[napi(catch_unwind)]
pub(super) fn catalogue() -> Vec<&'static str> {
    CATALOGUE.iter().map(|entry| entry.name).collect()
}
