//! Who is woken, who is hired, and who retires.

use super::*;

#[test]
fn an_idle_executor_is_woken_and_nobody_hired() {
    for kind in KINDS {
        let pool = Pool::new(0, 8);
        let [executor] = pool.staff(kind);
        assert_eq!(pool.submit(kind, 0), None);
        assert_eq!(executor.bell.rings(), 1);
        assert_eq!(executor.takes().slot, 0);
    }
}

#[test]
fn the_executor_that_fell_asleep_last_is_woken_first_and_each_for_one_task() {
    for kind in KINDS {
        let pool = Pool::new(0, 8);
        let [first, second] = pool.staff(kind);
        assert_eq!(pool.submit(kind, 0), None);
        assert!(!first.was_woken() && second.was_woken());
        assert_eq!(pool.submit(kind, 1), None);
        assert!(first.was_woken() && !second.was_woken());
        assert!(pool.submit(kind, 2).is_some(), "both are spoken for");
    }
}

#[test]
fn each_waiting_task_hires_an_executor_up_to_the_maximum() {
    for kind in KINDS {
        let pool = Pool::new(0, 3);
        let hired: Vec<_> = (0..5).map(|slot| pool.submit(kind, slot)).collect();
        assert!(hired[..3].iter().all(Option::is_some) && hired[3..].iter().all(Option::is_none));
        assert_eq!(hired.iter().flatten().collect::<HashSet<_>>().len(), 3, "each has its own number");
        assert_eq!(pool.crew(kind).total, 3);
    }
}

#[test]
fn an_executor_that_is_starting_counts_for_one_waiting_task() {
    let pool = Pool::new(2, 8);
    assert_eq!(pool.hire_minimum().len(), 2);
    let hired: Vec<bool> = (0..4).map(|slot| pool.submit(Kind::JavaScript, slot).is_some()).collect();
    assert_eq!(hired, [false, false, true, true]);
}

#[test]
fn an_executor_that_was_woken_for_nothing_is_woken_again() {
    for kind in KINDS {
        let pool = Pool::new(0, 2);
        let [executor] = pool.staff(kind);
        // Often enough that it no longer spins before it sleeps.
        (0..20).for_each(|_| executor.falls_asleep());
        pool.submit(kind, 0);
        assert_eq!(executor.bell.rings(), 1);
        pool.submit(kind, 1);
        assert_eq!(executor.bell.rings(), 0, "it stands in the idle list once");
    }
}

#[test]
fn the_minimum_is_hired_once() {
    let pool = Pool::new(3, 8);
    assert_eq!(pool.scheduler.hire_minimum(Kind::Native), [0u32; 0], "only workers have a minimum");
    assert_eq!(pool.hire_minimum().len(), 3);
    assert_eq!(pool.hire_minimum().len(), 0);
    let crew = pool.crew(Kind::JavaScript);
    assert_eq!((crew.total, crew.busy, crew.idle), (3, 0, 0));
}

#[test]
fn the_minimum_is_not_hired_for_a_closed_pool() {
    let pool = Pool::new(3, 8);
    pool.scheduler.close();
    assert_eq!(pool.hire_minimum(), [0u32; 0]);
    assert_eq!(pool.notes(), [Seen::PoolEnded]);
}

#[test]
fn executors_above_the_minimum_retire_and_those_that_slept_longest_first() {
    let pool = Pool::new(1, 3);
    let [first, second, third] = pool.staff(Kind::JavaScript);

    assert_eq!(pool.scheduler.retire_idle(Kind::JavaScript, Duration::ZERO), None);

    assert!(first.was_woken() && second.was_woken() && !third.was_woken());
    for retired in [first, second] {
        retired.stops();
        assert_eq!(retired.gone(), None);
    }
    assert_eq!(pool.submit(Kind::JavaScript, 0), None);
    assert_eq!(third.takes().slot, 0);
}

#[test]
fn native_threads_have_no_minimum() {
    let pool = Pool::new(2, 2);
    let executors = pool.staff::<2>(Kind::Native);
    pool.scheduler.retire_idle(Kind::Native, Duration::ZERO);
    for retired in executors {
        assert!(retired.was_woken());
        retired.stops();
        assert_eq!(retired.gone(), None);
    }
    assert_eq!(pool.crew(Kind::Native).total, 0);
}

#[test]
fn an_executor_that_has_not_been_idle_for_long_stays_and_tells_when_to_look_again() {
    for kind in KINDS {
        let pool = Pool::new(0, 2);
        let [executor] = pool.staff(kind);
        let wait = pool.scheduler.retire_idle(kind, HOUR).expect("one is above the minimum");
        assert!(wait <= HOUR && wait > Duration::ZERO, "{wait:?}");
        assert!(!executor.was_woken());
    }
}

#[test]
fn nobody_above_the_minimum_means_nothing_to_look_for() {
    let pool = Pool::new(1, 2);
    assert_eq!(pool.scheduler.retire_idle(Kind::JavaScript, HOUR), None);
    let [worker] = pool.staff(Kind::JavaScript);
    assert_eq!(pool.scheduler.retire_idle(Kind::JavaScript, Duration::ZERO), None);
    assert!(!worker.was_woken());
}

#[test]
fn an_executor_that_works_stays_and_may_have_been_idle_long_enough_after_the_whole_limit() {
    for kind in KINDS {
        let pool = Pool::new(0, 2);
        let [executor] = pool.staff(kind);
        pool.submit(kind, 0);
        executor.takes();
        assert_eq!(pool.scheduler.retire_idle(kind, HOUR), Some(HOUR));
        executor.finishes(0, "done");
        executor.falls_asleep();
    }
}

#[test]
fn one_caller_at_a_time_is_told_to_keep_retiring() {
    let pool = Pool::new(1, 3);
    let [first] = pool.staff(Kind::JavaScript);
    assert!(!pool.scheduler.begin_retiring(Kind::JavaScript), "nobody is above the minimum");
    pool.submit(Kind::JavaScript, 0);
    first.takes();
    let second = pool.submit(Kind::JavaScript, 1).expect("the other works");
    assert!(pool.scheduler.begin_retiring(Kind::JavaScript));
    assert!(!pool.scheduler.begin_retiring(Kind::JavaScript), "the first is at it");
    assert!(!pool.scheduler.begin_retiring(Kind::Native), "each kind for itself");
    let second = pool.start(Kind::JavaScript, second);
    second.takes();
    second.finishes(1, "done");
    second.falls_asleep();
    assert_eq!(pool.scheduler.retire_idle(Kind::JavaScript, Duration::ZERO), None);
    assert!(!pool.scheduler.begin_retiring(Kind::JavaScript), "the second ends");
    second.stops();
    second.gone();
    pool.submit(Kind::JavaScript, 2).expect("the first works");
    assert!(pool.scheduler.begin_retiring(Kind::JavaScript));
}

#[test]
fn an_endless_limit_retires_nobody() {
    for limit in [Duration::MAX, Duration::from_secs(1 << 40)] {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(Kind::Native);
        let wait = pool.scheduler.retire_idle(Kind::Native, limit).expect("one is idle");
        assert!(wait > HOUR, "{wait:?}");
        assert!(!executor.was_woken());
    }
}

#[test]
fn an_executor_that_was_woken_for_a_task_does_not_retire() {
    for kind in KINDS {
        let pool = Pool::new(0, 2);
        let [idle, woken] = pool.staff(kind);
        pool.submit(kind, 0);
        pool.scheduler.retire_idle(kind, Duration::ZERO);
        idle.stops();
        assert_eq!(woken.takes().slot, 0);
    }
}

#[test]
fn an_executor_that_awaits_an_input_does_not_retire() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        pool.try_submit(kind, 0, 0.0, true).expect("the pool is open");
        assert_eq!(pool.scheduler.retire_idle(kind, HOUR), Some(HOUR));
        assert_eq!(pool.scheduler.retire_idle(kind, Duration::ZERO), Some(Duration::ZERO));
        pool.scheduler.delivered(kind, 0);
        assert_eq!(executor.takes().slot, 0);
    }
}

#[test]
fn a_task_that_comes_while_the_last_executor_retires_gets_a_new_one() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [retired] = pool.staff(kind);
        pool.scheduler.retire_idle(kind, Duration::ZERO);
        assert_eq!(pool.submit(kind, 0), None, "there is no room before the other is gone");
        retired.stops();
        let replacement = retired.gone().expect("a task waits");
        assert_eq!(pool.start(kind, replacement).takes().slot, 0);
    }
}
