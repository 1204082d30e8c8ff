//! Inputs that the submitter delivers.

use super::*;

#[test]
fn an_idle_executor_gets_its_input_at_once() {
    for kind in KINDS {
        let pool = Pool::new(0, 2);
        let [executor] = pool.staff(kind);

        let submitted = pool.try_submit(kind, 0, 0.0, true);

        assert_eq!(submitted, Ok(Submitted { hire: None, deliver_to: Some(executor.id), full: false }));
        assert_eq!(pool.notes(), [], "the submitter knows already");
        assert!(!executor.was_woken(), "there is nothing to run yet");
        executor.falls_asleep();
        pool.scheduler.delivered(kind, 0);
        assert!(executor.was_woken());
        let assignment = executor.takes();
        assert_eq!((assignment.slot, assignment.delivered), (0, true));
        executor.finishes(0, "done");
        assert_eq!(pool.notes(), [Seen::Settled(0, "done")]);
    }
}

#[test]
fn a_busy_executor_asks_for_the_input_when_the_tasks_turn_has_come() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        pool.submit(kind, 0);
        executor.takes();
        assert_eq!(
            pool.try_submit(kind, 1, 0.0, true),
            Ok(Submitted { hire: None, deliver_to: None, full: false })
        );

        let next = executor.next_with(Some(executor.done(0, "done")));

        assert!(matches!(next, Next::Idle), "{next:?}");
        let deliver = Seen::Deliver { slot: 1, executor: executor.id };
        assert_eq!(pool.notes(), [Seen::Settled(0, "done"), deliver]);
        executor.falls_asleep();
        assert_eq!(pool.notes(), [], "it asks once");
        pool.scheduler.delivered(kind, 1);
        let assignment = executor.takes();
        assert_eq!((assignment.slot, assignment.delivered), (1, true));
    }
}

#[test]
fn an_input_is_not_delivered_ahead_of_tasks_that_wait_longer() {
    for kind in KINDS {
        let pool = Pool::new(0, 2);
        let [late, early] = pool.staff(kind);
        pool.submit(kind, 0);

        let submitted = pool.try_submit(kind, 1, 0.0, true);

        assert_eq!(submitted, Ok(Submitted { hire: None, deliver_to: None, full: false }));
        assert!(late.was_woken() && early.was_woken());
        assert_eq!(early.takes().slot, 0);
        late.falls_asleep();
        assert_eq!(pool.notes(), [Seen::Deliver { slot: 1, executor: late.id }]);
    }
}

#[test]
fn an_executor_that_awaits_an_input_is_not_given_other_tasks() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        pool.try_submit(kind, 0, 0.0, true).expect("the pool is open");
        pool.submit_with_priority(kind, 1, 9.0);
        executor.falls_asleep();
        pool.scheduler.delivered(kind, 0);
        assert_eq!(executor.takes().slot, 0);
        executor.finishes(0, "done");
        assert_eq!(executor.takes().slot, 1);
    }
}

#[test]
fn a_delivery_that_nobody_waits_for_any_more_changes_nothing() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        pool.scheduler.delivered(kind, 99);
        pool.try_submit(kind, 0, 0.0, true).expect("the pool is open");
        pool.scheduler.delivered(kind, 0);
        pool.scheduler.delivered(kind, 0);
        executor.takes();
        pool.scheduler.delivered(kind, 0);
        executor.finishes(0, "done");
        pool.scheduler.delivered(kind, 0);
        executor.falls_asleep();
        assert_eq!(pool.notes(), [Seen::Settled(0, "done")]);
    }
}

#[test]
fn the_task_of_an_executor_that_dies_awaiting_its_input_settles_once() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        pool.try_submit(kind, 0, 0.0, true).expect("the pool is open");

        assert_eq!(executor.gone(), None);
        pool.scheduler.delivered(kind, 0);

        assert_eq!(pool.notes(), [Seen::Ended(0, End::ExecutorGone(executor.id))]);
        assert!(!pool.scheduler.withdraw(0));
        assert_eq!(pool.counts(), (2, 1, 1, 0));
    }
}

#[test]
fn the_task_of_an_executor_that_dies_after_the_delivery_settles_once() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        pool.try_submit(kind, 0, 0.0, true).expect("the pool is open");
        pool.scheduler.delivered(kind, 0);
        executor.gone();
        assert_eq!(pool.notes(), [Seen::Ended(0, End::ExecutorGone(executor.id))]);
    }
}
