//! Tasks that are given up, wherever they are.

use super::*;

fn cancelled(slot: u32) -> Seen {
    Seen::Ended(slot, End::Cancelled)
}

// ---- where it is

#[test]
fn a_task_that_waits_is_out_at_once() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        pool.submit(kind, 0);
        assert_eq!(pool.scheduler.cancel(0), Cancelled::Out);
        executor.falls_asleep();
        assert_eq!((pool.notes(), pool.counts()), (vec![], (2, 1, 0, 1)));
    }
}

#[test]
fn a_task_that_awaits_its_input_is_out_at_once_and_its_executor_free() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        pool.try_submit(kind, 0, 0.0, true).expect("the pool is open");
        assert_eq!(pool.scheduler.cancel(0), Cancelled::Out);
        assert!(executor.was_woken());
        executor.falls_asleep();
        assert_eq!((pool.notes(), executor.bell.stops()), (vec![], vec![]));
    }
}

#[test]
fn a_task_that_a_worker_runs_is_out_at_once_and_the_worker_told() {
    let pool = Pool::new(0, 1);
    let [worker] = pool.staff(JS);
    pool.submit(JS, 0);
    let run = worker.takes().run;

    assert_eq!(pool.scheduler.cancel(0), Cancelled::Out);

    assert_eq!(worker.bell.stops(), [(run, false)]);
    assert_eq!(pool.scheduler.cancel(0), Cancelled::Over);
    assert_eq!(pool.counts(), (2, 1, 0, 1));
    worker.finishes(0, "late");
    assert_eq!(pool.notes(), [Seen::Dropped("late")]);
    assert_eq!(pool.counts(), (2, 1, 0, 1));
}

#[test]
fn a_worker_has_its_task_until_it_hands_it_in() {
    let pool = Pool::new(0, 1);
    let [worker] = pool.staff(JS);
    pool.submit(JS, 0);
    worker.takes();
    pool.scheduler.cancel(0);
    let crew = pool.crew(JS);
    assert_eq!((crew.busy, crew.idle), (1, 0));
    worker.ends(0, Ending::Stopped, "stopped");
    assert_eq!(pool.crew(JS).busy, 0);
}

#[test]
fn a_task_that_runs_natively_is_over_when_it_has_stopped_however_it_ends() {
    for ending in [Ending::Stopped, Ending::Fulfilled, Ending::Rejected, Ending::Refused] {
        let pool = Pool::new(0, 1);
        let [thread] = pool.staff(Kind::Native);
        let limits = Limits { retry: Some(retry(3, &[0.0])), ..Limits::default() };
        pool.submit_limited(Kind::Native, 0, limits);
        let run = thread.takes().run;

        assert_eq!(pool.scheduler.cancel(0), Cancelled::Stopping);
        assert_eq!(pool.scheduler.cancel(0), Cancelled::Stopping);

        assert_eq!(thread.bell.stops(), [(run, false)], "it is told once");
        assert_eq!(pool.notes(), []);
        thread.ends(0, ending, "its own");
        assert_eq!(pool.notes(), [cancelled(0)]);
        assert_eq!(pool.counts(), (2, 1, 0, 1));
        thread.falls_asleep();
    }
}

#[test]
fn a_task_that_is_over_cannot_be_cancelled() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        assert_eq!(pool.scheduler.cancel(0), Cancelled::Over, "there is none");
        pool.submit(kind, 0);
        executor.takes();
        executor.finishes(0, "done");
        assert_eq!(pool.scheduler.cancel(0), Cancelled::Over);
        assert_eq!((pool.notes(), executor.bell.stops()), (vec![Seen::Settled(0, "done")], vec![]));
    }
}

#[test]
fn a_task_whose_submitter_is_asked_about_another_try_is_over_for_now() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        let asks = Retry { ask: true, ..retry(1, &[0.0]) };
        pool.submit_limited(kind, 0, Limits { retry: Some(asks), ..Limits::default() });
        executor.takes();
        executor.fails(0, "failed");
        assert_eq!(pool.notes(), [Seen::Undecided(0, End::Outcome("failed"))]);
        assert_eq!(pool.scheduler.cancel(0), Cancelled::Over);
        assert!(!pool.scheduler.withdraw(0));
        pool.scheduler.decide(0, false);
        assert_eq!(pool.counts(), (2, 1, 0, 1), "it was cancelled");
    }
}

#[test]
fn a_native_task_that_ran_too_long_and_is_then_cancelled_is_not_tried_again() {
    let pool = Pool::new(0, 1);
    let [thread] = pool.staff(Kind::Native);
    let limits = Limits { timeout: Some(ms(10)), retry: Some(retry(3, &[0.0])), ..Limits::default() };
    pool.submit_limited(Kind::Native, 0, limits);
    thread.takes();
    pool.tick_after(ms(10));
    assert_eq!(pool.scheduler.cancel(0), Cancelled::Stopping);
    thread.ends(0, Ending::Stopped, "stopped");
    assert_eq!(pool.notes(), [cancelled(0)]);
    thread.falls_asleep();
}

#[test]
fn a_native_task_that_was_cancelled_is_not_tried_again_when_its_thread_dies() {
    let pool = Pool::new(0, 1);
    let [thread] = pool.staff(Kind::Native);
    let limits = Limits { retry: Some(retry(3, &[0.0])), ..Limits::default() };
    pool.submit_limited(Kind::Native, 0, limits);
    thread.takes();
    pool.scheduler.cancel(0);
    assert_eq!(thread.gone(), None);
    assert_eq!(pool.notes(), [cancelled(0)]);
}

// ---- late ends

#[test]
fn the_late_end_of_a_stopped_run_does_not_settle_the_next_task_of_its_slot_elsewhere() {
    let pool = Pool::new(0, 2);
    let [other, worker] = pool.staff(JS);
    pool.submit(JS, 0);
    worker.takes();
    pool.scheduler.cancel(0);
    pool.submit(JS, 0);
    other.takes();

    worker.finishes(0, "late");

    assert_eq!(pool.notes(), [Seen::Dropped("late")]);
    other.finishes(0, "its own");
    assert_eq!(pool.notes(), [Seen::Settled(0, "its own")]);
}

#[test]
fn the_late_end_of_a_stopped_run_does_not_settle_the_next_task_of_its_slot_on_the_same_worker() {
    let pool = Pool::with(&Config { places: 2, keep_after_stop: true, ..config(0, 1) });
    let [worker] = pool.staff(JS);
    pool.submit(JS, 0);
    worker.takes();
    let late = worker.done(0, "late");
    pool.scheduler.cancel(0);
    pool.submit(JS, 0);
    worker.takes();

    pool.scheduler.finish(JS, worker.id, late, false);

    assert_eq!(pool.notes(), [Seen::Dropped("late")]);
    assert_eq!(pool.crew(JS).busy, 1);
    worker.finishes(0, "its own");
    assert_eq!(pool.notes(), [Seen::Settled(0, "its own")]);
}

#[test]
fn a_stopped_run_and_the_next_try_of_its_task_end_each_for_itself() {
    let limits = Limits { timeout: Some(ms(10)), retry: Some(retry(1, &[0.0])), ..Limits::default() };
    let pool = Pool::with(&Config { places: 2, limits, keep_after_stop: true, ..config(0, 1) });
    let [worker] = pool.staff(JS);
    pool.submit(JS, 0);
    let first = worker.takes();
    let late = worker.done(0, "late");
    pool.tick_after(ms(10));
    assert_eq!(worker.bell.stops(), [(first.run, false)]);
    let second = worker.takes();
    assert!((second.attempt, second.run > first.run) == (2, true));

    worker.finishes(0, "in time");
    pool.scheduler.finish(JS, worker.id, late, false);

    assert_eq!(pool.notes(), [Seen::Settled(0, "in time"), Seen::Dropped("late")]);
}

#[test]
fn a_worker_that_dies_of_a_stop_settles_nothing_more() {
    let pool = Pool::new(0, 1);
    let [worker] = pool.staff(JS);
    pool.submit(JS, 0);
    worker.takes();
    pool.scheduler.cancel(0);
    worker.gone();
    assert_eq!((pool.notes(), pool.counts()), (vec![], (2, 1, 0, 1)));
}

#[test]
fn a_worker_that_dies_with_a_stopped_run_does_not_fail_the_next_task_of_its_slot() {
    let pool = Pool::new(0, 2);
    let [other, worker] = pool.staff(JS);
    pool.submit(JS, 0);
    worker.takes();
    pool.scheduler.cancel(0);
    pool.submit(JS, 0);
    other.takes();

    worker.gone();

    assert_eq!(pool.notes(), []);
    other.finishes(0, "its own");
    assert_eq!(pool.notes(), [Seen::Settled(0, "its own")]);
}
