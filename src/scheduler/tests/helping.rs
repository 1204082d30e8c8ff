//! Running tasks that offer parts of their work to those that would otherwise be idle, or do something of lower
//! priority.

use super::*;

/// What every helper is given here.
const PARTS: u32 = 500;

/// An executor of a pool runs the task in this slot.
pub(super) fn running<'a>(
    pool: &Pool,
    executor: &'a Executor<'a>,
    slot: u32,
    priority: f64,
) -> &'a Executor<'a> {
    pool.submit_with_priority(executor.kind, slot, priority);
    assert_eq!(executor.takes().slot, slot);
    executor.bell.rings();
    executor
}

impl Executor<'_> {
    /// Offers parts of the task that it runs in this slot.
    pub(super) fn offers(&self, slot: u32, most: usize) {
        self.pool.scheduler.offer(self.kind, slot, self.run_of(slot), PARTS, most);
    }

    /// Asks for work and is given a part of the run of this number.
    pub(super) fn helps(&self, run: u64) {
        match self.next() {
            Next::Help(help) => assert_eq!((help.run, help.job), (run, PARTS)),
            other => panic!("executor {} should help, not {other:?}", self.id),
        }
    }
}

// ---- who is given a part

#[test]
fn as_many_idle_executors_are_woken_as_are_wanted() {
    for kind in KINDS {
        let pool = Pool::new(0, 4);
        let [first, second, third, busy] = pool.staff(kind);
        running(&pool, &busy, 0, 0.0).offers(0, 2);
        assert!(!first.was_woken() && second.was_woken() && third.was_woken());
        second.helps(busy.run_of(0));
        third.helps(busy.run_of(0));
        first.falls_asleep();
    }
}

#[test]
fn executors_that_are_missing_are_hired_up_to_the_maximum() {
    for kind in KINDS {
        let pool = Pool::new(0, 3);
        let [busy] = pool.staff(kind);
        running(&pool, &busy, 0, 0.0);
        let hired = pool.hired_by(|| busy.offers(0, 9));
        assert_eq!(hired.len(), 2);
        assert_eq!(pool.hired_by(|| busy.offers(0, 9)), [], "they are on their way");
        for (_, id) in hired {
            pool.start(kind, id).helps(busy.run_of(0));
        }
    }
}

#[test]
fn a_larger_pool_hires_for_what_is_offered() {
    let pool = Pool::new(0, 1);
    let [busy] = pool.staff(Kind::Native);
    running(&pool, &busy, 0, 0.0).offers(0, 2);
    assert_eq!(pool.hired_by(|| pool.scheduler.resize(sizes(0, 8))).len(), 2);
}

#[test]
fn helpers_are_counted_at_a_time() {
    for kind in KINDS {
        let pool = Pool::new(0, 3);
        let [first, second, busy] = pool.staff(kind);
        running(&pool, &busy, 0, 0.0).offers(0, 1);
        for _ in 0..3 {
            second.helps(busy.run_of(0));
            first.falls_asleep();
        }
        running(&pool, &second, 1, 5.0);
        first.helps(busy.run_of(0));
    }
}

#[test]
fn an_executor_does_not_help_itself() {
    let pool = Pool::with(&Config { places: 2, ..config(0, 1) });
    let [worker] = pool.staff(JS);
    running(&pool, &worker, 0, 0.0).offers(0, 3);
    worker.falls_asleep();
}

#[test]
fn an_offer_takes_the_place_of_the_one_before() {
    let pool = Pool::new(0, 4);
    let [first, second, busy] = pool.staff(Kind::Native);
    running(&pool, &busy, 0, 0.0).offers(0, 1);
    second.helps(busy.run_of(0));
    busy.offers(0, 2);
    assert!(first.was_woken());
    first.helps(busy.run_of(0));
    busy.offers(0, 1);
    second.helps(busy.run_of(0));
    first.falls_asleep();
    second.helps(busy.run_of(0));
}

#[test]
fn a_helper_takes_back_what_it_was_given_and_not_what_is_offered_next() {
    for kind in KINDS {
        let pool = Pool::new(0, 3);
        let [idle, helper, busy] = pool.staff(kind);
        running(&pool, &busy, 0, 0.0).offers(0, 1);
        let Next::Help(first) = helper.next() else { panic!("it is offered a part") };
        pool.scheduler.retract(kind, busy.run_of(0));
        busy.offers(0, 1);

        pool.scheduler.retract_offer(kind, first.offer);

        let Next::Help(second) = helper.next() else { panic!("the next offer stands") };
        assert_eq!((second.run, second.job), (busy.run_of(0), PARTS));
        pool.scheduler.retract_offer(kind, second.offer);
        helper.falls_asleep();
        idle.falls_asleep();
    }
}

// ---- what comes first

#[test]
fn a_task_of_higher_priority_comes_before_the_next_part() {
    let pool = Pool::new(0, 2);
    let [helper, busy] = pool.staff(Kind::Native);
    running(&pool, &busy, 0, 0.0).offers(0, 1);
    helper.helps(busy.run_of(0));
    pool.submit_with_priority(Kind::Native, 1, 1.0);
    assert_eq!(helper.takes().slot, 1);
    helper.finishes(1, "done");
    helper.helps(busy.run_of(0));
}

#[test]
fn a_younger_task_of_the_same_priority_comes_before_the_next_part() {
    for kind in KINDS {
        for aging in [None, Some(ms(1))] {
            let pool = Pool::with(&Config { aging, ..config(0, 2) });
            let [helper, busy] = pool.staff(kind);
            running(&pool, &busy, 0, 0.0).offers(0, 1);
            helper.helps(busy.run_of(0));
            pool.pass(ms(400));
            pool.submit(kind, 1);
            pool.submit(kind, 2);
            for slot in [1, 2] {
                assert_eq!(helper.takes().slot, slot);
                helper.finishes(slot, "done");
            }
            helper.helps(busy.run_of(0));
        }
    }
}

#[test]
fn a_task_of_lower_priority_waits_behind_the_parts() {
    for kind in KINDS {
        let pool = Pool::new(0, 2);
        let [helper, busy] = pool.staff(kind);
        running(&pool, &busy, 0, 0.0).offers(0, 1);
        pool.submit_with_priority(kind, 1, -1.0);
        (0..3).for_each(|_| helper.helps(busy.run_of(0)));
        pool.scheduler.retract(kind, busy.run_of(0));
        assert_eq!(helper.takes().slot, 1);
    }
}

#[test]
fn an_older_task_of_the_same_priority_comes_first() {
    let retry = Retry { ask: false, ..retry(1, &[5.0]) };
    let pool = Pool::new(0, 2);
    let [helper, busy] = pool.staff(Kind::Native);
    pool.submit_limited(Kind::Native, 0, Limits { retry: Some(retry), ..Limits::default() });
    helper.takes();
    running(&pool, &busy, 1, 0.0).offers(1, 1);
    helper.fails(0, "not yet");
    helper.helps(busy.run_of(1));
    pool.tick_after(ms(5));
    assert_eq!(helper.takes().slot, 0, "it came before the one that offers");
    helper.finishes(0, "done");
    helper.helps(busy.run_of(1));
}

#[test]
fn the_offer_of_the_task_that_comes_first_does_too() {
    let pool = Pool::new(0, 4);
    let [helper, low, high, old] = pool.staff(Kind::Native);
    for (executor, slot, priority) in [(&old, 0, 1.0), (&high, 1, 2.0), (&low, 2, 1.0)] {
        running(&pool, executor, slot, priority);
    }
    for (executor, slot) in [(&low, 2), (&old, 0), (&high, 1)] {
        executor.offers(slot, 1);
    }
    helper.helps(high.run_of(1));
    pool.scheduler.retract(Kind::Native, high.run_of(1));
    helper.helps(old.run_of(0));
    pool.scheduler.retract(Kind::Native, old.run_of(0));
    helper.helps(low.run_of(2));
}

#[test]
fn with_aging_the_effective_priority_of_what_waits_counts() {
    let pool = Pool::with(&Config { aging: Some(ms(100)), ..config(0, 2) });
    let [helper, busy] = pool.staff(Kind::Native);
    running(&pool, &busy, 0, 5.0).offers(0, 1);
    pool.submit_with_priority(Kind::Native, 1, 1.0);
    pool.pass(ms(399));
    helper.helps(busy.run_of(0));
    pool.pass(ms(1));
    assert_eq!(helper.takes().slot, 1, "it has waited long enough, and the offer does not age");
    helper.finishes(1, "done");
    helper.helps(busy.run_of(0));
}

#[test]
fn a_worker_with_a_queue_of_its_own_helps_when_that_comes_later() {
    let pool = Pool::new(0, 2);
    let [helper, busy] = pool.staff(JS);
    pool.accepts(keyed(0, 7));
    assert_eq!(helper.takes().slot, 0);
    running(&pool, &busy, 1, 1.0).offers(1, 1);
    pool.accepts(keyed(2, 7));
    helper.finishes(0, "done");
    helper.helps(busy.run_of(1));
    pool.scheduler.retract(JS, busy.run_of(1));
    assert_eq!(helper.takes().slot, 2);
}

// ---- when an offer ends

#[test]
fn nobody_is_given_what_was_taken_back() {
    for kind in KINDS {
        let pool = Pool::new(0, 3);
        let [first, second, busy] = pool.staff(kind);
        running(&pool, &busy, 0, 0.0).offers(0, 2);
        second.helps(busy.run_of(0));
        assert!(first.was_woken());
        for _ in 0..2 {
            pool.scheduler.retract(kind, busy.run_of(0));
        }
        first.falls_asleep();
        second.falls_asleep();
        busy.offers(0, 1);
        second.helps(busy.run_of(0));
    }
}

#[test]
fn an_offer_ends_with_its_run() {
    let ways: [fn(&Executor<'_>); 3] =
        [|busy| busy.finishes(0, "done"), |busy| busy.fails(0, "thrown"), |busy| _ = busy.gone_and(false)];
    for kind in KINDS {
        for way in ways {
            let pool = Pool::new(0, 2);
            let [helper, busy] = pool.staff(kind);
            running(&pool, &busy, 0, 0.0).offers(0, 1);
            helper.helps(busy.run_of(0));
            way(&busy);
            helper.falls_asleep();
        }
    }
}

#[test]
fn a_cancelled_task_offers_nothing_once_it_is_over() {
    for kind in KINDS {
        let pool = Pool::new(0, 2);
        let [helper, busy] = pool.staff(kind);
        running(&pool, &busy, 0, 0.0).offers(0, 1);
        helper.helps(busy.run_of(0));
        pool.scheduler.cancel(0);
        if kind == Kind::Native {
            helper.helps(busy.run_of(0)); // it goes on until it looks
            busy.ends(0, Ending::Stopped, "stopped");
        }
        helper.falls_asleep();
    }
}

#[test]
fn what_is_no_longer_the_run_of_its_task_offers_nothing() {
    let pool = Pool::new(0, 2);
    let [idle, busy] = pool.staff(Kind::Native);
    running(&pool, &busy, 0, 0.0);
    let past = busy.run_of(0);
    busy.finishes(0, "done");
    let offer = |run| pool.scheduler.offer(Kind::Native, 0, run, PARTS, 1);
    offer(past);
    running(&pool, &busy, 0, 0.0);
    idle.falls_asleep();
    idle.bell.rings();
    offer(past);
    assert!(!idle.was_woken());
    idle.falls_asleep();
    pool.scheduler.offer(JS, 0, busy.run_of(0), PARTS, 1);
    idle.falls_asleep();
    offer(busy.run_of(0));
    idle.helps(busy.run_of(0));
}

#[test]
fn what_was_offered_is_let_go_of() {
    type End = fn(&Scheduler<Arc<()>, ()>, Finished<()>);
    let ends: [End; 3] = [
        |scheduler, finished| scheduler.finish(Kind::Native, 1, finished, true),
        |scheduler, finished| scheduler.retract(Kind::Native, finished.run.into()),
        |scheduler, _| scheduler.terminate(),
    ];
    for end in ends {
        let mailbox = Arc::new(Mailbox::new(Box::new(OwnersBell(Arc::default()))));
        let scheduler = Scheduler::new(&config(0, 1), mailbox, Arc::new(Bell::default()));
        let Submission { slot, kind, label, priority, .. } = task(Kind::Native, 0);
        let (needs_delivery, admitted, stoppable, limits, job) = (false, false, false, None, Arc::new(()));
        let submission =
            Submission { slot, kind, label, priority, needs_delivery, admitted, stoppable, limits, job };
        assert_eq!(scheduler.submit(submission).map(|submitted| submitted.hire), Ok(Some(1)));
        let Next::Run(assignment) = scheduler.next(kind, 1, None) else { panic!("there is a task") };
        let help = Arc::new(());
        scheduler.offer(kind, 0, assignment.run, help.clone(), 1);
        assert_eq!(Arc::strong_count(&help), 2);

        let run = assignment.run as u32;
        end(&scheduler, Finished { slot: 0, run, outcome: (), ending: Ending::Fulfilled });

        assert_eq!(Arc::strong_count(&help), 1);
    }
}

#[test]
fn a_second_try_offers_anew() {
    let pool = Pool::new(0, 2);
    let [helper, busy] = pool.staff(Kind::Native);
    let limits = Limits { retry: Some(retry(1, &[0.0])), ..Limits::default() };
    pool.submit_limited(Kind::Native, 0, limits);
    busy.takes();
    busy.offers(0, 1);
    busy.fails(0, "once more");
    assert_eq!(busy.takes().attempt, 2);
    helper.falls_asleep();
    busy.offers(0, 1);
    helper.helps(busy.run_of(0));
}
