//! Workers that have nothing to do for long.

use super::*;

/// A pool whose workers above the minimum are retired after `limit` without a task.
fn pool_that_retires(minimum: usize, maximum: usize, limit: Duration) -> Pool {
    Pool::with(&Config { idle_timeout: Some(limit), ..config(minimum, maximum) })
}

#[test]
fn workers_above_the_minimum_retire_and_those_that_slept_longest_first() {
    let pool = pool_that_retires(1, 3, HOUR);
    let [first, second, third] = pool.staff(Kind::JavaScript);

    assert_eq!(pool.tick_after(HOUR), None, "there is nothing more to look for");

    assert!(first.was_woken() && second.was_woken() && !third.was_woken());
    for retired in [first, second] {
        retired.stops();
        assert_eq!(retired.gone(), None);
    }
    assert_eq!(pool.submit(Kind::JavaScript, 0), None);
    assert_eq!(third.takes().slot, 0);
}

#[test]
fn without_a_limit_workers_idle_on() {
    let pool = Pool::new(0, 1);
    let [worker] = pool.staff(Kind::JavaScript);
    assert_eq!(pool.tick_after(HOUR), None);
    assert_eq!((worker.was_woken(), pool.alarm.rings()), (false, 0));
}

#[test]
fn native_threads_that_have_idled_for_long_are_gone_at_once() {
    let pool = pool_that_retires(1, 2, HOUR);
    let [first, second] = pool.staff::<2>(Kind::Native);
    pool.pass(ms(1));
    second.falls_asleep();
    assert_eq!(pool.tick_after(HOUR - ms(1)), Some(ms(1)));
    assert!(first.was_woken() && !second.was_woken());
    assert_eq!(pool.crew(Kind::Native).total, 1);
    assert_eq!(pool.submit(Kind::Native, 0), None, "the other takes it");
    assert_eq!(second.takes().slot, 0);
    assert!(
        pool.submit(Kind::Native, 1).is_some(),
        "there is room for another before the first has learnt of it"
    );
    first.stops();
    assert_eq!(first.gone(), None);
}

#[test]
fn a_worker_that_has_not_been_idle_for_long_stays_and_the_pool_tells_when_to_look_again() {
    let pool = pool_that_retires(0, 2, ms(30));
    let [worker] = pool.staff(Kind::JavaScript);
    assert_eq!(pool.alarm.rings(), 1, "it fell asleep");
    assert_eq!(pool.tick_after(ms(10)), Some(ms(20)));
    assert_eq!(pool.tick_after(ms(19)), Some(ms(1)));
    assert!(!worker.was_woken());
    assert_eq!(pool.tick_after(ms(1)), None);
    assert!(worker.was_woken());
    worker.stops();
}

#[test]
fn each_worker_is_retired_in_its_own_time() {
    let pool = pool_that_retires(0, 2, ms(30));
    let [first, second] = pool.staff(Kind::JavaScript);
    pool.pass(ms(10));
    second.falls_asleep();
    assert_eq!(pool.tick_after(ms(20)), Some(ms(10)));
    assert!(first.was_woken() && !second.was_woken());
    assert_eq!(pool.tick_after(ms(10)), None);
    assert!(second.was_woken());
}

#[test]
fn nobody_above_the_minimum_means_nothing_to_look_for() {
    let pool = pool_that_retires(1, 2, HOUR);
    assert_eq!(pool.scheduler.tick(), None);
    let [worker] = pool.staff(Kind::JavaScript);
    assert_eq!(pool.alarm.rings(), 0);
    assert_eq!(pool.tick_after(HOUR), None);
    assert!(!worker.was_woken());
}

#[test]
fn a_worker_that_works_stays_and_may_have_been_idle_long_enough_after_the_whole_limit() {
    let pool = pool_that_retires(0, 2, ms(30));
    let [worker] = pool.staff(Kind::JavaScript);
    pool.submit(Kind::JavaScript, 0);
    worker.takes();
    assert_eq!(pool.tick_after(HOUR), None, "nobody idles");
    pool.alarm.rings();
    worker.finishes(0, "done");
    worker.falls_asleep();
    assert_eq!(pool.alarm.rings(), 1);
    assert_eq!(pool.scheduler.tick(), Some(ms(30)));
}

#[test]
fn the_alarm_rings_for_the_first_that_idles_and_again_once_there_was_none() {
    let pool = pool_that_retires(1, 3, HOUR);
    let [first] = pool.staff(Kind::JavaScript);
    assert_eq!(pool.alarm.rings(), 0, "nobody is above the minimum");
    pool.submit(Kind::JavaScript, 0);
    first.takes();
    let second = pool.start(Kind::JavaScript, pool.submit(Kind::JavaScript, 1).expect("the other works"));
    second.takes();
    second.finishes(1, "done");
    second.falls_asleep();
    assert_eq!(pool.alarm.rings(), 1);
    second.falls_asleep();
    assert_eq!(pool.alarm.rings(), 0, "whoever was told is at it");
    assert_eq!(pool.tick_after(HOUR), None);
    second.stops();
    second.gone();

    let third = pool.start(Kind::JavaScript, pool.submit(Kind::JavaScript, 2).expect("the first works"));
    third.takes();
    third.finishes(2, "done");
    third.falls_asleep();

    assert_eq!(pool.alarm.rings(), 1);
}

#[test]
fn an_endless_limit_retires_nobody() {
    for limit in [Duration::MAX, Duration::from_secs(1 << 40)] {
        let pool = pool_that_retires(0, 1, limit);
        let [worker] = pool.staff(Kind::JavaScript);
        assert_eq!(pool.tick_after(HOUR), None);
        assert!(!worker.was_woken());
    }
}

#[test]
fn a_worker_that_was_woken_for_a_task_does_not_retire() {
    let pool = pool_that_retires(0, 2, HOUR);
    let [idle, woken] = pool.staff(Kind::JavaScript);
    pool.pass(HOUR);
    pool.submit(Kind::JavaScript, 0);
    pool.scheduler.tick();
    idle.stops();
    assert_eq!(woken.takes().slot, 0);
}

#[test]
fn a_worker_that_awaits_an_input_does_not_retire() {
    let pool = pool_that_retires(0, 1, HOUR);
    let [worker] = pool.staff(Kind::JavaScript);
    pool.try_submit(Kind::JavaScript, 0, 0.0, true).expect("the pool is open");
    assert_eq!(pool.tick_after(HOUR), None);
    pool.scheduler.delivered(Kind::JavaScript, 0);
    assert_eq!(worker.takes().slot, 0);
}

#[test]
fn a_worker_that_waits_for_what_it_runs_does_not_retire() {
    let pool = Pool::with(&Config { places: 2, idle_timeout: Some(HOUR), ..config(0, 1) });
    let [worker] = pool.staff(Kind::JavaScript);
    pool.submit(Kind::JavaScript, 0);
    worker.takes();
    worker.falls_asleep();
    worker.bell.rings();
    assert_eq!(pool.tick_after(HOUR), None);
    assert!(!worker.was_woken());
}

#[test]
fn a_task_that_comes_while_the_last_worker_retires_gets_a_new_one() {
    let pool = pool_that_retires(0, 1, HOUR);
    let [retired] = pool.staff(Kind::JavaScript);
    pool.tick_after(HOUR);
    assert_eq!(pool.submit(Kind::JavaScript, 0), None, "there is no room before the other is gone");
    retired.stops();
    let replacement = retired.gone().expect("a task waits");
    assert_eq!(pool.start(Kind::JavaScript, replacement).takes().slot, 0);
}
