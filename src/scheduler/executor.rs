//! One executor: its state, from hired to gone, and what it has.

use smallvec::SmallVec;

use super::clock::Nanoseconds;
use super::effects::{Order, Stops, Wakes};
use super::queue::Queue;
use super::run::{Run, Verdict};
use super::sync::{Arc, AtomicBool, Ordering};
use super::types::Endpoint;

/// What an executor is doing. Gone is who is no longer in its crew. See `README.md`, "An executor".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Asked for, and not up yet.
    Starting { since: Nanoseconds },
    /// Between two tasks, about to call `next`.
    Coming,
    /// Was called and has not come in time: others who are idle are called in its place. It may still come.
    Late,
    /// Has been late for so long that what it was to take goes elsewhere, and others are hired in its place. It may still
    /// come.
    Missing,
    /// Runs what it has; will ask for more when it can take more.
    Busy,
    /// Has room for a task, watches its signal for a short while.
    Spinning,
    /// Has room for a task, to be woken.
    Asleep { since: Nanoseconds },
    /// Has room for a task and may take none for now: it is in reserve, or as much runs as may.
    StandingBy,
    /// Has something in hand besides the tasks that it runs.
    Holding(Held),
    /// To end as soon as it has nothing left.
    Retiring(Exit),
}

/// What an executor has in hand besides the tasks that it runs: one that it was given before its input, or a part of
/// somebody else's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Held {
    /// The input has yet to come.
    Awaiting { slot: u32 },
    /// The input has come: the executor is about to call `next`, which starts the task.
    Delivered { slot: u32 },
    /// It was given a part of what the offer of this number offers, and asks again when it has done that.
    Part { offer: u64 },
}

/// How far an executor is that is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// It is not up yet, and has as long from now on as a start may take.
    Starting { since: Nanoseconds },
    /// It was not up in time, and its owner has been told to end it.
    Stillborn,
    /// It finishes what it has: its runs, and what it holds.
    Finishing(Option<Held>),
    /// It does not answer, and its owner has been told to end it.
    Killed(Option<Held>),
    /// It has been told to end, and is about to.
    Leaving,
}

/// Where an executor stands among others, whatever it does: so this stands beside its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// In reserve: takes nothing until it steps in for another.
    Spare,
    OnDuty,
    /// To make way for a replacement once that is up. One that retires has done so.
    Worn,
}

pub(super) struct Executor {
    pub state: State,
    pub standing: Standing,
    /// Since when it is counted on to come: it was called, told to end, or given what it waited for, or is at a short
    /// task. Ends when it comes.
    pub counted_on: Option<Nanoseconds>,
    /// Since when it has been seen to be expected.
    pub expected: Option<Nanoseconds>,
    /// What it runs, and what it has been told to stop and has not handed in.
    pub runs: SmallVec<[Run; 1]>,
    /// Tasks that only it may take, unless it ends.
    pub own: Option<Queue>,
    /// How many of those wait.
    pub pinned: usize,
    /// Raised when it is claimed while it spins. A hint: the truth is `state`, under the lock.
    pub signal: Arc<AtomicBool>,
    pub endpoint: Option<Arc<dyn Endpoint>>,
    /// Runs handed in.
    pub tasks: u64,
    /// Time at work, but for the current stretch.
    busy: Nanoseconds,
    busy_since: Nanoseconds,
    pub born: Nanoseconds,
}

impl Executor {
    /// One that has just been asked for.
    pub(super) fn new(standing: Standing, now: Nanoseconds) -> Self {
        Self {
            state: State::Starting { since: now },
            standing,
            counted_on: None,
            expected: None,
            runs: SmallVec::new(),
            own: None,
            pinned: 0,
            signal: Arc::new(AtomicBool::new(false)),
            endpoint: None,
            tasks: 0,
            busy: 0,
            busy_since: now,
            born: now,
        }
    }

    // ---- where it stands

    /// Whether it has called `next`, or said that it will.
    pub(super) fn is_up(&self) -> bool {
        !matches!(
            self.state,
            State::Starting { .. } | State::Retiring(Exit::Starting { .. } | Exit::Stillborn)
        )
    }

    /// Since when it is to come up, unless it is up or was given up.
    pub(super) fn starting_since(&self) -> Option<Nanoseconds> {
        match self.state {
            State::Starting { since } | State::Retiring(Exit::Starting { since }) => Some(since),
            _ => None,
        }
    }

    pub(super) fn is_retiring(&self) -> bool {
        matches!(self.state, State::Retiring(_))
    }

    /// Whether it is in reserve, and stays there until it steps in.
    pub(super) fn is_spare(&self) -> bool {
        !self.is_retiring() && self.standing == Standing::Spare
    }

    /// Whether it is one of those that there are at most so many of. Who retires holds its post until it is gone, unless
    /// it has given that to a replacement.
    pub(super) fn holds_post(&self) -> bool {
        match self.standing {
            Standing::Spare => false,
            Standing::OnDuty => true,
            Standing::Worn => !self.is_retiring(),
        }
    }

    /// Whether new tasks may be meant for it.
    pub(super) fn stays(&self) -> bool {
        !self.is_retiring() && self.standing == Standing::OnDuty
    }

    /// Whether its own queue, and the keys that are its own, stay with it. Those of who is to end go to others once none of
    /// their tasks can be running here.
    pub(super) fn is_home(&self) -> bool {
        !self.is_retiring() || self.held_task().is_some() || self.runs.iter().any(|run| run.is_keyed)
    }

    /// Whether it works until a replacement is up.
    pub(super) fn makes_way(&self) -> bool {
        !self.is_retiring() && self.standing == Standing::Worn
    }

    /// Whether one of its runs was told to stop, and it takes nothing until that is handed in.
    pub(super) fn is_barred(&self) -> bool {
        self.runs.iter().any(|run| run.stop.is_some_and(|stop| stop.verdict != Verdict::Stays))
    }

    /// Whether it is not expected to go on after a stop.
    pub(super) fn is_lost(&self) -> bool {
        let is_lost = |run: &Run| run.stop.is_some_and(|stop| stop.verdict == Verdict::Lost);
        !self.is_retiring() && self.runs.iter().any(is_lost)
    }

    /// Whether it is up and not about to end.
    pub(super) fn remains(&self) -> bool {
        self.is_up() && !self.is_retiring()
    }

    pub(super) fn is_idle(&self) -> bool {
        matches!(self.state, State::Spinning | State::Asleep { .. })
    }

    /// Whether it is about to ask for a task. One that helps is: after its part, it takes what comes first.
    pub(super) fn is_coming(&self) -> bool {
        let asks =
            matches!(self.state, State::Starting { .. } | State::Coming | State::Holding(Held::Part { .. }));
        asks && self.standing != Standing::Spare && !self.is_barred()
    }

    /// Whether it is up and would take a task at once.
    pub(super) fn is_ready(&self) -> bool {
        self.remains() && !self.is_occupied() && !self.is_spare() && self.state != State::StandingBy
    }

    /// Whether users count it among those that work: not who is in reserve, nor who has given up its post and has nothing
    /// left.
    pub(super) fn is_on_the_floor(&self) -> bool {
        self.holds_post() || self.is_occupied()
    }

    /// Whether it was called for a task and has not come for long.
    pub(super) fn is_missing(&self) -> bool {
        self.state == State::Missing
    }

    /// Whether it will ask for a task without waiting for one that it runs, or would if it might take one.
    pub(super) fn is_free(&self) -> bool {
        let comes = self.is_coming() || self.is_idle() || (self.state == State::Late && !self.is_barred());
        comes || (self.state == State::StandingBy && !self.is_spare())
    }

    /// Whether it has nothing to run and somebody waits for it to ask for more.
    pub(super) fn is_expected(&self) -> bool {
        let called = match self.state {
            State::Coming | State::Late | State::Missing => true,
            State::Retiring(Exit::Finishing(None)) => true,
            State::Holding(held) | State::Retiring(Exit::Finishing(Some(held))) => held.has_come(),
            _ => false,
        };
        called && self.runs.is_empty()
    }

    // ---- what it has

    /// What it holds, if anything.
    pub(super) fn held(&self) -> Option<Held> {
        match self.state {
            State::Holding(held) => Some(held),
            State::Retiring(Exit::Finishing(held) | Exit::Killed(held)) => held,
            _ => None,
        }
    }

    /// The task that it holds, if any.
    pub(super) fn held_task(&self) -> Option<u32> {
        match self.held()? {
            Held::Awaiting { slot } | Held::Delivered { slot } => Some(slot),
            Held::Part { .. } => None,
        }
    }

    /// Tasks that it has started, or is about to.
    pub(super) fn taken(&self) -> usize {
        self.runs.len() + usize::from(self.held_task().is_some())
    }

    /// Whether it has a task, or a part of one.
    pub(super) fn is_occupied(&self) -> bool {
        !self.runs.is_empty() || self.held().is_some()
    }

    /// Tasks it has or will get.
    pub(super) fn load(&self) -> usize {
        self.taken() + self.pinned
    }

    /// The offer that it is at a part of, if any.
    pub(super) fn helps(&self) -> Option<u64> {
        match self.held()? {
            Held::Part { offer } => Some(offer),
            Held::Awaiting { .. } | Held::Delivered { .. } => None,
        }
    }

    /// Whether it runs something, be it a part.
    fn is_at_work(&self) -> bool {
        !self.runs.is_empty() || self.helps().is_some()
    }

    /// Whether its input is awaited for the task in `slot`.
    pub(super) fn awaits(&self, slot: u32) -> bool {
        self.held() == Some(Held::Awaiting { slot })
    }

    // ---- steps

    /// Has it look again. It is out of the idle list, and its state is about to change.
    pub(super) fn rouse(&self, wakes: &mut Wakes) {
        // Relaxed: only a hint to stop spinning; what there is to do is read under the lock.
        self.signal.store(true, Ordering::Relaxed);
        // One that spins is in `next` already and needs no system call.
        if self.state != State::Spinning {
            wakes.extend(self.endpoint.clone());
        }
    }

    /// It is up.
    pub(super) fn arrive(&mut self) {
        self.state = match self.state {
            State::Starting { .. } => State::Coming,
            State::Retiring(Exit::Starting { .. }) => State::Retiring(Exit::Finishing(None)),
            State::Retiring(Exit::Stillborn) => State::Retiring(Exit::Killed(None)),
            up => up,
        };
    }

    /// It is to end as soon as it has nothing left.
    pub(super) fn retire(&mut self, now: Nanoseconds) {
        self.state = State::Retiring(match self.state {
            State::Starting { .. } => Exit::Starting { since: now },
            State::Coming | State::Late | State::Missing | State::Busy => Exit::Finishing(None),
            State::Spinning | State::Asleep { .. } | State::StandingBy => Exit::Finishing(None),
            State::Holding(held) => Exit::Finishing(Some(held)),
            State::Retiring(exit) => exit,
        });
    }

    /// Its owner has been told to end it. It retires already.
    pub(super) fn kill(&mut self) {
        self.state = State::Retiring(match self.state {
            State::Retiring(Exit::Starting { .. }) => Exit::Stillborn,
            State::Retiring(Exit::Finishing(held)) => Exit::Killed(held),
            state => unreachable!("one that is {state:?} is not given up"),
        });
    }

    /// What it holds besides its runs is now this.
    pub(super) fn hold(&mut self, held: Option<Held>) {
        self.state = match (self.state, held) {
            (State::Retiring(Exit::Finishing(_)), held) => State::Retiring(Exit::Finishing(held)),
            (State::Retiring(Exit::Killed(_)), held) => State::Retiring(Exit::Killed(held)),
            (state, held) => {
                debug_assert!(matches!(state, State::Coming | State::Busy | State::Holding(_)), "{state:?}");
                held.map_or(State::Coming, State::Holding)
            }
        };
    }

    /// It begins a run, and no longer holds its task.
    pub(super) fn begin(&mut self, run: Run, now: Nanoseconds) {
        match self.state {
            State::Retiring(_) => self.hold(None),
            _ => self.state = State::Busy,
        }
        if self.runs.is_empty() {
            self.busy_since = now;
        }
        self.runs.push(run);
    }

    /// It begins a part of this offer.
    pub(super) fn begin_part(&mut self, offer: u64, now: Nanoseconds) {
        if self.runs.is_empty() {
            self.busy_since = now;
        }
        self.hold(Some(Held::Part { offer }));
    }

    /// It asks for work: if it was at a part, it has done that. Answers whose offer it was of.
    pub(super) fn end_part(&mut self, now: Nanoseconds) -> Option<u64> {
        let offer = self.helps()?;
        self.hold(None);
        self.rest(now);
        Some(offer)
    }

    /// It is no longer at work, unless something is left.
    fn rest(&mut self, now: Nanoseconds) {
        if !self.is_at_work() {
            self.busy += now.saturating_sub(self.busy_since);
        }
    }

    /// It hands in the run at this place.
    pub(super) fn hand_in(&mut self, index: usize, now: Nanoseconds) -> Run {
        let run = self.runs.remove(index);
        self.tasks += 1;
        self.rest(now);
        run
    }

    /// How long it has been at work in its life.
    pub(super) fn busy(&self, now: Nanoseconds) -> Nanoseconds {
        let current = if self.is_at_work() { now.saturating_sub(self.busy_since) } else { 0 };
        self.busy + current
    }

    /// Tells a run to stop, once the lock is released.
    pub(super) fn tell(&self, run: u64, force: bool, stops: &mut Stops) {
        stops.extend(self.endpoint.clone().map(|endpoint| Order { endpoint, run, force }));
    }
}

impl Held {
    pub(super) fn has_come(self) -> bool {
        matches!(self, Self::Delivered { .. })
    }
}
