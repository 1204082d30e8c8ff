//! The scheduler: which task runs when and on which executor, and who learns of its end.
//!
//! Plain Rust: it knows nothing of Node-API, of JavaScript, or of what a task does. `J` is a job, what an
//! executor needs in order to run a task; `O` is an outcome, what the submitter needs in order to settle
//! its promise. The protocols (states, races, memory orderings) are in `README.md` beside this file.

mod backpressure;
mod brake;
mod by_kind;
mod capacity;
mod chunks;
mod clock;
mod core;
mod crew;
mod deadlines;
mod delivery;
mod effects;
mod ending;
mod entry;
mod executor;
mod headcount;
mod helping;
mod hiring;
mod homes;
mod intake;
mod labels;
mod lane;
#[cfg(feature = "tsan")]
mod locks;
mod mailbox;
#[cfg(all(test, feature = "model"))]
mod model;
mod offers;
mod placement;
#[cfg(feature = "testing")]
mod probes;
mod queue;
mod reserve;
mod retry;
mod roster;
mod run;
mod side;
mod snapshot;
mod spin;
mod spoken_for;
mod staffing;
mod statistics;
mod steps;
mod stopping;
mod strategies;
mod sync;
mod table;
mod tasks;
#[cfg(all(test, not(feature = "model")))]
mod tests;
mod time;
mod turn;
mod types;
mod waiting;
mod words;

use std::time::Duration;

pub use brake::{Brake, Engine};
pub use clock::Nanoseconds;
pub use labels::LabelSummary;
pub use mailbox::{Mailbox, Wake};
pub use retry::Retry;
pub use statistics::{
    CrewSummary, ExecutorSummary, QueueSummary, RunSummary, Snapshot, TaskCounts, TimesSummary,
};
pub use steps::Scheduler;
pub use sync::pause;
pub use types::*;
pub use words::words_of;

use self::core::Phase;
use spin::spin;
use sync::Arc;
use turn::Turn;

impl<J: Clone, O> Scheduler<J, O> {
    /// Takes a task. O(log p) in the number of distinct priorities.
    ///
    /// # Errors
    /// [`Refused`], once the pool takes no more.
    ///
    /// # Panics
    /// If the slot holds an unsettled task.
    pub fn submit(&self, submission: Submission<J>) -> Result<Submitted, Refused> {
        let now = self.clock.now();
        let slot = submission.slot;
        let Err(submission) = self.intake.put_down(submission, now) else {
            return Ok(Submitted { hire: None, deliver_to: None, full: false });
        };
        let otherwise = Some(Err(Refused::Broken));
        let answer =
            self.step("submit", otherwise, |core, effects| core.submit(submission, now, now, effects));
        answer.unwrap_or_else(|| panic!("slot {slot} already holds an unsettled task"))
    }

    /// Why a task of this kind would be refused now. A submitter that has to know beforehand asks, and then submits it as
    /// admitted: others may have filled the queue meanwhile, with tasks that are tried again. O(executors).
    pub fn refuses(&self, kind: Kind) -> Option<Refused> {
        self.look("refuses", |core| core.refuses(kind))
    }

    /// Takes back a task that does not run; no note will come. `false` if it runs or is over. O(1) amortised.
    pub fn withdraw(&self, slot: u32) -> bool {
        let now = self.clock.now();
        self.step("withdraw", false, |core, effects| core.withdraw(slot, now, effects))
    }

    /// Takes back every task that waits and that nobody is free to take, those between two tries included; no notes will
    /// come. Answers their slots. O(tasks).
    pub fn cancel_queued(&self) -> Vec<u32> {
        let now = self.clock.now();
        self.step("cancel_queued", Vec::new(), |core, effects| core.cancel_queued(now, effects))
    }

    /// Gives up a task, whether it waits or runs. O(1) amortised.
    pub fn cancel(&self, slot: u32) -> Cancelled {
        let now = self.clock.now();
        self.step("cancel", Cancelled::Over, |core, effects| core.cancel(slot, now, effects))
    }

    /// Answers an undecided note: the task is tried `again`, or it is over.
    pub fn decide(&self, slot: u32, again: bool) {
        let now = self.clock.now();
        self.step("decide", (), |core, effects| core.decide(slot, again, now, effects));
    }

    /// The worker that runs the JavaScript task in `slot`, and the number of the run. It may be over by now.
    pub fn run_of(&self, slot: u32) -> Option<(u32, u64)> {
        self.look("run_of", |core| core.run_of(slot))
    }

    /// Whether the task in `slot` is one that executor `id` awaits the input of, which has not been sent. A
    /// [`Note::Deliver`] may be of a task that was withdrawn since, and its slot another's, which may have been sent.
    pub fn awaits(&self, slot: u32, id: u32) -> bool {
        self.look("awaits", |core| core.lacks_input(slot, id))
    }

    /// The input of a task is where its executor finds it.
    pub fn delivered(&self, kind: Kind, slot: u32) {
        let now = self.clock.now();
        self.step("delivered", (), |core, effects| core.delivered(kind, slot, now, effects));
    }

    /// Hands in the end of a run without asking for more. With `returns`, the executor will ask before long.
    pub fn finish(&self, kind: Kind, id: u32, finished: Finished<O>, returns: bool) {
        let now = self.clock.now();
        self.step("finish", (), |core, effects| {
            core.finish(kind, id, finished, returns, now, effects);
            if returns {
                core.expect(kind, id, now, effects);
            }
        });
    }

    /// Hands in the end of a run, if there is one, and asks for work. May watch for work for some tens of microseconds.
    pub fn next(&self, kind: Kind, id: u32, mut finished: Option<Finished<O>>) -> Next<J> {
        loop {
            let now = self.clock.now();
            let turn = self.attended_step("next", Turn::Stop, |core, effects| {
                if self.intake.has_any() {
                    self.intake.take(&mut core.taken);
                    core.take_in(now, effects);
                }
                if let Some(finished) = finished.take() {
                    core.finish(kind, id, finished, true, now, effects);
                }
                let turn = core.turn(kind, id, now, effects);
                let is_soon = core.is_back_soon(&turn, now);
                core.tell_later(is_soon, now, effects);
                let attends = is_soon && core.may_attend(kind);
                if self.intake.attend(kind, attends, &mut core.taken) {
                    core.take_in(now, effects);
                    if attends {
                        core.watch_calls(now, effects); // it may take longer than it ever has
                    }
                }
                turn
            });
            match turn {
                Turn::Run(assignment) => return Next::Run(assignment),
                Turn::Help(help) => return Next::Help(help),
                Turn::Idle => return Next::Idle,
                Turn::Again => {}
                Turn::Stop => return Next::Stop,
                // Whoever was claimed meanwhile asks again; to give up it would have to ask for that first.
                Turn::Spin(signal) if spin(&signal) => {}
                Turn::Spin(_) => {
                    let now = self.clock.now();
                    if self.step("give_up_spinning", false, |core, effects| {
                        core.give_up_spinning(kind, id, now, effects)
                    }) {
                        return Next::Idle;
                    }
                }
            }
        }
    }

    /// Offers parts of a run's work: while it is under way, up to `most` other executors of the kind at a time are
    /// given `help`, one part for each call of [`Scheduler::next`]: when they would otherwise be idle, or do something of
    /// lower effective priority than the task's own priority. Among equals the waiting task goes first. Wakes those that
    /// are idle, and hires those that are missing, as so many waiting tasks would. Takes the place of what the run has
    /// offered before; is ignored if the run is no longer its task's. To be taken back as soon as no part is left, or
    /// helpers come in vain again and again. O(executors + offers); others' `next` is O(offers) meanwhile.
    pub fn offer(&self, kind: Kind, slot: u32, run: u64, help: J, most: usize) {
        let now = self.clock.now();
        self.step("offer", (), |core, effects| core.offer(kind, (slot, run), (help, most), now, effects));
    }

    /// Takes back what a run has offered: nobody is given it any more. Those that are at a part go on with it. The end
    /// of the run does the same.
    pub fn retract(&self, kind: Kind, run: u64) {
        self.step("retract", (), |core, _| core.retract(kind, run));
    }

    /// Takes back the offer that a helper was given a part of, by the number in its [`Help`]. What the run has offered
    /// since stands.
    pub fn retract_offer(&self, kind: Kind, offer: u64) {
        self.step("retract_offer", (), |core, _| core.retract_offer(kind, offer));
    }

    /// Forgets the figures of labels that no task has, and none will have.
    pub fn forget_labels(&self, kind: Kind, labels: &[u32]) {
        self.step("forget_labels", (), |core, _| core.statistics.labels.forget(kind, labels));
    }

    /// Tells how executor `id` is reached, before it first calls [`Scheduler::next`].
    pub fn attach(&self, kind: Kind, id: u32, endpoint: Arc<dyn Endpoint>) {
        self.step("attach", (), |core, _| core.attach(kind, id, endpoint));
    }

    /// Executor `id` is up and will ask for work soon; one that only asks is up, too.
    pub fn arrive(&self, kind: Kind, id: u32) {
        let now = self.clock.now();
        self.step("arrive", (), |core, effects| core.arrive(kind, id, now, effects));
    }

    /// Worker `id` should make way for another as soon as that is up. What it has, it still does.
    pub fn wear(&self, id: u32) {
        let now = self.clock.now();
        self.step("wear", (), |core, effects| core.wear(Kind::JavaScript, id, now, effects));
    }

    /// Worker `id` is being ended by force: the tasks that it ran fail with [`End::ExecutorGone`]. They count as running
    /// until it is [`gone`](Self::gone).
    pub fn lose(&self, id: u32) {
        let now = self.clock.now();
        self.step("lose", (), |core, effects| core.lose(id, now, effects));
    }

    /// Executor `id` is gone; the tasks that it ran fail with [`End::ExecutorGone`]. With `replace`, another is
    /// hired in its place if one is needed.
    pub fn gone(&self, kind: Kind, id: u32, replace: bool) {
        let now = self.clock.now();
        self.step("gone", (), |core, effects| core.gone(kind, id, replace, now, effects));
    }

    /// Whether worker `id` is up and not about to end.
    pub fn remains(&self, id: u32) -> bool {
        self.look("remains", |core| core.remains(id))
    }

    /// Hires the executors that are missing from the minimum.
    pub fn hire_minimum(&self) {
        let now = self.clock.now();
        self.step("hire_minimum", (), |core, effects| core.hire_minimum(now, effects));
    }

    /// Changes how many executors there are: hires what is missing, and has those beyond the limits end after
    /// what they have. O(executors), for each that is to end.
    pub fn resize(&self, sizes: Sizes) {
        let now = self.clock.now();
        self.step("resize", (), |core, effects| core.resize(sizes, now, effects));
    }

    /// Does what time brings: deadlines, waits before another try, idle executors. Answers in how long to ask
    /// again, unless the alarm rings before; `None` for not until it rings. O(executors + deadlines passed).
    pub fn tick(&self) -> Option<Duration> {
        let now = self.clock.now();
        let next = self.step("tick", None, |core, effects| core.tick(now, effects))?;
        Some(Duration::from_nanos(next.saturating_sub(now)))
    }

    /// What has failed, if the pool was [broken off](Scheduler::break_off), or a step of the scheduler's own has.
    pub fn failure(&self) -> Option<String> {
        self.look("failure", |core| core.failure.clone())
    }

    /// Whether there is an executor of this kind. O(1).
    pub fn has_executors(&self, kind: Kind) -> bool {
        self.look("has_executors", |core| !core.sides[kind].crew.is_empty())
    }

    /// Whether the pool was terminated, so that an executor which is told to end has nothing left to do in good order.
    pub fn is_terminated(&self) -> bool {
        self.look("is_terminated", |core| core.phase == Phase::Terminated)
    }

    /// Takes no more tasks; once the last is over and every executor gone, [`Note::Ended`] comes.
    pub fn close(&self) {
        let now = self.clock.now();
        self.step("close", (), |core, effects| core.close(now, effects));
    }

    /// Forgets every task; no note will come for them. Once every executor is gone, [`Note::Ended`] comes.
    /// Native tasks that run are told to stop.
    pub fn terminate(&self) {
        let now = self.clock.now();
        self.step("terminate", (), |core, effects| core.terminate(now, effects));
    }

    /// Figures, all of one moment. O(executors + p log p + labels) in the number p of distinct priorities that wait.
    pub fn snapshot(&self) -> Snapshot {
        let now = self.clock.now();
        self.look("snapshot", |core| core.snapshot(now))
    }
}
