//! Workers that make way for others: worn ones, and those that have run as many tasks as they may.

use super::*;

// ---- wear

#[test]
fn a_worn_worker_works_until_its_replacement_is_up_and_not_longer() {
    let pool = Pool::new(0, 1);
    let [worn] = pool.staff(JS);
    let heir = pool.workers_hired_by(|| pool.scheduler.wear(worn.id));
    assert_eq!(heir.len(), 1);
    assert_eq!(pool.workers_hired_by(|| pool.scheduler.wear(worn.id)), [0; 0], "once");
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
    let heir = pool.workers_hired_by(|| pool.scheduler.wear(worn.id));
    pool.submit(JS, 2);
    let heir = pool.start(JS, heir[0]);
    heir.falls_asleep();
    worn.finishes(0, "done");
    worn.falls_asleep();
    assert!(heir.was_woken(), "no more than two run at a time");
    assert_eq!(heir.takes().slot, 2);
    let last = worn.done(1, "done");
    assert!(matches!(worn.next_with(Some(last)), Next::Stop));
    assert_eq!(pool.notes(), [Seen::Settled(0, "done"), Seen::Settled(1, "done")]);
}

#[test]
fn whoever_hands_in_falls_idle_after_the_replacement_that_it_has_let_in() {
    let pool = Pool::new(0, 2);
    let [worn, other] = pool.staff(JS);
    pool.submit(JS, 0);
    worn.takes();
    pool.submit(JS, 1);
    other.takes();
    let heir = pool.workers_hired_by(|| pool.scheduler.wear(worn.id));
    let heir = pool.start(JS, heir[0]);
    heir.falls_asleep(); // as many run as may
    let done = other.done(1, "done");
    assert!(matches!(other.next_with(Some(done)), Next::Idle));
    other.bell.rings();

    pool.submit(JS, 2);

    assert!(other.was_woken() && !heir.was_woken(), "the last to fall idle is the warmest");
}

#[test]
fn a_worn_worker_whose_replacement_does_not_come_up_works_on() {
    let pool = Pool::new(0, 1);
    let [worn] = pool.staff(JS);
    let heir = pool.workers_hired_by(|| pool.scheduler.wear(worn.id));
    assert_eq!(pool.start(JS, heir[0]).gone(), None);
    pool.submit(JS, 0);
    assert_eq!(worn.takes().slot, 0);
}

#[test]
fn a_worn_worker_that_awaits_an_input_starts_its_task_when_that_has_come() {
    let pool = Pool::new(0, 1);
    let [worn] = pool.staff(JS);
    pool.try_submit(JS, 0, 0.0, true).expect("the pool is open");
    let heir = pool.workers_hired_by(|| pool.scheduler.wear(worn.id));
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
    let heir = pool.workers_hired_by(|| pool.scheduler.wear(id));
    assert_eq!(worn.takes().slot, 0, "it is not its own replacement");
    pool.start(JS, heir[0]).falls_asleep();
    let done = worn.done(0, "done");
    assert!(matches!(worn.next_with(Some(done)), Next::Stop));
}

#[test]
fn wear_is_nothing_to_a_worker_that_ends_or_is_gone() {
    let pool = Pool::new(0, 1);
    let [worker] = pool.staff(JS);
    assert_eq!(pool.workers_hired_by(|| pool.scheduler.wear(99)), [0; 0]);
    pool.scheduler.close();
    assert_eq!(pool.workers_hired_by(|| pool.scheduler.wear(worker.id)), [0; 0]);
    worker.stops();
    worker.gone();
    pool.scheduler.wear(worker.id);
    assert_eq!(pool.notes(), [Seen::PoolEnded]);
}

#[test]
fn whoever_stands_by_with_a_part_to_do_is_called_when_one_hands_in_and_those_asleep_are_let_be() {
    let pool = Pool::new(0, 3);
    let [worn, other] = pool.staff(JS);
    for (slot, worker) in (0..).zip([&worn, &other]) {
        pool.submit(JS, slot);
        worker.takes();
    }
    let heirs = pool
        .workers_hired_by(|| [&worn, &other].into_iter().for_each(|worker| pool.scheduler.wear(worker.id)));
    let [sleeper, heir] = heirs[..] else { panic!("one for each") };
    let [sleeper, heir] = [sleeper, heir].map(|id| pool.start(JS, id));
    [&sleeper, &heir].into_iter().for_each(|each| each.falls_asleep());
    pool.scheduler.resize(sizes(0, 2));
    worn.offers(0, 1);
    assert!(heir.was_woken());
    heir.falls_asleep(); // as many run as may
    assert!(!sleeper.was_woken(), "it would stand by, too");

    other.finishes(1, "done");

    assert!(heir.was_woken());
    heir.helps(worn.run_of(0));
    assert!(!sleeper.was_woken());
}

// ---- a limit of tasks

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

// ---- a post for the replacement

/// Three workers of a pool that has shrunk to two, each at the task of its place, and a fourth that is up to replace the
/// second, which is worn. There is no post for it: the first is to end, and still has its own.
fn shrunk(pool: &Pool) -> ([Executor<'_>; 3], Executor<'_>) {
    let workers = pool.staff(JS);
    for (slot, worker) in (0..).zip(&workers) {
        pool.submit(JS, slot);
        assert_eq!(worker.takes().slot, slot);
    }
    pool.scheduler.resize(sizes(0, 2));
    let [heir] = pool.workers_hired_by(|| pool.scheduler.wear(workers[1].id))[..] else {
        panic!("one is hired")
    };
    let heir = pool.start(JS, heir);
    heir.falls_asleep();
    assert!(pool.scheduler.remains(workers[1].id));
    (workers, heir)
}

#[test]
fn a_worn_worker_makes_way_whatever_has_freed_a_post_for_its_replacement() {
    type Frees = fn(&Pool, &[Executor<'_>; 3]);
    let ways: [(&str, Frees); 4] = [
        ("one that was to end is gone", |_, [leaving, ..]| _ = leaving.gone()),
        ("the pool grows", |pool, _| pool.scheduler.resize(sizes(0, 3))),
        ("another is cut off", |pool, [.., other]| {
            pool.scheduler.cancel(2);
            other.ends(2, Ending::Stopped, "cut off");
        }),
        ("another that is worn has had its last task", |pool, [.., other]| {
            pool.scheduler.wear(other.id);
            let last = other.done(2, "done");
            assert!(matches!(other.next_with(Some(last)), Next::Stop));
        }),
    ];
    for (way, frees) in ways {
        let pool = Pool::with(&Config { tasks_per_worker: Some(2), ..config(0, 3) });
        let (workers, heir) = shrunk(&pool);

        frees(&pool, &workers);

        let worn = &workers[1];
        assert!(!pool.scheduler.remains(worn.id), "{way}");
        pool.submit(JS, 3);
        let done = worn.done(1, "done");
        assert!(matches!(worn.next_with(Some(done)), Next::Stop), "{way}");
        assert!(heir.was_woken(), "{way}");
        assert_eq!(heir.takes().slot, 3, "{way}");
    }
}
