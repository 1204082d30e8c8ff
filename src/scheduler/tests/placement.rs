//! Which worker a task goes to.

use super::*;

fn pool_with(strategy: Strategy, maximum: usize) -> Pool {
    Pool::with(&Config { strategy, ..config(0, maximum) })
}

/// Has the worker run everything that it is given. Answers the slots.
fn runs(worker: &Executor<'_>) -> Vec<u32> {
    let mut slots = vec![];
    while let Next::Run(Assignment { slot, .. }) = worker.next() {
        slots.push(slot);
        worker.finishes(slot, "done");
    }
    slots
}

// ---- strategies

#[test]
fn round_robin_gives_to_each_in_turn_whoever_asks() {
    let pool = pool_with(Strategy::RoundRobin, 3);
    let [first, second, third] = pool.staff(JS);
    (0..7).for_each(|slot| assert_eq!(pool.submit(JS, slot), None));
    assert_eq!(runs(&third), [2, 5]);
    assert_eq!(runs(&first), [0, 3, 6]);
    assert_eq!(runs(&second), [1, 4]);
}

#[test]
fn round_robin_wakes_the_one_whose_turn_it_is() {
    let pool = pool_with(Strategy::RoundRobin, 2);
    let [first, second] = pool.staff(JS);
    pool.submit(JS, 0);
    assert!(first.was_woken() && !second.was_woken());
    pool.submit(JS, 1);
    assert!(!first.was_woken() && second.was_woken());
}

#[test]
fn round_robin_skips_those_that_are_gone() {
    let pool = pool_with(Strategy::RoundRobin, 3);
    let [first, second, third] = pool.staff(JS);
    assert_eq!(second.gone(), None);
    pool.scheduler.resize(sizes(0, 2));
    (0..4).for_each(|slot| _ = pool.submit(JS, slot));
    let third_and_first = [runs(&first), runs(&third)];
    assert_eq!(third_and_first, [vec![0, 2], vec![1, 3]]);
}

#[test]
fn the_least_loaded_has_the_fewest_tasks_running_and_waiting() {
    let pool = pool_with(Strategy::LeastLoaded, 2);
    let [first, second] = pool.staff(JS);
    (0..4).for_each(|slot| assert_eq!(pool.submit(JS, slot), None));
    assert_eq!(runs(&second), [1, 3]);
    assert_eq!(first.takes().slot, 0, "this one has a task that runs and one that waits");
    (4..6).for_each(|slot| assert_eq!(pool.submit(JS, slot), None));
    assert_eq!(runs(&second), [4, 5]);
    first.finishes(0, "done");
    assert_eq!(runs(&first), [2]);
}

#[test]
fn workers_are_hired_while_all_have_something_to_do() {
    for strategy in [Strategy::RoundRobin, Strategy::LeastLoaded] {
        let pool = pool_with(strategy, 3);
        let hired: Vec<bool> = (0..5).map(|slot| pool.submit(JS, slot).is_some()).collect();
        assert_eq!(hired, [true, true, true, false, false]);
    }
}

#[test]
fn workers_with_places_are_filled_before_others_are_hired() {
    for strategy in [Strategy::RoundRobin, Strategy::LeastLoaded] {
        let pool = Pool::with(&Config { strategy, places: 2, ..config(0, 2) });
        let hired: Vec<bool> = (0..5).map(|slot| pool.submit(JS, slot).is_some()).collect();
        assert_eq!(hired, [true, false, true, false, false]);
    }
}

#[test]
fn native_threads_take_from_one_queue_whatever_the_strategy() {
    let pool = pool_with(Strategy::RoundRobin, 2);
    let [first, second] = pool.staff(Kind::Native);
    (0..3).for_each(|slot| assert_eq!(pool.submit(Kind::Native, slot), None));
    assert_eq!(runs(&second), [0, 1, 2]);
    first.falls_asleep();
}

#[test]
fn an_input_is_delivered_to_the_worker_whose_turn_it_is() {
    let pool = pool_with(Strategy::RoundRobin, 2);
    let [first, second] = pool.staff(JS);
    for (slot, worker) in [(0, &first), (1, &second)] {
        let submitted = pool.try_submit(JS, slot, 0.0, true).expect("the pool is open");
        assert_eq!(submitted.deliver_to, Some(worker.id));
    }
    let waits = pool.try_submit(JS, 2, 0.0, true).expect("the pool is open");
    assert_eq!(waits, Submitted { hire: None, deliver_to: None, full: false });
}

// ---- keys

#[test]
fn tasks_of_one_key_run_on_the_same_worker_although_others_are_free() {
    let pool = Pool::new(0, 2);
    let [first, second] = pool.staff(JS);
    (0..4).for_each(|slot| assert_eq!(pool.accepts(keyed(slot, 7)).hire, None));
    assert!(first.was_woken() && !second.was_woken());
    second.falls_asleep();
    assert_eq!(runs(&first), [0, 1, 2, 3]);
    pool.accepts(keyed(4, 7));
    second.falls_asleep();
    assert_eq!(runs(&first), [4]);
}

#[test]
fn different_keys_are_spread() {
    let pool = Pool::new(0, 2);
    let [first, second] = pool.staff(JS);
    (0..4).for_each(|slot| _ = pool.accepts(keyed(slot, u64::from(slot) % 2)));
    assert_eq!((runs(&first), runs(&second)), (vec![0, 2], vec![1, 3]));
}

#[test]
fn a_key_moves_to_another_worker_when_its_own_is_gone() {
    let pool = Pool::new(0, 2);
    let [first, second] = pool.staff(JS);
    pool.accepts(keyed(0, 7));
    assert_eq!(runs(&first), [0]);
    first.gone();
    (1..3).for_each(|slot| _ = pool.accepts(keyed(slot, 7)));
    assert_eq!(runs(&second), [1, 2]);
    second.gone();
    let hired = pool.accepts(keyed(3, 7)).hire.expect("nobody is left");
    pool.accepts(keyed(4, 7));
    assert_eq!(runs(&pool.start(JS, hired)), [3, 4]);
}

#[test]
fn a_key_stays_with_a_worker_that_is_to_be_replaced_until_the_last_of_its_tasks_is_over() {
    let pool = Pool::new(0, 2);
    let [first, second] = pool.staff(JS);
    pool.accepts(keyed(0, 7));
    assert_eq!(runs(&first), [0]);
    let [heir] = pool.workers_hired_by(|| pool.scheduler.wear(first.id))[..] else { panic!("it is worn") };
    pool.accepts(keyed(1, 7));
    second.falls_asleep();
    assert_eq!(first.takes().slot, 1);
    let heir = pool.start(JS, heir);
    heir.falls_asleep();
    pool.accepts(keyed(2, 7));
    second.falls_asleep();
    heir.falls_asleep();

    first.finishes(1, "done");

    first.stops();
    assert!(second.was_woken() || heir.was_woken());
    assert_eq!(runs(&heir), [2]);
    assert!(runs(&second).is_empty());
}

#[test]
fn a_key_waits_for_what_its_worker_still_runs_after_a_stop() {
    let pool = Pool::with(&Config { places: 2, ..config(0, 2) });
    let [other, worker] = pool.staff(JS);
    (0..2).for_each(|slot| _ = pool.accepts(keyed(slot, 7)));
    let home = if worker.was_woken() { &worker } else { &other };
    let (worker, other) = if home.id == worker.id { (&worker, &other) } else { (&other, &worker) };
    (0..2).for_each(|slot| assert_eq!(worker.takes().slot, slot));
    worker.bell.is_deaf();
    pool.scheduler.cancel(0);
    worker.ends(0, Ending::Stopped, "cut off");
    pool.accepts(keyed(2, 7));
    other.falls_asleep();

    worker.finishes(1, "done");

    assert_eq!(other.takes().slot, 2);
}

#[test]
fn a_key_goes_before_the_strategy() {
    let pool = pool_with(Strategy::RoundRobin, 2);
    let [first, second] = pool.staff(JS);
    for slot in 0..3 {
        pool.accepts(keyed(slot, 7));
    }
    assert_eq!((runs(&first), runs(&second)), (vec![0, 1, 2], vec![]));
}

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
        let pool = pool_with(strategy, 2);
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

#[test]
fn a_key_stays_with_its_worker_when_a_native_thread_of_the_same_number_goes() {
    let pool = Pool::new(0, 2);
    let [first, second] = pool.staff(JS);
    pool.accepts(keyed(0, 7));
    assert_eq!(first.takes().slot, 0);
    first.finishes(0, "done");
    pool.submit(Kind::Native, 1);
    let thread = pool.start(Kind::Native, first.id);
    thread.takes();
    thread.finishes(1, "done");
    thread.gone();
    pool.submit(JS, 2);
    assert_eq!(first.takes().slot, 2);

    (3..5).for_each(|slot| _ = pool.accepts(keyed(slot, 7)));

    second.falls_asleep();
    first.finishes(2, "done");
    assert_eq!(runs(&first), [3, 4]);
}
