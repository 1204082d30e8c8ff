//! Giving up tasks that wait or run, and executors that do not let go of them.

use super::*;

const JS: Kind = Kind::JavaScript;

fn cancelled(slot: u32) -> Seen {
    Seen::Ended(slot, End::Cancelled)
}

/// A pool whose workers have `milliseconds` to answer when they are told to stop.
fn patient(milliseconds: u64) -> Pool {
    Pool::with(&Config { stop_timeout: ms(milliseconds), ..config(0, 2) })
}

// ---- cancelling

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
    assert_eq!(pool.notes(), []);
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

    assert_eq!(pool.notes(), []);
    other.finishes(0, "its own");
    assert_eq!(pool.notes(), [Seen::Settled(0, "its own")]);
}

#[test]
fn the_late_end_of_a_stopped_run_does_not_settle_the_next_task_of_its_slot_on_the_same_worker() {
    let pool = Pool::with(&Config { places: 2, ..config(0, 1) });
    let [worker] = pool.staff(JS);
    pool.submit(JS, 0);
    worker.takes();
    let late = worker.done(0, "late");
    pool.scheduler.cancel(0);
    pool.submit(JS, 0);
    worker.takes();

    pool.scheduler.finish(JS, worker.id, late, false);

    assert_eq!(pool.notes(), []);
    assert_eq!(pool.crew(JS).busy, 1);
    worker.finishes(0, "its own");
    assert_eq!(pool.notes(), [Seen::Settled(0, "its own")]);
}

#[test]
fn a_stopped_run_and_the_next_try_of_its_task_end_each_for_itself() {
    let limits = Limits { timeout: Some(ms(10)), retry: Some(retry(1, &[0.0])), ..Limits::default() };
    let pool = Pool::with(&Config { places: 2, limits, ..config(0, 1) });
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

    assert_eq!(pool.notes(), [Seen::Settled(0, "in time")]);
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

// ---- those that do not let go

#[test]
fn a_run_that_goes_on_is_told_again_and_by_force() {
    for kind in KINDS {
        let pool = patient(1000);
        let [executor] = pool.staff(kind);
        pool.submit(kind, 0);
        let run = executor.takes().run;
        pool.scheduler.cancel(0);
        assert_eq!(pool.alarm.rings(), 1);
        assert_eq!(executor.bell.stops(), [(run, false)]);
        assert_eq!(pool.tick_after(ms(3)), Some(STOP_GRACE - ms(3)));
        assert_eq!(executor.bell.stops(), []);

        assert_eq!(pool.tick_after(STOP_GRACE - ms(3)), Some(STOP_GRACE));
        assert_eq!(executor.bell.stops(), [(run, true)]);
        assert_eq!(pool.tick_after(STOP_GRACE), Some(STOP_GRACE));
        assert_eq!(executor.bell.stops(), [(run, true)]);

        executor.ends(0, Ending::Stopped, "stopped");
        assert_eq!(pool.tick_after(STOP_GRACE), None);
        assert_eq!(executor.bell.stops(), []);
    }
}

#[test]
fn a_worker_that_does_not_answer_is_killed_once() {
    let pool = patient(50);
    let [other, worker] = pool.staff(JS);
    pool.submit(JS, 0);
    worker.takes();
    pool.scheduler.cancel(0);
    pool.tick_after(ms(49));
    assert_eq!(pool.notes(), []);

    pool.tick_after(ms(1));

    assert_eq!(pool.notes(), [Seen::Kill(worker.id)]);
    worker.bell.stops();
    assert_eq!(pool.tick_after(HOUR), None);
    assert_eq!((pool.notes(), worker.bell.stops()), (vec![], vec![]));
    pool.submit(JS, 1);
    assert_eq!(other.takes().slot, 1, "nothing is meant for the killed one");
    assert_eq!(worker.gone(), None);
    assert_eq!(pool.notes(), []);
}

#[test]
fn a_worker_is_killed_on_time_although_its_patience_is_no_multiple_of_the_grace() {
    let pool = patient(25);
    let [worker] = pool.staff(JS);
    pool.submit(JS, 0);
    worker.takes();
    pool.scheduler.cancel(0);
    let mut passed = Duration::ZERO;
    while let Some(wait) = pool.scheduler.tick() {
        pool.pass(wait);
        passed += wait;
    }
    assert_eq!((pool.notes(), passed), (vec![Seen::Kill(worker.id)], ms(25)));
}

#[test]
fn a_worker_without_any_patience_is_killed_at_the_next_look() {
    let pool = patient(0);
    let [worker] = pool.staff(JS);
    pool.submit(JS, 0);
    worker.takes();
    pool.scheduler.cancel(0);
    assert_eq!(pool.alarm.rings(), 1);
    assert_eq!(pool.scheduler.tick(), None);
    assert_eq!(pool.notes(), [Seen::Kill(worker.id)]);
}

#[test]
fn the_other_tasks_of_a_killed_worker_fail_when_it_is_gone() {
    let pool = Pool::with(&Config { places: 2, stop_timeout: ms(50), ..config(0, 1) });
    let [worker] = pool.staff(JS);
    for slot in 0..2 {
        pool.submit(JS, slot);
        worker.takes();
    }
    pool.submit(JS, 2);
    pool.scheduler.cancel(0);
    pool.tick_after(ms(50));
    assert_eq!(pool.notes(), [Seen::Kill(worker.id)]);

    let heir = worker.gone().expect("a task waits");

    assert_eq!(pool.notes(), [Seen::Ended(1, End::ExecutorGone(worker.id))]);
    assert_eq!(pool.start(JS, heir).takes().slot, 2);
}

#[test]
fn a_native_thread_is_never_killed() {
    let pool = patient(50);
    let [thread] = pool.staff(Kind::Native);
    pool.submit(Kind::Native, 0);
    thread.takes();
    pool.scheduler.cancel(0);
    pool.tick_after(HOUR);
    assert_eq!(pool.notes(), []);
    thread.finishes(0, "at last");
    assert_eq!(pool.notes(), [cancelled(0)]);
}

#[test]
fn a_worker_that_answers_in_time_lives_on() {
    let pool = Pool::with(&Config { keep_after_stop: true, stop_timeout: ms(50), ..config(0, 1) });
    let [worker] = pool.staff(JS);
    pool.submit(JS, 0);
    worker.takes();
    pool.scheduler.cancel(0);
    pool.pass(ms(49));
    worker.ends(0, Ending::Stopped, "stopped");
    pool.submit(JS, 0);
    worker.takes();
    assert_eq!(pool.tick_after(HOUR), None);
    assert_eq!(pool.notes(), []);
}

// ---- what a stop leaves behind

#[test]
fn a_worker_that_a_task_was_stopped_in_is_replaced() {
    let pool = Pool::new(0, 1);
    let [worker] = pool.staff(JS);
    pool.submit(JS, 0);
    worker.takes();
    pool.scheduler.cancel(0);
    worker.ends(0, Ending::Stopped, "stopped");

    let [Seen::Hire(JS, heir)] = pool.notes()[..] else { panic!("a replacement is to be started") };

    pool.submit(JS, 1);
    assert_eq!(worker.takes().slot, 1, "it works on until the other is up");
    worker.finishes(1, "done");
    pool.submit(JS, 2);
    let heir = pool.start(JS, heir);
    assert_eq!(heir.takes().slot, 2);
    worker.stops();
    assert_eq!(worker.gone(), None);
    assert_eq!(pool.crew(JS).total, 1);
}

#[test]
fn a_worker_that_is_to_be_kept_is_not_replaced() {
    let pool = Pool::with(&Config { keep_after_stop: true, ..config(0, 1) });
    let [worker] = pool.staff(JS);
    pool.submit(JS, 0);
    worker.takes();
    pool.scheduler.cancel(0);
    worker.ends(0, Ending::Stopped, "stopped");
    worker.falls_asleep();
    assert_eq!(pool.notes(), []);
}

#[test]
fn a_worker_whose_task_came_to_its_own_end_is_not_replaced() {
    for ending in [Ending::Fulfilled, Ending::Rejected, Ending::Refused] {
        let pool = Pool::new(0, 1);
        let [worker] = pool.staff(JS);
        pool.submit(JS, 0);
        worker.takes();
        pool.scheduler.cancel(0);
        worker.ends(0, ending, "late");
        worker.falls_asleep();
        assert_eq!(pool.notes(), []);
    }
}

#[test]
fn a_native_thread_is_not_replaced_after_a_stop() {
    let pool = Pool::new(0, 1);
    let [thread] = pool.staff(Kind::Native);
    pool.submit(Kind::Native, 0);
    thread.takes();
    pool.scheduler.cancel(0);
    thread.ends(0, Ending::Stopped, "stopped");
    thread.falls_asleep();
    assert_eq!(pool.notes(), [cancelled(0)]);
}

#[test]
fn a_closed_pool_replaces_no_worker_that_a_task_was_stopped_in() {
    let pool = Pool::new(0, 1);
    let [worker] = pool.staff(JS);
    for slot in 0..2 {
        pool.submit(JS, slot);
    }
    worker.takes();
    pool.scheduler.close();
    pool.scheduler.cancel(0);
    worker.ends(0, Ending::Stopped, "stopped");
    assert_eq!(worker.takes().slot, 1);
    worker.finishes(1, "done");
    worker.stops();
    worker.gone();
    assert_eq!(pool.notes(), [Seen::Settled(1, "done"), Seen::PoolEnded]);
}

#[test]
fn a_closed_pool_whose_last_task_is_cancelled_ends_when_its_worker_has_let_go() {
    let pool = Pool::new(0, 1);
    let [worker] = pool.staff(JS);
    pool.submit(JS, 0);
    worker.takes();
    pool.scheduler.close();
    assert_eq!(pool.scheduler.cancel(0), Cancelled::Out);
    assert_eq!(pool.notes(), []);
    let stopped = worker.end_of(0, Ending::Stopped, "stopped");
    assert!(matches!(worker.next_with(Some(stopped)), Next::Stop));
    worker.gone();
    assert_eq!(pool.notes(), [Seen::PoolEnded]);
}

#[test]
fn a_termination_tells_native_tasks_to_stop_and_leaves_workers_to_their_owner() {
    let pool = Pool::new(0, 1);
    let [worker] = pool.staff(JS);
    let [thread] = pool.staff(Kind::Native);
    pool.submit(JS, 0);
    pool.submit(Kind::Native, 1);
    worker.takes();
    let run = thread.takes().run;
    pool.scheduler.terminate();
    assert_eq!((worker.bell.stops(), thread.bell.stops()), (vec![], vec![(run, true)]));
    let stopped = thread.end_of(1, Ending::Stopped, "stopped");
    assert!(matches!(thread.next_with(Some(stopped)), Next::Stop));
    assert_eq!(pool.notes(), []);
}
