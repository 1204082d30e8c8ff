//! A pool beside a plain model of its rules, and every executor driven by hand.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

#[derive(Clone, Copy, Debug)]
enum Step {
    Submit {
        kind: Kind,
        priority: i8,
        needs_delivery: bool,
    },
    HireMinimum,
    /// Executors and tasks are picked by number, modulo how many there are.
    Next(usize),
    Finish(usize),
    FinishLate(usize),
    Gone(usize),
    Delivered(usize),
    Withdraw(usize),
    Retire(Kind),
    Close,
    Terminate,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let kind = || prop_oneof![4 => Just(Kind::JavaScript), 1 => Just(Kind::Native)];
    let step = prop_oneof![
        24 => (kind(), -1i8..2, prop::bool::weighted(0.3))
            .prop_map(|(kind, priority, needs_delivery)| Step::Submit { kind, priority, needs_delivery }),
        1 => Just(Step::HireMinimum),
        40 => any::<usize>().prop_map(Step::Next),
        5 => any::<usize>().prop_map(Step::Finish),
        4 => any::<usize>().prop_map(Step::FinishLate),
        10 => any::<usize>().prop_map(Step::Gone),
        10 => any::<usize>().prop_map(Step::Delivered),
        6 => any::<usize>().prop_map(Step::Withdraw),
        2 => kind().prop_map(Step::Retire),
    ];
    let end = prop_oneof![3 => Just(None), 2 => Just(Some(Step::Close)), 1 => Just(Some(Step::Terminate))];
    (prop::collection::vec(step.clone(), 0..80), end, prop::collection::vec(step, 0..30))
        .prop_map(|(before, end, after)| before.into_iter().chain(end).chain(after).collect())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Waiting,
    Awaiting(u32),
    Running(u32),
}

struct Task {
    kind: Kind,
    priority: i8,
    sequence: u64,
    needs_delivery: bool,
    place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Starting,
    /// Between tasks and on its way to ask for the next.
    Coming,
    Running(u32),
    Awaiting(u32),
    /// The input of its task has come.
    Ready(u32),
    Asleep,
}

struct Member {
    status: Status,
    retiring: bool,
    /// The task it still has in hand although the pool has forgotten it.
    forgotten: Option<u32>,
    bell: Arc<Bell>,
}

impl Member {
    fn slot(&self) -> Option<u32> {
        match self.status {
            Status::Running(slot) | Status::Awaiting(slot) | Status::Ready(slot) => Some(slot),
            _ => self.forgotten,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    Closing,
    Terminated,
}

struct Life {
    pool: Pool,
    minimum: usize,
    maximum: usize,
    phase: Phase,
    ended: bool,
    tasks: BTreeMap<u32, Task>,
    members: BTreeMap<(usize, u32), Member>,
    /// Those asleep, by kind, the last to fall asleep last.
    asleep: [Vec<u32>; 2],
    /// Whether somebody has been told to keep retiring, by kind.
    watched: [bool; 2],
    /// Executors, dead or alive, and a task that they had in hand once.
    past: Vec<(Kind, u32, u32)>,
    newest: [u32; 2],
    free_slots: Vec<u32>,
    expected: Vec<Seen>,
    submitted: u64,
    settled: u64,
    withdrawn: u64,
    forgotten: u64,
}

impl Life {
    fn new(minimum: usize, maximum: usize) -> Self {
        Self {
            pool: Pool::new(minimum, maximum),
            minimum,
            maximum,
            phase: Phase::Open,
            ended: false,
            tasks: BTreeMap::new(),
            members: BTreeMap::new(),
            asleep: [Vec::new(), Vec::new()],
            watched: [false; 2],
            past: Vec::new(),
            newest: [0; 2],
            free_slots: (0..200).rev().collect(),
            expected: Vec::new(),
            submitted: 0,
            settled: 0,
            withdrawn: 0,
            forgotten: 0,
        }
    }

    fn waiting(&self, kind: Kind) -> usize {
        let waits = |task: &&Task| task.kind == kind && task.place == Place::Waiting;
        self.tasks.values().filter(waits).count()
    }

    fn crew(&self, kind: Kind) -> impl Iterator<Item = &Member> {
        self.members.range((kind as usize, 0)..=(kind as usize, u32::MAX)).map(|(_, member)| member)
    }

    fn starting(&self, kind: Kind) -> usize {
        let starts = |member: &&Member| member.status == Status::Starting && !member.retiring;
        self.crew(kind).filter(starts).count()
    }

    /// Those without a task who will ask for one.
    fn free(&self, kind: Kind) -> usize {
        self.crew(kind).filter(|member| member.slot().is_none() && !member.retiring).count()
    }

    fn member(&mut self, kind: Kind, id: u32) -> &mut Member {
        self.members.get_mut(&(kind as usize, id)).expect("it is alive")
    }

    fn hired(&mut self, kind: Kind, id: u32) {
        let bell = Arc::new(Bell::default());
        let member = Member { status: Status::Starting, retiring: false, forgotten: None, bell };
        self.members.insert((kind as usize, id), member);
        assert!(self.newest[kind as usize] < id, "a new number");
        self.newest[kind as usize] = id;
        assert!(self.crew(kind).count() <= self.maximum);
        assert!(self.phase != Phase::Terminated);
    }

    /// Those asleep that were woken are on their way.
    fn those_woken_get_up(&mut self) -> Vec<u32> {
        let mut woken = Vec::new();
        for kind in KINDS {
            let (members, asleep) = (&mut self.members, &mut self.asleep[kind as usize]);
            asleep.retain(|id| {
                let member = members.get_mut(&(kind as usize, *id)).expect("it is alive");
                let up = member.bell.rings() > 0;
                if up {
                    member.status = Status::Coming;
                    woken.push(*id);
                }
                !up
            });
        }
        woken
    }

    /// The task in `slot` has left the pool.
    fn left(&mut self, slot: u32) {
        self.tasks.remove(&slot).expect("a task leaves once");
        self.free_slots.push(slot);
    }

    fn settles(&mut self, slot: u32, outcome: &'static str) {
        self.left(slot);
        self.settled += 1;
        self.expected.push(Seen::Settled(slot, outcome));
        self.end_if_over();
    }

    fn end_if_over(&mut self) {
        if self.phase != Phase::Open && self.tasks.is_empty() && !self.ended {
            self.members.values_mut().for_each(|member| member.retiring = true);
            if self.members.is_empty() {
                self.ended = true;
                self.expected.push(Seen::Ended);
            }
        }
    }

    fn pick(&self, index: usize) -> Option<(Kind, u32)> {
        let place = index % self.members.len().max(1);
        self.members.keys().nth(place).map(|(kind, id)| (KINDS[*kind], *id))
    }

    fn apply(&mut self, step: Step) {
        match step {
            Step::Submit { kind, priority, needs_delivery } => {
                self.submit(kind, priority, needs_delivery);
            }
            Step::HireMinimum => self.hire_minimum(),
            Step::Next(index) => {
                if let Some((kind, id)) = self.pick(index) {
                    self.next(kind, id);
                }
            }
            Step::Finish(index) => {
                if let Some((kind, id)) = self.pick(index)
                    && let Some(finished) = self.result(kind, id)
                {
                    self.pool.scheduler.finish(kind, id, finished);
                }
            }
            Step::FinishLate(index) => {
                let past = self.past.get(index % self.past.len().max(1)).copied();
                if let Some((kind, id, slot)) = past
                    && self.members.get(&(kind as usize, id)).is_none_or(|member| member.slot() != Some(slot))
                {
                    self.pool.scheduler.finish(kind, id, done(slot, "late"));
                }
            }
            Step::Gone(index) => {
                if let Some((kind, id)) = self.pick(index) {
                    self.gone(kind, id);
                }
            }
            Step::Delivered(index) => {
                let place = index % self.tasks.len().max(1);
                if let Some(slot) = self.tasks.keys().nth(place).copied() {
                    self.delivered(slot);
                }
            }
            Step::Withdraw(index) => {
                let place = index % self.tasks.len().max(1);
                if let Some(slot) = self.tasks.keys().nth(place).copied() {
                    self.withdraw(slot);
                }
            }
            Step::Retire(kind) => self.retire(kind),
            Step::Close => {
                self.pool.scheduler.close();
                if self.phase == Phase::Open {
                    self.phase = Phase::Closing;
                }
                self.end_if_over();
            }
            Step::Terminate => self.terminate(),
        }
        self.check();
    }

    fn submit(&mut self, kind: Kind, priority: i8, needs_delivery: bool) {
        let slot = self.free_slots.pop().expect("more slots than steps");
        let answer = self.pool.try_submit(kind, slot, f64::from(priority), needs_delivery);
        let closed = match self.phase {
            Phase::Open => None,
            Phase::Closing => Some(Closed::Closing),
            Phase::Terminated => Some(Closed::Terminated),
        };
        if let Some(closed) = closed {
            self.free_slots.push(slot);
            assert_eq!(answer, Err(closed));
            return;
        }
        let Submitted { hire, deliver_to } = answer.expect("the pool is open");
        let claimed = self.asleep[kind as usize].last().copied();
        let at_once = needs_delivery && self.waiting(kind) == 0;
        assert_eq!(deliver_to, claimed.filter(|_| at_once));
        let place = deliver_to.map_or(Place::Waiting, Place::Awaiting);
        let sequence = self.submitted;
        self.tasks.insert(slot, Task { kind, priority, sequence, needs_delivery, place });
        self.submitted += 1;
        if let Some(id) = deliver_to {
            self.asleep[kind as usize].pop();
            self.member(kind, id).status = Status::Awaiting(slot);
        } else {
            assert_eq!(self.those_woken_get_up(), claimed.into_iter().collect::<Vec<_>>());
        }
        let short = claimed.is_none() && self.waiting(kind) > self.free(kind);
        assert_eq!(hire.is_some(), short && self.crew(kind).count() < self.maximum);
        if let Some(id) = hire {
            self.hired(kind, id);
        }
    }

    fn hire_minimum(&mut self) {
        let hired = self.pool.scheduler.hire_minimum(Kind::JavaScript);
        if self.phase != Phase::Open {
            assert_eq!(hired, [0u32; 0]);
        }
        hired.into_iter().for_each(|id| self.hired(Kind::JavaScript, id));
        if self.phase == Phase::Open {
            assert!(self.crew(Kind::JavaScript).count() >= self.minimum);
        }
    }

    /// The end of the task that an executor runs, if it runs one.
    fn result(&mut self, kind: Kind, id: u32) -> Option<Finished<&'static str>> {
        let member = self.member(kind, id);
        if let Some(slot) = member.forgotten.take() {
            return Some(done(slot, "nobody's"));
        }
        let Status::Running(slot) = member.status else { return None };
        member.status = Status::Coming;
        self.past.push((kind, id, slot));
        self.settles(slot, "done");
        Some(done(slot, "done"))
    }

    fn next(&mut self, kind: Kind, id: u32) {
        let finished = self.result(kind, id);
        let member = self.member(kind, id);
        member.bell.rings();
        if member.status == Status::Starting {
            let bell = member.bell.clone();
            self.pool.scheduler.attach(kind, id, bell);
        }
        let next = self.pool.scheduler.next(kind, id, finished);
        let member = self.member(kind, id);
        let status = member.status;
        if member.retiring {
            assert!(matches!(next, Next::Stop), "{next:?}");
            return;
        }
        if status == Status::Asleep {
            self.asleep[kind as usize].retain(|asleep| *asleep != id);
        }
        let waiting = self.tasks.iter().filter(|(_, task)| task.kind == kind && task.place == Place::Waiting);
        let first =
            waiting.min_by_key(|(_, task)| (Reverse(task.priority), task.sequence)).map(|(slot, _)| *slot);
        let status = match (status, first) {
            (Status::Awaiting(slot), _) => Status::Awaiting(slot),
            (Status::Ready(slot), _) => Status::Running(slot),
            (_, None) => Status::Asleep,
            (_, Some(slot)) if self.tasks[&slot].needs_delivery => {
                self.expected.push(Seen::Deliver { slot, executor: id });
                Status::Awaiting(slot)
            }
            (_, Some(slot)) => Status::Running(slot),
        };
        self.member(kind, id).status = status;
        match (status, next) {
            (Status::Asleep, Next::Idle) => self.asleep[kind as usize].push(id),
            (Status::Awaiting(slot), Next::Idle) => {
                self.tasks.get_mut(&slot).expect("it waits").place = Place::Awaiting(id);
            }
            (Status::Running(slot), Next::Run(assignment)) => {
                let task = self.tasks.get_mut(&slot).expect("it waits");
                task.place = Place::Running(id);
                assert_eq!((assignment.slot, assignment.sequence), (slot, task.sequence));
                assert_eq!(assignment.delivered, task.needs_delivery);
            }
            (status, next) => panic!("executor {id} should be {status:?}, but got {next:?}"),
        }
    }

    fn gone(&mut self, kind: Kind, id: u32) {
        let replacement = self.pool.scheduler.gone(kind, id, true, || "gone");
        let member = self.members.remove(&(kind as usize, id)).expect("it was alive");
        self.asleep[kind as usize].retain(|asleep| *asleep != id);
        self.past.push((kind, id, member.slot().unwrap_or(0)));
        match member.forgotten {
            None if member.slot().is_some() => self.settles(member.slot().unwrap_or(0), "gone"),
            _ => self.end_if_over(),
        }
        if let Some(id) = replacement {
            self.hired(kind, id);
        }
    }

    fn delivered(&mut self, slot: u32) {
        let task = &self.tasks[&slot];
        let (kind, place) = (task.kind, task.place);
        self.pool.scheduler.delivered(kind, slot);
        if let Place::Awaiting(id) = place {
            let member = self.member(kind, id);
            member.status = Status::Ready(slot);
            assert!(member.bell.rings() > 0, "executor {id} has something to run");
        }
    }

    fn withdraw(&mut self, slot: u32) {
        let task = &self.tasks[&slot];
        let (kind, place) = (task.kind, task.place);
        let withdrawn = self.pool.scheduler.withdraw(kind, slot);
        assert_eq!(withdrawn, !matches!(place, Place::Running(_)));
        if let Place::Awaiting(id) = place {
            let member = self.member(kind, id);
            member.status = Status::Coming;
            assert!(member.bell.rings() > 0, "executor {id} is free");
        }
        if withdrawn {
            self.left(slot);
            self.withdrawn += 1;
            self.end_if_over();
        }
    }

    fn retire(&mut self, kind: Kind) {
        let minimum = if kind == Kind::JavaScript { self.minimum } else { 0 };
        let staying = self.crew(kind).filter(|member| !member.retiring).count();
        let surplus = staying.saturating_sub(minimum);
        let begins = surplus > 0 && !std::mem::replace(&mut self.watched[kind as usize], surplus > 0);
        assert_eq!(self.pool.scheduler.begin_retiring(kind), begins);
        let next = self.pool.scheduler.retire_idle(kind, Duration::ZERO);
        let retiring = surplus.min(self.asleep[kind as usize].len());
        self.watched[kind as usize] = surplus > retiring;
        assert_eq!(next, self.watched[kind as usize].then_some(Duration::ZERO));
        let retired = self.asleep[kind as usize][..retiring].to_vec();
        assert_eq!(self.those_woken_get_up(), retired);
        retired.into_iter().for_each(|id| self.member(kind, id).retiring = true);
    }

    fn terminate(&mut self) {
        self.pool.scheduler.terminate();
        if self.phase == Phase::Terminated {
            return;
        }
        self.phase = Phase::Terminated;
        for member in self.members.values_mut() {
            member.forgotten = member.slot();
            if member.forgotten.is_some() {
                member.status = Status::Coming;
            }
        }
        self.forgotten += self.tasks.len() as u64;
        self.tasks.clear();
        self.end_if_over();
    }

    /// What is true after every step.
    fn check(&mut self) {
        self.those_woken_get_up();
        assert_eq!(self.pool.notes(), std::mem::take(&mut self.expected));
        let snapshot = self.pool.scheduler.snapshot();
        for (kind, summary) in KINDS.into_iter().zip([&snapshot.workers, &snapshot.native_threads]) {
            assert_eq!(summary.total, self.crew(kind).count(), "all that were told of, and no others");
            assert_eq!(summary.busy, self.crew(kind).filter(|member| member.slot().is_some()).count());
            assert_eq!(summary.idle, summary.total - summary.busy - self.starting(kind));
            let comes = |member: &Member| member.status != Status::Asleep && !member.retiring;
            let leaves = |member: &Member| member.status != Status::Asleep && member.retiring;
            let full = self.crew(kind).count() == self.maximum;
            let somebody = self.crew(kind).any(|member| comes(member) || (full && leaves(member)));
            assert!(self.waiting(kind) == 0 || somebody, "a task waits, and everybody sleeps");
        }
        assert_eq!(snapshot.queue.length, self.waiting(Kind::JavaScript) + self.waiting(Kind::Native));
        let by_priority: usize = snapshot.queue.by_priority.iter().map(|level| level.1).sum();
        assert_eq!(by_priority, snapshot.queue.length);
        let counts = snapshot.tasks;
        assert_eq!(counts.submitted, self.submitted);
        assert_eq!(counts.completed + counts.failed, self.settled);
        assert_eq!(counts.cancelled, self.withdrawn + self.forgotten);
        let left = self.tasks.len() as u64;
        assert_eq!(self.submitted, self.settled + self.withdrawn + self.forgotten + left);
    }

    /// Lets everybody who was woken do what there is to do, until everybody sleeps.
    fn run_dry(&mut self) {
        loop {
            let awaiting = self.members.iter().find_map(|(_, member)| match member.status {
                Status::Awaiting(slot) if member.forgotten.is_none() => Some(slot),
                _ => None,
            });
            let awake = self.members.iter().find(|(_, member)| member.status != Status::Asleep);
            if let Some(slot) = awaiting {
                self.delivered(slot);
            } else if let Some(((kind, id), member)) = awake {
                let (kind, id, retiring) = (KINDS[*kind], *id, member.retiring);
                self.next(kind, id);
                if retiring || self.member(kind, id).retiring {
                    self.gone(kind, id);
                }
            } else {
                break;
            }
            self.check();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn every_task_leaves_once_and_in_order_whatever_happens(
        steps in steps(),
        minimum in 0usize..4,
        more in 0usize..4,
    ) {
        let mut life = Life::new(minimum, (minimum + more).max(1));
        steps.into_iter().for_each(|step| life.apply(step));
        life.run_dry();
        assert!(life.tasks.is_empty(), "everybody sleeps, and nothing waits");
        life.apply(Step::Close);
        life.run_dry();
        assert!(life.ended && life.members.is_empty());
    }
}
