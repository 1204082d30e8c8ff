//! One task on several threads.
//!
//! A task whose input can be cut calls [`Context::fork`]: its own thread works through the parts, and threads of the
//! same pool that would otherwise be idle, or run a task of lower priority, help. A helper runs one part and then asks
//! the scheduler what is next, which is how it gives way to every other task; so a part is to take some milliseconds,
//! no more.
//!
//! The task's closure borrows from the task's own stack, while a helper holds nothing but an [`Arc`] of [`Parts`] and
//! may come at any time, also when the task is long gone. So the closure is behind a pointer without a lifetime, and
//! one lock says who may follow it:
//!
//! ```text
//! Open ──▶ Over
//! ```
//!
//! - **Open**: parts are there to take. Whoever takes one is counted as under way in the same step, follows the
//!   pointer, and is counted out after it has let go of it.
//! - **Over**: all parts are taken, one has failed or panicked, or the task's thread is leaving. None is taken any more,
//!   and it is never Open again.
//!
//! The task's thread leaves through [`Guard`], also while it unwinds: it makes it Over and waits until nobody is under
//! way. So whoever follows the pointer was counted while it was Open, and the closure outlives that.
//!
//! **Part taken while the last one ends.** The task's thread finds no part left and sees others under way; it waits, and
//! whoever counts out last wakes it. Both are steps under the lock, so the wake-up cannot come between the look and the
//! sleep.
//!
//! **Late helper.** It finds the state Over and answers that nothing is left. It frees the [`Parts`] if it is the last to
//! hold them, which says nothing about the closure.
//!
//! **Panic in a part.** The part catches it and hands it in like a failure; the task's thread resumes it once nobody is
//! under way. Of several failures the one of the first part in order is told, whoever was quicker.
//!
//! **Stop.** Parts have the task's token: each stops at its next checkpoint and fails, and no other is begun.
//!
//! Every field is behind the lock, which orders all that the parts wrote before what the task's thread reads.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use super::sync::{Condvar, Mutex, lock};
use super::{Context, Failure};

/// Threads that may help a task.
pub trait Helpers: Sync {
    /// Lets up to `most` threads that have nothing to do, or nothing of as high a priority, call [`Help::run`], now or later.
    fn offer(&self, help: Arc<dyn Help>, most: usize);

    /// Nobody need begin to help any more; those that help already go on.
    fn retract(&self);
}

/// Work that others may help with.
pub trait Help: fmt::Debug + Send + Sync {
    /// Runs one part. Answers whether there may be more of them. Does not unwind.
    fn run(&self) -> bool;
}

impl Context<'_> {
    /// Calls `work` for every part, from 0 to `parts` - 1, on this thread and on its helpers, and answers the results in
    /// the order of the parts. Each call gets a context of its own, without helpers. Without helpers, and so within a
    /// part, this thread does it all. For each part a lock is taken four times.
    ///
    /// # Errors
    /// The failure of the first part, in their order, that failed; parts that had not begun by then never do.
    ///
    /// # Panics
    /// If a part does, with its words.
    pub fn fork<R: Send>(
        &self,
        parts: usize,
        work: impl Fn(usize, &Context<'_>) -> Result<R, Failure> + Sync,
    ) -> Result<Vec<R>, Failure> {
        let context_of_part = self.for_parts();
        let call = |part: usize| {
            let context = context_of_part();
            context.checkpoint().and_then(|()| work(part, &context))
        };
        let Some(helpers) = self.helpers.filter(|_| parts > 1) else {
            return (0..parts).map(call).collect();
        };
        let gathered = Mutex::new(Gathered::new(parts));
        let run = |part: usize| {
            // Unwind safety: after a panic nothing of the parts is used but what they share with nobody.
            let end = catch_unwind(AssertUnwindSafe(|| call(part)));
            lock(&gathered).put(part, end)
        };
        // SAFETY: nobody else has them before there is a guard, which is dropped before `run` is.
        let shared = Arc::new(unsafe { Parts::new(parts, &run) });
        let guard = Guard { parts: &shared, helpers };
        helpers.offer(shared.clone(), parts - 1);
        while shared.run() {}
        drop(guard);
        let gathered = std::mem::replace(&mut *lock(&gathered), Gathered::new(0));
        gathered.into_result()
    }
}

/// What the parts came to.
struct Gathered<R> {
    results: Vec<Option<R>>,
    /// The first part, in their order, that has none.
    failed: Option<(usize, End)>,
}

enum End {
    Failed(Failure),
    Panicked(Box<dyn Any + Send>),
}

impl<R> Gathered<R> {
    fn new(parts: usize) -> Self {
        Self { results: std::iter::repeat_with(|| None).take(parts).collect(), failed: None }
    }

    /// Takes what a part came to; whether others are still to be begun.
    fn put(&mut self, part: usize, end: std::thread::Result<Result<R, Failure>>) -> bool {
        let end = match end {
            Ok(Ok(result)) => {
                self.results[part] = Some(result);
                return true;
            }
            Ok(Err(failure)) => End::Failed(failure),
            Err(panic) => End::Panicked(panic),
        };
        let dropped = if self.failed.as_ref().is_none_or(|(earlier, _)| part < *earlier) {
            self.failed.replace((part, end)).map(|(_, end)| end)
        } else {
            Some(end)
        };
        if let Some(End::Panicked(panic)) = dropped {
            // Dropping a panic's payload may itself panic; leak it rather than find out.
            std::mem::forget(panic);
        }
        false
    }

    fn into_result(self) -> Result<Vec<R>, Failure> {
        match self.failed {
            None => Ok(self.results.into_iter().flatten().collect()),
            Some((_, End::Failed(failure))) => Err(failure),
            Some((_, End::Panicked(panic))) => resume_unwind(panic),
        }
    }
}

/// The parts of one task, as its helpers see them. See the module's words.
struct Parts {
    state: Mutex<State>,
    /// Nobody is under way.
    quiet: Condvar,
    run: Run,
}

/// Runs a part; whether others are still to be begun.
struct Run(*const (dyn Fn(usize) -> bool + Sync));

// SAFETY: what it points to may be called from any thread, being `Sync`; `Parts::run` says when.
unsafe impl Send for Run {}
// SAFETY: as above.
unsafe impl Sync for Run {}

struct State {
    phase: Phase,
    /// The part to be taken next, of so many.
    next: usize,
    count: usize,
    /// Threads that may follow the pointer.
    under_way: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    Over,
}

impl Parts {
    /// Parts that `run` is called for.
    ///
    /// # Safety
    /// Before `run` is dropped, a [`Guard`] of these parts must have been.
    unsafe fn new<'run>(count: usize, run: &'run (dyn Fn(usize) -> bool + Sync + 'run)) -> Self {
        let run: *const (dyn Fn(usize) -> bool + Sync + 'run) = run;
        // SAFETY: two pointers that differ in a lifetime alone. It is followed only by who has taken a part, and none is
        // under way any more once a guard has been dropped, which the caller sees to.
        let run = unsafe {
            std::mem::transmute::<
                *const (dyn Fn(usize) -> bool + Sync + 'run),
                *const (dyn Fn(usize) -> bool + Sync + 'static),
            >(run)
        };
        let state = State { phase: Phase::Open, next: 0, count, under_way: 0 };
        Self { state: Mutex::new(state), quiet: Condvar::new(), run: Run(run) }
    }

    fn take(&self) -> Option<UnderWay<'_>> {
        let mut state = lock(&self.state);
        if state.phase == Phase::Over {
            return None;
        }
        let part = state.next;
        state.next += 1;
        state.under_way += 1;
        if state.next == state.count {
            state.phase = Phase::Over;
        }
        Some(UnderWay { parts: self, part, goes_on: false })
    }
}

impl Help for Parts {
    fn run(&self) -> bool {
        let Some(mut under_way) = self.take() else { return false };
        // SAFETY: the part was taken while the parts were Open, so the closure's owner has not passed its guard, and
        // does not until `under_way` is dropped.
        under_way.goes_on = unsafe { (*self.run.0)(under_way.part) };
        under_way.end()
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Parts")
    }
}

/// A part that a thread has taken.
struct UnderWay<'a> {
    parts: &'a Parts,
    part: usize,
    /// It ended well.
    goes_on: bool,
}

impl UnderWay<'_> {
    /// Lets go of the closure. Answers whether there are parts to take.
    fn end(self) -> bool {
        let parts = self.parts;
        drop(self);
        lock(&parts.state).phase == Phase::Open
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.parts.state);
        if !self.goes_on {
            state.phase = Phase::Over;
        }
        state.under_way -= 1;
        if state.under_way == 0 {
            self.parts.quiet.notify_one();
        }
    }
}

/// Keeps the task's thread where the closure lives.
struct Guard<'a> {
    parts: &'a Parts,
    helpers: &'a dyn Helpers,
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.parts.state);
        state.phase = Phase::Over;
        while state.under_way > 0 {
            state = self.parts.quiet.wait(state).unwrap_or_else(std::sync::PoisonError::into_inner);
        }
        drop(state);
        // Last: whatever it does, the closure is nobody's by now.
        self.helpers.retract();
    }
}

#[cfg(all(test, feature = "model"))]
mod model;
#[cfg(all(test, not(feature = "model")))]
mod tests;
