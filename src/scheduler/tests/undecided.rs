//! Submitters that are asked whether a task that failed is tried again.

use super::retries::{asks, retried};
use super::*;

#[test]
fn a_submitter_that_wants_to_be_asked_is_and_its_yes_is_another_try() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        pool.submit_limited(kind, 0, asks(1, &[0.0]));
        executor.takes();
        executor.fails(0, "failed");
        assert_eq!(pool.notes(), [Seen::Undecided(0, End::Outcome("failed"))]);
        executor.falls_asleep();
        assert_eq!(pool.counts(), (2, 1, 0, 0), "it is not over");

        pool.scheduler.decide(0, true);

        assert_eq!(executor.takes().attempt, 2);
        executor.fails(0, "failed again");
        assert_eq!(pool.notes(), [Seen::Settled(0, "failed again")], "there is no third to be asked about");
        assert_eq!(pool.counts(), (2, 1, 1, 0));
    }
}

#[test]
fn a_yes_is_followed_by_the_delay() {
    let pool = Pool::new(0, 1);
    let [worker] = pool.staff(JS);
    pool.submit_limited(JS, 0, asks(1, &[10.0]));
    worker.takes();
    worker.fails(0, "failed");
    worker.falls_asleep();
    pool.pass(HOUR);
    pool.scheduler.decide(0, true);
    assert_eq!(pool.tick_after(ms(9)), Some(ms(1)));
    pool.tick_after(ms(1));
    assert_eq!(worker.takes().attempt, 2);
}

#[test]
fn a_no_is_the_end_and_no_other_note_comes() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        pool.submit_limited(kind, 0, asks(1, &[0.0]));
        executor.takes();
        executor.fails(0, "failed");
        pool.notes();
        pool.scheduler.decide(0, false);
        pool.scheduler.decide(0, true);
        executor.falls_asleep();
        assert_eq!(pool.notes(), []);
        assert_eq!((pool.counts(), retried(&pool)), ((2, 1, 1, 0), 0));
        assert_eq!(pool.submit(kind, 0), None, "the slot is free");
    }
}

#[test]
fn a_no_to_a_task_that_ran_too_long_counts_as_timed_out() {
    let pool = Pool::new(0, 1);
    let [worker] = pool.staff(JS);
    pool.submit_limited(JS, 0, Limits { timeout: Some(ms(10)), ..asks(1, &[0.0]) });
    worker.takes();
    pool.tick_after(ms(10));
    assert_eq!(pool.notes(), [Seen::Undecided(0, End::TimedOut)]);
    pool.scheduler.decide(0, false);
    let counts = pool.scheduler.snapshot().tasks;
    assert_eq!((counts.timed_out, counts.failed), (1, 0));
}

#[test]
fn nobody_is_asked_about_a_task_that_is_not_undecided() {
    let pool = Pool::new(0, 1);
    let [worker] = pool.staff(JS);
    pool.submit_limited(JS, 0, asks(1, &[0.0]));
    pool.scheduler.decide(0, false);
    worker.takes();
    pool.scheduler.decide(0, false);
    pool.scheduler.decide(7, true);
    worker.finishes(0, "done");
    assert_eq!(pool.notes(), [Seen::Settled(0, "done")]);
}

#[test]
fn an_undecided_task_keeps_its_slot_and_a_closed_pool_open() {
    let pool = Pool::new(0, 1);
    let [worker] = pool.staff(JS);
    pool.submit_limited(JS, 0, asks(1, &[0.0]));
    worker.takes();
    worker.fails(0, "failed");
    pool.scheduler.close();
    worker.falls_asleep();
    pool.notes();
    pool.scheduler.decide(0, false);
    worker.stops();
    worker.gone();
    assert_eq!(pool.notes(), [Seen::PoolEnded]);
}
