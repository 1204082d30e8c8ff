//! Queues that may be only so long.

use super::*;

/// A pool that refuses tasks beyond `longest` waiting ones.
fn refusing(longest: usize, maximum: usize) -> Pool {
    Pool::with(&Config { longest_queue: Some(longest), ..config(0, maximum) })
}

/// A pool that holds them.
fn holding(longest: usize, maximum: usize) -> Pool {
    Pool::with(&Config { longest_queue: Some(longest), refuse_when_full: false, ..config(0, maximum) })
}

/// Whether the queue was full after each of these tasks; `None` for one that was refused.
fn fill(pool: &Pool, kind: Kind, slots: std::ops::Range<u32>) -> Vec<Option<bool>> {
    let full = |slot| match pool.try_submit(kind, slot, 0.0, false) {
        Ok(submitted) => Some(submitted.full),
        Err(refused) => {
            assert_eq!(refused, Refused::Full);
            None
        }
    };
    slots.map(full).collect()
}

fn queue(pool: &Pool) -> (usize, usize) {
    let queue = pool.scheduler.snapshot().queue;
    (queue.length, queue.held)
}

#[test]
fn tasks_beyond_the_longest_queue_are_refused_and_leave_no_trace() {
    for kind in KINDS {
        let pool = refusing(2, 1);
        let [executor] = pool.staff(kind);
        pool.submit(kind, 0);
        executor.takes();
        assert!(!pool.is_full(kind));
        assert_eq!(fill(&pool, kind, 1..5), [Some(false), Some(true), None, None]);
        assert!(pool.is_full(kind));
        assert_eq!(pool.counts().0, 4, "those refused do not count");
        assert_eq!(queue(&pool), (2, 0));

        executor.finishes(0, "done");
        assert_eq!(executor.takes().slot, 1);
        assert_eq!(fill(&pool, kind, 3..5), [Some(true), None]);
    }
}

#[test]
fn a_task_that_somebody_is_there_to_take_does_not_count_as_waiting() {
    for kind in KINDS {
        let pool = refusing(1, 3);
        let _executor = pool.staff::<1>(kind);
        // One is idle, two more can be hired, and one may wait.
        assert_eq!(fill(&pool, kind, 0..5), [Some(false), Some(false), Some(false), Some(true), None]);
    }
}

#[test]
fn with_no_room_to_wait_only_those_that_can_start_are_taken() {
    for kind in KINDS {
        let pool = refusing(0, 2);
        assert_eq!(fill(&pool, kind, 0..3), [Some(false), Some(false), None]);
        let pool = refusing(0, 2);
        let [first, _second] = pool.staff(kind);
        assert_eq!(fill(&pool, kind, 0..3), [Some(false), Some(false), None]);
        first.takes();
        assert!(pool.is_full(kind));
        first.finishes(0, "done");
        assert!(!pool.is_full(kind), "it is on its way");
        assert_eq!(fill(&pool, kind, 2..4), [Some(false), None]);
    }
}

#[test]
fn a_worker_with_several_places_takes_as_many() {
    let pool = Pool::with(&Config { longest_queue: Some(0), places: 2, ..config(0, 2) });
    assert_eq!(fill(&pool, JS, 0..5), [Some(false), Some(false), Some(false), Some(false), None]);
}

#[test]
fn a_worker_that_holds_a_delivered_task_has_a_place_less() {
    let pool = Pool::with(&Config { longest_queue: Some(0), places: 2, ..config(0, 1) });
    let [worker] = pool.staff(JS);
    pool.try_submit(JS, 0, 0.0, true).expect("the pool is open");
    pool.scheduler.delivered(JS, 0);
    worker.takes();
    worker.falls_asleep();
    assert_eq!(fill(&pool, JS, 1..3), [Some(false), None]);
}

#[test]
fn workers_and_native_threads_share_the_limit_and_each_kind_has_its_own_hands() {
    let pool = refusing(2, 1);
    let [worker] = pool.staff(JS);
    let [thread] = pool.staff(Kind::Native);
    assert_eq!(fill(&pool, JS, 0..2), [Some(false), Some(false)]);
    assert_eq!(fill(&pool, Kind::Native, 2..5), [Some(false), Some(true), None]);
    assert_eq!(fill(&pool, JS, 4..5), [None]);
    worker.takes();
    thread.takes();
    assert!(pool.scheduler.withdraw(1) && pool.scheduler.withdraw(3));
    assert_eq!(fill(&pool, JS, 5..8), [Some(false), Some(true), None]);
    thread.finishes(2, "done");
    thread.falls_asleep();
    assert!(!pool.is_full(Kind::Native) && pool.is_full(JS));
    assert_eq!(fill(&pool, Kind::Native, 8..10), [Some(true), None]);
}

#[test]
fn once_there_is_room_again_it_is_said_and_only_once() {
    for kind in KINDS {
        let pool = refusing(4, 1);
        let [executor] = pool.staff(kind);
        for round in 0..2 {
            pool.submit(kind, 0);
            executor.takes();
            assert_eq!(fill(&pool, kind, 1..6)[3..], [Some(true), None], "round {round}");
            for slot in 1..5 {
                executor.finishes(slot - 1, "done");
                assert_eq!(executor.takes().slot, slot);
                let drained = pool.notes().contains(&Seen::Drained);
                assert_eq!(drained, slot == 2, "when half of it is empty");
            }
            executor.finishes(4, "done");
            executor.falls_asleep();
            assert_eq!(pool.notes(), [Seen::Settled(4, "done")]);
        }
    }
}

#[test]
fn a_queue_that_was_full_says_so_until_it_has_drained() {
    let pool = refusing(4, 1);
    let [worker] = pool.staff(JS);
    pool.submit(JS, 0);
    worker.takes();
    fill(&pool, JS, 1..5);
    assert!(pool.scheduler.withdraw(4));
    assert_eq!(fill(&pool, JS, 4..5), [Some(true)]);
    (3..5).for_each(|slot| assert!(pool.scheduler.withdraw(slot)));
    assert_eq!(pool.notes(), [Seen::Drained]);
    assert_eq!(fill(&pool, JS, 3..5), [Some(false), Some(true)]);
}

#[test]
fn whatever_empties_the_queue_drains_it() {
    let times: [fn(&Pool); 3] = [
        |pool| assert!(pool.scheduler.withdraw(1)),
        |pool| assert_eq!(pool.scheduler.cancel(1), Cancelled::Out),
        |pool| _ = pool.tick_after(ms(10)),
    ];
    for time in times {
        let pool = refusing(1, 1);
        let [worker] = pool.staff(JS);
        pool.submit(JS, 0);
        worker.takes();
        let limits = Limits { queue_timeout: Some(ms(10)), ..Limits::default() };
        assert!(pool.accepts(limited(JS, 1, limits)).full);
        time(&pool);
        assert!(pool.notes().contains(&Seen::Drained));
    }
}

#[test]
fn more_workers_drain_the_queue_when_they_are_up() {
    let pool = refusing(2, 1);
    let [worker] = pool.staff(JS);
    pool.submit(JS, 0);
    worker.takes();
    assert_eq!(fill(&pool, JS, 1..4), [Some(false), Some(true), None]);
    let hired = pool.hired_by(|| pool.scheduler.resize(sizes(0, 3)));
    for (_, id) in hired {
        pool.start(JS, id).takes();
    }
    assert_eq!(pool.notes(), [Seen::Drained]);
}

#[test]
fn a_pool_that_holds_takes_every_task_and_tells_how_many_are_too_many() {
    for kind in KINDS {
        let pool = holding(2, 1);
        let [executor] = pool.staff(kind);
        pool.submit(kind, 0);
        executor.takes();
        assert_eq!(fill(&pool, kind, 1..5), [Some(false), Some(true), Some(true), Some(true)]);
        assert!(!pool.is_full(kind), "nothing is refused");
        assert_eq!(queue(&pool), (2, 2));
        executor.finishes(0, "done");
        executor.takes();
        assert_eq!((queue(&pool), pool.notes()), ((2, 1), vec![Seen::Settled(0, "done")]));
        for slot in 1..3 {
            executor.finishes(slot, "done");
            executor.takes();
        }
        assert_eq!(queue(&pool), (1, 0));
        assert_eq!(pool.notes()[2..], [Seen::Drained]);
    }
}

#[test]
fn held_tasks_run_in_their_order() {
    let pool = holding(0, 1);
    let [worker] = pool.staff(JS);
    pool.submit(JS, 0);
    worker.takes();
    assert_eq!(fill(&pool, JS, 1..3), [Some(true), Some(true)]);
    assert!(pool.try_submit(JS, 3, 5.0, false).expect("it is held").full);
    assert_eq!(queue(&pool), (0, 3));
    for (last, slot) in [(0, 3), (3, 1), (1, 2)] {
        worker.finishes(last, "done");
        assert_eq!(worker.takes().slot, slot);
    }
    assert_eq!(pool.notes().iter().filter(|note| **note == Seen::Drained).count(), 1);
}

#[test]
fn a_task_that_the_submitter_can_deliver_at_once_is_never_refused() {
    let pool = refusing(0, 1);
    let [worker] = pool.staff(JS);
    let submitted = pool.try_submit(JS, 0, 0.0, true).expect("somebody is idle");
    assert_eq!(submitted, Submitted { hire: None, deliver_to: Some(worker.id), full: false });
    assert_eq!(pool.try_submit(JS, 1, 0.0, true), Err(Refused::Full));
}

#[test]
fn a_pool_that_ends_refuses_for_that_and_not_for_its_queue() {
    let pool = refusing(0, 1);
    let [worker] = pool.staff(JS);
    pool.submit(JS, 0);
    worker.takes();
    pool.scheduler.close();
    assert_eq!(pool.try_submit(JS, 1, 0.0, false), Err(Refused::Closing));
    pool.scheduler.terminate();
    assert_eq!(pool.try_submit(JS, 1, 0.0, false), Err(Refused::Terminated));
}

#[test]
fn a_terminated_pool_does_not_drain() {
    let pool = refusing(1, 1);
    let [worker] = pool.staff(JS);
    pool.submit(JS, 0);
    worker.takes();
    assert_eq!(fill(&pool, JS, 1..2), [Some(true)]);
    pool.scheduler.terminate();
    worker.gone();
    assert_eq!(pool.notes(), [Seen::PoolEnded]);
}

#[test]
fn who_was_told_that_a_task_is_not_refused_may_submit_it_whatever_has_filled_the_queue_since() {
    for kind in KINDS {
        let pool = refusing(1, 1);
        let [executor] = pool.staff(kind);
        pool.submit(kind, 0);
        executor.takes();
        assert_eq!(pool.scheduler.refuses(kind), None);
        assert_eq!(fill(&pool, kind, 1..3), [Some(true), None]);
        let admitted = |slot| pool.scheduler.submit(Submission { admitted: true, ..task(kind, slot) });
        assert!(admitted(2).is_ok());
        pool.scheduler.close();
        assert_eq!(pool.scheduler.refuses(kind), Some(Refused::Closing));
        assert_eq!(admitted(3).err(), Some(Refused::Closing), "that is the submitter's own doing");
    }
}

#[test]
fn without_a_limit_no_queue_is_full() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let _executor = pool.staff::<1>(kind);
        assert_eq!(fill(&pool, kind, 0..100), [Some(false); 100]);
        assert!(!pool.is_full(kind));
        assert_eq!(queue(&pool), (99, 0), "one of them is spoken for");
    }
}
