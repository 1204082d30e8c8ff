//! Tasks that are put down for whoever has the scheduler's lock next: who submits many while others take them would
//! else wait for the lock as often as he gets it. The protocol, and its races by name, is in `README.md`, "Intake".

use std::collections::VecDeque;

use super::by_kind::ByKind;
use super::clock::Nanoseconds;
use super::sync::{AtomicBool, Mutex, Ordering, lock};
use super::types::{Config, Kind, Limits, Strategy, Submission};

/// Tasks put down at most, so that nobody takes in many under the scheduler's lock.
pub(super) const MOST: usize = 128;

/// A task, and when it was submitted.
pub(super) type PutDown<J> = (Submission<J>, Nanoseconds);

pub(super) struct Intake<J> {
    put_down: Mutex<VecDeque<PutDown<J>>>,
    /// Whether anything is. Written with `put_down` locked; who finds nothing locks nothing.
    any: AtomicBool,
    /// Whether somebody takes in before long what is put down for executors of the kind. Written with the scheduler locked,
    /// and `put_down` as well: who has either lock reads what is so.
    attended: ByKind<AtomicBool>,
    /// Whether tasks of the pool's own limits may be put down, and whether any may.
    takes: Takes,
}

#[derive(Clone, Copy)]
struct Takes {
    any: bool,
    of_the_pools_limits: bool,
}

impl<J> Intake<J> {
    pub(super) fn new(config: &Config) -> Self {
        // What is refused, and where a task goes, is known under the scheduler's lock alone.
        let any = config.longest_queue.is_none() && config.strategy == Strategy::Shared;
        Self {
            put_down: Mutex::new(VecDeque::new()),
            any: AtomicBool::new(false),
            attended: ByKind::new(|_| AtomicBool::new(false)),
            takes: Takes { any, of_the_pools_limits: can_wait(&config.limits) },
        }
    }

    /// Puts a task down, if somebody takes it in before long and nothing about it has to be known before. Else it is the
    /// caller's again.
    #[inline]
    pub(super) fn put_down(&self, submission: Submission<J>, now: Nanoseconds) -> Result<(), Submission<J>> {
        let kind = submission.kind;
        let limits = submission.limits.as_deref();
        let may = self.takes.any
            && !submission.needs_delivery
            && limits.map_or(self.takes.of_the_pools_limits, can_wait);
        // Relaxed, both times: the first spares a lock, the second is under it.
        let is_attended = || self.attended[kind].load(Ordering::Relaxed);
        if !may || !is_attended() {
            return Err(submission);
        }
        let mut put_down = lock(&self.put_down);
        if !is_attended() || put_down.len() >= MOST {
            return Err(submission);
        }
        put_down.push_back((submission, now));
        // Relaxed: who must not miss it is this thread, or has the lock.
        self.any.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Whether the caller has put anything down that has not been taken in.
    #[inline]
    pub(super) fn has_any(&self) -> bool {
        // Relaxed: a thread reads what it has written itself, or what was written since.
        self.any.load(Ordering::Relaxed)
    }

    /// Whether tasks of the kind may be put down.
    #[cfg(all(test, feature = "model"))]
    pub(super) fn is_attended(&self, kind: Kind) -> bool {
        self.attended[kind].load(Ordering::Relaxed)
    }

    /// Moves what is put down into `taken`, which is empty. With the scheduler's lock held, as all that follows.
    pub(super) fn take(&self, taken: &mut VecDeque<PutDown<J>>) {
        self.swap(&mut lock(&self.put_down), taken);
    }

    /// Whether tasks of the kind may be put down from now on. If that is something new, what was put down is moved into
    /// `taken`, which is empty, and the answer is `true`.
    #[inline]
    pub(super) fn attend(&self, kind: Kind, attends: bool, taken: &mut VecDeque<PutDown<J>>) -> bool {
        // Relaxed: it is written under the scheduler's lock.
        let changes = self.attended[kind].load(Ordering::Relaxed) != attends;
        if changes {
            let mut put_down = lock(&self.put_down);
            self.attended[kind].store(attends, Ordering::Relaxed);
            self.swap(&mut put_down, taken);
        }
        changes
    }

    /// Nothing may be put down from now on. What was is moved into `taken`, which is empty.
    #[inline]
    pub(super) fn leave(&self, taken: &mut VecDeque<PutDown<J>>) {
        // Relaxed: as in `attend`. Where nobody attends, nothing is put down.
        if Kind::BOTH.into_iter().any(|kind| self.attended[kind].load(Ordering::Relaxed)) {
            let mut put_down = lock(&self.put_down);
            Kind::BOTH.into_iter().for_each(|kind| self.attended[kind].store(false, Ordering::Relaxed));
            self.swap(&mut put_down, taken);
        }
    }

    /// The memory of either is used again.
    fn swap(&self, put_down: &mut VecDeque<PutDown<J>>, taken: &mut VecDeque<PutDown<J>>) {
        debug_assert!(taken.is_empty());
        std::mem::swap(put_down, taken);
        self.any.store(false, Ordering::Relaxed);
    }
}

/// Whether a task of these limits may be taken in a little later: a reminder of it would be late, and where one with a key
/// goes depends on who is there when it is submitted.
fn can_wait(limits: &Limits) -> bool {
    limits.queue_timeout.is_none() && limits.affinity.is_none()
}
