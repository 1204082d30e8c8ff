//! What becomes of a task of a life after it was queued.

use super::life::{Count, Life, Place};
use super::*;

impl Life {
    /// A try of the task has failed.
    pub(super) fn fails(&mut self, slot: u32, end: End<&'static str>) {
        let count = if end == End::TimedOut { Count::TimedOut } else { Count::Failed };
        let task = self.tasks.get_mut(&slot).expect("it is there");
        match task.order.tries.filter(|tries| task.attempt <= tries.most) {
            None => self.settles(slot, end, count),
            Some(Tries { ask: true, .. }) => {
                task.place = Place::Undecided(count);
                self.expected.push(Seen::Undecided(slot, end));
            }
            Some(_) => self.is_tried_again(slot),
        }
    }

    fn is_tried_again(&mut self, slot: u32) {
        self.counts.retried += 1;
        let task = self.tasks.get_mut(&slot).expect("it is there");
        task.attempt += 1;
        match task.order.tries.expect("it may be tried again").delay {
            0 => self.enters(slot),
            delay => task.place = Place::BackingOff(self.now + delay),
        }
    }

    pub(super) fn delivered(&mut self, slot: u32) {
        let task = &self.tasks[&slot];
        let (kind, place) = (task.order.kind, task.place);
        self.pool.scheduler.delivered(kind, slot);
        if let Place::Awaiting(id) = place {
            let member = self.member(kind, id);
            member.awaited = Some((slot, true));
            assert!(member.bell.rings() > 0, "executor {id} has something to run");
        }
    }

    /// The executor waits for this input no longer.
    pub(super) fn stops_awaiting(&mut self, slot: u32) {
        let task = &self.tasks[&slot];
        if let Place::Awaiting(id) = task.place {
            let member = self.member(task.order.kind, id);
            member.awaited = None;
            assert!(member.bell.rings() > 0, "executor {id} is free");
        }
    }

    pub(super) fn withdraw(&mut self, slot: u32) {
        let stays = matches!(self.tasks[&slot].place, Place::Running(_) | Place::Undecided(_));
        assert_eq!(self.pool.scheduler.withdraw(slot), !stays);
        if !stays {
            self.stops_awaiting(slot);
            self.leaves(slot, Count::Cancelled);
        }
    }

    pub(super) fn cancel(&mut self, slot: u32) {
        let cancelled = self.pool.scheduler.cancel(slot);
        let task = self.tasks.get_mut(&slot).expect("it is there");
        match task.place {
            Place::Undecided(_) => {
                task.place = Place::Undecided(Count::Cancelled);
                assert_eq!(cancelled, Cancelled::Over);
            }
            Place::Running(run) => {
                let kind = task.order.kind;
                self.is_told_to_stop(kind, run, false);
                if kind == Kind::Native {
                    assert_eq!(cancelled, Cancelled::Stopping);
                } else {
                    assert_eq!(cancelled, Cancelled::Out);
                    self.leaves(slot, Count::Cancelled);
                }
            }
            Place::Waiting | Place::Awaiting(_) | Place::BackingOff(_) => {
                assert_eq!(cancelled, Cancelled::Out);
                self.stops_awaiting(slot);
                self.leaves(slot, Count::Cancelled);
            }
        }
    }

    pub(super) fn decide(&mut self, slot: u32, again: bool) {
        self.pool.scheduler.decide(slot, again);
        match self.tasks[&slot].place {
            Place::Undecided(_) if again => self.is_tried_again(slot),
            Place::Undecided(count) => self.leaves(slot, count),
            _ => {}
        }
    }
}
