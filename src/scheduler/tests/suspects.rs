//! Workers in which something was cut off or left behind: they are watched until they are gone.

use super::*;

const LIMIT: Duration = Duration::from_secs(1);

/// A pool with a worker that has handed in a run as stopped, and sleeps.
fn pool(keep: bool) -> Pool {
    Pool::with(&Config { suspect_timeout: Some(LIMIT), keep_after_stop: keep, ..config(0, 1) })
}

/// A worker that has been told to stop a task and has left it behind.
fn suspect(pool: &Pool) -> Executor<'_> {
    let [worker] = pool.staff(JS);
    pool.submit(JS, 0);
    worker.takes();
    pool.scheduler.cancel(0);
    worker.ends(0, Ending::Stopped, "left behind");
    worker.falls_asleep();
    pool.notes();
    worker
}

#[test]
fn one_that_does_not_come_for_a_task_is_killed_once() {
    let pool = pool(true);
    let worker = suspect(&pool);
    pool.submit(JS, 1);
    pool.tick_after(LIMIT);
    assert_eq!(pool.notes(), [], "it was seen to be expected just now");

    pool.tick_after(LIMIT);

    assert_eq!(pool.notes(), [Seen::Hire(JS, 2), Seen::Kill(worker.id)]);
    pool.tick_after(LIMIT);
    assert_eq!(pool.notes(), []);
}

#[test]
fn one_that_does_not_come_for_an_input_that_was_sent_is_killed() {
    let pool = pool(true);
    let worker = suspect(&pool);
    let submitted = pool.try_submit(JS, 1, 0.0, true).expect("the pool is open");
    assert_eq!(submitted.deliver_to, Some(worker.id));
    pool.tick_after(LIMIT);
    pool.tick_after(LIMIT);
    assert_eq!(pool.notes(), [], "the input has not been sent");
    pool.scheduler.delivered(JS, 1);
    pool.tick_after(LIMIT);
    pool.tick_after(9 * LIMIT);
    assert_eq!(pool.notes(), [], "it may be reading it");

    pool.tick_after(LIMIT);

    assert_eq!(pool.notes(), [Seen::Hire(JS, 2), Seen::Kill(worker.id)]);
    worker.gone();
    assert_eq!(pool.notes()[..1], [Seen::Ended(1, End::ExecutorGone(worker.id))]);
}

#[test]
fn one_that_does_not_leave_a_closed_pool_is_killed() {
    let pool = pool(true);
    let worker = suspect(&pool);
    pool.scheduler.close();
    pool.tick_after(LIMIT);

    pool.tick_after(LIMIT);

    assert_eq!(pool.notes(), [Seen::Kill(worker.id)]);
    worker.gone();
    assert_eq!(pool.notes(), [Seen::PoolEnded]);
}

#[test]
fn one_that_comes_or_is_not_expected_or_runs_a_task_lives_on() {
    let pool = pool(true);
    let worker = suspect(&pool);
    for slot in 1..5 {
        pool.tick_after(LIMIT);
        pool.tick_after(LIMIT);
        pool.submit(JS, slot);
        pool.tick_after(LIMIT / 2);
        worker.takes();
        pool.tick_after(LIMIT);
        pool.tick_after(LIMIT);
        worker.finishes(slot, "done");
        worker.falls_asleep();
        assert_eq!(pool.notes(), [Seen::Settled(slot, "done")]);
    }
}

#[test]
fn one_that_has_been_told_to_end_may_take_its_time() {
    let pool = pool(true);
    let worker = suspect(&pool);
    pool.scheduler.close();
    worker.stops();
    pool.tick_after(LIMIT);
    pool.tick_after(LIMIT);
    assert_eq!(pool.notes(), []);
}
