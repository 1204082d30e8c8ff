//! Which worker a task goes to.

use super::*;

fn pool_with(strategy: Strategy, maximum: usize) -> Pool {
    Pool::with(&Config { strategy, ..config(0, maximum) })
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
