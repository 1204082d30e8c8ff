//! Tasks that are put down for an executor at a short one, while others wait.

use proptest::prelude::{Just, ProptestConfig, any, prop, prop_assert_eq, prop_oneof, proptest};
use proptest::strategy::Strategy as Generator;

use super::*;
use crate::scheduler::intake::MOST;

const LIMIT: Duration = ms(5);

fn pool_config(maximum: usize) -> Config {
    Config { call_timeout: Some(LIMIT), processors: 1, ..config(0, maximum) }
}

/// The only executor of a pool, which attends.
fn attends(pool: &Pool, kind: Kind) -> Executor<'_> {
    let [executor] = pool.staff(kind);
    comes_to_attend(pool, &executor);
    executor
}

/// The executor is at the short task in slot 0, with that in slot 1 behind: it is back before long.
fn comes_to_attend(pool: &Pool, executor: &Executor<'_>) {
    executor.knows_short_tasks();
    [0, 1].into_iter().for_each(|slot| assert_eq!(pool.submit(executor.kind, slot), None));
    assert_eq!(executor.takes().slot, 0);
}

/// Submits a task, which is put down.
fn put_down(pool: &Pool, submission: Submission<u32>) {
    let slot = submission.slot;
    assert_eq!(pool.accepts(submission), Submitted { hire: None, deliver_to: None, full: false });
    assert!(pool.scheduler.intake.has_any(), "{slot} is put down");
}

/// Submits a task that nobody may put down.
fn submits_at_once(pool: &Pool, submission: Submission<u32>) -> Submitted {
    let submitted = pool.accepts(submission);
    assert!(!pool.scheduler.intake.has_any());
    submitted
}

/// Hands in a task and asks for the next.
fn goes_on(executor: &Executor<'_>, slot: u32) -> Next<u32> {
    executor.next_with(Some(executor.done(slot, "done")))
}

fn runs_on(executor: &Executor<'_>, slot: u32) -> u32 {
    match goes_on(executor, slot) {
        Next::Run(assignment) => assignment.slot,
        other => panic!("there is one more task, not {other:?}"),
    }
}

#[test]
fn tasks_that_are_put_down_run_in_their_order_and_by_priority() {
    for kind in KINDS {
        let pool = Pool::with(&pool_config(1));
        let executor = attends(&pool, kind);
        put_down(&pool, task(kind, 2));
        put_down(&pool, Submission { priority: 1.0, ..task(kind, 4) });
        put_down(&pool, task(kind, 5));
        let order = [0, 4, 1, 2].map(|slot| runs_on(&executor, slot));
        assert_eq!(order, [4, 1, 2, 5], "{kind:?}");
        assert!(matches!(goes_on(&executor, 5), Next::Idle));
        let settled = [0, 4, 1, 2, 5].map(|slot| Seen::Settled(slot, "done"));
        assert_eq!(pool.notes(), settled);
    }
}

#[test]
fn a_task_waits_from_when_it_was_put_down() {
    let pool = Pool::with(&pool_config(1));
    let executor = attends(&pool, JS);
    put_down(&pool, task(JS, 2));
    pool.pass(ms(3));
    let taken = [0, 1].map(|slot| runs_on(&executor, slot));
    let waited = pool.scheduler.snapshot().wait_time.max;
    assert!(taken == [1, 2] && (3.0..3.1).contains(&waited), "{waited} ms, to a percent or so");
}

#[test]
fn the_owner_sees_what_it_has_put_down() {
    let pool = Pool::with(&pool_config(1));
    let executor = attends(&pool, JS);
    put_down(&pool, task(JS, 2));
    let snapshot = pool.scheduler.snapshot();
    assert_eq!((snapshot.queue.length, snapshot.tasks.submitted), (2, 28));
    assert_eq!(pool.scheduler.run_of(2), None);
    // Looking has ended what the executor begins anew.
    assert_eq!(runs_on(&executor, 0), 1);
}

#[test]
fn the_owner_takes_back_what_it_has_put_down() {
    type TakesBack = fn(&Pool) -> bool;
    let ways: [TakesBack; 3] = [
        |pool| pool.scheduler.withdraw(2),
        |pool| pool.scheduler.cancel(2) == Cancelled::Out,
        |pool| pool.scheduler.cancel_queued() == [1, 2],
    ];
    for (index, takes_back) in ways.into_iter().enumerate() {
        let pool = Pool::with(&pool_config(1));
        let executor = attends(&pool, JS);
        put_down(&pool, task(JS, 2));
        assert!(takes_back(&pool), "way {index}");
        assert!(!runs(&executor).contains(&2), "way {index}");
    }
}

#[test]
fn a_pool_that_is_closed_runs_what_was_put_down_and_takes_no_more() {
    for kind in KINDS {
        let pool = Pool::with(&pool_config(1));
        let executor = attends(&pool, kind);
        put_down(&pool, task(kind, 2));
        pool.scheduler.close();
        assert_eq!(pool.scheduler.submit(task(kind, 4)), Err(Refused::Closing));
        let taken = runs_on(&executor, 0);
        assert_eq!(pool.scheduler.submit(task(kind, 4)), Err(Refused::Closing), "it attends no more");
        assert_eq!((taken, runs_on(&executor, 1)), (1, 2));
        assert!(matches!(goes_on(&executor, 2), Next::Stop));
    }
}

#[test]
fn a_pool_that_is_terminated_forgets_what_was_put_down() {
    let pool = Pool::with(&pool_config(1));
    let executor = attends(&pool, JS);
    pool.notes();
    put_down(&pool, task(JS, 2));
    pool.scheduler.terminate();
    assert_eq!(pool.scheduler.submit(task(JS, 4)), Err(Refused::Terminated));
    assert!(matches!(goes_on(&executor, 0), Next::Stop));
    assert_eq!(pool.counts(), (28, 25, 0, 3));
}

#[test]
fn whoever_attends_and_falls_asleep_first_takes_what_is_put_down() {
    let pool = Pool::with(&pool_config(1));
    let executor = attends(&pool, JS);
    assert!(pool.scheduler.withdraw(1));
    submits_at_once(&pool, task(JS, 1));
    assert_eq!(runs_on(&executor, 0), 1);
    submits_at_once(&pool, task(JS, 2)); // nobody waits behind the other
    assert_eq!(runs_on(&executor, 1), 2);
    assert!(matches!(goes_on(&executor, 2), Next::Idle));
    assert_eq!(pool.submit(JS, 4), None);
    assert!(executor.was_woken());
}

#[test]
fn whoever_goes_on_with_a_task_that_may_take_its_time_has_others_come_for_what_was_put_down() {
    for kind in KINDS {
        let pool = Pool::with(&pool_config(2));
        let [other, executor] = pool.staff(kind);
        comes_to_attend(&pool, &executor);
        put_down(&pool, Submission { priority: 1.0, ..task(kind, 3) }); // of a label that nobody has run
        assert!(!other.was_woken());
        assert_eq!(runs_on(&executor, 0), 3);
        assert!(other.was_woken(), "{kind:?}");
        submits_at_once(&pool, task(kind, 2));
    }
}

#[test]
fn a_task_that_takes_longer_than_ever_keeps_nobody_from_what_is_put_down_for_longer_than_the_limit() {
    for kind in KINDS {
        let pool = Pool::with(&pool_config(2));
        let [other, executor] = pool.staff(kind);
        comes_to_attend(&pool, &executor);
        put_down(&pool, task(kind, 2));
        assert!(pool.alarm.rings() > 0 && !other.was_woken(), "{kind:?}: somebody looks in time");
        pool.tick_after(LIMIT);
        assert!(!pool.scheduler.intake.has_any());
        assert!(other.was_woken(), "{kind:?}: another comes for what waits");
        submits_at_once(&pool, task(kind, 4));
        assert_eq!(other.takes().slot, 1);
        assert_eq!(runs_on(&executor, 0), 2);
    }
}

#[test]
fn the_dead_attend_to_nothing() {
    let pool = Pool::with(&pool_config(1));
    let executor = attends(&pool, JS);
    put_down(&pool, task(JS, 2));
    let successor = executor.gone().expect("two wait");
    assert!(!pool.scheduler.intake.has_any());
    assert_eq!(runs(&pool.start(JS, successor)), [1, 2]);
}

#[test]
fn nothing_is_put_down_without_a_tick() {
    let without = Config { call_timeout: None, ..pool_config(1) };
    for (config, passes) in [(without, Duration::ZERO), (pool_config(1), 2 * LIMIT)] {
        let pool = Pool::with(&config);
        let [executor] = pool.staff(JS);
        executor.knows_short_tasks();
        pool.pass(passes); // and nobody has called `tick`
        [0, 1].into_iter().for_each(|slot| _ = pool.submit(JS, slot));
        executor.takes();
        submits_at_once(&pool, task(JS, 2));
    }
}

#[test]
fn what_its_owner_needs_an_answer_to_is_not_put_down() {
    let limited_wait = || limited(JS, 2, Limits { queue_timeout: Some(ms(1)), ..Limits::default() });
    let delivered = || Submission { needs_delivery: true, ..task(JS, 2) };
    let elsewhere = || task(Kind::Native, 2);
    type Make = fn() -> Submission<u32>;
    let submissions: [Make; 4] = [limited_wait, delivered, elsewhere, || keyed(2, 7)];
    for (index, submission) in submissions.into_iter().enumerate() {
        let pool = Pool::with(&pool_config(1));
        let _executor = attends(&pool, JS);
        submits_at_once(&pool, submission());
        assert_eq!(pool.scheduler.snapshot().tasks.submitted, 28, "{index}");
    }
    let wait = Limits { queue_timeout: Some(HOUR), ..Limits::default() };
    let configs = [
        Config { longest_queue: Some(9), ..pool_config(1) },
        Config { strategy: Strategy::RoundRobin, ..pool_config(1) },
        Config { limits: wait, ..pool_config(1) },
    ];
    for config in configs {
        let pool = Pool::with(&config);
        let _executor = attends(&pool, JS);
        submits_at_once(&pool, task(JS, 2));
    }
}

#[test]
fn no_more_is_put_down_than_may_be_taken_in_at_a_time() {
    let pool = Pool::with(&pool_config(1));
    let _executor = attends(&pool, JS);
    let most = MOST as u32;
    (100..100 + most).for_each(|slot| put_down(&pool, task(JS, slot)));
    submits_at_once(&pool, task(JS, 100 + most));
    assert_eq!(pool.scheduler.snapshot().queue.length, 2 + MOST);
}

#[test]
fn a_pool_that_breaks_off_gives_up_what_was_put_down_and_takes_no_more() {
    let pool = Pool::with(&pool_config(1));
    let executor = attends(&pool, JS);
    pool.notes();
    put_down(&pool, task(JS, 2));
    pool.scheduler.break_off("words".to_owned());
    assert_eq!(pool.scheduler.submit(task(JS, 4)), Err(Refused::Broken));
    assert_eq!(pool.notes(), [Seen::Broken]);
    assert!(matches!(goes_on(&executor, 0), Next::Stop));
}

/// With probes, in the step of whoever attends.
#[cfg(feature = "testing")]
#[test]
fn whoever_attends_and_panics_takes_no_more() {
    let pool = Pool::with(&pool_config(1));
    let executor = attends(&pool, JS);
    pool.notes();
    put_down(&pool, task(JS, 2));
    pool.scheduler.panic_in("next");
    assert!(matches!(goes_on(&executor, 0), Next::Stop));
    assert_eq!(pool.scheduler.submit(task(JS, 4)), Err(Refused::Broken));
    assert_eq!(pool.notes().iter().filter(|note| **note == Seen::Broken).count(), 1);
}

/// Only a fault of the owner's can do that.
#[test]
fn a_task_that_cannot_be_taken_in_breaks_the_pool_off_and_every_other_is_given_up() {
    for kind in KINDS {
        let pool = Pool::with(&pool_config(1));
        let executor = attends(&pool, kind);
        pool.notes();
        [2, 4, 4, 5].into_iter().for_each(|slot| put_down(&pool, task(kind, slot)));
        assert!(matches!(goes_on(&executor, 0), Next::Stop), "{kind:?}");
        assert!(pool.scheduler.failure().is_some_and(|words| words.contains("put down")));
        assert_eq!(pool.scheduler.submit(task(kind, 6)), Err(Refused::Broken));
        let counts = pool.scheduler.snapshot().tasks;
        assert_eq!((counts.submitted, counts.completed + counts.cancelled), (30, 30), "{counts:?}");
    }
}

// ---- beside a pool in which nothing is put down

#[derive(Clone, Copy, Debug)]
enum Move {
    Submit { priority: u8 },
    GoOn,
    TakeBack(usize),
    TakeBackAll,
    Look,
    Tick,
    Close,
}

fn moves() -> impl Generator<Value = Vec<Move>> {
    let one = prop_oneof![
        24 => (0..3_u8).prop_map(|priority| Move::Submit { priority }),
        16 => Just(Move::GoOn),
        3 => any::<usize>().prop_map(Move::TakeBack),
        1 => Just(Move::TakeBackAll),
        2 => Just(Move::Look),
        2 => Just(Move::Tick),
        1 => Just(Move::Close),
    ];
    prop::collection::vec(one, 1..200)
}

/// What anybody sees of a pool with one executor, move by move.
fn seen_of(config: &Config, kind: Kind, moves: &[Move]) -> (Vec<String>, usize) {
    let pool = Pool::with(config);
    let [executor] = pool.staff(kind);
    executor.knows_short_tasks();
    let (mut seen, mut open, mut running, mut slot, mut put_down) = (vec![], vec![], None, 10, 0);
    for (index, each) in moves.iter().enumerate() {
        seen.push(match *each {
            Move::Submit { priority } => {
                slot += 4; // of one label
                open.push(slot);
                let submission = Submission { priority: f64::from(priority), ..task(kind, slot - 1) };
                let answer = pool.scheduler.submit(Submission { slot, job: slot, ..submission });
                put_down += usize::from(pool.scheduler.intake.has_any());
                format!("{answer:?}")
            }
            Move::GoOn => {
                let finished = running.take().map(|slot| executor.done(slot, "done"));
                let next = executor.next_with(finished);
                if let Next::Run(assignment) = &next {
                    running = Some(assignment.slot);
                }
                format!("{next:?}")
            }
            Move::TakeBack(which) => {
                let slot = open.get(which % open.len().max(1)).copied().unwrap_or_default();
                format!("{slot} {}", pool.scheduler.withdraw(slot))
            }
            Move::TakeBackAll => format!("{:?}", pool.scheduler.cancel_queued()),
            Move::Look => {
                let snapshot = pool.scheduler.snapshot();
                format!("{} {:?}", snapshot.queue.length, pool.counts())
            }
            Move::Tick => {
                pool.scheduler.tick();
                String::new()
            }
            Move::Close if index + 20 > moves.len() => {
                pool.scheduler.close();
                String::new()
            }
            Move::Close => String::new(),
        });
    }
    seen.push(format!("{:?} {:?}", pool.counts(), pool.notes()));
    (seen, put_down)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nobody_sees_whether_tasks_are_put_down(moves in moves(), is_native in any::<bool>()) {
        let kind = if is_native { Kind::Native } else { JS };
        let (seen, _) = seen_of(&pool_config(1), kind, &moves);
        let (plain, put_down) = seen_of(&Config { call_timeout: None, ..pool_config(1) }, kind, &moves);
        prop_assert_eq!(seen, plain);
        prop_assert_eq!(put_down, 0);
    }
}

#[test]
fn the_pools_that_are_compared_put_tasks_down_and_do_not() {
    let submit = Move::Submit { priority: 0 };
    let moves = [submit, submit, Move::GoOn, submit, Move::GoOn];
    assert_eq!(seen_of(&pool_config(1), JS, &moves).1, 1);
}
