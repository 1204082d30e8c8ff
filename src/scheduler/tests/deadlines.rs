//! Runs and waits that last too long, and who is told when to look.

use super::*;

#[test]
fn a_million_waits_that_end_at_once_end_in_batches_and_the_rest_is_due_now() {
    const BATCH: u32 = super::super::time::BATCH as u32;
    let pool = Pool::new(0, 1);
    let [worker] = pool.staff(JS);
    pool.submit(JS, 999_999);
    worker.takes();
    let limits = Limits { queue_timeout: Some(ms(10)), ..Limits::default() };
    let many = 3 * BATCH + 10;
    (0..many).for_each(|slot| _ = pool.submit_limited(JS, slot, limits.clone()));
    pool.pass(ms(10));
    for batch in 0..3 {
        assert_eq!(pool.scheduler.tick(), Some(Duration::ZERO), "there is more");
        let expected = (batch * BATCH..(batch + 1) * BATCH).map(|slot| Seen::Ended(slot, End::QueueTimedOut));
        assert_eq!(pool.notes(), Vec::from_iter(expected));
    }
    assert_eq!(pool.scheduler.tick(), None);
    assert_eq!(pool.notes().len(), 10);
}

#[test]
fn nothing_is_left_of_the_reminders_of_tasks_that_have_left() {
    let pool = Pool::new(0, 1);
    let [worker] = pool.staff(JS);
    let limits = Limits { queue_timeout: Some(ms(10)), retry: Some(retry(1, &[5.0])), ..Limits::default() };
    pool.submit_limited(JS, 0, limits.clone());
    worker.takes();
    pool.submit_limited(JS, 1, limits.clone());
    pool.submit_limited(JS, 2, limits);
    assert!(pool.scheduler.withdraw(1));
    worker.fails(0, "failed");
    pool.scheduler.cancel(0);
    worker.takes();
    worker.finishes(2, "done");
    assert_eq!(pool.scheduler.tick(), None, "nothing will ever be due");
}

fn timeout(milliseconds: u64) -> Limits {
    Limits { timeout: Some(ms(milliseconds)), ..Limits::default() }
}

fn queue_timeout(milliseconds: u64) -> Limits {
    Limits { queue_timeout: Some(ms(milliseconds)), ..Limits::default() }
}

fn timed_out(slot: u32) -> Seen {
    Seen::Ended(slot, End::TimedOut)
}

fn queue_timed_out(slot: u32) -> Seen {
    Seen::Ended(slot, End::QueueTimedOut)
}

#[test]
fn a_task_of_a_worker_that_runs_too_long_is_over_and_the_worker_is_told() {
    let pool = Pool::new(0, 1);
    let [worker] = pool.staff(JS);
    pool.submit_limited(JS, 0, timeout(50));
    let assignment = worker.takes();
    assert!(assignment.stoppable, "a timeout may stop it");
    assert_eq!(pool.tick_after(ms(49)), Some(ms(1)));
    assert_eq!((pool.notes(), worker.bell.stops()), (vec![], vec![]));

    pool.tick_after(ms(1));

    assert_eq!(pool.notes(), [timed_out(0)]);
    assert_eq!(worker.bell.stops(), [(assignment.run, false)]);
    assert_eq!(pool.scheduler.snapshot().tasks.timed_out, 1);
    worker.finishes(0, "late");
    assert_eq!(pool.notes(), [Seen::Dropped("late")]);
}

#[test]
fn a_native_task_that_runs_too_long_is_over_when_it_has_stopped() {
    let endings = [(Ending::Stopped, "stopped"), (Ending::Fulfilled, "late"), (Ending::Rejected, "failed")];
    for (ending, outcome) in endings {
        let pool = Pool::new(0, 1);
        let [thread] = pool.staff(Kind::Native);
        pool.submit_limited(Kind::Native, 0, timeout(50));
        let run = thread.takes().run;
        pool.tick_after(ms(50));
        assert_eq!(pool.notes(), [], "it may be reading its submitter's memory");
        assert_eq!(thread.bell.stops(), [(run, false)]);

        thread.ends(0, ending, outcome);

        assert_eq!(pool.notes(), [timed_out(0)]);
        let counts = pool.scheduler.snapshot().tasks;
        assert_eq!((counts.timed_out, counts.failed, counts.cancelled), (1, 0, 0));
    }
}

#[test]
fn a_run_is_timed_from_its_start() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        pool.submit_limited(kind, 0, timeout(50));
        pool.tick_after(HOUR);
        executor.takes();
        assert_eq!(pool.tick_after(ms(49)), Some(ms(1)));
        executor.finishes(0, "in time");
        assert_eq!(pool.tick_after(HOUR), None);
        assert_eq!(pool.notes(), [Seen::Settled(0, "in time")]);
        assert_eq!(executor.bell.stops(), []);
    }
}

#[test]
fn a_run_that_ended_before_anybody_looked_was_in_time() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        pool.submit_limited(kind, 0, timeout(50));
        executor.takes();
        pool.pass(HOUR);
        executor.finishes(0, "done");
        pool.scheduler.tick();
        assert_eq!(pool.notes(), [Seen::Settled(0, "done")]);
    }
}

#[test]
fn a_task_without_limits_has_those_of_the_pool_and_one_with_its_own_has_none_of_them() {
    let limits = Limits { timeout: Some(ms(10)), queue_timeout: Some(ms(20)), ..Limits::default() };
    for kind in KINDS {
        let pool = Pool::with(&Config { limits: limits.clone(), keep_after_stop: true, ..config(0, 2) });
        let [other, executor] = pool.staff(kind);
        pool.submit(kind, 0);
        assert!(executor.takes().stoppable);
        pool.submit_limited(kind, 1, timeout(30));
        other.takes();
        pool.submit(kind, 2);
        pool.submit_limited(kind, 3, Limits::default());

        pool.tick_after(ms(10));
        executor.ends(0, Ending::Stopped, "stopped");
        assert_eq!(pool.notes(), [timed_out(0)]);
        pool.tick_after(ms(10));
        assert_eq!(pool.notes(), [queue_timed_out(2)]);
        pool.tick_after(ms(10));
        other.ends(1, Ending::Stopped, "stopped");
        assert!(pool.notes().contains(&timed_out(1)));
        pool.tick_after(HOUR);
        assert_eq!(pool.notes(), []);
        assert_eq!(executor.takes().slot, 3);
    }
}

#[test]
fn a_task_that_waits_too_long_is_over_and_never_runs() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        pool.submit(kind, 0);
        executor.takes();
        pool.submit_limited(kind, 1, queue_timeout(50));
        pool.submit(kind, 2);
        assert_eq!(pool.tick_after(ms(49)), Some(ms(1)));
        assert_eq!(pool.notes(), []);

        assert_eq!(pool.tick_after(ms(1)), None);

        assert_eq!(pool.notes(), [queue_timed_out(1)]);
        executor.finishes(0, "done");
        assert_eq!(executor.takes().slot, 2);
        let counts = pool.scheduler.snapshot().tasks;
        assert_eq!((counts.timed_out, counts.cancelled), (1, 0));
    }
}

#[test]
fn a_task_that_runs_waits_no_longer() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        pool.submit_limited(kind, 0, queue_timeout(50));
        pool.pass(ms(49));
        executor.takes();
        assert_eq!(pool.tick_after(HOUR), None);
        executor.finishes(0, "done");
        assert_eq!(pool.notes(), [Seen::Settled(0, "done")]);
    }
}

#[test]
fn a_task_that_awaits_its_input_still_waits() {
    let pool = Pool::new(0, 1);
    let [worker] = pool.staff(JS);
    pool.submit(JS, 0);
    worker.takes();
    pool.accepts(Submission { needs_delivery: true, ..limited(JS, 1, queue_timeout(50)) });
    worker.finishes(0, "done");
    worker.falls_asleep();
    assert_eq!(pool.notes(), [Seen::Settled(0, "done"), Seen::Deliver { slot: 1, executor: worker.id }]);
    worker.bell.rings();

    pool.tick_after(ms(50));

    assert_eq!(pool.notes(), [queue_timed_out(1)]);
    assert!(worker.was_woken(), "it is free for other tasks");
    pool.scheduler.delivered(JS, 1);
    worker.falls_asleep();
}

#[test]
fn tasks_whose_time_is_over_settle_in_the_order_of_their_deadlines() {
    let pool = Pool::new(0, 1);
    let [worker] = pool.staff(JS);
    pool.submit(JS, 9);
    worker.takes();
    for (slot, limit) in [(0, 30), (1, 10), (2, 20)] {
        pool.submit_limited(JS, slot, queue_timeout(limit));
    }
    pool.tick_after(HOUR);
    assert_eq!(pool.notes(), [1, 2, 0].map(queue_timed_out));
}

#[test]
fn limits_of_nothing_are_over_at_the_next_look() {
    let pool = Pool::new(0, 1);
    let [worker] = pool.staff(JS);
    pool.submit_limited(JS, 0, timeout(0));
    worker.takes();
    pool.submit_limited(JS, 1, queue_timeout(0));
    pool.scheduler.tick();
    assert_eq!(pool.notes(), [queue_timed_out(1), timed_out(0)]);
}

#[test]
fn endless_limits_never_pass() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        let endless = Some(Duration::MAX);
        let limits = Limits { timeout: endless, queue_timeout: endless, ..Limits::default() };
        pool.submit_limited(kind, 0, limits.clone());
        executor.takes();
        pool.submit_limited(kind, 1, limits);
        assert_eq!(pool.tick_after(HOUR), None);
        assert_eq!((pool.notes(), pool.alarm.rings()), (vec![], 0));
    }
}

#[test]
fn a_closed_pool_keeps_to_its_deadlines_and_ends_with_the_last_of_them() {
    let pool = Pool::new(0, 1);
    let id = pool.submit_limited(JS, 0, queue_timeout(50)).expect("nobody is there to run it");
    pool.start(JS, id).gone();
    pool.scheduler.close();
    pool.tick_after(ms(50));
    assert_eq!(pool.notes(), [queue_timed_out(0), Seen::PoolEnded]);
}

#[test]
fn a_terminated_pool_has_no_deadlines() {
    let pool = Pool::new(0, 1);
    let [worker] = pool.staff(JS);
    pool.submit_limited(JS, 0, timeout(50));
    worker.takes();
    pool.submit_limited(JS, 1, queue_timeout(50));
    pool.scheduler.terminate();
    pool.tick_after(HOUR);
    assert_eq!(pool.notes(), []);
}

// ---- when to look

#[test]
fn the_alarm_rings_only_for_a_deadline_that_is_earlier_than_the_earliest() {
    let pool = Pool::new(0, 1);
    let [worker] = pool.staff(JS);
    pool.submit(JS, 9);
    worker.takes();
    let rings = |slot, limit| {
        pool.submit_limited(JS, slot, queue_timeout(limit));
        pool.alarm.rings()
    };
    assert_eq!([rings(0, 50), rings(1, 60), rings(2, 50), rings(3, 40), rings(4, 45)], [1, 0, 0, 1, 0]);
    assert_eq!(pool.scheduler.tick(), Some(ms(40)));
    assert_eq!(pool.alarm.rings(), 0, "whoever asks is answered");
    assert_eq!([rings(5, 40), rings(6, 39)], [0, 1]);
}

#[test]
fn the_alarm_rings_anew_once_there_was_nothing_to_look_for() {
    let pool = Pool::new(0, 1);
    let [worker] = pool.staff(JS);
    for slot in 0..3 {
        pool.submit_limited(JS, slot, timeout(50));
        worker.takes();
        assert_eq!(pool.alarm.rings(), 1);
        worker.finishes(slot, "done");
        assert_eq!(pool.tick_after(ms(50)), None, "there was nothing to do, and there is no more");
    }
}

#[test]
fn who_looks_too_early_is_told_how_much_too_early() {
    let pool = Pool::new(0, 2);
    let [other, worker] = pool.staff(JS);
    pool.submit_limited(JS, 0, timeout(70));
    worker.takes();
    pool.submit_limited(JS, 1, timeout(60));
    other.takes();
    pool.submit_limited(JS, 2, queue_timeout(80));
    assert_eq!(pool.tick_after(ms(10)), Some(ms(50)));
    other.finishes(1, "done");
    assert_eq!(pool.scheduler.tick(), Some(ms(60)));
    worker.finishes(0, "done");
    assert_eq!(pool.scheduler.tick(), Some(ms(70)));
    assert!(pool.scheduler.withdraw(2));
    assert_eq!(pool.scheduler.tick(), None, "the reminder of a task that left is dropped");
}

#[test]
fn a_reminder_of_a_task_that_left_does_nothing_to_the_next_task_of_its_slot() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        pool.submit(kind, 9);
        executor.takes();
        pool.submit_limited(kind, 0, queue_timeout(50));
        assert!(pool.scheduler.withdraw(0));
        pool.pass(ms(10));
        pool.submit_limited(kind, 0, queue_timeout(50));

        assert_eq!(pool.tick_after(ms(40)), Some(ms(10)));
        assert_eq!(pool.notes(), []);
        pool.tick_after(ms(10));
        assert_eq!(pool.notes(), [queue_timed_out(0)]);
    }
}

#[test]
fn a_reminder_of_an_earlier_wait_does_nothing_to_a_task_that_waits_again() {
    let pool = Pool::new(0, 1);
    let [worker] = pool.staff(JS);
    let limits = Limits { retry: Some(retry(1, &[0.0])), ..queue_timeout(50) };
    pool.submit_limited(JS, 0, limits);
    pool.pass(ms(30));
    worker.takes();
    pool.submit_with_priority(JS, 9, 5.0);
    worker.fails(0, "failed");
    assert_eq!(worker.takes().slot, 9);

    assert_eq!(pool.tick_after(ms(20)), Some(ms(30)));
    assert_eq!(pool.notes(), []);
    pool.tick_after(ms(30));
    assert_eq!(pool.notes(), [queue_timed_out(0)], "each wait has its own time");
}

#[test]
fn hundreds_of_thousands_of_tasks_that_wait_with_deadlines_are_cheap_to_cancel() {
    let pool = Pool::new(0, 1);
    let [worker] = pool.staff(JS);
    pool.submit(JS, 0);
    worker.takes();
    let slots = 1..300_001;
    for slot in slots.clone() {
        pool.submit_limited(JS, slot, queue_timeout(u64::from(slot)));
    }
    // Were each looked for in a heap or a queue, this would take hours.
    for slot in slots {
        assert_eq!(pool.scheduler.cancel(slot), Cancelled::Out);
    }
    assert_eq!(pool.scheduler.tick(), None, "their reminders are gone");
    assert_eq!((pool.notes(), pool.scheduler.snapshot().queue.length), (vec![], 0));
}
