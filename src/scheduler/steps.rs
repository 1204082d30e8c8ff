//! A step: the lock is taken, something done or looked at, and what that owes to others carried out after the release.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::clock::Clock;
use super::core::Core;
use super::effects::{Effects, Order};
use super::intake::Intake;
use super::mailbox::{Mailbox, Wake};
#[cfg(feature = "testing")]
use super::probes::Probes;
use super::sync::{Arc, Mutex, lock};
use super::types::{Config, Note};
use super::words::words_of;

/// The step that nothing comes after if it fails, too.
const BREAK_OFF: &str = "break_off";

/// See the words of `mod.rs`.
pub struct Scheduler<J, O> {
    pub(super) clock: Clock,
    pub(super) core: Mutex<Core<J, O>>,
    pub(super) intake: Intake<J>,
    mailbox: Arc<Mailbox<Note<O>>>,
    alarm: Arc<dyn Wake>,
    #[cfg(feature = "testing")]
    pub(super) probes: Probes,
}

impl<J: Clone, O> Scheduler<J, O> {
    /// A scheduler without tasks or executors that writes to `mailbox`. `alarm` is rung when
    /// [`Scheduler::tick`] is due earlier than it last answered, or for the first time.
    pub fn new(config: &Config, mailbox: Arc<Mailbox<Note<O>>>, alarm: Arc<dyn Wake>) -> Self {
        let core = Mutex::new(Core::new(config, mailbox.clone()));
        Self {
            clock: Clock::start(),
            core,
            intake: Intake::new(config),
            mailbox,
            alarm,
            #[cfg(feature = "testing")]
            probes: Probes::default(),
        }
    }

    /// Where the notes are.
    pub fn mailbox(&self) -> &Mailbox<Note<O>> {
        &self.mailbox
    }

    /// Does one step under the lock, after which nobody attends to the intake, then what it owes, without the lock.
    pub(super) fn step<R>(
        &self,
        name: &'static str,
        otherwise: R,
        step: impl FnOnce(&mut Core<J, O>, &mut Effects) -> R,
    ) -> R {
        self.attended_step(name, otherwise, |core, effects| {
            self.intake.leave(&mut core.taken);
            if !core.taken.is_empty() {
                core.take_in(self.clock.now(), effects);
            }
            step(core, effects)
        })
    }

    /// Does one step under the lock, then what it owes, without it. A step that panics is half done: then the pool is
    /// broken off before anybody else has the lock, and the answer is `otherwise`.
    pub(super) fn attended_step<R>(
        &self,
        name: &'static str,
        otherwise: R,
        step: impl FnOnce(&mut Core<J, O>, &mut Effects) -> R,
    ) -> R {
        let mut effects = Effects::default();
        let mut result = otherwise;
        let discarded = {
            let mut core = lock(&self.core);
            let _held = self.watch_lock(name);
            // Unwind safety: what was touched is made whole by `break_off`.
            let done = catch_unwind(AssertUnwindSafe(|| {
                let answer = step(&mut core, &mut effects);
                self.may_panic(name);
                if effects.noted {
                    core.untold = None;
                }
                result = answer;
            }));
            if let Err(panic) = done {
                let words = format!("a panic in '{name}': {}", words_of(panic));
                core.drop_what_is_put_down(&self.intake);
                core.break_off(words, self.clock.now(), &mut effects);
            }
            (!core.discarded.is_empty()).then(|| std::mem::take(&mut core.discarded))
        };
        if effects.owes() {
            // Unwind safety: whoever was not woken or told is by `break_off`.
            let done = catch_unwind(AssertUnwindSafe(|| self.carry_out(effects)));
            if let Err(panic) = done
                && name != BREAK_OFF
            {
                self.break_off(format!("a panic after '{name}': {}", words_of(panic)));
            }
        } else {
            effects.are_none();
        }
        drop(discarded); // which may take its time
        result
    }

    /// Does what a step owes.
    #[inline]
    fn carry_out(&self, effects: Effects) {
        if effects.noted {
            self.mailbox.notify(); // which nearly always is all
        }
        if effects.owes_more() {
            self.wake_and_stop(effects);
        } else {
            effects.are_none();
        }
    }

    #[cold]
    fn wake_and_stop(&self, effects: Effects) {
        for waker in effects.wakes {
            waker.wake();
        }
        for Order { endpoint, run, force } in effects.stops {
            if !endpoint.stop(run, force) {
                self.give_up_on(run);
            }
        }
        if effects.alarm {
            self.alarm.wake();
        }
    }

    /// Looks at something under the lock, once what the caller may have put down is taken in, which is a step. A panic in the
    /// look has changed nothing, and is the caller's.
    pub(super) fn look<R>(&self, name: &'static str, look: impl FnOnce(&Core<J, O>) -> R) -> R {
        if self.intake.has_any() {
            self.step("take_in", (), |_, _| ());
        }
        let core = lock(&self.core);
        let _held = self.watch_lock(name);
        look(&core)
    }

    /// Something around the scheduler has failed halfway, and these are the words for it: nobody knows what it left
    /// undone. Forgets every task; [`Note::Broken`] comes, and [`Note::Ended`] once every executor that was attached is
    /// gone. Native tasks that run are told to stop.
    pub fn break_off(&self, words: String) {
        let now = self.clock.now();
        self.step(BREAK_OFF, (), |core, effects| core.break_off(words, now, effects));
    }

    #[cfg(not(feature = "testing"))]
    #[inline(always)]
    fn watch_lock(&self, _name: &'static str) {}

    /// Panics where a test wants it.
    #[cfg(not(feature = "testing"))]
    #[inline(always)]
    pub fn may_panic(&self, _name: &'static str) {}

    /// A run was told to stop, and will not end in good order.
    pub(super) fn give_up_on(&self, run: u64) {
        let now = self.clock.now();
        self.step("give_up_on", (), |core, effects| core.give_up_on(run, now, effects));
    }
}
