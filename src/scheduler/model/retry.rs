//! Tasks that fail and are tried again.

use super::*;

fn rejected(finished: Finished<u32>) -> Finished<u32> {
    Finished { ending: Ending::Rejected, ..finished }
}

fn retrying(delay: f64, ask: bool) -> Limits {
    let retry = once_after(delay).map(|retry| Retry { ask, ..retry });
    Limits { retry, ..Limits::default() }
}

/// The end of the pool waits for the second try.
#[test]
fn retry_and_close() {
    explore(|| {
        let pool = Pool::new(Kind::Native, &Config { limits: retrying(0.0, false), ..sized(0, 1) });
        let [(executor, finished)] = pool.working();
        let thread = spawn(move || executor.live(Some(rejected(finished))));
        pool.scheduler.close();
        join(thread);
        assert_eq!(pool.runs()[0], 1);
        pool.heard(vec![0], true);
    });
}

/// The executor of the first try does not come back; another, that sleeps, makes the second.
#[test]
fn retry_and_close_with_a_sleeper() {
    explore_preemptions(3, || {
        let pool = Pool::new(Kind::Native, &Config { limits: retrying(0.0, false), ..sized(0, 2) });
        let [idle, failing] = pool.asleep();
        pool.submit(1);
        let Next::Run(assignment) = failing.next(None) else { panic!("it fell asleep last") };
        let finished = rejected(done(&assignment));
        let failing = spawn(move || {
            failing.finish(finished);
            failing.gone();
        });
        let idle = spawn(move || {
            idle.sleep();
            idle.live(None);
        });
        pool.scheduler.close();
        join(failing);
        join(idle);
        assert_eq!(pool.runs()[1], 1);
        pool.heard(vec![1], true);
    });
}

/// Nobody runs anything while the task waits for its second try.
#[test]
fn backing_off_and_close() {
    explore_preemptions(4, || {
        let config = Config { limits: retrying(1.0, false), ..sized(0, 1) };
        let (pool, timer) = time::pool_with_timer(Kind::Native, &config);
        let [(executor, finished)] = pool.working();
        let thread = spawn(move || executor.live(Some(rejected(finished))));
        let timer = spawn(move || timer.keep_time());
        pool.scheduler.close();
        join(thread);
        join(timer);
        assert_eq!(pool.runs()[0], 1);
        pool.heard(vec![0], true);
    });
}

/// The owner takes its time to decide, and the end of the pool waits for it.
fn undecided_and_close(again: bool) {
    explore(move || {
        let config = Config { limits: retrying(0.0, true), ..sized(0, 1) };
        let pool = Pool::with_sleeping_owner(Kind::Native, &config);
        let [(executor, finished)] = pool.working();
        let thread = spawn(move || executor.live(Some(rejected(finished))));
        pool.scheduler.close();
        let note = pool.next_note();
        assert!(matches!(note, Note::Settled { slot: 0, undecided: true, .. }), "{note:?}");
        assert_eq!(pool.scheduler.cancel(0), Cancelled::Over, "its note has come");
        pool.scheduler.decide(0, again);
        join(thread);
        assert_eq!(pool.runs()[0], usize::from(again));
        pool.heard(if again { vec![0] } else { vec![] }, true);
    });
}

#[test]
fn undecided_and_close_and_tried_again() {
    undecided_and_close(true);
}

#[test]
fn undecided_and_close_and_over() {
    undecided_and_close(false);
}

/// The question may come before or never; an answer that comes late changes nothing.
#[test]
fn undecided_and_terminate() {
    explore(|| {
        let pool = Pool::new(Kind::Native, &Config { limits: retrying(0.0, true), ..sized(0, 1) });
        let [(executor, finished)] = pool.working();
        let thread = spawn(move || executor.live(Some(rejected(finished))));
        pool.scheduler.terminate();
        let mut heard = pool.listen();
        for slot in heard.undecided.drain(..) {
            pool.scheduler.decide(slot, true);
        }
        join(thread);
        let mut late = pool.listen();
        late.ended |= heard.ended;
        assert!(heard.settled.is_empty(), "{heard:?}");
        late.is(vec![], true);
        assert_eq!(pool.runs()[0], 0);
        assert_eq!(pool.scheduler.snapshot().tasks.cancelled, 1);
    });
}
