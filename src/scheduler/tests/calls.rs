//! Who is called for what waits, how many at a time, and what happens if they do not come.

use super::*;

const LIMIT: Duration = ms(5);
/// So late that others are hired.
const LONG: Duration = ms(100);

fn pool_of(maximum: usize, processors: usize) -> Pool {
    let suspect_timeout = Some(Duration::from_secs(1));
    Pool::with(&Config { call_timeout: Some(LIMIT), suspect_timeout, processors, ..config(0, maximum) })
}

/// Runs tasks of the label of `slot` on an executor until its usual time is known, each for `time`.
fn runs_for(pool: &Pool, executor: &Executor<'_>, slot: u32, time: Duration) {
    for _ in 0..40 {
        pool.submit(executor.kind, slot);
        executor.takes();
        pool.pass(time);
        executor.finishes(slot, "known");
        executor.falls_asleep();
        pool.notes();
    }
    executor.bell.rings();
}

fn woken<const COUNT: usize>(executors: &[Executor<'_>; COUNT]) -> Vec<usize> {
    (0..COUNT).filter(|index| executors[*index].was_woken()).collect()
}

// ---- those that do not come

#[test]
fn a_task_whose_executor_does_not_come_goes_to_another_that_is_idle() {
    for kind in KINDS {
        let pool = pool_of(2, 8);
        let [other, blocked] = pool.staff(kind);
        pool.submit(kind, 0);
        assert!(blocked.was_woken() && !other.was_woken());

        pool.tick_after(LIMIT);

        assert!(other.was_woken());
        assert_eq!(other.takes().slot, 0);
    }
}

#[test]
fn the_timer_is_told_of_a_call_and_of_those_that_follow_it_only_if_nobody_looks() {
    let pool = pool_of(1, 8);
    let [worker] = pool.staff(JS);
    while pool.scheduler.tick().is_some() {
        pool.pass(LIMIT);
    }
    pool.alarm.rings();
    for slot in 0..20 {
        pool.submit(JS, slot);
        assert_eq!(worker.takes().slot, slot);
        worker.finishes(slot, "done");
        worker.falls_asleep();
    }
    assert_eq!(pool.alarm.rings(), 1, "the first call");
    assert_eq!(pool.tick_after(LIMIT), Some(LIMIT), "others may follow");
    assert_eq!(pool.tick_after(LIMIT), None, "nobody was called");
    assert_eq!(pool.alarm.rings(), 0);
}

#[test]
fn one_that_is_late_is_nobodys_first_choice_until_it_comes() {
    let pool = pool_of(2, 8);
    let [other, blocked] = pool.staff(JS);
    pool.submit(JS, 0);
    pool.tick_after(LIMIT);
    other.takes();
    other.finishes(0, "done");
    other.falls_asleep();
    other.was_woken();
    pool.submit(JS, 1);
    assert!(other.was_woken());
    other.takes();
    other.finishes(1, "done");
    other.falls_asleep();

    blocked.falls_asleep();

    blocked.was_woken();
    pool.submit(JS, 2);
    assert!(blocked.was_woken(), "it fell idle last");
    assert_eq!(blocked.takes().slot, 2);
}

#[test]
fn one_that_is_late_for_long_has_another_hired_in_its_place() {
    let pool = pool_of(2, 8);
    let [blocked] = pool.staff(JS);
    assert_eq!(pool.submit(JS, 0), None);
    assert_eq!(pool.workers_hired_by(|| _ = pool.tick_after(LIMIT)), Vec::<u32>::new(), "it may still come");

    let hired = pool.workers_hired_by(|| _ = pool.tick_after(LONG));

    let [hired] = hired[..] else { panic!("one is hired, not {hired:?}") };
    assert_eq!(pool.start(JS, hired).takes().slot, 0);
    blocked.falls_asleep();
}

#[test]
fn one_that_does_not_come_at_all_is_killed_and_replaced() {
    let pool = pool_of(1, 8);
    let [blocked] = pool.staff(JS);
    pool.submit(JS, 0);
    pool.tick_after(LIMIT);

    pool.tick_after(Duration::from_secs(1));

    let notes = pool.notes();
    let [Seen::Hire(JS, replacement), Seen::Kill(killed)] = notes[..] else { panic!("{notes:?}") };
    assert_eq!(killed, blocked.id);
    assert_eq!(pool.start(JS, replacement).takes().slot, 0);
}

#[test]
fn one_that_has_handed_in_and_does_not_return_is_not_counted_on() {
    let pool = pool_of(2, 8);
    let [other, blocked] = pool.staff(JS);
    pool.submit(JS, 0);
    blocked.takes();
    blocked.finishes(0, "done"); // and lets its event loop turn
    pool.tick_after(LIMIT);
    other.was_woken();
    pool.submit(JS, 1);
    assert!(other.was_woken());
    assert_eq!(other.takes().slot, 1);
    pool.tick_after(Duration::from_secs(1));
    assert!(pool.notes().contains(&Seen::Kill(blocked.id)));
}

#[test]
fn one_that_does_not_leave_when_it_is_told_to_is_killed() {
    let pool = pool_of(1, 8);
    let [blocked] = pool.staff(JS);
    pool.scheduler.close();
    pool.tick_after(LIMIT);
    pool.tick_after(Duration::from_secs(1));
    assert_eq!(pool.notes(), [Seen::Kill(blocked.id)]);
    blocked.gone();
    assert_eq!(pool.notes(), [Seen::PoolEnded]);
}

#[test]
fn a_strategy_sends_what_waits_for_one_that_is_missing_to_another() {
    for strategy in [Strategy::RoundRobin, Strategy::LeastLoaded] {
        let limits = Config { call_timeout: Some(LIMIT), strategy, ..config(0, 2) };
        let pool = Pool::with(&limits);
        let [first, second] = pool.staff(JS);
        pool.submit(JS, 0);
        let (blocked, other) = if first.was_woken() { (first, second) } else { (second, first) };

        pool.tick_after(LIMIT);
        assert!(!other.was_woken(), "it may just be slow");
        pool.tick_after(LONG);

        assert!(other.was_woken(), "{strategy:?}");
        assert_eq!(other.takes().slot, 0);
        other.finishes(0, "done");
        other.falls_asleep();
        for slot in 1..4 {
            pool.submit(JS, slot);
            assert_eq!(other.takes().slot, slot, "{strategy:?}");
            other.finishes(slot, "done");
            other.falls_asleep();
        }
        blocked.falls_asleep();
        pool.submit(JS, 4);
        pool.submit(JS, 5);
        assert_ne!(blocked.takes().slot, other.takes().slot);
    }
}

#[test]
fn a_task_with_a_key_waits_for_its_worker_until_that_is_given_up() {
    let pool = pool_of(2, 8);
    let [other, blocked] = pool.staff(JS);
    pool.accepts(keyed(0, 7));
    let (blocked, other) = if blocked.was_woken() { (blocked, other) } else { (other, blocked) };
    pool.tick_after(LIMIT);
    other.falls_asleep();
    pool.tick_after(Duration::from_secs(1));
    assert!(pool.notes().contains(&Seen::Kill(blocked.id)));
    assert_eq!(other.takes().slot, 0);
}

// ---- how many at a time

#[test]
fn no_more_are_on_their_way_than_processors_and_each_that_leaves_work_behind_calls_another() {
    for kind in KINDS {
        let pool = pool_of(6, 2);
        let executors = pool.staff::<6>(kind);
        (100..106).for_each(|slot| assert_eq!(pool.submit(kind, slot), None));
        assert_eq!(woken(&executors), [4, 5]);
        for (comer, called) in [(5, 3), (4, 2), (3, 1), (2, 0)] {
            executors[comer].takes();
            assert_eq!(woken(&executors), [called], "{kind:?}: {comer} leaves work behind");
        }
        executors[1].takes();
        executors[0].takes();
        assert_eq!(woken(&executors), Vec::<usize>::new());
    }
}

#[test]
fn short_tasks_are_left_to_those_who_are_at_them() {
    let pool = pool_of(6, 4);
    let executors = pool.staff::<6>(JS);
    runs_for(&pool, &executors[5], 0, Duration::from_micros(2));
    for slot in (0..40).step_by(4) {
        pool.submit(JS, slot);
    }
    assert_eq!(woken(&executors), [5]);
    executors[5].takes();
    assert_eq!(woken(&executors), Vec::<usize>::new(), "it is back before another is awake");
    for slot in (40..200).step_by(4) {
        pool.submit(JS, slot);
    }
    executors[5].next_with(Some(executors[5].done(0, "done")));
    assert_eq!(woken(&executors), [4], "two microseconds each: more than it does meanwhile");
}

#[test]
fn tasks_that_wait_behind_one_that_is_longer_than_usual_go_to_others() {
    let pool = pool_of(2, 4);
    let executors = pool.staff::<2>(JS);
    runs_for(&pool, &executors[1], 0, Duration::from_micros(2));
    pool.submit(JS, 0);
    executors[1].takes();
    pool.submit(JS, 4);
    assert_eq!(woken(&executors), [1], "it is expected back");

    pool.tick_after(LIMIT);

    assert_eq!(woken(&executors), [0]);
    assert_eq!(executors[0].takes().slot, 4);
}

#[test]
fn long_tasks_are_not_left_to_those_who_are_at_short_ones() {
    let pool = pool_of(3, 4);
    let executors = pool.staff::<3>(JS);
    runs_for(&pool, &executors[2], 0, Duration::from_micros(2));
    runs_for(&pool, &executors[2], 1, ms(20));
    runs_for(&pool, &executors[2], 0, Duration::from_micros(2));
    pool.submit(JS, 0);
    executors[2].takes();
    assert_eq!(woken(&executors), [2]);
    pool.submit(JS, 1);
    assert_eq!(woken(&executors), [1]);
}

#[test]
fn somebody_who_was_called_and_takes_a_part_calls_another_for_the_task_that_waits() {
    let pool = pool_of(3, 1);
    let [third, second, first] = pool.staff(Kind::Native);
    pool.accepts(Submission { priority: 5.0, ..task(Kind::Native, 0) });
    first.takes();
    first.was_woken();
    pool.submit(Kind::Native, 1);
    assert!(second.was_woken() && !third.was_woken());
    pool.scheduler.offer(Kind::Native, 0, first.run_of(0), 7, 1);
    third.was_woken();
    assert!(matches!(second.next(), Next::Help(_)));
    assert_eq!(third.takes().slot, 1);
}
