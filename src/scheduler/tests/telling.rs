//! When the owner is told of what short tasks have come to.

use super::*;

const LIMIT: Duration = ms(5);
/// As long as news may wait for others, and as long as a short task takes at most.
const MOMENT: Duration = Duration::from_micros(50);

fn pool_of(maximum: usize) -> Pool {
    Pool::with(&Config { call_timeout: Some(LIMIT), ..config(0, maximum) })
}

/// Hands in the task in `slot` and takes the next.
fn goes_on(executor: &Executor<'_>, slot: u32) -> u32 {
    match executor.next_with(Some(executor.end_of(slot, Ending::Fulfilled, "done"))) {
        Next::Run(assignment) => assignment.slot,
        other => panic!("there is one more task, not {other:?}"),
    }
}

fn hands_in_and_sleeps(executor: &Executor<'_>, slot: u32) {
    let next = executor.next_with(Some(executor.end_of(slot, Ending::Fulfilled, "done")));
    assert!(matches!(next, Next::Idle), "{next:?}");
}

#[test]
fn the_owner_is_woken_once_for_short_tasks_that_follow_one_another() {
    for kind in KINDS {
        let pool = pool_of(1);
        let [executor] = pool.staff(kind);
        executor.knows_short_tasks();
        [0, 1, 2].into_iter().for_each(|slot| _ = pool.submit(kind, slot));
        assert_eq!(executor.takes().slot, 0);
        assert_eq!([goes_on(&executor, 0), goes_on(&executor, 1)], [1, 2]);
        assert_eq!(pool.owner.rings(), 0);
        hands_in_and_sleeps(&executor, 2);
        assert_eq!(pool.owner.rings(), 1);
        let settled = [0, 1, 2].map(|slot| Seen::Settled(slot, "done"));
        assert_eq!(pool.notes(), settled);
    }
}

#[test]
fn news_do_not_wait_for_a_task_that_may_take_its_time() {
    let pool = pool_of(1);
    let [executor] = pool.staff(JS);
    executor.knows_short_tasks();
    pool.submit(JS, 0);
    pool.submit(JS, 3); // of a label that nobody has run
    executor.takes();
    assert_eq!(goes_on(&executor, 0), 3);
    assert_eq!(pool.owner.rings(), 1);
}

#[test]
fn news_wait_for_short_tasks_no_longer_than_it_takes_to_wake_somebody() {
    let pool = pool_of(1);
    let [executor] = pool.staff(JS);
    executor.knows_short_tasks();
    [0, 1, 2, 4, 5].into_iter().for_each(|slot| _ = pool.submit(JS, slot));
    executor.takes();
    goes_on(&executor, 0);
    pool.pass(MOMENT / 2);
    goes_on(&executor, 1);
    assert_eq!(pool.owner.rings(), 0);
    pool.pass(MOMENT / 2);
    goes_on(&executor, 2);
    assert_eq!(pool.owner.rings(), 1);
}

#[test]
fn news_that_wait_for_a_task_that_takes_longer_than_ever_come_with_the_next_tick() {
    let pool = pool_of(1);
    let [executor] = pool.staff(JS);
    executor.knows_short_tasks();
    [0, 1].into_iter().for_each(|slot| _ = pool.submit(JS, slot));
    executor.takes();
    goes_on(&executor, 0); // and is at the next from now on
    assert_eq!(pool.owner.rings(), 0);
    pool.tick_after(LIMIT);
    assert_eq!(pool.owner.rings(), 1);
    assert_eq!(pool.notes(), [Seen::Settled(0, "done")]);
}

#[test]
fn whoever_has_something_to_tell_tells_of_everything() {
    let pool = pool_of(2);
    let [executor, other] = pool.staff(Kind::Native);
    executor.knows_short_tasks();
    [0, 1, 3].into_iter().for_each(|slot| _ = pool.submit(Kind::Native, slot));
    executor.takes();
    goes_on(&executor, 0);
    assert_eq!(other.takes().slot, 3);
    assert_eq!(pool.owner.rings(), 1, "who goes on with something that takes its time tells of it, too");
    pool.notes();
    hands_in_and_sleeps(&executor, 1);
    hands_in_and_sleeps(&other, 3);
    assert_eq!(pool.notes(), [1, 3].map(|slot| Seen::Settled(slot, "done")));
}

#[test]
fn nothing_waits_in_a_pool_without_a_tick_to_end_that() {
    let pool = Pool::new(0, 1);
    let [executor] = pool.staff(JS);
    executor.knows_short_tasks();
    [0, 1].into_iter().for_each(|slot| _ = pool.submit(JS, slot));
    executor.takes();
    goes_on(&executor, 0);
    assert_eq!(pool.owner.rings(), 1);
}

#[test]
fn nothing_waits_for_a_tick_that_does_not_come() {
    let pool = pool_of(1);
    let [executor] = pool.staff(JS);
    executor.knows_short_tasks();
    pool.pass(2 * LIMIT); // and nobody has called `tick`
    [0, 1].into_iter().for_each(|slot| _ = pool.submit(JS, slot));
    executor.takes();
    goes_on(&executor, 0);
    assert_eq!(pool.owner.rings(), 1);
}
