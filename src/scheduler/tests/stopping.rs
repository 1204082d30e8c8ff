//! Executors that are to let go of a run: those that do not, and those that need not be replaced.

use super::*;

fn cancelled(slot: u32) -> Seen {
    Seen::Ended(slot, End::Cancelled)
}

/// A pool whose workers have `milliseconds` to answer when they are told to stop.
fn patient(milliseconds: u64) -> Pool {
    Pool::with(&Config { stop_timeout: ms(milliseconds), ..config(0, 2) })
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
    assert_eq!(pool.notes(), [Seen::Hire(JS, 3)]);

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
    assert_eq!((pool.notes(), passed), (vec![Seen::Hire(JS, 2), Seen::Kill(worker.id)], ms(25)));
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
    assert_eq!(pool.notes(), [Seen::Hire(JS, 2), Seen::Kill(worker.id)]);
}

#[test]
fn the_other_tasks_of_a_killed_worker_fail_when_it_is_given_up_and_count_until_it_is_gone() {
    let pool = Pool::with(&Config { places: 2, stop_timeout: ms(50), ..config(0, 1) });
    let [worker] = pool.staff(JS);
    for slot in 0..2 {
        pool.submit(JS, slot);
        worker.takes();
    }
    pool.submit(JS, 2);
    pool.scheduler.cancel(0);
    pool.tick_after(ms(50));
    assert_eq!(pool.notes(), [Seen::Hire(JS, 2), Seen::Kill(worker.id)]);
    let heir = pool.start(JS, 2);

    pool.scheduler.lose(worker.id);

    assert_eq!(pool.notes(), [Seen::Ended(1, End::ExecutorGone(worker.id))]);
    heir.falls_asleep(); // both may still be running
    pool.scheduler.lose(worker.id);
    assert_eq!((pool.notes(), worker.gone()), (vec![], None));
    assert!(heir.was_woken());
    assert_eq!(heir.takes().slot, 2);
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
        assert_eq!(pool.notes(), [Seen::Dropped("late")]);
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
