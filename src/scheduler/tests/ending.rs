//! Closing and termination.

use super::*;

#[test]
fn a_closed_pool_finishes_what_it_has_and_then_everybody_stops() {
    let pool = Pool::new(0, 2);
    let workers = pool.staff::<2>(Kind::JavaScript);
    let [thread] = pool.staff(Kind::Native);
    (0..4).for_each(|slot| assert_eq!(pool.submit(Kind::JavaScript, slot), None));
    assert_eq!(pool.submit(Kind::Native, 4), None);

    pool.scheduler.close();

    assert_eq!(thread.takes().slot, 4);
    thread.finishes(4, "done");
    thread.falls_asleep();
    for slot in 0..4 {
        let worker = &workers[slot as usize % 2];
        assert_eq!(worker.takes().slot, slot);
        worker.finishes(slot, "done");
    }
    assert!(thread.was_woken(), "the last task is over, so that the thread is to stop");
    assert!(!pool.notes().contains(&Seen::PoolEnded));
    let executors: Vec<_> = workers.iter().chain([&thread]).collect();
    executors.iter().for_each(|executor| executor.stops());
    for executor in &executors {
        assert_eq!(pool.notes(), [], "somebody is still there");
        assert_eq!(executor.gone(), None);
    }
    assert_eq!(pool.notes(), [Seen::PoolEnded]);
}

#[test]
fn a_closed_pool_replaces_an_executor_that_dies_before_the_work_is_done() {
    for kind in KINDS {
        let pool = Pool::new(1, 1);
        let [executor] = pool.staff(kind);
        pool.submit(kind, 0);
        pool.submit(kind, 1);
        pool.scheduler.close();
        executor.takes();

        let heir = pool.start(kind, executor.gone().expect("a task waits"));

        assert_eq!(heir.takes().slot, 1);
        assert_eq!(heir.gone(), None, "nothing waits, and nothing will come");
        let ended = |slot, executor| Seen::Ended(slot, End::ExecutorGone(executor));
        assert_eq!(pool.notes(), [ended(0, executor.id), ended(1, heir.id), Seen::PoolEnded]);
    }
}

#[test]
fn a_closed_pool_waits_for_inputs_that_are_on_their_way() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        pool.try_submit(kind, 0, 0.0, true).expect("the pool is open");
        pool.scheduler.close();
        executor.falls_asleep();
        pool.scheduler.delivered(kind, 0);
        executor.takes();
        executor.finishes(0, "done");
        executor.stops();
        executor.gone();
        assert_eq!(pool.notes(), [Seen::Settled(0, "done"), Seen::PoolEnded]);
    }
}

#[test]
fn a_closed_pool_ends_when_its_last_task_is_withdrawn() {
    for kind in KINDS {
        for needs_delivery in [false, true] {
            let pool = Pool::new(0, 1);
            let [executor] = pool.staff(kind);
            pool.try_submit(kind, 0, 0.0, needs_delivery).expect("the pool is open");
            pool.scheduler.close();
            assert!(pool.scheduler.withdraw(0));
            assert!(executor.was_woken());
            executor.stops();
            executor.gone();
            assert_eq!(pool.notes(), [Seen::PoolEnded]);
        }
    }
}

#[test]
fn an_empty_pool_ends_as_it_is_closed() {
    let pool = Pool::new(0, 1);
    pool.scheduler.close();
    assert_eq!(pool.owner.rings(), 1);
    assert_eq!(pool.notes(), [Seen::PoolEnded]);
}

#[test]
fn closing_again_changes_nothing() {
    let pool = Pool::new(0, 1);
    let [executor] = pool.staff(Kind::Native);
    pool.scheduler.close();
    pool.scheduler.close();
    executor.stops();
    pool.scheduler.close();
    executor.gone();
    pool.scheduler.close();
    assert_eq!(pool.notes(), [Seen::PoolEnded]);
}

#[test]
fn an_idle_pool_stops_its_executors_as_it_is_closed_also_those_that_are_starting() {
    let pool = Pool::new(1, 2);
    let [thread] = pool.staff(Kind::Native);
    let ids = pool.hire_minimum();

    pool.scheduler.close();

    assert!(thread.was_woken());
    thread.stops();
    thread.gone();
    assert_eq!(pool.notes(), [], "the worker is on its way");
    let worker = pool.start(Kind::JavaScript, ids[0]);
    worker.stops();
    assert_eq!(worker.gone(), None);
    assert_eq!(pool.notes(), [Seen::PoolEnded]);
}

#[test]
fn a_closed_pool_takes_no_more_tasks() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        pool.scheduler.close();
        assert_eq!(pool.try_submit(kind, 0, 0.0, false), Err(Refused::Closing));
        executor.stops();
        executor.gone();
        assert_eq!(pool.try_submit(kind, 0, 0.0, true), Err(Refused::Closing));
        pool.scheduler.terminate();
        assert_eq!(pool.try_submit(kind, 0, 0.0, false), Err(Refused::Terminated));
        assert_eq!(pool.notes(), [Seen::PoolEnded]);
        assert_eq!(pool.counts(), (1, 1, 0, 0), "those refused do not count");
    }
}

#[test]
fn a_terminated_pool_forgets_its_tasks_and_stops() {
    for kind in KINDS {
        let pool = Pool::new(0, 3);
        let [awaiting, running, finished] = pool.staff(kind);
        pool.submit(kind, 0);
        finished.takes();
        finished.finishes(0, "in time");
        pool.submit(kind, 1);
        running.takes();
        pool.try_submit(kind, 2, 0.0, true).expect("the pool is open");
        (3..6).for_each(|slot| assert_eq!(pool.submit(kind, slot), None));
        awaiting.bell.rings();

        pool.scheduler.terminate();

        assert!(awaiting.was_woken());
        pool.scheduler.delivered(kind, 2);
        assert!(!pool.scheduler.withdraw(3));
        running.finishes(1, "too late");
        for executor in [&awaiting, &running, &finished] {
            assert!(!pool.notes().contains(&Seen::PoolEnded));
            executor.stops();
            assert_eq!(executor.gone(), None);
        }
        assert_eq!(pool.notes(), [Seen::PoolEnded]);
        assert_eq!(pool.counts(), (9, 4, 0, 5));
        assert_eq!(pool.scheduler.snapshot().queue.length, 0);
    }
}

#[test]
fn what_settled_before_the_termination_is_still_told() {
    let pool = Pool::new(0, 1);
    let [executor] = pool.staff(Kind::Native);
    pool.submit(Kind::Native, 0);
    executor.takes();
    executor.finishes(0, "in time");
    pool.scheduler.terminate();
    executor.gone();
    assert_eq!(pool.notes(), [Seen::Settled(0, "in time"), Seen::PoolEnded]);
}

#[test]
fn an_executor_that_dies_after_the_termination_settles_nothing() {
    for kind in KINDS {
        let pool = Pool::new(1, 1);
        let [executor] = pool.staff(kind);
        pool.submit(kind, 0);
        pool.submit(kind, 1);
        executor.takes();
        pool.scheduler.terminate();
        assert_eq!(executor.gone(), None, "nobody is needed");
        assert_eq!(pool.notes(), [Seen::PoolEnded]);
    }
}

#[test]
fn a_closing_pool_can_be_terminated_and_ends_once() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        pool.submit(kind, 0);
        executor.takes();
        pool.scheduler.close();
        pool.scheduler.terminate();
        pool.scheduler.terminate();
        pool.scheduler.close();
        assert_eq!(pool.try_submit(kind, 1, 0.0, false), Err(Refused::Terminated));
        let next = executor.next_with(Some(executor.done(0, "too late")));
        assert!(matches!(next, Next::Stop), "{next:?}");
        executor.gone();
        pool.scheduler.terminate();
        assert_eq!(pool.notes(), [Seen::PoolEnded]);
    }
}

#[test]
fn an_empty_pool_ends_as_it_is_terminated() {
    let pool = Pool::new(0, 1);
    pool.scheduler.terminate();
    assert_eq!(pool.notes(), [Seen::PoolEnded]);
    assert_eq!(pool.try_submit(Kind::Native, 0, 0.0, false), Err(Refused::Terminated));
}
