//! What a running task may ask of its surroundings.

use super::Failure;
use super::fork::Helpers;
use super::memory::{Budget, Memory, UNLIMITED};
use super::sync::{AtomicU64, Ordering};

/// Which of its runs a thread is to stop. Runs have growing numbers, so one number says it all: a stop that comes
/// too late names a run that is over, and means nobody.
#[derive(Debug, Default)]
pub struct StopToken(AtomicU64);

impl StopToken {
    /// Tells run number `run`, from 1, to stop.
    pub fn stop(&self, run: u64) {
        // Relaxed: see `Context::checkpoint`. The largest, so that a late stop does not undo one that is meant.
        self.0.fetch_max(run, Ordering::Relaxed);
    }
}

/// See the module's words.
pub struct Context<'a> {
    token: &'a StopToken,
    run: u64,
    budget: &'a Budget,
    pub(super) helpers: Option<&'a dyn Helpers>,
}

impl<'a> Context<'a> {
    /// A context whose task is to stop once `token` says so of `run`. It has no helpers, and memory without limit.
    pub fn new(token: &'a StopToken, run: u64) -> Self {
        Self { token, run, budget: &UNLIMITED, helpers: None }
    }

    /// The same task with memory from `budget`.
    pub fn with_budget(self, budget: &'a Budget) -> Self {
        Self { budget, ..self }
    }

    /// The same task, whose parts `helpers` may take.
    pub fn with_helpers(self, helpers: &'a dyn Helpers) -> Self {
        Self { helpers: Some(helpers), ..self }
    }

    /// What makes the context of a part, on whatever thread that runs: the same task without helpers.
    pub(super) fn for_parts(&self) -> impl Fn() -> Context<'a> + Sync + use<'a> {
        let (token, run, budget) = (self.token, self.run, self.budget);
        move || Context { token, run, budget, helpers: None }
    }

    /// To be asked at least every few milliseconds of work: `Err` once the task is to stop. One load.
    ///
    /// # Errors
    /// [`Failure::Cancelled`], to be passed on with `?`.
    pub fn checkpoint(&self) -> Result<(), Failure> {
        // Relaxed: the number carries no data, and a stop seen one chunk later is still a stop.
        if self.token.0.load(Ordering::Relaxed) == self.run { Err(Failure::Cancelled) } else { Ok(()) }
    }

    /// Bytes of the largest output that can be handed over: a task that sees its output grow beyond stops there.
    pub fn largest_output(&self) -> usize {
        self.budget.largest_output()
    }

    /// Asks for `bytes` of memory, to be taken after. What is left of them is given back when the answer is dropped.
    /// A few atomic operations.
    ///
    /// # Errors
    /// `ERR_OUT_OF_MEMORY` if all native tasks of the pool together would hold more than its `nativeMemory`.
    pub fn memory(&self, bytes: usize) -> Result<Memory<'a>, Failure> {
        let mut memory = Memory::none(self.budget);
        memory.grow(bytes)?;
        Ok(memory)
    }
}
