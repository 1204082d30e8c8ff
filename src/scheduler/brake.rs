//! How a running task is stopped from another thread, and nobody else in its place.
//!
//! An engine can be told to terminate *whatever it runs now*. Said a moment too late, that would kill the next
//! task, so everything that knows which task it is happens under one lock; see `README.md`, "Late stop".

use smallvec::SmallVec;

use super::sync::{Mutex, lock};

/// Something that runs code and can be told from any thread to terminate what it runs.
pub trait Engine: Send + Sync {
    /// Terminates what runs now, as soon as the engine gets to look. Called only between [`Brake::enter`] and
    /// [`Brake::leave`], maybe more than once.
    fn terminate(&self);
}

/// The brake of one executor. `E` is what it stops; `None` for one that cannot be stopped.
pub struct Brake<E> {
    engine: Option<E>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The runs that the executor holds, in the order in which it got them.
    held: SmallVec<[Held; 1]>,
    /// The number of the last run it got: a stop of a later one is early, not late.
    newest: u64,
    /// Stops that came before their run did.
    early: SmallVec<[u64; 1]>,
    /// The run between `enter` and `leave`.
    current: Option<u64>,
    terminated: bool,
}

struct Held {
    run: u64,
    told: Told,
    /// Code of it has run.
    begun: bool,
    /// It has asked whether it is to stop, so it gets to answer before it is terminated.
    asks: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    Nothing,
    /// To stop; its executor's event loop has not heard of it.
    Stop,
    /// To stop, and its executor's event loop knows.
    StopHeard,
}

impl<E: Engine> Brake<E> {
    /// The brake of an executor that holds no run.
    pub fn new(engine: Option<E>) -> Self {
        Self { engine, state: Mutex::new(State::default()) }
    }

    /// The executor has been given a run; their numbers grow.
    pub fn hold(&self, run: u64) {
        let mut state = lock(&self.state);
        state.newest = run;
        let early = state.early.iter().position(|early| *early == run);
        let told = if early.is_some() { Told::Stop } else { Told::Nothing };
        state.early.clear(); // of runs that it will never be given
        state.held.push(Held { run, told, begun: false, asks: false });
    }

    /// The executor has handed in the run.
    pub fn release(&self, run: u64) {
        lock(&self.state).held.retain(|held| held.run != run);
    }

    /// The executor is about to run code of the run. `false` if it must not: the run has been told to stop.
    pub fn enter(&self, run: u64) -> bool {
        let mut state = lock(&self.state);
        let held = state.held.iter_mut().find(|held| held.run == run && held.told == Told::Nothing);
        let go = held.map(|held| held.begun = true).is_some();
        state.current = go.then_some(run);
        go
    }

    /// The code has returned or was terminated. `true` if the engine was told to terminate it, which may not have
    /// struck yet: the caller takes it back before it runs anything else. No more will come.
    pub fn leave(&self) -> bool {
        let mut state = lock(&self.state);
        state.current = None;
        std::mem::take(&mut state.terminated)
    }

    /// Tells a run to stop, from any thread. Code of it that runs now is terminated at once, unless it has asked
    /// whether it is to stop; with `force`, then too, and again, in case somebody else has taken the first
    /// termination for their own. A run that the executor has handed in is left alone, and so is every other. Answers
    /// whether the run may still end in good order: it has been handed in, will not begin, or has asked and gets to
    /// answer.
    pub fn stop(&self, run: u64, force: bool) -> bool {
        let mut state = lock(&self.state);
        if run > state.newest {
            state.early.push(run);
            return true;
        }
        let Some(held) = state.held.iter_mut().find(|held| held.run == run) else { return true };
        if held.told == Told::Nothing {
            held.told = Told::Stop;
        }
        let (spared, unbegun) = (held.asks && !force, !held.begun);
        if let (Some(engine), false, true) = (&self.engine, spared, state.current == Some(run)) {
            engine.terminate();
            state.terminated = true;
        }
        spared || unbegun
    }

    /// Whether a run has been told to stop; asked by the run itself, which from then on gets to answer.
    pub fn is_stopped(&self, run: u64) -> bool {
        let mut state = lock(&self.state);
        let Some(held) = state.held.iter_mut().find(|held| held.run == run) else { return true };
        held.asks = true;
        held.told != Told::Nothing
    }

    /// A run that has been told to stop since this was last asked.
    pub fn take_stopped(&self) -> Option<u64> {
        let mut state = lock(&self.state);
        let held = state.held.iter_mut().find(|held| held.told == Told::Stop)?;
        held.told = Told::StopHeard;
        Some(held.run)
    }
}
