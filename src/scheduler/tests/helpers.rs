//! What those count as who are at a part of a task, and how they and their pools end.

use super::helping::running;
use super::*;

// ---- what a helper counts as

#[test]
fn a_helper_is_busy_and_runs_no_task() {
    let pool = Pool::new(0, 2);
    let [helper, busy] = pool.staff(Kind::Native);
    running(&pool, &busy, 0, 0.0).offers(0, 1);
    let figures = || {
        let snapshot = pool.scheduler.snapshot();
        let own = snapshot.per_worker.iter().find(|each| each.id == helper.id).expect("it is there");
        let crew = &snapshot.native_threads;
        ((crew.busy, crew.idle), (own.busy, own.tasks, own.busy_time), snapshot.running.len())
    };
    pool.pass(ms(3));
    assert_eq!(figures(), ((1, 1), (false, 1, 0.0), 1));
    helper.helps(busy.run_of(0));
    pool.pass(ms(5));
    assert_eq!(figures(), ((2, 0), (true, 1, 5.0), 1));
    helper.helps(busy.run_of(0));
    pool.pass(ms(2));
    assert_eq!(figures(), ((2, 0), (true, 1, 7.0), 1));
    pool.scheduler.retract(Kind::Native, busy.run_of(0));
    helper.falls_asleep();
    pool.pass(ms(9));
    assert_eq!(figures(), ((1, 1), (false, 1, 7.0), 1));
}

#[test]
fn the_time_of_a_worker_that_runs_and_helps_counts_once() {
    let pool = Pool::with(&Config { places: 2, ..config(0, 2) });
    let [helper, busy] = pool.staff(JS);
    running(&pool, &busy, 0, 0.0).offers(0, 1);
    running(&pool, &helper, 1, 9.0);
    pool.pass(ms(1));
    helper.helps(busy.run_of(0));
    pool.pass(ms(2));
    pool.scheduler.finish(JS, helper.id, helper.done(1, "done"), false);
    pool.pass(ms(4));
    helper.helps(busy.run_of(0));
    pool.pass(ms(8));
    pool.scheduler.retract(JS, busy.run_of(0));
    helper.falls_asleep();
    let snapshot = pool.scheduler.snapshot();
    let own = snapshot.per_worker.iter().find(|each| each.id == helper.id).expect("it is there");
    assert_eq!((own.busy, own.busy_time), (false, 15.0));
}

#[test]
fn a_task_that_comes_after_the_offer_is_not_left_to_its_helpers() {
    for kind in KINDS {
        let pool = Pool::new(0, 3);
        let [helper, busy] = pool.staff(kind);
        running(&pool, &busy, 0, 0.0).offers(0, 1);
        helper.helps(busy.run_of(0));
        let third = pool.submit(kind, 1).expect("the helper goes on helping");
        assert_eq!(pool.start(kind, third).takes().slot, 1);
    }
}

#[test]
fn a_task_is_left_to_helpers_that_nobody_wants_any_more() {
    for kind in KINDS {
        let pool = Pool::new(0, 3);
        let [helper, busy] = pool.staff(kind);
        running(&pool, &busy, 0, 0.0).offers(0, 1);
        helper.helps(busy.run_of(0));
        pool.scheduler.retract(kind, busy.run_of(0));
        assert_eq!(pool.submit(kind, 1), None, "it will be back before another is up");
        assert_eq!(helper.takes().slot, 1);
    }
}

#[test]
fn a_queue_has_room_for_what_helpers_will_take() {
    let pool = Pool::with(&Config { longest_queue: Some(0), ..config(0, 2) });
    let [helper, busy] = pool.staff(Kind::Native);
    running(&pool, &busy, 0, 0.0).offers(0, 1);
    helper.helps(busy.run_of(0));
    assert!(!pool.is_full(Kind::Native));
    pool.submit(Kind::Native, 1);
    assert!(pool.is_full(Kind::Native));
    assert_eq!(pool.try_submit(Kind::Native, 2, 0.0, false), Err(Refused::Full));
}

// ---- helpers that end, and pools

#[test]
fn nothing_settles_when_a_helper_dies_and_another_takes_its_place() {
    for kind in KINDS {
        let pool = Pool::new(0, 3);
        let [idle, helper, busy] = pool.staff(kind);
        running(&pool, &busy, 0, 0.0).offers(0, 1);
        helper.helps(busy.run_of(0));
        assert_eq!(helper.gone(), None, "somebody is idle");
        assert!(idle.was_woken());
        idle.helps(busy.run_of(0));
        assert!(idle.gone().is_some(), "nobody is left");
        assert_eq!(pool.notes(), []);
        busy.finishes(0, "done");
        assert_eq!(pool.notes(), [Seen::Settled(0, "done")]);
    }
}

#[test]
fn a_closed_pool_ends_after_the_task_that_offers_and_its_helpers() {
    for kind in KINDS {
        let pool = Pool::new(0, 2);
        let [helper, busy] = pool.staff(kind);
        running(&pool, &busy, 0, 0.0).offers(0, 1);
        helper.helps(busy.run_of(0));
        pool.scheduler.close();
        helper.helps(busy.run_of(0));
        let done = busy.done(0, "done");
        assert!(matches!(busy.next_with(Some(done)), Next::Stop));
        busy.gone();
        assert_eq!(pool.notes(), [Seen::Settled(0, "done")], "somebody is at a part");
        helper.stops();
        helper.gone();
        assert_eq!(pool.notes(), [Seen::PoolEnded]);
    }
}

#[test]
fn a_terminated_pool_offers_nothing() {
    for kind in KINDS {
        let pool = Pool::new(0, 2);
        let [helper, busy] = pool.staff(kind);
        running(&pool, &busy, 0, 0.0).offers(0, 1);
        helper.helps(busy.run_of(0));
        pool.scheduler.terminate();
        busy.offers(0, 1);
        assert_eq!(pool.crew(kind).busy, 2, "it is at its part");
        helper.stops();
        busy.finishes(0, "late");
        busy.stops();
        helper.gone();
        busy.gone();
        assert_eq!(pool.notes(), [Seen::PoolEnded]);
    }
}

#[test]
fn a_helper_that_is_to_end_does_when_it_comes_back() {
    for kind in KINDS {
        let pool = Pool::new(0, 2);
        let [helper, busy] = pool.staff(kind);
        running(&pool, &busy, 0, 0.0).offers(0, 1);
        helper.helps(busy.run_of(0));
        pool.scheduler.resize(sizes(0, 1));
        assert_eq!(pool.crew(kind).busy, 2, "it is at its part");
        helper.stops();
        assert_eq!(helper.gone(), None, "there is no room for another");
        busy.finishes(0, "done");
        busy.falls_asleep();
    }
}

#[test]
fn somebody_else_goes_on_when_a_helper_has_done_its_last_part() {
    for kind in KINDS {
        let pool = Pool::new(0, 3);
        let [idle, helper, busy] = pool.staff(kind);
        running(&pool, &busy, 0, 0.0);
        running(&pool, &idle, 1, 9.0).offers(1, 1);
        helper.helps(idle.run_of(1));
        pool.scheduler.resize(sizes(0, 2));
        busy.finishes(0, "done");
        busy.falls_asleep();
        busy.bell.rings();

        helper.stops();

        assert!(busy.was_woken());
        busy.helps(idle.run_of(1));
    }
}
