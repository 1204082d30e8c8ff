//! Tasks that failed and are tried again.

use super::*;

/// Tried again `most` times, after these delays.
fn tries(most: u32, delays: &[f64]) -> Limits {
    Limits { retry: Some(retry(most, delays)), ..Limits::default() }
}

/// The same, and the submitter is asked each time.
pub(super) fn asks(most: u32, delays: &[f64]) -> Limits {
    Limits { retry: Some(Retry { ask: true, ..retry(most, delays) }), ..Limits::default() }
}

pub(super) fn retried(pool: &Pool) -> u64 {
    pool.scheduler.snapshot().tasks.retried
}

// ---- how often, and when

#[test]
fn a_task_that_fails_is_tried_again_as_often_as_allowed_and_only_its_last_end_is_told() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        pool.submit_limited(kind, 0, tries(2, &[0.0]));
        let mut runs = vec![];
        for attempt in 1..=3 {
            let assignment = executor.takes();
            assert_eq!((assignment.slot, assignment.attempt, assignment.job), (0, attempt, 0));
            assert_eq!(pool.notes(), []);
            runs.push(assignment.run);
            executor.fails(0, "failed");
        }
        assert_eq!(pool.notes(), [Seen::Settled(0, "failed")]);
        executor.falls_asleep();
        assert!(runs.is_sorted_by(|one, next| one < next), "each run has its own number: {runs:?}");
        assert_eq!((pool.counts(), retried(&pool)), ((2, 1, 1, 0), 2));
    }
}

#[test]
fn a_task_that_succeeds_in_the_end_is_a_success() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        pool.submit_limited(kind, 0, tries(5, &[0.0]));
        executor.takes();
        executor.fails(0, "failed");
        executor.takes();
        executor.finishes(0, "done");
        executor.falls_asleep();
        assert_eq!(pool.notes(), [Seen::Settled(0, "done")]);
        assert_eq!((pool.counts(), retried(&pool)), ((2, 2, 0, 0), 1));
    }
}

#[test]
fn without_a_retry_a_failure_is_final() {
    for kind in KINDS {
        for limits in [Limits::default(), tries(0, &[0.0])] {
            let pool = Pool::new(0, 1);
            let [executor] = pool.staff(kind);
            pool.submit_limited(kind, 0, limits);
            executor.takes();
            executor.fails(0, "failed");
            assert_eq!(pool.notes(), [Seen::Settled(0, "failed")]);
            executor.falls_asleep();
        }
    }
}

#[test]
fn the_pools_retry_is_for_tasks_without_limits_of_their_own() {
    let pool = Pool::with(&Config { limits: tries(1, &[0.0]), ..config(0, 1) });
    let [worker] = pool.staff(JS);
    pool.submit(JS, 0);
    worker.takes();
    worker.fails(0, "failed");
    assert_eq!(worker.takes().attempt, 2);
    worker.finishes(0, "done");
    pool.notes();
    pool.submit_limited(JS, 1, Limits::default());
    worker.takes();
    worker.fails(1, "failed");
    assert_eq!(pool.notes(), [Seen::Settled(1, "failed")]);
}

#[test]
fn a_task_that_would_fail_each_time_is_not_tried_again() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        pool.submit_limited(kind, 0, asks(5, &[0.0]));
        executor.takes();
        executor.ends(0, Ending::Refused, "no such task");
        assert_eq!(pool.notes(), [Seen::Settled(0, "no such task")]);
        executor.falls_asleep();
        assert_eq!(retried(&pool), 0);
    }
}

#[test]
fn each_try_has_its_own_delay_and_the_last_repeats() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        pool.submit_limited(kind, 0, tries(3, &[30.0, 10.0]));
        for delay in [30, 10, 10] {
            executor.takes();
            pool.alarm.rings();
            executor.fails(0, "failed");
            assert_eq!(pool.alarm.rings(), 1);
            executor.falls_asleep();
            executor.bell.rings();
            assert_eq!(pool.tick_after(ms(delay - 1)), Some(ms(1)));
            assert!(!executor.was_woken());
            assert_eq!(pool.tick_after(ms(1)), None);
            assert!(executor.was_woken());
        }
        executor.takes();
        executor.finishes(0, "done");
        assert_eq!(pool.notes(), [Seen::Settled(0, "done")]);
    }
}

#[test]
fn the_task_with_the_shorter_delay_is_back_first() {
    let pool = Pool::new(0, 1);
    let [worker] = pool.staff(JS);
    for (slot, delay) in [(0, 30.0), (1, 10.0), (2, 20.0)] {
        pool.submit_limited(JS, slot, tries(1, &[delay]));
    }
    for slot in 0..3 {
        worker.takes();
        worker.fails(slot, "failed");
    }
    worker.falls_asleep();
    pool.tick_after(HOUR);
    let order = [(); 3].map(|()| {
        let slot = worker.takes().slot;
        worker.finishes(slot, "done");
        slot
    });
    assert_eq!(order, [1, 2, 0]);
}

#[test]
fn a_task_that_is_tried_again_queues_up_behind_those_of_its_priority() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        pool.submit_limited(kind, 0, tries(1, &[0.0]));
        executor.takes();
        pool.submit(kind, 1);
        pool.submit_with_priority(kind, 2, -1.0);
        executor.fails(0, "failed");
        let order = [(); 3].map(|()| {
            let slot = executor.takes().slot;
            executor.finishes(slot, "done");
            slot
        });
        assert_eq!(order, [1, 0, 2]);
    }
}

#[test]
fn a_try_that_nobody_is_there_to_make_hires() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        pool.submit_limited(kind, 0, tries(1, &[10.0]));
        executor.takes();
        assert_eq!(executor.gone(), None, "nothing waits yet");
        pool.tick_after(ms(10));
        let [Seen::Hire(hired, id)] = pool.notes()[..] else { panic!("somebody is to be started") };
        assert_eq!(hired, kind);
        assert_eq!(pool.start(kind, id).takes().attempt, 2);
    }
}

#[test]
fn a_full_queue_refuses_no_second_try() {
    let pool = Pool::with(&Config { longest_queue: Some(1), ..config(0, 1) });
    let [worker] = pool.staff(JS);
    pool.submit_limited(JS, 0, tries(1, &[0.0]));
    worker.takes();
    pool.submit(JS, 1);
    worker.fails(0, "failed");
    for slot in [1, 0] {
        assert_eq!(worker.takes().slot, slot);
        worker.finishes(slot, "done");
    }
}

// ---- what counts as a failure

#[test]
fn a_run_that_takes_too_long_counts_as_a_try() {
    let pool = Pool::with(&Config { keep_after_stop: true, ..config(0, 2) });
    let [other, worker] = pool.staff(JS);
    pool.submit_limited(JS, 0, Limits { timeout: Some(ms(10)), ..tries(1, &[0.0]) });
    worker.takes();
    pool.tick_after(ms(10));

    assert_eq!(other.takes().attempt, 2, "the next try need not wait for the first to stop");

    assert_eq!(pool.notes(), []);
    assert_eq!(pool.tick_after(ms(9)), Some(ms(1)), "each try has the whole time");
    pool.tick_after(ms(1));
    assert_eq!(pool.notes(), [Seen::Ended(0, End::TimedOut)]);
    let counts = pool.scheduler.snapshot().tasks;
    assert_eq!((counts.timed_out, counts.retried, counts.failed), (1, 1, 0));
    for executor in [&worker, &other] {
        executor.ends(0, Ending::Stopped, "stopped");
        executor.falls_asleep();
    }
    assert_eq!(pool.notes(), []);
}

#[test]
fn a_native_task_is_tried_again_only_once_it_has_stopped() {
    let pool = Pool::new(0, 2);
    let [other, thread] = pool.staff(Kind::Native);
    pool.submit_limited(Kind::Native, 0, Limits { timeout: Some(ms(10)), ..tries(1, &[0.0]) });
    thread.takes();
    pool.tick_after(ms(10));
    other.falls_asleep();
    other.bell.rings();

    thread.ends(0, Ending::Stopped, "stopped");

    assert!(other.was_woken());
    assert_eq!(other.takes().attempt, 2);
    assert_eq!(pool.notes(), []);
}

#[test]
fn the_death_of_an_executor_counts_as_a_try() {
    for kind in KINDS {
        let pool = Pool::new(0, 2);
        let [other, executor] = pool.staff(kind);
        pool.submit_limited(kind, 0, tries(1, &[0.0]));
        executor.takes();
        assert_eq!(executor.gone(), None, "there is another");
        assert_eq!(other.takes().attempt, 2);
        assert_eq!(pool.notes(), []);
        other.gone();
        assert_eq!(pool.notes(), [Seen::Ended(0, End::ExecutorGone(other.id))]);
    }
}

#[test]
fn a_task_that_lost_its_executor_before_its_input_came_is_delivered_to_the_next() {
    let pool = Pool::new(0, 2);
    let [other, worker] = pool.staff(JS);
    pool.accepts(Submission { needs_delivery: true, ..limited(JS, 0, tries(1, &[0.0])) });
    worker.gone();
    other.falls_asleep();
    assert_eq!(pool.notes(), [Seen::Deliver { slot: 0, executor: other.id }]);
    pool.scheduler.delivered(JS, 0);
    let assignment = other.takes();
    assert_eq!((assignment.attempt, assignment.delivered), (2, true));
}

#[test]
fn a_wait_that_was_too_long_is_not_begun_again() {
    let pool = Pool::new(0, 1);
    let [worker] = pool.staff(JS);
    pool.submit(JS, 9);
    worker.takes();
    pool.submit_limited(JS, 0, Limits { queue_timeout: Some(ms(10)), ..asks(5, &[0.0]) });
    pool.tick_after(ms(10));
    assert_eq!(pool.notes(), [Seen::Ended(0, End::QueueTimedOut)]);
}

#[test]
fn the_delay_before_a_try_is_no_wait_in_the_queue() {
    let pool = Pool::new(0, 1);
    let [worker] = pool.staff(JS);
    pool.submit_limited(JS, 0, Limits { queue_timeout: Some(ms(10)), ..tries(1, &[50.0]) });
    worker.takes();
    worker.fails(0, "failed");
    assert_eq!(pool.tick_after(ms(49)), Some(ms(1)));
    assert_eq!(pool.scheduler.snapshot().queue.length, 0);
    assert_eq!(pool.tick_after(ms(1)), Some(ms(10)));
    assert_eq!(pool.scheduler.snapshot().queue.length, 0, "its worker is free to take it");
    pool.tick_after(ms(10));
    assert_eq!(pool.notes(), [Seen::Ended(0, End::QueueTimedOut)]);
}

// ---- meanwhile

#[test]
fn a_task_that_waits_for_its_next_try_can_be_taken_back() {
    for kind in KINDS {
        for cancels in [false, true] {
            let pool = Pool::new(0, 1);
            let [executor] = pool.staff(kind);
            pool.submit_limited(kind, 0, tries(1, &[10.0]));
            executor.takes();
            executor.fails(0, "failed");
            if cancels {
                assert_eq!(pool.scheduler.cancel(0), Cancelled::Out);
            } else {
                assert!(pool.scheduler.withdraw(0));
            }
            pool.submit(kind, 0);
            assert_eq!(pool.tick_after(HOUR), None);
            assert_eq!(executor.takes().attempt, 1, "the slot's next task");
            executor.finishes(0, "done");
            executor.falls_asleep();
            assert_eq!(pool.notes(), [Seen::Settled(0, "done")]);
        }
    }
}

#[test]
fn a_closed_pool_still_tries_again() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        pool.submit_limited(kind, 0, tries(1, &[10.0]));
        executor.takes();
        pool.scheduler.close();
        executor.fails(0, "failed");
        executor.falls_asleep();
        assert_eq!(pool.notes(), []);
        pool.tick_after(ms(10));
        executor.takes();
        executor.finishes(0, "done");
        executor.stops();
        executor.gone();
        assert_eq!(pool.notes(), [Seen::Settled(0, "done"), Seen::PoolEnded]);
    }
}

#[test]
fn a_closed_pool_ends_when_the_last_task_that_waits_for_a_try_is_taken_back() {
    let pool = Pool::new(0, 1);
    let [worker] = pool.staff(JS);
    pool.submit_limited(JS, 0, tries(1, &[10.0]));
    worker.takes();
    worker.gone();
    pool.scheduler.close();
    assert_eq!(pool.notes(), []);
    pool.scheduler.cancel(0);
    assert_eq!(pool.notes(), [Seen::PoolEnded]);
}

#[test]
fn a_terminated_pool_tries_nothing_again() {
    let pool = Pool::new(0, 1);
    let [worker] = pool.staff(JS);
    pool.submit_limited(JS, 0, tries(1, &[10.0]));
    pool.submit_limited(JS, 1, asks(1, &[0.0]));
    pool.submit_limited(JS, 2, tries(1, &[0.0]));
    for slot in 0..2 {
        worker.takes();
        worker.fails(slot, "failed");
    }
    worker.takes();
    pool.notes();
    pool.scheduler.terminate();
    pool.scheduler.decide(1, true);
    assert_eq!(pool.tick_after(HOUR), None);
    let failed = worker.end_of(2, Ending::Rejected, "failed");
    assert!(matches!(worker.next_with(Some(failed)), Next::Stop));
    worker.gone();
    assert_eq!(pool.notes(), [Seen::PoolEnded]);
    assert_eq!(pool.counts(), (4, 1, 0, 3));
}
