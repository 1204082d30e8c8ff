//! What executors do: ask for work, get a task, hand it in, wear out, end.

use super::clock::Nanoseconds;
use super::core::{Core, Effects, Phase, Turn};
use super::crew::{Awaited, Executor, Run, State};
use super::statistics::Count;
use super::sync::{Arc, Ordering};
use super::table::Stage;
use super::{Assignment, End, Ending, Endpoint, Finished, Kind, Note, Sizes};

impl<J: Clone, O> Core<J, O> {
    // ---- from task to task

    /// An executor asks for work.
    pub(super) fn turn(&mut self, kind: Kind, id: u32, now: Nanoseconds, effects: &mut Effects) -> Turn<J> {
        let crew = &mut self.crews[kind as usize];
        let Some(executor) = crew.executors.get_mut(&id) else { return Turn::Stop };
        if !executor.up {
            self.arrive(kind, id, now, effects);
            return self.turn(kind, id, now, effects);
        }
        executor.expected = None;
        match executor.state {
            State::Retiring if !executor.is_occupied() => {
                executor.leaving = true;
                return Turn::Stop;
            }
            // Until its last run is over, or the input of its last task has come.
            State::Retiring if !executor.awaited.is_some_and(|awaited| awaited.arrived) => return Turn::Idle,
            State::Awaiting => return Turn::Idle, // woken for nothing; the delivery will wake it again
            _ => {}
        }
        if let Some(awaited) = executor.awaited.take() {
            crew.leave_idle(id);
            return self.start(kind, id, awaited.slot, now, effects); // its delivery has come
        }
        let (runs, tasks) = (executor.runs.len(), executor.tasks);
        let was_idle = executor.is_idle();
        executor.state = State::Busy;
        if was_idle {
            crew.leave_idle(id);
        }
        let limit = self.config.tasks_per_worker.filter(|_| kind == Kind::JavaScript);
        if limit.is_some_and(|most| tasks + runs as u64 >= most) {
            self.retire(kind, id, now, effects);
            return if runs == 0 { self.turn(kind, id, now, effects) } else { Turn::Idle };
        }
        if runs >= self.places(kind) {
            return Turn::Idle; // it will ask when one is over
        }
        if let Some(slot) = self.take_next(kind, id, now) {
            let Some((home, needs_delivery)) =
                self.table.get(slot).map(|task| (task.home, task.needs_delivery))
            else {
                unreachable!("a task that waits is in the table")
            };
            self.leave_queue(kind, home, effects);
            if home.is_some() {
                self.call_others(kind, true, now, effects); // it may have been counted on for a shared one
            }
            if needs_delivery {
                self.await_delivery(id, slot);
                self.note(Note::Deliver { slot, executor: id }, effects);
                return Turn::Idle;
            }
            return self.start(kind, id, slot, now, effects);
        }
        self.fall_idle(kind, id, now, effects)
    }

    fn places(&self, kind: Kind) -> usize {
        if kind == Kind::JavaScript { self.config.places } else { 1 }
    }

    /// There is nothing for an executor to do.
    fn fall_idle(&mut self, kind: Kind, id: u32, now: Nanoseconds, effects: &mut Effects) -> Turn<J> {
        let crew = &mut self.crews[kind as usize];
        // One that has promises to wait for has its event loop to turn.
        let may_spin = crew.spinner.is_none() && crew.executors[&id].runs.is_empty();
        if may_spin && self.spin[kind as usize].allows() {
            crew.enter_idle(id, State::Spinning);
            let signal = crew.executors[&id].signal.clone();
            // Relaxed: nothing raises it before the lock is released; see `Crew::rouse`.
            signal.store(false, Ordering::Relaxed);
            return Turn::Spin(signal);
        }
        crew.enter_idle(id, State::Asleep { since: now });
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
        let crew = &mut self.crews[kind as usize];
        let spinning = crew.executors.get(&id).is_some_and(|executor| executor.state == State::Spinning);
        if spinning {
            self.spin[kind as usize].in_vain();
            crew.spinner = None; // it stays in the idle list
            crew.set_state(id, State::Asleep { since: now });
            self.watch_idle(kind, now, effects);
        } else {
            self.spin[kind as usize].paid_off();
        }
        spinning
    }

    /// Gives the task in `slot` to executor `id`.
    fn start(&mut self, kind: Kind, id: u32, slot: u32, now: Nanoseconds, effects: &mut Effects) -> Turn<J> {
        let Some(task) = self.table.get_mut(slot) else { return Turn::Idle };
        let limits = Self::limits(&self.config, task);
        let again = limits.retry.as_ref().is_some_and(|retry| task.attempt <= retry.most);
        let deadline = limits.timeout.map(|timeout| now.saturating_add(super::clock::nanoseconds(timeout)));
        let Some(job) = task.take_job() else { unreachable!("a task that does not run has its job") };
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
        let crew = &mut self.crews[kind as usize];
        if let Some(executor) = crew.executors.get_mut(&id) {
            if executor.runs.is_empty() {
                executor.busy_since = now;
            }
            executor.runs.push(Run { number: run, slot, deadline, stop: None });
            if executor.state != State::Retiring {
                executor.state = State::Busy;
            }
        }
        if let Some(deadline) = deadline {
            self.deadlines.arm(deadline, effects);
        }
        Turn::Run(assignment)
    }

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
        let crew = &mut self.crews[kind as usize];
        let Some(executor) = crew.executors.get_mut(&id) else { return };
        let Finished { slot, run, outcome, ending } = finished;
        let is_it = |each: &Run| each.slot == slot && each.number as u32 == run;
        let Some(index) = executor.runs.iter().position(is_it) else { return };
        let run = executor.runs.remove(index);
        executor.tasks += 1;
        if executor.runs.is_empty() {
            executor.busy += now.saturating_sub(executor.busy_since);
        }
        if returns && executor.state == State::Busy {
            executor.state = State::Coming;
        }
        if kind == Kind::JavaScript && run.stop.is_some() {
            // Its task has been told of already. What it left behind in its worker nobody knows.
            if ending != Ending::Stopped {
                return self.note(Note::Dropped { outcome }, effects);
            }
            self.suspect(id, now, effects);
            if !self.config.keep_after_stop {
                self.wear(kind, id, now, effects);
            }
            return;
        }
        // Not there if the pool was terminated: the promise has settled, and this outcome is nobody's.
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

    /// Records that a run is over. `false` if it is no longer its task's.
    pub(super) fn ran(&mut self, slot: u32, run: u64, now: Nanoseconds) -> bool {
        let Some(task) = self.table.get(slot) else { return false };
        match task.stage {
            Stage::Running { run: current, since, .. } if current == run => {
                self.statistics.ran(task.kind, task.label, now.saturating_sub(since));
                true
            }
            _ => false,
        }
    }

    // ---- coming and going

    /// Tells how to reach an executor, before its first `turn`.
    pub(super) fn attach(&mut self, kind: Kind, id: u32, endpoint: Arc<dyn Endpoint>) {
        if let Some(executor) = self.crews[kind as usize].executors.get_mut(&id) {
            executor.endpoint = Some(endpoint);
        }
    }

    /// An executor is up.
    pub(super) fn arrive(&mut self, kind: Kind, id: u32, now: Nanoseconds, effects: &mut Effects) {
        let crew = &mut self.crews[kind as usize];
        let Some(executor) = crew.executors.get_mut(&id) else { return };
        executor.up = true;
        if executor.state == State::Starting {
            crew.set_state(id, State::Coming);
            // It takes the place of a worn one.
            let worn = crew.worn(Some(id)).next();
            if let Some(worn) = worn {
                self.retire(kind, worn, now, effects);
            }
        }
    }

    /// The task that executor `id` awaits the input of is no longer its own.
    pub(super) fn stop_awaiting(&mut self, kind: Kind, id: u32, effects: &mut Effects) {
        let crew = &mut self.crews[kind as usize];
        if let Some(executor) = crew.executors.get_mut(&id) {
            executor.awaited = None;
        }
        crew.end_awaiting(id, &mut effects.wakes);
    }

    /// An executor is to be replaced: it works on until another is up.
    pub(super) fn wear(&mut self, kind: Kind, id: u32, now: Nanoseconds, effects: &mut Effects) {
        let crew = &mut self.crews[kind as usize];
        let Some(executor) = crew.executors.get_mut(&id).filter(|executor| executor.stays()) else { return };
        executor.worn = true;
        let own = (executor.own.take(), std::mem::take(&mut executor.pinned));
        if self.phase == Phase::Open && crew.size() < crew.maximum {
            let executor = self.hire(kind, now, effects);
            self.note(Note::Hire { kind, executor }, effects);
        }
        self.rehome(id, own, true, now, effects);
    }

    /// An executor is gone, and what it ran has failed.
    pub(super) fn gone(
        &mut self,
        kind: Kind,
        id: u32,
        replace: bool,
        now: Nanoseconds,
        effects: &mut Effects,
    ) {
        let crew = &mut self.crews[kind as usize];
        let Some(state) = crew.executors.get(&id).map(|executor| executor.state) else { return };
        let Some(executor) = crew.dismiss(id) else { return };
        // One that never came up is not replaced, lest a script that cannot start be started forever.
        let replace = replace && executor.up;
        let worked = executor.tasks > 0 || executor.is_occupied();
        // One that was to end had come up, or was not waited for. The minimum may be higher by now.
        let failed = !worked && state != State::Retiring;
        for run in &executor.runs {
            if !self.ran(run.slot, run.number, now) {
                continue;
            }
            match run.stop {
                None => self.fail(run.slot, End::ExecutorGone(id), now, effects),
                Some(stop) if stop.timed_out => self.fail(run.slot, End::TimedOut, now, effects),
                Some(_) => self.settle(run.slot, End::Cancelled, Count::Cancelled, now, effects),
            }
        }
        if let Some(Awaited { slot, .. }) = executor.awaited
            && self.awaits(slot, id)
        {
            self.fail(slot, End::ExecutorGone(id), now, effects);
        }
        self.rehome(id, (executor.own, executor.pinned), replace, now, effects);
        self.end_if_over(now, effects);
        // It may have been claimed for one of the waiting tasks; then an idle one takes over.
        let waits = self.waiting[kind as usize] > self.crews[kind as usize].pinned;
        let taken_over = waits && self.crews[kind as usize].claim(None, &mut effects.wakes).is_some();
        if taken_over || !replace {
            return;
        }
        let crew = &mut self.crews[kind as usize];
        let missing = crew.staying() < crew.minimum && crew.size() < crew.maximum;
        let missing = self.phase == Phase::Open && !failed && missing;
        let hired = self.hire_if_short(kind, now, effects);
        let hired = hired.or_else(|| missing.then(|| self.hire(kind, now, effects)));
        if let Some(executor) = hired {
            self.note(Note::Hire { kind, executor }, effects);
        }
    }

    /// Whether worker `id` is up and not about to end.
    pub(super) fn remains(&self, id: u32) -> bool {
        self.crews[Kind::JavaScript as usize].executors.get(&id).is_some_and(Executor::remains)
    }

    /// Changes how many executors there are.
    pub(super) fn resize(&mut self, sizes: Sizes, now: Nanoseconds, effects: &mut Effects) {
        self.config.sizes = sizes;
        let maxima = [sizes.maximum_workers, sizes.maximum_native_threads];
        self.crews[Kind::JavaScript as usize].minimum = sizes.minimum_workers;
        for (kind, maximum) in [Kind::JavaScript, Kind::Native].into_iter().zip(maxima) {
            self.crews[kind as usize].maximum = maximum;
            while let Some(id) = self.crews[kind as usize].most_dispensable() {
                self.retire(kind, id, now, effects);
            }
            while let Some(executor) = self.hire_if_short(kind, now, effects) {
                self.note(Note::Hire { kind, executor }, effects);
            }
        }
        self.hire_minimum(now, effects);
        self.watch_idle(Kind::JavaScript, now, effects);
    }
}
