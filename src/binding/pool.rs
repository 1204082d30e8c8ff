//! A pool, as the thread that owns it sees it: what happens once, or seldom. What happens for each task is in
//! `owner.rs`.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, Weak};

use napi::CleanupEnvHook;
use napi::bindgen_prelude::*;
use napi_derive::napi;

use super::event_loop::EventLoop;
use super::layout::{self, cancel};
use super::limits::{self, NativePoolOptions};
use super::owner::{self, Owner};
use super::shared::{self, Label, Shared};
use super::{backing_store, shared_threads, values};
use crate::catalogue::{Budget, CATALOGUE};
use crate::executors::niceness::Niceness;
use crate::payload::Array;
use crate::scheduler::{Cancelled, Kind};

/// A pool.
#[napi]
pub struct NativePool {
    owner: Rc<Owner>,
    number: u32,
    teardown: RefCell<Option<CleanupEnvHook<Weak<Shared>>>>,
}

#[napi]
impl NativePool {
    /// `wake` is called on this thread whenever there may be something to drain; `resource` shows in async_hooks, and
    /// its `hasRef` tells whether that keeps the event loop alive. `outbound` is where
    /// arguments and messages are written before a task is submitted, `inbound` where records are read.
    #[napi(constructor, catch_unwind)]
    pub fn new(
        env: &Env,
        options: NativePoolOptions,
        wake: Function<'_, (), ()>,
        resource: Object<'_>,
        outbound: Uint8Array,
        inbound: Int32Array,
    ) -> Result<Self> {
        let config = limits::of_pool(&options);
        let event_loop = EventLoop::new(env, &wake, Some(&resource))?;
        let largest = values::largest_memory(env)?;
        let budget = Budget::new(limits::memory(options.native_memory)).with_largest_output(largest);
        let niceness = Niceness::above_this_thread(options.nice_increment);
        if niceness != Niceness::default() {
            shared_threads::start(env)?;
        }
        let shared = Shared::new(&config, options.name, budget, niceness, event_loop);
        // Added after the event loop's own hook, so it runs before that: until the native threads have
        // ended, there is somebody for them to wake. (At the exit of the main thread Node runs no hooks, and the
        // process takes its threads along.)
        let teardown = env.add_env_cleanup_hook(Arc::downgrade(&shared), |shared| {
            if let Some(shared) = shared.upgrade() {
                shared.scheduler.terminate();
                shared.native_threads.join();
            }
        })?;
        let number = shared::register(&shared);
        let owner = Rc::new(Owner::new(shared, outbound, inbound, largest));
        Ok(Self { owner, number, teardown: RefCell::new(Some(teardown)) })
    }

    /// The names of the native tasks; a task's number is its place.
    #[napi(catch_unwind)]
    pub fn catalogue() -> Vec<&'static str> {
        CATALOGUE.iter().map(|entry| entry.name).collect()
    }

    /// What native task `number` says of itself (see `catalogue/declaration.rs`), as JSON.
    #[napi(catch_unwind)]
    pub fn declaration(number: u32) -> Result<String> {
        let entry = CATALOGUE.get(number as usize).ok_or_else(|| Error::from_reason("no such task"))?;
        Ok((entry.declaration)())
    }

    /// Whether the buffers of native tasks can be borrowed (see `backing_store.rs`). `transfer` is given an ArrayBuffer, and makes
    /// another of it with another length; without it there is no way to do that.
    #[napi(catch_unwind)]
    pub fn can_borrow(env: &Env, transfer: Option<Function<'_, Unknown<'_>, Unknown<'_>>>) -> Result<bool> {
        backing_store::can_hold(env, transfer)
    }

    /// Every number that JavaScript holds, too, by the names that it has for them, as JSON: for a test.
    #[napi(catch_unwind)]
    pub fn layout() -> String {
        layout::describe()
    }

    /// The number by which workers find the pool.
    #[napi(getter)]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// `[submit, submitNative, drain]`: what is called for each task, or each batch of them.
    #[napi(catch_unwind)]
    pub fn functions<'env>(&self, env: &'env Env) -> Result<Vec<Unknown<'env>>> {
        self.owner.clone().functions(env)
    }

    /// Where arguments and messages are written from now on.
    #[napi(catch_unwind)]
    pub fn use_outbound(&self, outbound: Uint8Array) {
        *self.owner.outbound.borrow_mut() = outbound;
    }

    /// Where records are read from now on.
    #[napi(catch_unwind)]
    pub fn use_inbound(&self, inbound: Int32Array) {
        *self.owner.inbound.borrow_mut() = inbound;
    }

    /// Gives a JavaScript task a number: the name of an export, or the source of a function.
    #[napi(catch_unwind)]
    pub fn add_label(&self, text: String, is_source: bool) -> u32 {
        self.owner.shared.add_label(if is_source { Label::Source(text) } else { Label::Export(text) })
    }

    /// Forgets labels of JavaScript tasks, and their figures. No unsettled task has them; their numbers come again after two
    /// billion others.
    #[napi(catch_unwind)]
    pub fn forget_labels(&self, labels: Vec<u32>) {
        self.owner.shared.forget_labels(&labels);
    }

    /// Takes back a task that does not run.
    #[napi(catch_unwind)]
    pub fn withdraw(&self, slot: u32) -> bool {
        self.owner.shared.scheduler.withdraw(slot)
    }

    /// Takes back those of these tasks that do not run. Answers the others, in their order.
    #[napi(catch_unwind)]
    pub fn withdraw_all<'env>(&self, env: &'env Env, slots: Uint32Array) -> Result<Unknown<'env>> {
        let left = slots.iter().copied().filter(|slot| !self.owner.shared.scheduler.withdraw(*slot));
        values::numbers(env, left.collect())
    }

    /// Takes back every task that waits and that nobody is free to take. Answers their slots.
    #[napi(catch_unwind)]
    pub fn cancel_queued<'env>(&self, env: &'env Env) -> Result<Unknown<'env>> {
        values::numbers(env, self.owner.shared.scheduler.cancel_queued())
    }

    /// Gives up a task: 0 if no record of it will come, 1 if one will when it has stopped, 2 if one is on its way.
    #[napi(catch_unwind)]
    pub fn cancel(&self, slot: u32) -> u32 {
        match self.owner.shared.scheduler.cancel(slot) {
            Cancelled::Out => cancel::OUT,
            Cancelled::Stopping => cancel::STOPPING,
            Cancelled::Over => cancel::OVER,
        }
    }

    /// The worker that runs the JavaScript task in `slot`, and the lower half of the run's number, by which it knows it.
    #[napi(catch_unwind)]
    pub fn run_of(&self, slot: u32) -> Option<Vec<u32>> {
        self.owner.shared.scheduler.run_of(slot).map(|(worker, run)| vec![worker, run as u32])
    }

    /// Answers an undecided record: the task is tried `again`, or it is over.
    #[napi(catch_unwind)]
    pub fn decide(&self, slot: u32, again: bool) {
        self.owner.shared.scheduler.decide(slot, again);
    }

    /// Why a task would be refused now, as a submission answers; 0 if it would not be.
    #[napi(catch_unwind)]
    pub fn refuses(&self, is_native: bool) -> i32 {
        let kind = if is_native { Kind::Native } else { Kind::JavaScript };
        self.owner.shared.scheduler.refuses(kind).map_or(0, owner::refusal)
    }

    /// The same of a native task whose views and modes are these, with everything made ready for it: no submission that
    /// follows at once, with the views that are missing here and are to be pinned, can be refused for want of anything.
    #[napi(catch_unwind)]
    pub fn admit(&self, env: &Env, views: Object<'_>, modes: Vec<u32>) -> Result<i32> {
        // SAFETY: as in `Owner::submit_native`, which follows.
        unsafe { self.owner.admit(env, &views, &modes) }
    }

    /// What was admitted is not submitted.
    #[napi(catch_unwind)]
    pub fn dismiss(&self) {
        self.owner.dismiss();
    }

    /// Whether `worker` still awaits the input of the task in `slot`.
    #[napi(catch_unwind)]
    pub fn awaits(&self, slot: u32, worker: u32) -> bool {
        self.owner.shared.scheduler.awaits(slot, worker)
    }

    /// The input of a JavaScript task is in its worker's port.
    #[napi(catch_unwind)]
    pub fn delivered(&self, slot: u32) {
        self.owner.shared.scheduler.delivered(Kind::JavaScript, slot);
    }

    /// The memories that a LARGE_BYTES record (one) or a VALUE record (`count`) announced, as ArrayBuffers in their
    /// order, without a copy where the runtime allows that. If one cannot be made, all of them are let go, so that the
    /// next record finds its own.
    #[napi(catch_unwind)]
    pub fn take_memories<'env>(&self, env: &'env Env, count: u32) -> Result<Vec<Unknown<'env>>> {
        let memories: Vec<Array> = {
            let mut large = self.owner.large.borrow_mut();
            let count = (count as usize).min(large.len());
            large.drain(..count).collect()
        };
        memories.into_iter().map(|memory| values::array_buffer(env, memory)).collect()
    }

    /// Worker `id` is gone; with `replace`, a HIRE record follows if another is needed.
    #[napi(catch_unwind)]
    pub fn worker_gone(&self, id: u32, replace: bool) {
        self.owner.shared.scheduler.gone(Kind::JavaScript, id, replace);
    }

    /// Worker `id` is being ended by force: what it had fails now. It counts as there until it is gone.
    #[napi(catch_unwind)]
    pub fn worker_lost(&self, id: u32) {
        self.owner.shared.scheduler.lose(id);
    }

    /// Whether worker `id` is up and not about to end.
    #[napi(catch_unwind)]
    pub fn worker_remains(&self, id: u32) -> bool {
        self.owner.shared.scheduler.remains(id)
    }

    /// HIRE records follow for the workers that are missing from the minimum.
    #[napi(catch_unwind)]
    pub fn hire_minimum(&self) {
        self.owner.shared.scheduler.hire_minimum();
    }

    /// Changes how many workers and native threads there are.
    #[napi(catch_unwind)]
    pub fn resize(&self, min_workers: u32, max_workers: u32, native_threads: u32) {
        self.owner.shared.scheduler.resize(limits::sizes(min_workers, max_workers, native_threads));
    }

    /// Starts native thread `id`. `false` if the system grants none and there is no other.
    #[napi(catch_unwind)]
    pub fn start_thread(&self, id: u32) -> bool {
        self.owner.start_thread(id)
    }

    /// Keeps the event loop alive, or stops keeping it.
    #[napi(catch_unwind)]
    pub fn hold(&self, env: &Env, hold: bool) {
        self.owner.shared.event_loop.hold(env, hold);
    }

    /// Takes no more tasks, finishes those it has, and says ENDED once everybody is gone.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        self.owner.shared.scheduler.close();
    }

    /// Forgets every task, stops what runs natively, and says ENDED once everybody is gone.
    #[napi(catch_unwind)]
    pub fn terminate(&self) {
        self.owner.shared.scheduler.terminate();
    }

    /// The owner cannot go on, for this reason: gives up every task. BROKEN and ENDED follow.
    #[napi(catch_unwind)]
    pub fn break_off(&self, words: String) {
        self.owner.shared.scheduler.break_off(words);
    }

    /// Why the pool is broken, if it is.
    #[napi(catch_unwind)]
    pub fn failure(&self) -> Option<String> {
        self.owner.shared.scheduler.failure()
    }

    /// After ENDED: lets go of what the environment was to tear down.
    #[napi(catch_unwind)]
    pub fn release(&self, env: &Env) -> Result<()> {
        self.owner.shared.native_threads.join();
        shared::unregister(self.number);
        self.owner.shared.event_loop.close();
        match self.teardown.borrow_mut().take() {
            Some(hook) => env.remove_env_cleanup_hook(hook),
            None => Ok(()),
        }
    }

    /// The statistics, as JSON.
    #[napi(catch_unwind)]
    pub fn stats(&self) -> Result<String> {
        serde_json::to_string(&self.owner.shared.scheduler.snapshot())
            .map_err(|error| Error::from_reason(error.to_string()))
    }
}

impl Drop for NativePool {
    fn drop(&mut self) {
        self.owner.shared.scheduler.terminate();
    }
}
