//! Executors that die.

use super::*;

#[test]
fn the_task_of_a_dead_executor_settles_once_and_its_late_result_is_dropped() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        pool.submit(kind, 0);
        executor.takes();

        assert_eq!(executor.gone(), None);
        assert_eq!(pool.notes(), [Seen::Ended(0, End::ExecutorGone(executor.id))]);

        executor.finishes(0, "late");
        assert_eq!(executor.gone(), None);
        executor.stops();
        assert_eq!(pool.notes(), []);
        assert_eq!(pool.counts(), (2, 1, 1, 0));
    }
}

#[test]
fn a_late_result_does_not_settle_the_next_task_of_its_slot() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [dead] = pool.staff(kind);
        pool.submit(kind, 0);
        dead.takes();
        dead.gone();
        pool.notes();
        let heir = pool.start(kind, pool.submit(kind, 0).expect("nobody is left"));
        heir.takes();

        dead.next_with(Some(dead.done(0, "late")));
        assert_eq!(pool.notes(), []);

        heir.finishes(0, "its own");
        assert_eq!(pool.notes(), [Seen::Settled(0, "its own")]);
    }
}

#[test]
fn an_executor_that_dies_with_tasks_waiting_is_replaced() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        pool.submit(kind, 0);
        pool.submit(kind, 1);
        executor.takes();

        let replacement = executor.gone().expect("a task waits");

        let replacement = pool.start(kind, replacement);
        assert_eq!(replacement.takes().slot, 1);
        assert_eq!(replacement.gone(), None, "nothing waits any more");
        assert_eq!(pool.crew(kind).total, 0);
    }
}

#[test]
fn a_task_survives_the_executor_that_was_woken_for_it() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [woken] = pool.staff(kind);
        pool.submit(kind, 0);
        assert!(woken.was_woken());

        let replacement = woken.gone().expect("its task waits for somebody else");

        assert_eq!(pool.start(kind, replacement).takes().slot, 0);
        assert_eq!(pool.notes(), []);
    }
}

#[test]
fn another_idle_executor_takes_over_for_one_that_died_after_it_was_woken() {
    for kind in KINDS {
        let pool = Pool::new(0, 2);
        let [idle, woken] = pool.staff(kind);
        pool.submit(kind, 0);
        assert!(woken.was_woken() && !idle.was_woken());

        let replacement = woken.gone();

        assert!(idle.was_woken() || replacement.is_some(), "nobody comes for the waiting task");
        assert_eq!(idle.takes().slot, 0);
    }
}

#[test]
fn an_executor_that_dies_while_it_starts_is_not_replaced_and_the_task_waits_for_its_owner() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let id = pool.submit(kind, 0).expect("nobody is there to run it");
        assert_eq!(pool.start(kind, id).gone(), None, "the next would die as well");
        assert_eq!(pool.notes(), []);
        assert_eq!(pool.scheduler.cancel(0), Cancelled::Out, "it still waits");
    }
}

#[test]
fn the_next_task_hires_anew_after_one_that_died_while_it_started() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let id = pool.submit(kind, 0).expect("nobody is there to run it");
        pool.start(kind, id).gone();
        let second = pool.submit(kind, 1).expect("nobody is there to run it");
        assert_ne!(second, id);
        assert_eq!(pool.start(kind, second).takes().slot, 0, "the first has waited for longer");
    }
}

#[test]
fn a_worker_that_dies_while_it_starts_is_not_replaced_for_the_minimum() {
    let pool = Pool::new(1, 2);
    let ids = pool.hire_minimum();
    assert_eq!(pool.start(Kind::JavaScript, ids[0]).gone(), None);
    assert_eq!(pool.crew(Kind::JavaScript).total, 0);
}

#[test]
fn nobody_is_hired_for_one_that_is_not_to_be_replaced() {
    for kind in KINDS {
        let pool = Pool::new(1, 2);
        let [first, second] = pool.staff(kind);
        for (slot, executor) in [(0, &second), (1, &first)] {
            pool.submit(kind, slot);
            executor.takes();
        }
        pool.submit(kind, 2);

        for (slot, executor) in [(0, &second), (1, &first)] {
            assert_eq!(executor.gone_and(false), None);
            assert_eq!(pool.notes(), [Seen::Ended(slot, End::ExecutorGone(executor.id))]);
        }

        assert_eq!(pool.crew(kind).total, 0);
        assert!(pool.scheduler.withdraw(2), "it still waits");
    }
}

#[test]
fn an_idle_executor_takes_over_also_for_one_that_is_not_to_be_replaced() {
    for kind in KINDS {
        let pool = Pool::new(0, 2);
        let [idle, woken] = pool.staff(kind);
        pool.submit(kind, 0);
        assert!(woken.was_woken() && !idle.was_woken());
        assert_eq!(woken.gone_and(false), None);
        assert!(idle.was_woken(), "nobody comes for the waiting task");
    }
}

#[test]
fn a_worker_that_has_worked_is_replaced_up_to_the_minimum() {
    let pool = Pool::new(1, 2);
    let [first, second] = pool.staff(Kind::JavaScript);
    assert_eq!(first.gone(), None, "there is another");
    assert!(second.gone().is_some());
    assert_eq!(pool.crew(Kind::JavaScript).total, 1);
}

#[test]
fn a_worker_that_dies_of_its_first_task_is_replaced_up_to_the_minimum() {
    let pool = Pool::new(1, 2);
    let ids = pool.hire_minimum();
    let worker = pool.start(Kind::JavaScript, ids[0]);
    pool.submit(Kind::JavaScript, 0);
    worker.takes();
    assert!(worker.gone().is_some(), "it could start, so its successor can");
}

#[test]
fn no_more_executors_count_than_their_starters_were_told_of() {
    let pool = Pool::new(3, 3);
    let [survivor, ..] = pool.hire_minimum()[..] else { panic!("three are missing") };
    let survivor = pool.start(Kind::JavaScript, survivor);
    pool.submit(Kind::JavaScript, 0);
    survivor.takes();
    survivor.finishes(0, "done");
    for id in [2, 3] {
        assert_eq!(pool.start(Kind::JavaScript, id).gone(), None);
    }

    let told = survivor.gone();

    let told = told.iter().count();
    assert_eq!(pool.crew(Kind::JavaScript).total, told, "an executor that nobody starts never ends");
}

#[test]
fn a_worker_is_replaced_up_to_the_minimum_while_another_retires() {
    let pool = Pool::with(&Config { idle_timeout: Some(HOUR), ..config(1, 2) });
    let [retired, worker] = pool.staff(Kind::JavaScript);
    pool.tick_after(HOUR);
    assert!(retired.was_woken());
    assert!(worker.gone().is_some(), "the retired one does not stay");
    retired.stops();
    assert_eq!(retired.gone(), None);
    assert_eq!(pool.crew(Kind::JavaScript).total, 1);
}
