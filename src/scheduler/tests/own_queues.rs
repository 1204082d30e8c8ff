//! Tasks that wait for one worker, beside those that wait for any.

use super::*;

// ---- own queues beside the shared one

#[test]
fn a_worker_takes_from_its_own_queue_and_from_the_shared_one_by_priority_and_then_by_age() {
    let pool = Pool::new(0, 1);
    let [worker] = pool.staff(JS);
    let key = |slot, priority| Submission { priority, ..keyed(slot, 7) };
    pool.accepts(key(0, 0.0));
    pool.submit_with_priority(JS, 1, 5.0);
    pool.submit_with_priority(JS, 2, 0.0);
    pool.accepts(key(3, 9.0));
    pool.accepts(key(4, 5.0));
    pool.accepts(key(5, 0.0));
    pool.submit_with_priority(JS, 6, -1.0);
    assert_eq!(runs(&worker), [3, 1, 4, 0, 2, 5, 6]);
}

#[test]
fn with_aging_age_counts_in_both_queues() {
    let pool = Pool::with(&Config { aging: Some(ms(10)), ..config(0, 1) });
    let [worker] = pool.staff(JS);
    pool.accepts(keyed(0, 7));
    pool.submit(JS, 1);
    pool.pass(ms(55));
    pool.submit_with_priority(JS, 2, 5.0);
    pool.accepts(Submission { priority: 6.0, ..keyed(3, 7) });
    assert_eq!(runs(&worker), [3, 0, 1, 2]);
}

#[test]
fn what_was_withdrawn_from_an_own_queue_does_not_run() {
    let pool = Pool::new(0, 1);
    let [worker] = pool.staff(JS);
    (0..4).for_each(|slot| _ = pool.accepts(keyed(slot, 7)));
    assert!(pool.scheduler.withdraw(0) && pool.scheduler.withdraw(2));
    pool.accepts(keyed(0, 7));
    assert_eq!(runs(&worker), [1, 3, 0]);
}

#[test]
fn a_free_worker_is_called_when_the_one_that_was_takes_a_task_of_its_own() {
    let pool = Pool::new(0, 2);
    let [first, second] = pool.staff(JS);
    pool.accepts(keyed(0, 7));
    assert_eq!(runs(&first), [0]);
    second.bell.rings();
    first.bell.rings();
    pool.submit(JS, 1);
    assert!(first.was_woken() && !second.was_woken());
    pool.accepts(Submission { priority: 9.0, ..keyed(2, 7) });

    assert_eq!(first.takes().slot, 2);

    assert!(second.was_woken(), "the shared task waits, and there is somebody to take it");
    assert_eq!(second.takes().slot, 1);
}

#[test]
fn a_worker_is_hired_when_the_one_that_starts_takes_a_task_of_its_own() {
    let pool = Pool::new(0, 2);
    let id = pool.accepts(keyed(0, 7)).hire.expect("nobody is there");
    assert_eq!(pool.submit(JS, 1), None, "one is on its way");
    let worker = pool.start(JS, id);
    assert_eq!(worker.takes().slot, 0);
    let [Seen::Hire(JS, heir)] = pool.notes()[..] else { panic!("the other task waits") };
    assert_eq!(pool.start(JS, heir).takes().slot, 1);
}

#[test]
fn a_worker_that_is_about_to_start_a_delivered_task_does_not_count_as_free() {
    let pool = Pool::new(0, 2);
    let [worker] = pool.staff(JS);
    pool.try_submit(JS, 0, 0.0, true).expect("the pool is open");
    pool.scheduler.delivered(JS, 0);
    let other = pool.submit(JS, 1).expect("the first has its task");
    worker.takes();
    assert_eq!(pool.start(JS, other).takes().slot, 1);
}

#[test]
fn a_snapshot_shows_what_waits_for_a_worker_of_its_own() {
    let pool = Pool::new(0, 1);
    let [worker] = pool.staff(JS);
    pool.submit(JS, 9);
    worker.takes();
    pool.accepts(Submission { priority: 2.0, ..keyed(0, 7) });
    pool.pass(ms(5));
    pool.submit_with_priority(JS, 1, 2.0);
    let queue = pool.scheduler.snapshot().queue;
    assert_eq!((queue.length, queue.by_priority, queue.oldest_age), (2, vec![(2.0, 2)], 5.0));
}

// ---- what becomes of an own queue

#[test]
fn the_tasks_of_a_worker_that_dies_move_in_their_order() {
    let pool = Pool::new(0, 2);
    let [first, second] = pool.staff(JS);
    pool.accepts(keyed(9, 7));
    first.takes();
    for (slot, priority) in (0..).zip([0.0, 5.0, 0.0, 5.0, -1.0]) {
        pool.accepts(Submission { priority, ..keyed(slot, 7) });
    }
    assert!(pool.scheduler.withdraw(2));
    second.bell.rings();

    let heir = first.gone().expect("four tasks wait, and one worker is free");

    assert!(second.was_woken());
    assert_eq!(pool.notes(), [Seen::Ended(9, End::ExecutorGone(first.id))]);
    assert_eq!(runs(&second), [1, 3, 0, 4]);
    pool.start(JS, heir).falls_asleep();
}

#[test]
fn of_many_tasks_of_a_worker_that_dies_those_of_one_key_go_to_whoever_takes_its_first() {
    const MANY: u32 = 3000;
    let pool = Pool::new(0, 3);
    let [first, second, third] = pool.staff(JS);
    pool.accepts(keyed(9000, 7));
    first.takes();
    for slot in 0..MANY {
        pool.pass(ms(1));
        pool.accepts(keyed(slot, 7));
    }
    first.gone();
    assert_eq!(second.takes().slot, 0, "it is the worker of the key from now on");
    pool.pass(ms(1));
    pool.accepts(keyed(MANY, 7));
    pool.submit(JS, MANY + 1);

    assert_eq!(third.takes().slot, MANY + 1, "what it comes upon before that is not for it");

    third.finishes(MANY + 1, "done");
    third.falls_asleep();
    second.finishes(0, "done");
    assert_eq!(runs(&second), Vec::from_iter(1..=MANY));
    assert_eq!(pool.scheduler.snapshot().queue.length, 0);
}

#[test]
fn a_task_that_moves_on_is_cancelled_and_times_out_as_any_other() {
    let pool = Pool::new(0, 2);
    let [first, second] = pool.staff(JS);
    pool.accepts(keyed(9, 7));
    first.takes();
    let limits = Limits { affinity: Some(7), queue_timeout: Some(ms(50)), ..Limits::default() };
    (0..4).for_each(|slot| _ = pool.submit_limited(JS, slot, limits.clone()));
    first.gone();
    pool.notes();
    assert_eq!(pool.scheduler.cancel(1), Cancelled::Out);
    assert_eq!(second.takes().slot, 0);
    assert!(pool.scheduler.withdraw(2));
    pool.tick_after(ms(50));
    assert_eq!(pool.notes(), [Seen::Ended(3, End::QueueTimedOut)]);
    let queue = pool.scheduler.snapshot().queue;
    assert_eq!((queue.length, queue.by_priority), (0, vec![]));
}

#[test]
fn the_tasks_of_a_worker_that_dies_hire_another_if_there_is_none() {
    let pool = Pool::new(0, 1);
    let [worker] = pool.staff(JS);
    (0..3).for_each(|slot| _ = pool.accepts(keyed(slot, 7)));
    worker.takes();
    let heir = worker.gone().expect("tasks wait");
    assert_eq!(runs(&pool.start(JS, heir)), [1, 2]);
}

#[test]
fn the_tasks_of_a_worker_that_retires_move_in_their_order() {
    let pool = Pool::new(0, 2);
    let [first, second] = pool.staff(JS);
    pool.submit(JS, 8);
    second.takes();
    pool.accepts(keyed(9, 7));
    first.takes();
    for (slot, priority) in (0..).zip([0.0, 5.0, 0.0]) {
        pool.accepts(Submission { priority, ..keyed(slot, 7) });
    }
    (10..12).for_each(|slot| _ = pool.accepts(keyed(slot, 8)));

    pool.scheduler.resize(sizes(0, 1)); // the second has fewer tasks

    second.finishes(8, "done");
    second.stops();
    assert_eq!(second.gone(), None);
    first.finishes(9, "done");
    assert_eq!(runs(&first), [1, 0, 2, 10, 11]);
}

#[test]
fn a_wait_goes_on_in_another_queue() {
    let pool = Pool::new(0, 1);
    let [worker] = pool.staff(JS);
    pool.accepts(keyed(9, 7));
    worker.takes();
    let limits = Limits { affinity: Some(7), queue_timeout: Some(ms(50)), ..Limits::default() };
    pool.submit_limited(JS, 0, limits);
    pool.pass(ms(15));
    let heir = worker.gone().expect("a task waits");
    pool.pass(ms(15));
    assert_eq!(pool.start(JS, heir).gone(), None);
    pool.notes();
    assert_eq!(pool.scheduler.snapshot().queue.oldest_age, 30.0);
    assert_eq!(pool.tick_after(ms(19)), Some(ms(1)));
    pool.tick_after(ms(1));
    assert_eq!(pool.notes(), [Seen::Ended(0, End::QueueTimedOut)]);
}

#[test]
fn a_worker_that_never_came_up_is_not_replaced_for_the_tasks_in_its_queue() {
    for strategy in [Strategy::RoundRobin, Strategy::LeastLoaded] {
        let pool = Pool::with(&Config { strategy, ..config(0, 2) });
        let ids = [0, 1].map(|slot| pool.submit(JS, slot).expect("each has its own"));
        for id in ids {
            assert_eq!(pool.start(JS, id).gone(), None);
        }
        assert_eq!((pool.notes(), pool.crew(JS).total), (vec![], 0));
        assert_eq!(pool.scheduler.snapshot().queue.length, 2);
        let id = pool.submit(JS, 2).expect("nobody is left");
        assert_eq!(runs(&pool.start(JS, id)), [0, 1, 2], "it takes over what nobody else does");
    }
}

#[test]
fn a_terminated_pool_forgets_own_queues() {
    let pool = Pool::new(0, 2);
    let [first, second] = pool.staff(JS);
    (0..3).for_each(|slot| _ = pool.accepts(keyed(slot, 7)));
    first.takes();
    pool.scheduler.terminate();
    assert_eq!(pool.scheduler.snapshot().queue.length, 0);
    let late = first.done(0, "late");
    assert!(matches!(first.next_with(Some(late)), Next::Stop));
    second.stops();
    first.gone();
    second.gone();
    assert_eq!(pool.notes(), [Seen::PoolEnded]);
}

#[test]
fn many_tasks_in_an_own_queue_are_cheap_to_cancel() {
    let pool = Pool::new(0, 1);
    let [worker] = pool.staff(JS);
    pool.submit(JS, 0);
    worker.takes();
    (1..100_001).for_each(|slot| _ = pool.accepts(keyed(slot, 7)));
    for slot in 1..100_001 {
        assert_eq!(pool.scheduler.cancel(slot), Cancelled::Out);
    }
    worker.finishes(0, "done");
    worker.falls_asleep();
}
