//! How many executors there are, and how long they take to start.

use super::*;

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
    assert_eq!(pool.workers_hired_by(|| pool.scheduler.resize(sizes(3, 3))).len(), 2);
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
    second.falls_asleep(); // as many run as may
    first.finishes(2, "done");
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
    let [heir] = pool.workers_hired_by(|| pool.scheduler.wear(worn.id))[..] else { panic!("one is hired") };
    pool.submit(JS, 0);
    other.takes();
    pool.scheduler.resize(sizes(0, 1));
    let heir = pool.start(JS, heir);
    heir.next();
    let left = [&worn, &other, &heir].into_iter().filter(|worker| !matches!(worker.next(), Next::Stop));
    assert_eq!(left.count(), 1);
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
fn a_worker_that_takes_too_long_to_start_is_killed_by_the_tick_that_ends_the_last_task() {
    let limit = Some(ms(50));
    let waits: fn(&Pool) -> (u32, End<&'static str>) = |pool| {
        let limits = Limits { queue_timeout: Some(ms(50)), ..Limits::default() };
        let late = pool.submit_limited(JS, 0, limits).expect("nobody is there");
        (late, End::QueueTimedOut)
    };
    let runs: fn(&Pool) -> (u32, End<&'static str>) = |pool| {
        let limits = Limits { timeout: Some(ms(50)), ..Limits::default() };
        let id = pool.submit_limited(JS, 0, limits).expect("nobody is there");
        let late = pool.submit(JS, 1).expect("one for each task");
        pool.start(JS, id).takes();
        assert!(pool.scheduler.withdraw(1));
        (late, End::TimedOut)
    };
    for begin in [waits, runs] {
        let pool = Pool::with(&Config { start_timeout: limit, ..config(0, 2) });
        let (late, end) = begin(&pool);
        pool.scheduler.close();

        pool.tick_after(ms(50));

        assert_eq!(pool.notes(), [Seen::Kill(late), Seen::Ended(0, end)]);
    }
}

#[test]
fn native_threads_are_not_watched_while_they_start() {
    let pool = Pool::with(&Config { start_timeout: Some(ms(50)), ..config(0, 1) });
    pool.submit(Kind::Native, 0).expect("nobody is there");
    assert_eq!(pool.tick_after(HOUR), None);
    assert_eq!(pool.notes(), []);
}
