//! An executor's turn: it asks for work, gets a task or falls idle, and hands in what it ran.

use super::clock::{Nanoseconds, nanoseconds};
use super::core::Core;
use super::effects::Effects;
use super::entry::{is_ahead, rank};
use super::executor::{Exit, Held, State};
use super::run::Run;
use super::side::CALL_WORTH;
use super::statistics::Count;
use super::sync::{Arc, AtomicBool, Ordering};
use super::table::Stage;
use super::types::{Assignment, End, Ending, Finished, Help, Kind, Note};

/// What an executor that asked for work is to do.
pub(super) enum Turn<J> {
    Run(Assignment<J>),
    Help(Help<J>),
    /// Watch the signal for a moment, then ask [`Core::give_up_spinning`].
    Spin(Arc<AtomicBool>),
    Idle,
    Stop,
    /// Ask again: others get the lock first.
    Again,
}

/// What comes first of all that there is to do.
enum Work<J> {
    /// A task that waited.
    Task(u32),
    Part(Help<J>),
    /// Not known yet: there was much to be looked at that was not for this executor.
    Unknown,
}

/// Entries that one turn looks at.
const BATCH: usize = 256;

impl<J: Clone, O> Core<J, O> {
    // ---- asking

    /// An executor asks for work. If it leaves any behind, another is called.
    pub(super) fn turn(&mut self, kind: Kind, id: u32, now: Nanoseconds, effects: &mut Effects) -> Turn<J> {
        if self.failure.is_some() {
            return Turn::Stop; // it may have been given what it does not know of
        }
        let crew = &mut self.sides[kind].crew;
        if crew.find(id).is_none() {
            return Turn::Stop; // it was declared gone
        }
        crew.comes(id);
        let turn = self.take_turn(kind, id, now, effects);
        self.call_for_queue(kind, now, effects);
        turn
    }

    fn take_turn(&mut self, kind: Kind, id: u32, now: Nanoseconds, effects: &mut Effects) -> Turn<J> {
        let side = &mut self.sides[kind];
        let executor = &mut side.crew[id];
        if let Some(offer) = executor.end_part(now) {
            side.offers.end_part(offer);
            if executor.is_retiring() {
                self.call_others(kind, true, now, effects); // for the next part
                return self.take_turn(kind, id, now, effects);
            }
        }
        match executor.state {
            State::Starting { .. } | State::Retiring(Exit::Starting { .. } | Exit::Stillborn) => {
                self.arrive(kind, id, now, effects);
                self.sides[kind].crew.comes(id);
                return self.take_turn(kind, id, now, effects);
            }
            State::Holding(Held::Delivered { slot })
            | State::Retiring(Exit::Finishing(Some(Held::Delivered { slot })))
            | State::Retiring(Exit::Killed(Some(Held::Delivered { slot }))) => {
                return self.start(kind, id, slot, now, effects);
            }
            State::Holding(Held::Awaiting { .. }) => return Turn::Idle, // the delivery will wake it again
            State::Retiring(exit) => {
                if executor.is_occupied() {
                    return Turn::Idle; // until its last run is over, or the input of its last task has come
                }
                if exit == Exit::Finishing(None) {
                    executor.state = State::Retiring(Exit::Leaving);
                }
                return Turn::Stop;
            }
            State::Coming | State::Late | State::Missing => {}
            State::Busy | State::Spinning | State::Asleep { .. } | State::StandingBy => {}
            State::Holding(Held::Part { .. }) => unreachable!("its part has just ended"),
        }
        let (runs, tasks) = (executor.runs.len(), executor.tasks);
        let (is_spare, is_barred) = (executor.is_spare(), executor.is_barred());
        let was_idle = executor.is_idle();
        executor.state = State::Busy;
        if was_idle {
            side.crew.leave_idle(id);
        }
        let places = side.places;
        let limit = self.config.tasks_per_worker.filter(|_| kind == Kind::JavaScript);
        if limit.is_some_and(|most| tasks + runs as u64 >= most) {
            self.retire(kind, id, now, effects);
            self.sides[kind].crew.comes(id);
            return self.take_turn(kind, id, now, effects);
        }
        if runs >= places || is_barred {
            return Turn::Idle; // it will ask when one is over
        }
        if is_spare || self.sides[kind].crew.is_full(places) {
            self.sides[kind].crew[id].state = State::StandingBy;
            return Turn::Idle;
        }
        let slot = match self.take_next(kind, id, now, effects) {
            Some(Work::Task(slot)) => slot,
            Some(Work::Part(help)) => {
                self.sides[kind].crew[id].begin_part(help.offer, now);
                return Turn::Help(help);
            }
            Some(Work::Unknown) => {
                self.sides[kind].crew[id].state = State::Coming;
                return Turn::Again;
            }
            None => return self.fall_idle(kind, id, now, effects),
        };
        let task = &self.table[slot];
        let (home, needs_delivery) = (self.home_of(task), task.needs_delivery);
        self.leave_queue(kind, home, effects);
        if home.is_some() {
            self.call_others(kind, true, now, effects); // it may have been counted on for a shared one
        }
        if needs_delivery {
            self.await_delivery(id, slot);
            self.note(Note::Deliver { slot, executor: id }, effects);
            return Turn::Idle;
        }
        self.start(kind, id, slot, now, effects)
    }

    /// What executor `id` is to do next. A task is then out of its queue's entries, not yet out of the count of those
    /// that wait.
    fn take_next(&mut self, kind: Kind, id: u32, now: Nanoseconds, effects: &mut Effects) -> Option<Work<J>> {
        let offer = self.sides[kind].offers.first(id);
        for _ in 0..BATCH {
            let side = &mut self.sides[kind];
            let own = if side.crew.pinned > 0 { side.crew[id].own.as_mut() } else { None };
            let shared = &mut side.queue;
            let (queue, is_shared) = match own {
                None => (shared, true),
                Some(own) => match (own.peek(now), shared.peek(now)) {
                    (Some(mine), Some(ours)) if is_ahead(rank(mine), rank(ours)) => (own, false),
                    (Some(_), None) => (own, false),
                    _ => (shared, true),
                },
            };
            // Among equals, the task goes first.
            if let Some((offered, number)) = offer
                && queue.peek(now).is_none_or(|(priority, _)| priority < offered)
            {
                return Some(Work::Part(side.offers.begin_part(number)));
            }
            let table = &self.table;
            let Some((priority, entry)) = queue.pop(now, |entry| table.is_waiting(entry))? else { continue };
            if is_shared && self.send_home(id, priority, entry, now, effects) {
                continue;
            }
            return Some(Work::Task(entry.slot));
        }
        Some(Work::Unknown)
    }

    /// Gives the task in `slot` to executor `id`.
    fn start(&mut self, kind: Kind, id: u32, slot: u32, now: Nanoseconds, effects: &mut Effects) -> Turn<J> {
        let task = &mut self.table[slot];
        self.deadlines.forget_of(slot, task.sequence, Self::due(&self.config, task));
        let limits = Self::limits(&self.config, task);
        let again = limits.retry.as_ref().is_some_and(|retry| task.attempt <= retry.most);
        let deadline = limits.timeout.map(|timeout| now.saturating_add(nanoseconds(timeout)));
        let (figures, is_keyed) = (task.figures, limits.affinity.is_some());
        let job = task.take_job();
        self.run += 1;
        let run = self.run;
        task.stage = Stage::Running {
            executor: id,
            run,
            since: now,
            kept: if again { Some(job.clone()) } else { None },
        };
        self.statistics.started(now.saturating_sub(task.queued));
        let assignment = Assignment {
            slot,
            run,
            label: task.label,
            attempt: task.attempt,
            priority: task.priority,
            sequence: task.sequence,
            delivered: task.needs_delivery,
            stoppable: task.stoppable,
            job,
        };
        let was_held = self.sides[kind].crew[id].held_task().is_some();
        let crew = &mut self.sides[kind].crew;
        crew[id].begin(Run { number: run, slot, deadline, is_keyed, stop: None }, now);
        let expected =
            self.statistics.labels.expected(figures).filter(|_| self.config.call_timeout.is_some());
        if expected.is_some_and(|time| time <= CALL_WORTH) {
            crew.count_on(id, now);
        }
        if let Some(deadline) = deadline {
            self.deadlines.arm(deadline, effects);
        }
        if was_held {
            self.leave_home(kind, id, now, effects);
        }
        Turn::Run(assignment)
    }

    /// Whether an executor asks again before long.
    pub(super) fn is_back_soon(&self, turn: &Turn<J>, now: Nanoseconds) -> bool {
        let Turn::Run(assignment) = turn else { return false };
        let ticks = |limit| !self.deadlines.are_missed(nanoseconds(limit), now);
        let expected = self.statistics.labels.expected(self.table[assignment.slot].figures);
        self.config.call_timeout.is_some_and(ticks) && expected.is_some_and(|time| time <= CALL_WORTH)
    }

    /// An executor goes on. What there is to tell the owner waits if it is back soon.
    pub(super) fn tell_later(&mut self, is_back_soon: bool, now: Nanoseconds, effects: &mut Effects) {
        let Some(since) = self.untold.or(effects.noted.then_some(now)) else { return };
        effects.noted = !is_back_soon || now.saturating_sub(since) >= CALL_WORTH;
        if !effects.noted {
            self.untold = Some(since);
            self.watch_calls(now, effects); // it may take longer than it ever has
        }
    }

    // ---- idling

    /// There is nothing for an executor to do.
    fn fall_idle(&mut self, kind: Kind, id: u32, now: Nanoseconds, effects: &mut Effects) -> Turn<J> {
        let side = &mut self.sides[kind];
        side.spin.falls_idle(now);
        // With one processor, whoever brings work waits for the one that spins.
        if self.config.processors > 1 && side.crew.may_spin(id) && side.spin.pays() {
            side.crew.enter_idle(id, State::Spinning);
            let signal = side.crew[id].signal.clone();
            // Relaxed: nothing raises it before the lock is released; see `Executor::rouse`.
            signal.store(false, Ordering::Relaxed);
            return Turn::Spin(signal);
        }
        side.crew.enter_idle(id, State::Asleep { since: now });
        self.watch_idle(kind, now, effects);
        Turn::Idle
    }

    /// The spinner has watched long enough or was claimed: `true` if it may sleep, `false` if there is
    /// something for it to do.
    pub(super) fn give_up_spinning(
        &mut self,
        kind: Kind,
        id: u32,
        now: Nanoseconds,
        effects: &mut Effects,
    ) -> bool {
        let side = &mut self.sides[kind];
        // It may have been declared gone: then it is told to stop when it asks again.
        let spins = side.crew.find(id).is_some_and(|executor| executor.state == State::Spinning);
        if spins {
            side.crew.stop_spinning(id, now);
            self.watch_idle(kind, now, effects);
        }
        spins
    }

    // ---- handing in

    /// An executor hands in a run. With `returns`, it will ask for work soon.
    pub(super) fn finish(
        &mut self,
        kind: Kind,
        id: u32,
        finished: Finished<O>,
        returns: bool,
        now: Nanoseconds,
        effects: &mut Effects,
    ) {
        // It may have been declared gone, or have handed this in before.
        let Some(executor) = self.sides[kind].crew.find_mut(id) else { return };
        let Finished { slot, run, outcome, ending } = finished;
        let is_it = |each: &Run| each.slot == slot && each.number as u32 == run;
        let Some(index) = executor.runs.iter().position(is_it) else { return };
        let run = executor.hand_in(index, now);
        if returns && executor.state == State::Busy {
            executor.state = State::Coming;
        }
        let is_stopped = kind == Kind::JavaScript && run.stop.is_some();
        if run.is_keyed {
            self.leave_home(kind, id, now, effects);
        }
        if is_stopped {
            self.stopped(id, ending, outcome, now, effects);
        } else {
            self.over(run, ending, outcome, now, effects);
        }
        if is_stopped || self.sides[kind].crew.is_crowded() {
            self.release(kind, now, effects);
        }
    }

    /// A run is over, and says how.
    fn over(&mut self, run: Run, ending: Ending, outcome: O, now: Nanoseconds, effects: &mut Effects) {
        let slot = run.slot;
        // Not there if the pool was terminated, or the task has failed as its worker is being ended: the promise has
        // settled, and this outcome is nobody's.
        if !self.ran(slot, run.number, now) {
            return;
        }
        match (run.stop, ending) {
            (Some(stop), _) if stop.timed_out => self.fail(slot, End::TimedOut, now, effects),
            (Some(_), _) | (None, Ending::Stopped) => {
                self.settle(slot, End::Cancelled, Count::Cancelled, now, effects);
            }
            (None, Ending::Fulfilled) => {
                self.settle(slot, End::Outcome(outcome), Count::Completed, now, effects);
            }
            (None, Ending::Rejected) => self.fail(slot, End::Outcome(outcome), now, effects),
            (None, Ending::Refused) => {
                self.settle(slot, End::Outcome(outcome), Count::Failed, now, effects);
            }
        }
    }
}
