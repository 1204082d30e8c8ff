//! Executors that come, wear out, retire and go, and how many there are to be.

use smallvec::SmallVec;

use super::clock::{Nanoseconds, nanoseconds};
use super::core::{Core, Phase};
use super::crew::Crew;
use super::effects::Effects;
use super::executor::{Executor, Exit, Standing, State};
use super::queue::Queue;
use super::run::Stop;
use super::side::Side;
use super::statistics::Count;
use super::sync::Arc;
use super::types::{End, Endpoint, Kind, Note, Sizes};

impl<J, O> Core<J, O> {
    // ---- coming

    /// Tells how to reach an executor, before its first `turn`.
    pub(super) fn attach(&mut self, kind: Kind, id: u32, endpoint: Arc<dyn Endpoint>) {
        // Its owner may have declared it gone while it started.
        if let Some(executor) = self.sides[kind].crew.find_mut(id) {
            executor.endpoint = Some(endpoint);
        }
    }

    /// An executor is up.
    pub(super) fn arrive(&mut self, kind: Kind, id: u32, now: Nanoseconds, effects: &mut Effects) {
        let crew = &mut self.sides[kind].crew;
        let Some(executor) = crew.find_mut(id) else { return }; // declared gone while it started
        executor.arrive();
        let is_spare = executor.is_spare();
        crew.expect(id, now);
        self.relieve(kind, now, effects);
        if is_spare {
            self.hire_missing(kind, now, effects); // others may have failed to come up for what waits
        }
    }

    /// Whether worker `id` is up and not about to end.
    pub(super) fn remains(&self, id: u32) -> bool {
        self.sides[Kind::JavaScript].crew.find(id).is_some_and(Executor::remains)
    }

    // ---- making way

    /// An executor is to be replaced: it works on until another is up.
    pub(super) fn wear(&mut self, kind: Kind, id: u32, now: Nanoseconds, effects: &mut Effects) {
        let crew = &mut self.sides[kind].crew;
        // It may be gone, about to go, or to be replaced already.
        let Some(executor) = crew.find_mut(id).filter(|executor| executor.stays()) else { return };
        executor.standing = Standing::Worn;
        self.relieve(kind, now, effects);
        self.review_reserve(kind, now, effects);
    }

    /// Worn ones make way for those in reserve that are up. Whatever wears one, brings one up or frees a post sees to
    /// that.
    fn relieve(&mut self, kind: Kind, now: Nanoseconds, effects: &mut Effects) {
        while let Some(worn) = self.sides[kind].crew.to_be_relieved() {
            self.send_off(kind, worn, now, effects);
        }
    }

    /// Code was cut off or left behind in an executor, or it does not answer: it takes nothing more, and somebody else
    /// has its post.
    pub(super) fn replace(&mut self, kind: Kind, id: u32, now: Nanoseconds, effects: &mut Effects) {
        let crew = &mut self.sides[kind].crew;
        let had_post = crew[id].holds_post();
        crew[id].standing = Standing::Worn;
        crew.retire(id, now, &mut effects.wakes);
        // As many are there as were before, whether there is something to do for them or not.
        if had_post && self.phase == Phase::Open && crew.has_room() {
            self.put_on_duty(kind, now, effects);
        }
        self.review_reserve(kind, now, effects);
        let _ = self.give_back(kind, id);
        self.call_others(kind, true, now, effects);
        self.relieve(kind, now, effects);
    }

    /// Tells an executor to end as soon as it has nothing left.
    pub(super) fn retire(&mut self, kind: Kind, id: u32, now: Nanoseconds, effects: &mut Effects) {
        self.send_off(kind, id, now, effects);
        self.relieve(kind, now, effects);
    }

    /// The same, but that others may have to make way now.
    fn send_off(&mut self, kind: Kind, id: u32, now: Nanoseconds, effects: &mut Effects) {
        let crew = &mut self.sides[kind].crew;
        crew.retire(id, now, &mut effects.wakes);
        self.watch_calls(now, effects);
        let crew = &self.sides[kind].crew;
        let executor = &crew[id];
        let may_hire = executor.is_up(); // as in `gone`
        if executor.standing == Standing::Worn
            && crew.has_room()
            && let Some(spare) = crew.first_spare()
        {
            self.step_in(kind, spare, now, effects);
        }
        self.review_reserve(kind, now, effects);
        let _ = self.give_back(kind, id);
        self.call_others(kind, may_hire, now, effects);
    }

    // ---- the reserve

    /// One in reserve is on duty from now on. If more may run, it is idle; else it waits for its turn. Whoever has it step
    /// in may have something for it, so that it is too early to ask whether it has idled long enough.
    pub(super) fn step_in(&mut self, kind: Kind, id: u32, now: Nanoseconds, effects: &mut Effects) {
        let side = &mut self.sides[kind];
        side.crew[id].standing = Standing::OnDuty;
        if !side.is_full() {
            side.crew.release(id, now);
            if let Some(limit) = self.config.idle_timeout {
                self.deadlines.arm(now.saturating_add(nanoseconds(limit)), effects);
            }
        }
    }

    /// Sees to it that there are as many in reserve as there are to be. A pool that is closing hires none of them but for
    /// what there is to do.
    pub(super) fn review_reserve(&mut self, kind: Kind, now: Nanoseconds, effects: &mut Effects) {
        let side = &self.sides[kind];
        let mut missing = side.crew.missing_spares();
        if missing == 0 || self.phase == Phase::Terminated {
            return;
        }
        if self.phase == Phase::Closing {
            let wanted = side.crew.lost().min(side.demand());
            missing = (wanted as isize - side.crew.reserve() as isize).max(0);
        }
        for _ in 0..missing {
            let spare = self.hire(kind, Standing::Spare, now, effects);
            self.have_started(kind, spare, effects);
        }
        self.trim_reserve(kind, now, effects);
    }

    /// Those end that are too many in reserve. In a pool that is closing they end with it.
    fn trim_reserve(&mut self, kind: Kind, now: Nanoseconds, effects: &mut Effects) {
        while self.phase == Phase::Open
            && self.sides[kind].crew.missing_spares() < 0
            && let Some(spare) = self.sides[kind].crew.last_spare()
        {
            self.sides[kind].crew.retire(spare, now, &mut effects.wakes);
        }
    }

    /// Fewer tasks run, or more may: those who waited for that may take one now.
    pub(super) fn release(&mut self, kind: Kind, now: Nanoseconds, effects: &mut Effects) {
        let Side { crew, places, .. } = &mut self.sides[kind];
        let waiting: SmallVec<[u32; 4]> = crew.standing_by().collect();
        if waiting.is_empty() || crew.is_full(*places) {
            return;
        }
        for id in waiting {
            let crew = &mut self.sides[kind].crew;
            crew.release(id, now);
            if crew[id].pinned > 0 {
                self.call(kind, Some(id), now, effects);
            }
        }
        self.call_others(kind, true, now, effects);
        self.watch_idle(kind, now, effects);
    }

    /// Has executors retired that have idled long enough, now or later. A native thread has nothing to tear down: it is
    /// gone at once, and learns of it when it asks.
    pub(super) fn watch_idle(&mut self, kind: Kind, now: Nanoseconds, effects: &mut Effects) {
        let Some(limit) = self.config.idle_timeout else { return };
        let crew = &mut self.sides[kind].crew;
        let end = match kind {
            Kind::JavaScript => Crew::retire,
            Kind::Native => Crew::dismiss_idle,
        };
        if let Some(due) = crew.end_idle(nanoseconds(limit), now, &mut effects.wakes, end) {
            self.deadlines.arm(due, effects);
        }
    }

    /// Changes how many executors there are.
    pub(super) fn resize(&mut self, sizes: Sizes, now: Nanoseconds, effects: &mut Effects) {
        self.sides[Kind::JavaScript].crew.minimum = sizes.minimum_workers;
        self.sides[Kind::JavaScript].crew.maximum = sizes.maximum_workers;
        self.sides[Kind::Native].crew.maximum = sizes.maximum_native_threads;
        for kind in Kind::BOTH {
            while let Some(id) = self.sides[kind].crew.most_dispensable() {
                self.retire(kind, id, now, effects);
            }
            self.release(kind, now, effects);
            self.hire_missing(kind, now, effects);
            self.relieve(kind, now, effects);
        }
        self.hire_minimum(now, effects);
        Kind::BOTH.into_iter().for_each(|kind| self.watch_idle(kind, now, effects));
    }

    // ---- being given up

    /// A worker does not answer: its owner is to end it.
    pub(super) fn kill(&mut self, id: u32, is_missing: bool, now: Nanoseconds, effects: &mut Effects) {
        let executor = &self.sides[Kind::JavaScript].crew[id];
        if matches!(executor.state, State::Retiring(Exit::Stillborn | Exit::Killed(_))) {
            return; // its owner may take a while
        }
        if executor.is_up() {
            self.replace(Kind::JavaScript, id, now, effects);
        } else {
            self.retire(Kind::JavaScript, id, now, effects);
        }
        self.sides[Kind::JavaScript].crew[id].kill();
        self.note(Note::Kill { executor: id, is_missing }, effects);
    }

    /// A worker is being ended by force: what it has fails now, and counts as running until the thread is gone.
    pub(super) fn lose(&mut self, id: u32, now: Nanoseconds, effects: &mut Effects) {
        let kind = Kind::JavaScript;
        let Some(executor) = self.sides[kind].crew.find(id) else { return }; // it was known already
        if !executor.is_up() {
            return self.gone(kind, id, true, now, effects); // nothing of it runs
        }
        self.replace(kind, id, now, effects);
        let executor = &mut self.sides[kind].crew[id];
        if matches!(executor.state, State::Retiring(Exit::Finishing(_))) {
            executor.kill();
        }
        let had: Vec<_> = executor.runs.iter().map(|run| (run.slot, run.number, run.stop)).collect();
        if let Some(slot) = executor.held_task() {
            self.sides[kind].crew[id].hold(None);
            self.leave_home(kind, id, now, effects);
            self.fail(slot, End::ExecutorGone(id), now, effects);
            self.release(kind, now, effects); // nothing has begun
        }
        for (slot, number, stop) in had {
            self.ends_with(id, (slot, number, stop), now, effects);
        }
    }

    /// A run ends as its executor is gone, or is as good as gone.
    fn ends_with(
        &mut self,
        id: u32,
        (slot, number, stop): (u32, u64, Option<Stop>),
        now: Nanoseconds,
        effects: &mut Effects,
    ) {
        if !self.ran(slot, number, now) {
            return;
        }
        match stop {
            None => self.fail(slot, End::ExecutorGone(id), now, effects),
            Some(stop) if stop.timed_out => self.fail(slot, End::TimedOut, now, effects),
            Some(_) => self.settle(slot, End::Cancelled, Count::Cancelled, now, effects),
        }
    }

    // ---- going

    /// An executor is gone, and what it ran has failed.
    pub(super) fn gone(
        &mut self,
        kind: Kind,
        id: u32,
        replace: bool,
        now: Nanoseconds,
        effects: &mut Effects,
    ) {
        let Some(executor) = self.sides[kind].crew.dismiss(id) else { return }; // it was known already
        // One that never came up is not replaced, lest a script that cannot start be started forever.
        let replace = replace && executor.is_up();
        let worked = executor.tasks > 0 || executor.is_occupied();
        // One that was to end had come up, or was not waited for. The minimum may be higher by now.
        let failed = !worked && !executor.is_retiring();
        if let Some(offer) = executor.helps() {
            self.sides[kind].offers.end_part(offer);
        }
        for run in &executor.runs {
            self.ends_with(id, (run.slot, run.number, run.stop), now, effects);
        }
        if let Some(slot) = executor.held_task() {
            debug_assert!(self.is_held(slot, id), "who holds a task is told when it leaves");
            self.fail(slot, End::ExecutorGone(id), now, effects);
        }
        if self.take_back(kind, (executor.own, executor.pinned)) {
            self.call_others(kind, replace, now, effects);
        }
        self.end_if_over(now, effects);
        self.take_over(kind, replace, failed, now, effects);
        self.relieve(kind, now, effects);
        self.release(kind, now, effects);
    }

    /// Somebody steps in for an executor that is gone: an idle one, one in reserve, or one that is hired.
    fn take_over(
        &mut self,
        kind: Kind,
        replace: bool,
        failed: bool,
        now: Nanoseconds,
        effects: &mut Effects,
    ) {
        // It may have been claimed for something that waits, or have helped; then an idle one takes over.
        if self.sides[kind].demand() > 0 && !self.call(kind, None, now, effects) {
            let has_spare = self.sides[kind].crew.first_spare().is_some();
            if (replace || has_spare)
                && let Some(executor) = self.hire_if_short(kind, replace, now, effects)
            {
                self.have_started(kind, executor, effects);
            }
        }
        if self.phase == Phase::Open && replace && !failed {
            if self.sides[kind].crew.lacks_minimum() {
                self.put_on_duty(kind, now, effects);
            }
            self.review_reserve(kind, now, effects);
        }
        self.trim_reserve(kind, now, effects);
    }

    // ---- whose queue is given back

    /// If an executor takes no more tasks, and none that it runs has a key, those in its own queue are for whoever asks
    /// first. Answers whether there are any.
    fn give_back(&mut self, kind: Kind, id: u32) -> bool {
        let executor = &mut self.sides[kind].crew[id];
        if executor.own.is_none() || executor.is_home() {
            return false;
        }
        let own = (executor.own.take(), std::mem::take(&mut executor.pinned));
        self.take_back(kind, own)
    }

    /// An executor that is to end may have done the last that kept others from the tasks in its own queue.
    pub(super) fn leave_home(&mut self, kind: Kind, id: u32, now: Nanoseconds, effects: &mut Effects) {
        if self.give_back(kind, id) {
            self.call_others(kind, true, now, effects);
        }
    }

    /// The tasks in the queue of an executor, of which `pinned` wait, are for whoever asks first. Answers whether there are
    /// any. O(p) in the number of their priorities: none of them is looked at before its turn.
    fn take_back(&mut self, kind: Kind, (queue, pinned): (Option<Queue>, usize)) -> bool {
        // A thread is nobody's home, and a worker may never have been.
        if let Some(queue) = queue {
            let side = &mut self.sides[kind];
            side.crew.pinned -= pinned;
            side.queue.append(queue);
        }
        pinned > 0
    }
}
