//! A step that panics half way through, and others that say that something has failed.

use super::*;

fn broken(notes: &[Seen]) -> usize {
    notes.iter().filter(|note| **note == Seen::Broken).count()
}

/// What a pool is at when something fails in it: one task runs, one waits, one is delayed.
fn busy(kind: Kind, pool: &Pool) -> Executor<'_> {
    let [executor] = pool.staff(kind);
    pool.submit(kind, 0);
    executor.takes();
    pool.submit(kind, 1);
    pool.submit_limited(kind, 2, Limits { queue_timeout: Some(ms(5)), ..Limits::default() });
    executor
}

#[test]
fn a_pool_that_is_broken_off_forgets_its_tasks_and_ends_once_everybody_is_gone() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let executor = busy(kind, &pool);
        pool.scheduler.break_off("words".to_owned());
        pool.scheduler.break_off("more words".to_owned());
        assert_eq!(pool.notes(), [Seen::Broken]);
        assert_eq!(pool.scheduler.failure().as_deref(), Some("words"));
        assert_eq!(pool.scheduler.submit(task(kind, 5)), Err(Refused::Broken));
        assert_eq!((pool.counts(), pool.scheduler.snapshot().queue.length), ((4, 1, 0, 3), 0));
        pool.scheduler.close();
        pool.scheduler.terminate();
        assert_eq!(pool.notes(), []);
        assert!(matches!(executor.next_with(Some(executor.done(0, "late"))), Next::Stop));
        executor.gone();
        assert_eq!(pool.notes(), [Seen::PoolEnded]);
    }
}

#[test]
fn a_pool_without_executors_ends_at_once_when_it_is_broken_off() {
    let pool = Pool::new(0, 1);
    pool.scheduler.break_off("words".to_owned());
    assert_eq!(pool.notes(), [Seen::Broken, Seen::PoolEnded]);
    pool.scheduler.break_off("words".to_owned());
    assert_eq!(pool.notes(), []);
}

#[test]
fn a_native_run_is_told_to_stop_when_its_pool_is_broken_off() {
    let pool = Pool::new(0, 1);
    let thread = busy(Kind::Native, &pool);
    pool.scheduler.break_off("words".to_owned());
    assert_eq!(thread.bell.stops(), [(thread.run_of(0), true)]);
    assert!(thread.was_woken());
}

#[test]
fn the_end_does_not_wait_for_an_executor_that_nobody_could_reach() {
    let pool = Pool::new(0, 2);
    let id = pool.submit(JS, 0).expect("nobody is there");
    pool.scheduler.break_off("words".to_owned());
    assert_eq!(pool.notes(), [Seen::Broken, Seen::PoolEnded]);
    let late = pool.start(JS, id);
    late.stops();
    assert_eq!((late.gone(), pool.notes()), (None, vec![]));
}

#[test]
fn a_pool_that_was_terminated_may_break_on_its_way_out() {
    let pool = Pool::new(0, 1);
    let executor = busy(JS, &pool);
    pool.scheduler.terminate();
    pool.scheduler.break_off("words".to_owned());
    assert_eq!(pool.notes(), [Seen::Broken]);
    executor.stops();
    executor.gone();
    assert_eq!(pool.notes(), [Seen::PoolEnded]);
}

/// With probes, in each call that changes something.
#[cfg(feature = "testing")]
#[test]
fn a_panic_in_any_step_breaks_the_pool_off_and_leaves_no_lock_behind() {
    type Step = fn(&Pool, &Executor<'_>);
    let steps: &[(&str, Step)] = &[
        ("submit", |pool, _| assert_eq!(pool.scheduler.submit(task(JS, 7)), Err(Refused::Broken))),
        ("withdraw", |pool, _| assert!(!pool.scheduler.withdraw(1))),
        ("cancel", |pool, _| assert_eq!(pool.scheduler.cancel(1), Cancelled::Over)),
        ("decide", |pool, _| pool.scheduler.decide(0, true)),
        ("delivered", |pool, _| pool.scheduler.delivered(JS, 0)),
        ("finish", |_, worker| worker.finishes(0, "lost")),
        ("next", |_, worker| assert!(matches!(worker.next_with(Some(worker.done(0, "lost"))), Next::Stop))),
        ("offer", |pool, worker| pool.scheduler.offer(JS, 0, worker.run_of(0), 9, 1)),
        ("retract", |pool, worker| pool.scheduler.retract(JS, worker.run_of(0))),
        ("retract_offer", |pool, _| pool.scheduler.retract_offer(JS, 1)),
        ("arrive", |pool, worker| pool.scheduler.arrive(JS, worker.id)),
        ("wear", |pool, worker| pool.scheduler.wear(worker.id)),
        ("gone", |pool, worker| pool.scheduler.gone(JS, worker.id, true)),
        ("hire_minimum", |pool, _| pool.scheduler.hire_minimum()),
        ("resize", |pool, _| pool.scheduler.resize(sizes(0, 9))),
        ("tick", |pool, _| assert_eq!(pool.tick_after(ms(5)), None)),
        ("close", |pool, _| pool.scheduler.close()),
        ("terminate", |pool, _| pool.scheduler.terminate()),
    ];
    for (name, step) in steps {
        let pool = Pool::new(0, 2);
        let worker = busy(JS, &pool);
        pool.notes();
        pool.scheduler.panic_in(name);
        step(&pool, &worker);
        let words = format!("a panic in '{name}': a test wants it");
        assert_eq!(pool.scheduler.failure(), Some(words), "{name}");
        assert_eq!(pool.scheduler.submit(task(JS, 8)), Err(Refused::Broken), "{name}");
        pool.scheduler.close();
        worker.stops();
        worker.gone();
        let notes = pool.notes();
        assert_eq!((broken(&notes), notes.last()), (1, Some(&Seen::PoolEnded)), "{name}: {notes:?}");
    }
}
