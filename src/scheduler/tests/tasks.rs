//! A task's life: submitted, run, settled or taken back, and in which order.

use super::*;

#[test]
fn a_task_is_run_once_and_settles_once() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let id = pool.submit(kind, 7).expect("nobody is there to run it");
        let executor = pool.start(kind, id);
        let assignment = executor.takes();
        assert_eq!((assignment.slot, assignment.job, assignment.label), (7, 7, 3));
        assert_eq!((assignment.sequence, assignment.attempt, assignment.delivered), (0, 1, false));
        assert_eq!(pool.notes(), []);

        executor.finishes(7, "result");
        executor.finishes(7, "again");

        assert_eq!(pool.notes(), [Seen::Settled(7, "result")]);
        executor.falls_asleep();
        assert_eq!(pool.notes(), []);
    }
}

#[test]
fn an_executor_hands_in_a_result_and_takes_the_next_task_in_one_call() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let id = pool.submit(kind, 0).expect("nobody is there to run it");
        pool.submit(kind, 1);
        let executor = pool.start(kind, id);
        executor.takes();

        let next = executor.next_with(Some(executor.done(0, "first")));

        assert!(matches!(next, Next::Run(Assignment { slot: 1, .. })), "{next:?}");
        assert_eq!(pool.notes(), [Seen::Settled(0, "first")]);
    }
}

#[test]
fn the_owner_is_woken_once_for_any_number_of_notes() {
    let pool = Pool::new(0, 1);
    let id = pool.submit(Kind::Native, 0).expect("nobody is there to run it");
    (1..5).for_each(|slot| assert_eq!(pool.submit(Kind::Native, slot), None));
    let executor = pool.start(Kind::Native, id);

    for slot in 0..5 {
        executor.takes();
        executor.finishes(slot, "done");
    }

    assert_eq!(pool.owner.rings(), 1);
    assert_eq!(pool.notes().len(), 5);
    pool.submit(Kind::Native, 5);
    executor.takes();
    executor.finishes(5, "done");
    assert_eq!(pool.owner.rings(), 1, "it has rested since");
}

#[test]
fn an_owner_that_looks_by_itself_is_not_woken_until_it_rests() {
    let pool = Pool::new(0, 1);
    let [executor] = pool.staff(Kind::Native);
    pool.scheduler.mailbox().watch();
    for slot in 0..2 {
        pool.submit(Kind::Native, slot);
        executor.takes();
        executor.finishes(slot, "done");
    }
    assert_eq!(pool.owner.rings(), 0);
    assert!(!pool.scheduler.mailbox().rest(), "there are notes that nobody will wake it for");
    assert_eq!(pool.notes().len(), 2);

    pool.submit(Kind::Native, 2);
    executor.takes();
    executor.finishes(2, "done");
    assert_eq!(pool.owner.rings(), 1);
}

#[test]
fn a_slot_may_be_used_again_once_its_task_has_settled() {
    let pool = Pool::new(0, 1);
    let [executor] = pool.staff(Kind::Native);
    for round in 0..3 {
        pool.submit(Kind::Native, 0);
        assert_eq!(executor.takes().sequence, 1 + round);
        executor.finishes(0, "done");
        assert_eq!(pool.notes(), [Seen::Settled(0, "done")]);
    }
}

#[test]
fn a_slot_that_is_taken_is_refused_and_the_pool_stays_as_it_was() {
    for needs_delivery in [false, true] {
        let pool = Pool::new(0, 2);
        let [executor, other] = pool.staff(Kind::JavaScript);
        pool.submit(Kind::JavaScript, 0);
        other.takes();

        let second = std::panic::AssertUnwindSafe(|| {
            pool.try_submit(Kind::JavaScript, 0, 0.0, needs_delivery).ok();
        });
        std::panic::catch_unwind(second).expect_err("two promises would share one answer");

        assert_eq!(pool.counts(), (3, 2, 0, 0), "the refused one does not count");
        let crew = pool.crew(Kind::JavaScript);
        assert_eq!((crew.busy, crew.idle), (1, 1), "nobody waits for the input of the refused one");
        pool.submit(Kind::JavaScript, 1);
        assert_eq!(executor.takes().slot, 1);
    }
}

#[test]
fn a_result_that_is_handed_in_again_does_not_settle_the_next_task_of_its_slot() {
    for kind in KINDS {
        let pool = Pool::new(0, 2);
        let [first, second] = pool.staff(kind);
        pool.submit(kind, 0);
        first.takes();
        first.finishes(0, "its own");
        pool.submit(kind, 0);
        second.takes();

        first.finishes(0, "again");

        assert_eq!(pool.notes(), [Seen::Settled(0, "its own")]);
        second.finishes(0, "its own, too");
        assert_eq!(pool.notes(), [Seen::Settled(0, "its own, too")]);
    }
}

#[test]
fn tasks_of_one_priority_run_in_the_order_of_their_submission() {
    for kind in KINDS {
        let pool = Pool::new(0, 2);
        let executors = pool.staff::<2>(kind);
        (0..6).for_each(|slot| assert_eq!(pool.submit(kind, slot), None));

        for slot in 0..6 {
            let executor = &executors[slot as usize % 2];
            assert_eq!(executor.takes().slot, slot);
            executor.finishes(slot, "done");
        }
    }
}

#[test]
fn a_higher_priority_runs_first_whichever_executor_asks() {
    for kind in KINDS {
        let pool = Pool::new(0, 2);
        let executors = pool.staff::<2>(kind);
        let priorities = [0.0, 5.0, -1.0, 5.0, 0.5, -0.0];
        for (slot, priority) in (0..).zip(priorities) {
            pool.submit_with_priority(kind, slot, priority);
        }

        for (index, slot) in [1, 3, 4, 0, 5, 2].into_iter().enumerate() {
            let executor = &executors[index % 2];
            let assignment = executor.takes();
            assert_eq!((assignment.slot, assignment.priority), (slot, priorities[slot as usize]));
            executor.finishes(slot, "done");
        }
    }
}

#[test]
fn workers_and_native_threads_do_not_take_each_others_tasks() {
    let pool = Pool::new(0, 1);
    let [worker] = pool.staff(Kind::JavaScript);
    let [thread] = pool.staff(Kind::Native);

    pool.submit(Kind::Native, 0);
    assert!(!worker.was_woken() && thread.was_woken());
    worker.falls_asleep();
    pool.submit(Kind::JavaScript, 1);
    assert!(worker.was_woken() && !thread.was_woken());

    assert_eq!(thread.takes().slot, 0);
    assert_eq!(worker.takes().slot, 1);
}

#[test]
fn a_waiting_task_can_be_withdrawn_and_never_runs() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        pool.submit(kind, 0);
        pool.submit(kind, 1);

        assert!(pool.scheduler.withdraw(0));
        assert!(!pool.scheduler.withdraw(0), "it is over");

        assert_eq!(executor.takes().slot, 1);
        assert_eq!(pool.notes(), []);
        assert_eq!(pool.counts(), (3, 1, 0, 1));
    }
}

#[test]
fn a_task_that_awaits_its_input_can_be_withdrawn_and_its_executor_is_free() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        pool.try_submit(kind, 0, 0.0, true).expect("the pool is open");
        pool.submit(kind, 1);

        assert!(pool.scheduler.withdraw(0));

        assert!(executor.was_woken(), "a task waits that nobody else takes");
        assert_eq!(executor.takes().slot, 1);
        pool.scheduler.delivered(kind, 0);
        assert_eq!(pool.notes(), []);
    }
}

#[test]
fn a_task_whose_input_has_been_delivered_can_be_withdrawn_until_it_runs() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        pool.try_submit(kind, 0, 0.0, true).expect("the pool is open");
        pool.scheduler.delivered(kind, 0);
        assert!(pool.scheduler.withdraw(0));
        executor.falls_asleep();
        assert_eq!(pool.submit(kind, 0), None);
        assert_eq!(executor.takes().slot, 0);
    }
}

#[test]
fn a_running_task_cannot_be_withdrawn() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        pool.submit(kind, 0);
        executor.takes();
        assert!(!pool.scheduler.withdraw(0));
        executor.finishes(0, "done");
        assert!(!pool.scheduler.withdraw(0));
        assert_eq!(pool.notes(), [Seen::Settled(0, "done")]);
    }
}

#[test]
fn what_a_withdrawn_task_left_in_the_queue_does_not_run_the_next_task_of_its_slot() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        pool.submit_with_priority(kind, 0, 9.0);
        assert!(pool.scheduler.withdraw(0));
        pool.submit_with_priority(kind, 1, 5.0);
        pool.submit_with_priority(kind, 0, 1.0);
        let queue = pool.scheduler.snapshot().queue;
        assert_eq!((queue.length, queue.by_priority), (1, vec![(1.0, 1)]), "the first is spoken for");

        assert_eq!(executor.takes().slot, 1, "the slot's earlier tenant does not lend its place");
        executor.finishes(1, "done");
        assert_eq!(executor.takes().slot, 0);
        executor.finishes(0, "done");
        executor.falls_asleep();
        assert_eq!(pool.notes(), [Seen::Settled(1, "done"), Seen::Settled(0, "done")]);
    }
}

#[test]
fn a_slot_whose_task_was_withdrawn_and_replaced_twice_runs_its_last_task_once() {
    for kind in KINDS {
        let pool = Pool::new(0, 2);
        let [executor, other] = pool.staff(kind);
        for _ in 0..2 {
            pool.submit(kind, 0);
            assert!(pool.scheduler.withdraw(0));
        }
        pool.submit(kind, 0);
        assert_eq!(executor.takes().sequence, 4);
        other.falls_asleep();
        assert_eq!(pool.scheduler.snapshot().queue.length, 0);
    }
}
