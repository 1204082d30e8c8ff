//! The life of a pool: its tasks, and what is true after every step.

use super::helpers::Offer;
use super::members::Member;
use super::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Waiting,
    Awaiting(u32),
    /// Of this number.
    Running(u64),
    /// Until then.
    BackingOff(u64),
    Undecided(Count),
}

/// How a task counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    Completed,
    Failed,
    TimedOut,
    Cancelled,
}

pub(super) struct Task {
    pub order: Order,
    pub sequence: u64,
    pub attempt: u32,
    pub place: Place,
    /// The how-manieth it was to enter a queue, and when, if it did.
    pub queued: Option<(u64, u64)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Open,
    Closing,
    Terminated,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub submitted: u64,
    pub completed: u64,
    pub failed: u64,
    pub timed_out: u64,
    pub cancelled: u64,
    pub retried: u64,
}

pub(super) struct Life {
    pub pool: Pool,
    pub rules: Rules,
    /// Whether tasks have no homes, so that it can be told who gets which.
    pub is_shared: bool,
    pub now: u64,
    pub phase: Phase,
    pub ended: bool,
    pub tasks: BTreeMap<u32, Task>,
    pub members: BTreeMap<(usize, u32), Member>,
    /// By run, those of runs that are over included.
    pub offers: BTreeMap<u64, Offer>,
    /// Offers so far.
    pub offered: u32,
    /// Those asleep, by kind, the last to fall asleep last.
    pub asleep: [Vec<u32>; 2],
    /// Runs that executors, dead or alive, had once: the executor, the slot and the number.
    pub past: Vec<(Kind, u32, u32, u64)>,
    /// Of all executors that there have been.
    pub numbers: HashSet<(usize, u32)>,
    /// Executors of each kind that are missing because one did not come up or was not to be replaced.
    pub missing: [usize; 2],
    pub was_resized: bool,
    free_slots: Vec<u32>,
    entered: u64,
    pub seen: Vec<Seen>,
    pub expected: Vec<Seen>,
    pub expected_kills: Vec<u32>,
    pub counts: Counts,
    /// Whether the submitter knows of a full queue.
    pub is_full: bool,
    /// When the timer will look, unless the alarm has rung.
    pub alarm_at: Option<u64>,
    pub alarm_rung: bool,
}

impl Life {
    pub(super) fn new(rules: Rules, keys: bool) -> Self {
        let config = Config {
            idle_timeout: rules.idle_timeout.map(ms),
            start_timeout: rules.start_timeout.map(ms),
            places: rules.places,
            strategy: rules.strategy,
            tasks_per_worker: rules.tasks_per_worker,
            longest_queue: rules.longest_queue,
            refuse_when_full: false,
            keep_after_stop: rules.keep_after_stop,
            spare_workers: rules.spares,
            stop_timeout: ms(moments::PATIENCE),
            suspect_timeout: None,
            ..config(rules.minimum, rules.maximum)
        };
        Self {
            pool: Pool::with(&config),
            rules,
            is_shared: rules.strategy == Strategy::Shared && !keys,
            now: 0,
            phase: Phase::Open,
            ended: false,
            tasks: BTreeMap::new(),
            members: BTreeMap::new(),
            offers: BTreeMap::new(),
            offered: 0,
            asleep: [Vec::new(), Vec::new()],
            past: Vec::new(),
            numbers: HashSet::new(),
            missing: [0; 2],
            was_resized: false,
            free_slots: (0..200).rev().collect(),
            entered: 0,
            seen: Vec::new(),
            expected: Vec::new(),
            expected_kills: Vec::new(),
            counts: Counts::default(),
            is_full: false,
            alarm_at: None,
            alarm_rung: false,
        }
    }

    pub(super) fn apply(&mut self, step: Step) {
        match step {
            Step::Submit(order) => self.submit(order),
            Step::HireMinimum => self.hire_minimum(),
            Step::Next(index, ending) => {
                if let Some((kind, id)) = self.pick_member(index) {
                    self.next(kind, id, ending.map(|ending| (index, ending)));
                }
            }
            Step::Finish(index, ending, returns) => self.finish(index, ending, returns),
            Step::FinishLate(index) => self.finish_late(index),
            Step::Gone(index, replace) => {
                if let Some((kind, id)) = self.pick_member(index) {
                    self.gone(kind, id, replace);
                }
            }
            Step::Delivered(index) => self.pick_task(index).into_iter().for_each(|slot| self.delivered(slot)),
            Step::Withdraw(index) => self.pick_task(index).into_iter().for_each(|slot| self.withdraw(slot)),
            Step::Cancel(index) => self.pick_task(index).into_iter().for_each(|slot| self.cancel(slot)),
            Step::Decide(index, again) => {
                self.pick_task(index).into_iter().for_each(|slot| self.decide(slot, again));
            }
            Step::Offer(index, most) => {
                self.pick_task(index).into_iter().for_each(|slot| self.offer(slot, most));
            }
            Step::Retract(index) => self.retract(index),
            Step::HelperRetracts(index) => self.helper_retracts(index),
            Step::Wear(index) => {
                if let Some((Kind::JavaScript, id)) = self.pick_member(index) {
                    self.pool.scheduler.wear(id);
                    self.member(Kind::JavaScript, id).wear();
                }
            }
            Step::Lose(index) => {
                if let Some((Kind::JavaScript, id)) = self.pick_member(index) {
                    self.lose(id);
                }
            }
            Step::Deafen(index) => {
                if let Some((kind, id)) = self.pick_member(index) {
                    self.member(kind, id).bell.is_deaf();
                }
            }
            Step::CancelQueued => self.cancel_queued(),
            Step::Resize(minimum, maximum) => {
                (self.rules.minimum, self.rules.maximum) = (minimum, maximum);
                self.was_resized = true;
                self.pool.scheduler.resize(sizes(minimum, maximum));
            }
            Step::Pass(time) => {
                self.now += time;
                self.pool.pass(ms(time));
            }
            Step::Tick => self.tick(),
            Step::Close => {
                self.pool.scheduler.close();
                if self.phase == Phase::Open {
                    self.phase = Phase::Closing;
                }
            }
            Step::Terminate => self.terminate(),
        }
        self.check();
    }

    fn pick_task(&self, index: usize) -> Option<u32> {
        self.tasks.keys().nth(index % self.tasks.len().max(1)).copied()
    }

    pub(super) fn waiting(&self, kind: Kind) -> usize {
        let waits = |task: &&Task| task.order.kind == kind && task.place == Place::Waiting;
        self.tasks.values().filter(waits).count()
    }

    // ---- steps of a task

    fn submit(&mut self, order: Order) {
        let slot = self.free_slots.pop().expect("more slots than steps");
        let kind = order.kind;
        let tries =
            order.tries.map(|tries| Retry { ask: tries.ask, ..retry(tries.most, &[tries.delay as f64]) });
        let limits = Limits {
            timeout: order.timeout.map(ms),
            queue_timeout: order.queue_timeout.map(ms),
            retry: tries,
            affinity: order.key,
        };
        let has_spare = self.crew(kind).any(|member| member.is_spare && !member.retires);
        let answer = self.pool.scheduler.submit(Submission {
            priority: f64::from(order.priority),
            needs_delivery: order.needs_delivery,
            admitted: false,
            ..limited(kind, slot, limits)
        });
        let refused = match self.phase {
            Phase::Open => None,
            Phase::Closing => Some(Refused::Closing),
            Phase::Terminated => Some(Refused::Terminated),
        };
        if let Some(refused) = refused {
            self.free_slots.push(slot);
            assert_eq!(answer, Err(refused));
            return;
        }
        let Submitted { hire, deliver_to, full } = answer.expect("the pool is open");
        let claimed = self.asleep[kind as usize].last().copied();
        let at_once = order.needs_delivery && self.waiting(kind) == 0;
        let place = deliver_to.map_or(Place::Waiting, Place::Awaiting);
        let sequence = self.counts.submitted;
        self.counts.submitted += 1;
        self.tasks.insert(slot, Task { order, sequence, attempt: 1, place, queued: None });
        if let Some(id) = deliver_to {
            self.gets_up(kind, id);
            self.member(kind, id).awaited = Some((slot, false));
        } else {
            self.enters(slot);
        }
        let woken = self.those_woken_get_up();
        if self.is_shared && self.crew(kind).count() <= self.rules.maximum {
            assert_eq!(deliver_to, claimed.filter(|_| at_once));
            let expected = claimed.filter(|_| deliver_to.is_none());
            assert_eq!(woken, expected.into_iter().collect::<Vec<_>>());
            let short = claimed.is_none() && self.demand(kind) > self.coming(kind);
            assert_eq!(hire.is_some(), short && self.room(kind) > 0 && !has_spare);
        }
        if let Some(id) = hire {
            self.hired(kind, id);
        }
        assert!(full || !self.is_full, "it is said until it is no longer so");
        self.is_full = full;
    }

    /// All that waits is taken back but for what somebody is free to take.
    fn cancel_queued(&mut self) {
        let waits = |place: &Place| matches!(place, Place::Waiting | Place::BackingOff(_));
        let spoken: HashSet<u32> = {
            let core = lock(&self.pool.scheduler.core);
            let spoken = KINDS.into_iter().flat_map(|kind| core.spoken_for(kind, self.now * 1_000_000));
            spoken.map(|(_, entry)| entry.slot).collect()
        };
        let waiting = self.tasks.iter().filter(|(slot, task)| waits(&task.place) && !spoken.contains(slot));
        let expected: Vec<u32> = waiting.map(|(slot, _)| *slot).collect();
        assert_eq!(self.pool.scheduler.cancel_queued(), expected);
        expected.into_iter().for_each(|slot| self.leaves(slot, Count::Cancelled));
    }

    /// The task waits in a queue.
    pub(super) fn enters(&mut self, slot: u32) {
        let task = self.tasks.get_mut(&slot).expect("it is there");
        task.place = Place::Waiting;
        task.queued = Some((self.entered, self.now));
        self.entered += 1;
    }

    /// The task has left the pool.
    pub(super) fn leaves(&mut self, slot: u32, count: Count) {
        self.tasks.remove(&slot).expect("a task leaves once");
        self.free_slots.push(slot);
        *match count {
            Count::Completed => &mut self.counts.completed,
            Count::Failed => &mut self.counts.failed,
            Count::TimedOut => &mut self.counts.timed_out,
            Count::Cancelled => &mut self.counts.cancelled,
        } += 1;
    }

    pub(super) fn settles(&mut self, slot: u32, end: End<&'static str>, count: Count) {
        self.leaves(slot, count);
        self.expected.push(match end {
            End::Outcome(outcome) => Seen::Settled(slot, outcome),
            end => Seen::Ended(slot, end),
        });
    }

    fn terminate(&mut self) {
        self.pool.scheduler.terminate();
        if self.phase == Phase::Terminated {
            return;
        }
        self.phase = Phase::Terminated;
        self.is_full = false;
        self.counts.cancelled += self.tasks.len() as u64;
        self.free_slots.extend(self.tasks.keys());
        self.tasks.clear();
        for ((kind, _), member) in &mut self.members {
            member.awaited = None;
            if *kind == Kind::Native as usize {
                member.expected_stops.extend(member.runs.iter().map(|run| (run.number, true)));
            }
        }
    }

    /// Lets everybody do what there is to do, and time pass, until nothing is left.
    pub(super) fn run_dry(&mut self) {
        self.retract_all(); // those who help would for ever
        loop {
            let find = |place: fn(&Place) -> bool| {
                self.tasks.iter().find(|(_, task)| place(&task.place)).map(|(slot, _)| *slot)
            };
            if let Some(slot) = find(|place| matches!(place, Place::Undecided(_))) {
                self.decide(slot, false);
            } else if let Some((kind, id)) = self.next_awake() {
                self.act(kind, id);
            } else if let Some(slot) = find(|place| matches!(place, Place::Awaiting(_))) {
                self.delivered(slot);
            } else if let Some(next) = self.next_moment() {
                let wait = next.saturating_sub(self.now);
                self.now += wait;
                self.pool.pass(ms(wait));
                self.tick();
            } else if let Some(slot) = find(|place| *place == Place::Waiting) {
                let kind = self.tasks[&slot].order.kind;
                assert!(self.crew(kind).next().is_none(), "everybody sleeps, and a task waits");
                self.withdraw(slot); // nobody came up
            } else {
                break;
            }
            self.check();
        }
        assert!(self.tasks.is_empty() && !self.is_full);
    }
}
