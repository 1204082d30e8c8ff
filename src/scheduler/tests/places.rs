//! Workers that run several tasks at a time.

use super::*;

#[test]
fn a_worker_with_places_runs_as_many_tasks_and_asks_for_more_when_one_is_over() {
    let pool = Pool::with(&Config { places: 3, ..config(0, 1) });
    let [worker] = pool.staff(JS);
    (0..5).for_each(|slot| _ = pool.submit(JS, slot));
    for slot in 0..3 {
        assert_eq!(worker.takes().slot, slot);
    }
    worker.falls_asleep();
    let done = worker.done(1, "done");
    assert!(matches!(worker.next_with(Some(done)), Next::Run(Assignment { slot: 3, .. })));
    pool.scheduler.finish(JS, worker.id, worker.done(0, "done"), false);
    assert_eq!(worker.takes().slot, 4);
    worker.falls_asleep();
    for slot in 2..5 {
        worker.finishes(slot, "done");
    }
    assert_eq!(pool.notes().len(), 5);
    assert_eq!(pool.crew(JS).busy, 0);
}

#[test]
fn a_worker_with_a_place_left_is_woken_before_another_is_hired() {
    let pool = Pool::with(&Config { places: 2, ..config(0, 8) });
    let [worker] = pool.staff(JS);
    pool.submit(JS, 0);
    worker.takes();
    worker.falls_asleep();
    worker.bell.rings();
    assert_eq!(pool.submit(JS, 1), None);
    assert!(worker.was_woken());
    worker.takes();
    worker.falls_asleep();
    assert!(pool.submit(JS, 2).is_some(), "its places are taken");
}

#[test]
fn native_threads_run_one_task_at_a_time() {
    let pool = Pool::with(&Config { places: 3, ..config(0, 1) });
    let [thread] = pool.staff(Kind::Native);
    (0..2).for_each(|slot| _ = pool.submit(Kind::Native, slot));
    thread.takes();
    thread.falls_asleep();
}

#[test]
fn a_worker_that_runs_something_can_await_an_input() {
    let pool = Pool::with(&Config { places: 2, ..config(0, 1) });
    let [worker] = pool.staff(JS);
    pool.submit(JS, 0);
    worker.takes();
    worker.falls_asleep();
    let submitted = pool.try_submit(JS, 1, 0.0, true).expect("the pool is open");
    assert_eq!(submitted.deliver_to, Some(worker.id));
    pool.submit(JS, 2);
    let done = worker.done(0, "done");
    assert!(matches!(worker.next_with(Some(done)), Next::Idle), "the input comes first");
    pool.scheduler.delivered(JS, 1);
    assert_eq!(worker.takes().slot, 1);
    assert_eq!(worker.takes().slot, 2);
}

#[test]
fn the_death_of_a_worker_ends_all_that_it_runs() {
    let pool = Pool::with(&Config { places: 3, ..config(0, 1) });
    let [worker] = pool.staff(JS);
    for slot in 0..2 {
        pool.submit(JS, slot);
        worker.takes();
    }
    worker.falls_asleep();
    pool.try_submit(JS, 2, 0.0, true).expect("the pool is open");
    assert_eq!(worker.gone(), None);
    let ended = |slot| Seen::Ended(slot, End::ExecutorGone(worker.id));
    assert_eq!(pool.notes(), [ended(0), ended(1), ended(2)]);
}

#[test]
fn a_closed_pool_stops_a_worker_after_the_last_of_its_runs() {
    let pool = Pool::with(&Config { places: 2, ..config(0, 1) });
    let [worker] = pool.staff(JS);
    for slot in 0..2 {
        pool.submit(JS, slot);
        worker.takes();
    }
    pool.scheduler.close();
    let first = worker.done(0, "done");
    assert!(matches!(worker.next_with(Some(first)), Next::Idle));
    let second = worker.done(1, "done");
    assert!(matches!(worker.next_with(Some(second)), Next::Stop));
}
