//! Workers that are lost to a stop, and who steps in for them: never do more tasks run than may.

use super::*;

/// A pool of so many workers with so many in reserve, all up; those in reserve come last.
fn pool_with_spares(size: usize, spares: usize) -> Pool {
    Pool::with(&Config { spare_workers: spares, ..config(size, size) })
}

/// The worker of such a pool of one and one, and the one in reserve, both of which have nothing to do.
fn with_one_in_reserve(pool: &Pool) -> [Executor<'_>; 2] {
    let [first, spare] = pool.hire_minimum()[..] else { panic!("one, and one in reserve") };
    [first, spare].map(|id| {
        let executor = pool.start(JS, id);
        executor.falls_asleep();
        executor
    })
}

/// Has a worker cut off from the task that it takes.
fn is_cut_off(pool: &Pool, worker: &Executor<'_>, slot: u32) {
    pool.submit(JS, slot);
    worker.takes();
    worker.bell.is_deaf();
    pool.scheduler.cancel(slot);
}

#[test]
fn the_replacement_starts_when_the_stop_is_ordered_and_takes_nothing_before_the_run_is_over() {
    let pool = Pool::new(0, 1);
    let [worker] = pool.staff(JS);
    is_cut_off(&pool, &worker, 0);
    assert_eq!(pool.notes(), [Seen::Hire(JS, 2)]);
    pool.submit(JS, 1);
    let heir = pool.start(JS, 2);
    heir.falls_asleep();
    assert!(!heir.was_woken());
    assert_eq!((pool.crew(JS).total, pool.crew(JS).busy, pool.crew(JS).spare), (1, 1, 1));

    worker.ends(0, Ending::Stopped, "cut off");

    assert!(heir.was_woken());
    assert_eq!((pool.crew(JS).total, pool.crew(JS).spare), (1, 0));
    worker.stops();
    assert_eq!(heir.takes().slot, 1);
    assert_eq!(worker.gone(), None);
    assert_eq!(pool.notes(), []);
}

#[test]
fn a_worker_that_was_cut_off_takes_nothing_although_nobody_else_is_up() {
    let pool = Pool::new(0, 1);
    let [worker] = pool.staff(JS);
    is_cut_off(&pool, &worker, 0);
    pool.submit(JS, 1);
    worker.ends(0, Ending::Stopped, "cut off");
    worker.stops();
    assert_eq!(pool.start(JS, 2).takes().slot, 1);
}

#[test]
fn one_that_is_being_stopped_takes_nothing_until_it_is_known_how_that_ends() {
    let pool = Pool::with(&Config { places: 2, ..config(0, 1) });
    let [worker] = pool.staff(JS);
    pool.submit(JS, 0);
    worker.takes();
    worker.falls_asleep();
    pool.scheduler.cancel(0);
    worker.bell.rings();
    pool.submit(JS, 1);
    assert!(!worker.was_woken());
    worker.falls_asleep();

    let late = worker.done(0, "late");

    assert!(matches!(worker.next_with(Some(late)), Next::Run(Assignment { slot: 1, .. })));
    assert_eq!(pool.notes(), [Seen::Dropped("late")]);
}

#[test]
fn a_task_that_one_was_on_its_way_for_goes_to_another_when_that_is_being_stopped() {
    let pool = Pool::with(&Config { places: 2, ..config(0, 2) });
    let [other, worker] = pool.staff(JS);
    pool.submit(JS, 0);
    worker.takes();
    worker.falls_asleep();
    pool.submit(JS, 1);
    assert!(worker.was_woken() && !other.was_woken());
    pool.scheduler.cancel(0);
    assert!(other.was_woken());
    worker.falls_asleep();
    assert_eq!(other.takes().slot, 1);
}

#[test]
fn who_asks_whether_it_is_to_stop_costs_no_replacement_unless_it_is_told_by_force() {
    let pool = Pool::new(0, 1);
    let [worker] = pool.staff(JS);
    for slot in 0..100 {
        pool.submit(JS, slot);
        worker.takes();
        pool.scheduler.cancel(slot);
        pool.tick_after(ms(5));
        worker.fails(slot, "in good order");
        assert_eq!(pool.notes(), [Seen::Dropped("in good order")]);
    }
    pool.submit(JS, 0);
    worker.takes();
    pool.scheduler.cancel(0);
    pool.tick_after(STOP_GRACE);
    assert_eq!(pool.notes(), [Seen::Hire(JS, 2)]);
}

#[test]
fn a_replacement_that_is_not_needed_after_all_ends() {
    let pool = Pool::new(0, 1);
    let [worker] = pool.staff(JS);
    is_cut_off(&pool, &worker, 0);
    let heir = pool.start(JS, 2);
    heir.falls_asleep();
    worker.finishes(0, "just in time");
    assert!(heir.was_woken());
    heir.stops();
    heir.gone();
    pool.submit(JS, 1);
    assert_eq!(worker.takes().slot, 1);
    assert_eq!(pool.notes(), [Seen::Hire(JS, 2), Seen::Dropped("just in time")]);
}

#[test]
fn one_that_is_cut_off_finishes_what_else_it_runs_while_others_take_the_places_that_are_left() {
    let pool = Pool::with(&Config { places: 3, ..config(0, 1) });
    let [worker] = pool.staff(JS);
    for slot in 0..3 {
        pool.submit(JS, slot);
        worker.takes();
    }
    worker.bell.is_deaf();
    pool.scheduler.cancel(0);
    (3..6).for_each(|slot| _ = pool.submit(JS, slot));
    let heir = pool.start(JS, 2);
    heir.falls_asleep();
    let stopped = worker.end_of(0, Ending::Stopped, "cut off");
    assert!(matches!(worker.next_with(Some(stopped)), Next::Idle));
    assert_eq!(heir.takes().slot, 3);
    heir.falls_asleep();
    heir.bell.rings();
    worker.finishes(1, "done");
    assert!(heir.was_woken());
    assert_eq!(heir.takes().slot, 4);
    heir.falls_asleep();
    let last = worker.done(2, "done");
    assert!(matches!(worker.next_with(Some(last)), Next::Stop));
    assert_eq!(heir.takes().slot, 5);
}

#[test]
fn a_closed_pool_replaces_one_that_was_cut_off_for_what_still_waits_and_not_otherwise() {
    for waits in [false, true] {
        let pool = Pool::new(0, 1);
        let [worker] = pool.staff(JS);
        pool.submit(JS, 0);
        worker.takes();
        if waits {
            pool.submit(JS, 1);
        }
        worker.bell.is_deaf();
        pool.scheduler.close();
        pool.scheduler.cancel(0);
        assert_eq!(pool.notes(), if waits { vec![Seen::Hire(JS, 2)] } else { vec![] });
        worker.ends(0, Ending::Stopped, "cut off");
        worker.stops();
        worker.gone();
        if waits {
            let heir = pool.start(JS, 2);
            assert_eq!(heir.takes().slot, 1);
            heir.finishes(1, "done");
            heir.stops();
            heir.gone();
            assert_eq!(pool.notes(), [Seen::Settled(1, "done"), Seen::PoolEnded]);
        } else {
            assert_eq!(pool.notes(), [Seen::PoolEnded]);
        }
    }
}

// ---- in reserve

#[test]
fn those_in_reserve_are_started_ahead_and_take_nothing_until_they_step_in() {
    let pool = pool_with_spares(1, 1);
    let [first, spare] = with_one_in_reserve(&pool);
    (0..3).for_each(|slot| _ = pool.submit(JS, slot));
    assert!(!spare.was_woken());
    spare.falls_asleep();
    assert_eq!(first.takes().slot, 0);
    assert_eq!((pool.crew(JS).total, pool.crew(JS).spare, pool.crew(JS).idle), (1, 1, 0));

    assert_eq!(first.gone(), Some(3), "the next in reserve");

    assert!(spare.was_woken());
    assert_eq!(spare.takes().slot, 1);
    assert_eq!(pool.notes(), [Seen::Ended(0, End::ExecutorGone(first.id))]);
}

#[test]
fn one_in_reserve_steps_in_for_one_that_was_cut_off_and_the_reserve_is_filled_up() {
    let pool = pool_with_spares(1, 1);
    let [worker, spare] = with_one_in_reserve(&pool);
    is_cut_off(&pool, &worker, 0);
    pool.submit(JS, 1);
    assert!(!spare.was_woken(), "the run is not over");
    worker.ends(0, Ending::Stopped, "cut off");
    assert!(spare.was_woken());
    assert_eq!(spare.takes().slot, 1);
    assert_eq!(pool.notes(), [Seen::Hire(JS, 3)], "one more, and no more");
}

#[test]
fn a_pool_that_grows_takes_one_in_reserve_before_it_starts_another() {
    let pool = Pool::with(&Config { spare_workers: 1, ..config(0, 2) });
    let [spare] = pool.hire_minimum()[..] else { panic!("one in reserve") };
    let spare = pool.start(JS, spare);
    spare.falls_asleep();
    let hired = pool.workers_hired_by(|| assert_eq!(pool.submit(JS, 0), None));
    assert_eq!(hired, [2], "in reserve");
    assert!(spare.was_woken());
    assert_eq!(spare.takes().slot, 0);
}

#[test]
fn a_worn_worker_makes_way_at_once_for_one_in_reserve() {
    let pool = pool_with_spares(1, 1);
    let [worn, spare] = with_one_in_reserve(&pool);
    pool.scheduler.wear(worn.id);
    worn.stops();
    pool.submit(JS, 0);
    assert_eq!(spare.takes().slot, 0);
    assert_eq!(pool.notes(), [Seen::Hire(JS, 3)]);
}

#[test]
fn one_in_reserve_takes_what_waits_when_one_is_lost_that_awaits_an_input() {
    let pool = pool_with_spares(1, 1);
    let [lost, spare] = with_one_in_reserve(&pool);
    let submitted = pool.try_submit(JS, 0, 0.0, true).expect("the pool is open");
    assert_eq!(submitted.deliver_to, Some(lost.id));
    pool.submit(JS, 1);

    pool.scheduler.lose(lost.id);

    assert!(spare.was_woken());
    assert_eq!(spare.takes().slot, 1);
    assert_eq!(pool.notes(), [Seen::Hire(JS, 3), Seen::Ended(0, End::ExecutorGone(lost.id))]);
}

#[test]
fn one_in_reserve_that_does_not_come_up_is_not_replaced_for_ever() {
    let pool = pool_with_spares(1, 1);
    let ids = pool.hire_minimum();
    pool.start(JS, ids[0]).falls_asleep();
    assert_eq!(pool.start(JS, ids[1]).gone(), None);
}

#[test]
fn one_in_reserve_for_a_worn_worker_that_does_not_come_up_ends() {
    let pool = Pool::new(0, 1);
    let worn = pool.submit(JS, 0).expect("nobody is there");
    let heir = pool.workers_hired_by(|| pool.scheduler.wear(worn));
    let heir = pool.start(JS, heir[0]);
    assert!(pool.scheduler.withdraw(0));

    pool.scheduler.gone(JS, worn, true);

    assert!(heir.was_woken());
    heir.stops();
}

#[test]
fn one_in_reserve_that_may_not_idle_steps_in_for_what_waits_all_the_same() {
    let config = Config { spare_workers: 1, idle_timeout: Some(Duration::ZERO), ..config(0, 1) };
    let pool = Pool::with(&config);
    let first = pool.start(JS, pool.submit(JS, 0).expect("nobody is there"));
    assert_eq!(pool.notes(), [Seen::Hire(JS, 2)]);
    let spare = pool.start(JS, 2);
    spare.falls_asleep();
    first.takes();
    pool.submit(JS, 1);

    pool.scheduler.gone(JS, first.id, true);

    assert!(spare.was_woken());
    assert_eq!(spare.takes().slot, 1);
}

#[test]
fn one_in_reserve_that_comes_up_steps_in_for_what_waits_if_nobody_else_has() {
    let pool = Pool::with(&Config { spare_workers: 1, ..config(0, 1) });
    assert_eq!(pool.submit(JS, 0), Some(1));
    pool.scheduler.gone(JS, 1, false);
    pool.scheduler.gone(JS, 2, true); // who stepped in has not come up either
    pool.notes();

    pool.scheduler.hire_minimum();

    assert_eq!(pool.notes(), [Seen::Hire(JS, 3)]);
    assert_eq!(pool.start(JS, 3).takes().slot, 0);
}

#[test]
fn one_in_reserve_that_steps_in_for_the_minimum_is_called_for_what_waits() {
    let config = Config { spare_workers: 1, start_timeout: Some(ms(1)), ..config(0, 2) };
    let pool = Pool::with(&config);
    [0, 1].into_iter().for_each(|slot| _ = pool.submit(JS, slot)); // 1, and 2, which was to be in reserve
    assert_eq!(pool.scheduler.cancel_queued().len(), 2);
    pool.submit(JS, 2);
    pool.scheduler.resize(Sizes { minimum_workers: 1, ..sizes(1, 3) });
    let spare = pool.start(JS, 3);
    spare.falls_asleep();
    pool.tick_after(ms(1)); // the others are given up

    pool.scheduler.hire_minimum();

    assert!(spare.was_woken());
    assert_eq!(spare.takes().slot, 2);
}
