//! What somebody is free to take counts as running, whether it has asked or not.

use super::*;

fn length(pool: &Pool) -> usize {
    pool.scheduler.snapshot().queue.length
}

#[test]
fn a_closing_pool_takes_back_those_that_nobody_is_free_for_and_no_others() {
    for kind in KINDS {
        let pool = Pool::new(0, 2);
        let [first, second] = pool.staff(kind);
        for (slot, priority) in [(0, 0.0), (1, 9.0), (2, 5.0), (3, 0.0)] {
            pool.submit_with_priority(kind, slot, priority);
        }
        let queue = pool.scheduler.snapshot().queue;
        assert_eq!((queue.length, queue.by_priority), (2, vec![(0.0, 2)]));

        assert_eq!(pool.scheduler.cancel_queued(), [0, 3]);

        assert_eq!(length(&pool), 0);
        pool.scheduler.close();
        assert_eq!([second.takes().slot, first.takes().slot], [1, 2]);
        assert_eq!(pool.counts().3, 2);
    }
}

#[test]
fn who_is_not_up_yet_is_not_free() {
    let pool = Pool::new(0, 1);
    pool.submit(JS, 0);
    assert_eq!(length(&pool), 1);
    assert_eq!(pool.scheduler.cancel_queued(), [0]);
}

#[test]
fn a_worker_with_several_places_is_free_for_as_many() {
    let pool = Pool::with(&Config { places: 3, ..config(0, 1) });
    let [worker] = pool.staff(JS);
    pool.submit(JS, 0);
    worker.takes();
    (1..5).for_each(|slot| _ = pool.submit(JS, slot));
    assert_eq!(length(&pool), 4, "it runs something and has not said that it can take more");
    worker.takes();
    worker.takes();
    worker.falls_asleep();
    assert_eq!(pool.scheduler.cancel_queued(), [3, 4]);
}

#[test]
fn what_a_worker_keeps_for_itself_is_spoken_for_as_far_as_it_has_room() {
    let pool = Pool::new(0, 2);
    let [first, second] = pool.staff(JS);
    (0..3).for_each(|slot| _ = pool.accepts(keyed(slot, 7)));
    pool.submit(JS, 3);
    assert_eq!(length(&pool), 2);
    assert_eq!(pool.scheduler.cancel_queued(), [1, 2]);
    assert_eq!((first.takes().slot, second.takes().slot), (0, 3));
}

#[test]
fn an_input_that_is_on_its_way_is_that_of_a_task_that_runs_and_one_between_two_tries_waits() {
    let pool = Pool::new(0, 2);
    let [_first, second] = pool.staff(JS);
    pool.submit_limited(JS, 0, Limits { retry: Some(retry(1, &[50.0])), ..Limits::default() });
    second.takes();
    second.fails(0, "once");
    pool.try_submit(JS, 1, 0.0, true).expect("the pool is open");
    assert_eq!(pool.scheduler.cancel_queued(), [0]);
    assert_eq!(pool.scheduler.cancel_queued(), [0; 0]);
}
