//! How many executors there are, who is replaced, and how much each takes.

use super::*;

const JS: Kind = Kind::JavaScript;

/// The workers that this hires.
fn hired_by(pool: &Pool, step: impl FnOnce()) -> Vec<u32> {
    let hired = pool.hired_by(step);
    assert!(hired.iter().all(|(kind, _)| *kind == JS), "{hired:?}");
    hired.into_iter().map(|(_, id)| id).collect()
}

// ---- resizing

#[test]
fn a_larger_pool_hires_for_what_waits() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        (0..3).for_each(|slot| assert_eq!(pool.submit(kind, slot), None));
        executor.takes();
        let hired = pool.hired_by(|| pool.scheduler.resize(sizes(0, 8)));
        assert_eq!(hired.len(), 2, "one for each task that waits");
        for (slot, (hired, id)) in (1..).zip(hired) {
            assert_eq!(hired, kind);
            assert_eq!(pool.start(kind, id).takes().slot, slot);
        }
    }
}

#[test]
fn a_larger_minimum_is_hired_at_once() {
    let pool = Pool::new(0, 2);
    let _worker = pool.staff::<1>(JS);
    assert_eq!(hired_by(&pool, || pool.scheduler.resize(sizes(3, 3))).len(), 2);
    assert_eq!(pool.crew(JS).total, 3);
}

#[test]
fn a_smaller_pool_does_without_those_that_slept_longest() {
    for kind in KINDS {
        let pool = Pool::new(3, 3);
        let [first, second, third] = pool.staff(kind);
        pool.scheduler.resize(sizes(1, 1));
        assert!(first.was_woken() && second.was_woken() && !third.was_woken());
        for executor in [&first, &second] {
            executor.stops();
            assert_eq!(executor.gone(), None);
        }
        third.falls_asleep();
    }
}

#[test]
fn one_that_works_ends_after_what_it_has() {
    for kind in KINDS {
        let pool = Pool::new(0, 2);
        let executors = pool.staff::<2>(kind);
        for slot in 0..2 {
            pool.submit(kind, slot);
            executors[slot as usize].takes();
        }
        pool.scheduler.resize(sizes(0, 1));
        pool.submit(kind, 2);
        let [first, second] = &executors;
        let (done, other) = (first.done(0, "done"), second.done(1, "done"));
        assert!(matches!(first.next_with(Some(done)), Next::Stop));
        assert!(matches!(second.next_with(Some(other)), Next::Run(Assignment { slot: 2, .. })));
        assert_eq!(first.gone(), None, "there is no room for another");
        assert_eq!(pool.notes(), [Seen::Settled(0, "done"), Seen::Settled(1, "done")]);
    }
}

#[test]
fn a_worker_that_awaits_an_input_starts_its_task_when_that_has_come_and_then_ends() {
    let pool = Pool::new(0, 2);
    let [first, second] = pool.staff(JS);
    (0..2).for_each(|slot| _ = pool.try_submit(JS, slot, 0.0, true));
    pool.scheduler.resize(sizes(0, 1));
    assert!(first.was_woken() && !second.was_woken());

    first.falls_asleep();

    pool.scheduler.delivered(JS, 1);
    assert!(first.was_woken());
    assert_eq!(first.takes().slot, 1);
    let done = first.done(1, "done");
    assert!(matches!(first.next_with(Some(done)), Next::Stop));
}

#[test]
fn a_worker_that_is_to_end_ends_when_its_input_will_not_come() {
    let pool = Pool::new(0, 2);
    let [first, _second] = pool.staff(JS);
    (0..2).for_each(|slot| _ = pool.try_submit(JS, slot, 0.0, true));
    pool.scheduler.resize(sizes(0, 1));
    first.falls_asleep();
    first.bell.rings();
    assert!(pool.scheduler.withdraw(1));
    assert!(first.was_woken());
    first.stops();
}

#[test]
fn a_task_for_which_one_was_woken_that_is_to_end_wakes_another() {
    let pool = Pool::with(&Config { places: 3, ..config(0, 2) });
    let [first, second] = pool.staff(JS);
    for slot in 0..2 {
        pool.submit(JS, slot);
        assert_eq!(second.takes().slot, slot);
        second.falls_asleep();
    }
    first.falls_asleep();
    pool.submit(JS, 2);
    assert_eq!(first.takes().slot, 2);
    first.falls_asleep();
    second.bell.rings();
    pool.submit(JS, 3);
    assert!(first.was_woken() && !second.was_woken());

    pool.scheduler.resize(sizes(0, 1)); // the first has fewer tasks

    first.falls_asleep();
    assert!(second.was_woken());
    assert_eq!(second.takes().slot, 3);
}

#[test]
fn a_pool_that_shrinks_and_grows_again_has_room_once_those_that_end_are_gone() {
    let pool = Pool::new(0, 2);
    let [first, second] = pool.staff(JS);
    pool.scheduler.resize(sizes(0, 1));
    pool.scheduler.resize(sizes(0, 2));
    for slot in 0..2 {
        assert_eq!(pool.submit(JS, slot), None);
    }
    second.takes();
    first.stops();
    let heir = first.gone().expect("a task waits");
    assert_eq!(pool.start(JS, heir).takes().slot, 1);
}

#[test]
fn a_closed_pool_hires_no_minimum() {
    let pool = Pool::new(0, 1);
    let [worker] = pool.staff(JS);
    pool.submit(JS, 0);
    worker.takes();
    pool.scheduler.close();
    assert_eq!(pool.hired_by(|| pool.scheduler.resize(sizes(4, 4))), []);
}

#[test]
fn those_that_are_to_be_replaced_do_not_outlive_a_smaller_maximum() {
    let pool = Pool::new(0, 2);
    let [worn, other] = pool.staff(JS);
    let [heir] = hired_by(&pool, || pool.scheduler.wear(worn.id))[..] else { panic!("one is hired") };
    pool.submit(JS, 0);
    other.takes();
    pool.scheduler.resize(sizes(0, 1));
    let heir = pool.start(JS, heir);
    heir.next();
    let left = [&worn, &other, &heir].into_iter().filter(|worker| !matches!(worker.next(), Next::Stop));
    assert_eq!(left.count(), 1);
}

// ---- wear

#[test]
fn a_worn_worker_works_until_its_replacement_is_up_and_not_longer() {
    let pool = Pool::new(0, 1);
    let [worn] = pool.staff(JS);
    let heir = hired_by(&pool, || pool.scheduler.wear(worn.id));
    assert_eq!(heir.len(), 1);
    assert_eq!(hired_by(&pool, || pool.scheduler.wear(worn.id)), [0; 0], "once");
    for slot in 0..3 {
        pool.submit(JS, slot);
        assert_eq!(worn.takes().slot, slot);
        worn.finishes(slot, "done");
    }
    worn.falls_asleep();
    worn.bell.rings();

    let heir = pool.start(JS, heir[0]);
    assert!(!worn.was_woken(), "the other is on its way");
    heir.falls_asleep();

    assert!(worn.was_woken());
    worn.stops();
    assert_eq!(worn.gone(), None);
    pool.submit(JS, 3);
    assert_eq!(heir.takes().slot, 3);
}

#[test]
fn a_worn_worker_finishes_what_it_has() {
    let pool = Pool::with(&Config { places: 2, ..config(0, 1) });
    let [worn] = pool.staff(JS);
    for slot in 0..2 {
        pool.submit(JS, slot);
        worn.takes();
    }
    let heir = hired_by(&pool, || pool.scheduler.wear(worn.id));
    pool.submit(JS, 2);
    assert_eq!(pool.start(JS, heir[0]).takes().slot, 2);
    worn.finishes(0, "done");
    worn.falls_asleep();
    let last = worn.done(1, "done");
    assert!(matches!(worn.next_with(Some(last)), Next::Stop));
    assert_eq!(pool.notes(), [Seen::Settled(0, "done"), Seen::Settled(1, "done")]);
}

#[test]
fn a_worn_worker_whose_replacement_does_not_come_up_works_on() {
    let pool = Pool::new(0, 1);
    let [worn] = pool.staff(JS);
    let heir = hired_by(&pool, || pool.scheduler.wear(worn.id));
    assert_eq!(pool.start(JS, heir[0]).gone(), None);
    pool.submit(JS, 0);
    assert_eq!(worn.takes().slot, 0);
}

#[test]
fn a_worn_worker_that_awaits_an_input_starts_its_task_when_that_has_come() {
    let pool = Pool::new(0, 1);
    let [worn] = pool.staff(JS);
    pool.try_submit(JS, 0, 0.0, true).expect("the pool is open");
    let heir = hired_by(&pool, || pool.scheduler.wear(worn.id));
    pool.start(JS, heir[0]).falls_asleep();
    worn.falls_asleep();
    pool.scheduler.delivered(JS, 0);
    assert_eq!(worn.takes().slot, 0);
    let done = worn.done(0, "done");
    assert!(matches!(worn.next_with(Some(done)), Next::Stop));
}

#[test]
fn a_worker_that_wears_before_it_is_up_makes_way_for_the_next() {
    let pool = Pool::new(0, 1);
    let id = pool.submit(JS, 0).expect("nobody is there");
    let worn = pool.start(JS, id);
    let heir = hired_by(&pool, || pool.scheduler.wear(id));
    assert_eq!(worn.takes().slot, 0, "it is not its own replacement");
    pool.start(JS, heir[0]).falls_asleep();
    let done = worn.done(0, "done");
    assert!(matches!(worn.next_with(Some(done)), Next::Stop));
}

#[test]
fn wear_is_nothing_to_a_worker_that_ends_or_is_gone() {
    let pool = Pool::new(0, 1);
    let [worker] = pool.staff(JS);
    assert_eq!(hired_by(&pool, || pool.scheduler.wear(99)), [0; 0]);
    pool.scheduler.close();
    assert_eq!(hired_by(&pool, || pool.scheduler.wear(worker.id)), [0; 0]);
    worker.stops();
    worker.gone();
    pool.scheduler.wear(worker.id);
    assert_eq!(pool.notes(), [Seen::PoolEnded]);
}

// ---- how much each takes

#[test]
fn a_worker_takes_only_so_many_tasks_in_its_life() {
    let pool = Pool::with(&Config { tasks_per_worker: Some(2), ..config(0, 1) });
    (0..3).for_each(|slot| _ = pool.submit(JS, slot));
    let worker = pool.start(JS, 1);
    for slot in 0..2 {
        assert_eq!(worker.takes().slot, slot);
        worker.finishes(slot, "done");
    }
    worker.stops();
    let heir = worker.gone().expect("a task waits");
    assert_eq!(pool.start(JS, heir).takes().slot, 2);
}

#[test]
fn a_worker_at_its_limit_is_replaced_up_to_the_minimum() {
    let pool = Pool::with(&Config { tasks_per_worker: Some(1), ..config(1, 1) });
    let [id] = pool.hire_minimum()[..] else { panic!("one is missing") };
    let worker = pool.start(JS, id);
    pool.submit(JS, 0);
    worker.takes();
    worker.finishes(0, "done");
    worker.stops();
    assert!(worker.gone().is_some());
}

#[test]
fn a_worker_with_several_places_does_not_start_more_than_its_limit() {
    let pool = Pool::with(&Config { tasks_per_worker: Some(3), places: 2, ..config(0, 1) });
    (0..5).for_each(|slot| _ = pool.submit(JS, slot));
    let worker = pool.start(JS, 1);
    for slot in 0..2 {
        assert_eq!(worker.takes().slot, slot);
    }
    worker.finishes(0, "done");
    assert_eq!(worker.takes().slot, 2);
    worker.finishes(1, "done");
    worker.falls_asleep();
    let last = worker.done(2, "done");
    assert!(matches!(worker.next_with(Some(last)), Next::Stop));
    assert_eq!(pool.start(JS, worker.gone().expect("tasks wait")).takes().slot, 3);
}

#[test]
fn native_threads_take_any_number_of_tasks() {
    let pool = Pool::with(&Config { tasks_per_worker: Some(1), ..config(0, 1) });
    let [thread] = pool.staff(Kind::Native);
    pool.submit(Kind::Native, 0);
    assert_eq!(thread.takes().slot, 0);
}

#[test]
fn a_worker_at_its_limit_leaves_the_tasks_that_were_meant_for_it_to_others() {
    let config = Config { tasks_per_worker: Some(2), ..config(0, 2) };
    let pool = Pool::with(&config);
    let [first, second] = pool.staff(JS);
    (0..3).for_each(|slot| _ = pool.accepts(keyed(slot, 7)));
    assert_eq!(first.takes().slot, 0);
    first.finishes(0, "done");
    second.bell.rings();
    first.stops();
    assert!(second.was_woken());
    assert_eq!(second.takes().slot, 1);
}

// ---- several runs at a time

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

// ---- starting

#[test]
fn a_worker_that_takes_too_long_to_start_is_killed_once() {
    let pool = Pool::with(&Config { start_timeout: Some(ms(50)), ..config(0, 1) });
    let id = pool.submit(JS, 0).expect("nobody is there");
    assert_eq!(pool.alarm.rings(), 1);
    assert_eq!(pool.tick_after(ms(49)), Some(ms(1)));
    assert_eq!(pool.notes(), []);
    assert_eq!(pool.tick_after(ms(1)), None);
    assert_eq!(pool.notes(), [Seen::Kill(id)]);
    assert_eq!(pool.tick_after(HOUR), None);
    assert_eq!(pool.notes(), []);
    assert_eq!(pool.start(JS, id).gone(), None, "the next would take as long");
    assert_eq!(pool.notes(), []);
    assert!(pool.scheduler.withdraw(0), "its task waits for its owner");
}

#[test]
fn every_way_to_hire_has_the_start_watched() {
    let hires: [fn(&Pool); 4] = [
        |pool| _ = pool.submit(JS, 0),
        |pool| _ = pool.accepts(keyed(0, 7)),
        |pool| pool.scheduler.hire_minimum(),
        |pool| pool.scheduler.resize(sizes(1, 1)),
    ];
    for hire in hires {
        let pool = Pool::with(&Config { start_timeout: Some(ms(50)), ..config(1, 1) });
        hire(&pool);
        assert_eq!(pool.scheduler.tick(), Some(ms(50)));
    }
}

#[test]
fn a_worker_that_is_up_in_time_is_not_killed() {
    let pool = Pool::with(&Config { start_timeout: Some(ms(50)), ..config(0, 1) });
    let id = pool.submit(JS, 0).expect("nobody is there");
    pool.pass(ms(49));
    pool.start(JS, id).takes();
    assert_eq!(pool.tick_after(HOUR), None);
    assert_eq!(pool.notes(), []);
}

#[test]
fn a_worker_that_starts_while_the_pool_is_closed_has_its_time_from_then_on() {
    let pool = Pool::with(&Config { start_timeout: Some(ms(50)), ..config(1, 1) });
    let [id] = pool.hire_minimum()[..] else { panic!("one is missing") };
    pool.pass(ms(30));
    pool.scheduler.close();
    assert_eq!(pool.tick_after(ms(20)), Some(ms(30)));
    assert_eq!(pool.notes(), []);
    assert_eq!(pool.tick_after(ms(30)), None);
    assert_eq!(pool.notes(), [Seen::Kill(id)], "else the pool would not end");
    pool.start(JS, id).gone();
    assert_eq!(pool.notes(), [Seen::PoolEnded]);
}

#[test]
fn native_threads_are_not_watched_while_they_start() {
    let pool = Pool::with(&Config { start_timeout: Some(ms(50)), ..config(0, 1) });
    pool.submit(Kind::Native, 0).expect("nobody is there");
    assert_eq!(pool.tick_after(HOUR), None);
    assert_eq!(pool.notes(), []);
}
