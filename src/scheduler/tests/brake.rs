//! The stop lock of one worker.

use super::*;

/// Counts how often it was told to terminate.
#[derive(Clone, Default)]
struct Counter(Arc<AtomicUsize>);

impl Engine for Counter {
    fn terminate(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Counter {
    fn terminations(&self) -> usize {
        self.0.swap(0, Ordering::Relaxed)
    }
}

fn brake_and_engine() -> (Brake<Counter>, Counter) {
    let engine = Counter::default();
    (Brake::new(Some(engine.clone())), engine)
}

#[test]
fn code_that_runs_is_terminated_at_once() {
    let (brake, engine) = brake_and_engine();
    brake.hold(1);
    assert!(brake.enter(1));
    brake.stop(1, false);
    assert_eq!(engine.terminations(), 1);
    assert!(brake.leave(), "the termination is to be taken back");
    assert!(!brake.leave(), "once");
}

#[test]
fn code_that_was_let_alone_leaves_nothing_behind() {
    let (brake, engine) = brake_and_engine();
    brake.hold(1);
    assert!(brake.enter(1));
    assert!(!brake.leave());
    brake.stop(1, false);
    assert_eq!(engine.terminations(), 0, "it is not inside");
}

#[test]
fn a_stop_between_two_stretches_of_code_keeps_the_second_from_starting() {
    let (brake, engine) = brake_and_engine();
    brake.hold(1);
    assert!(brake.enter(1));
    brake.leave();
    brake.stop(1, false);
    assert!(!brake.enter(1));
    assert!(!brake.leave());
    assert_eq!(engine.terminations(), 0);
}

#[test]
fn a_late_stop_does_not_strike_the_next_run() {
    let (brake, engine) = brake_and_engine();
    brake.hold(1);
    brake.enter(1);
    brake.leave();
    brake.release(1);
    brake.hold(2);
    assert!(brake.enter(2));
    brake.stop(1, true);
    assert_eq!(engine.terminations(), 0);
    assert!(!brake.leave() && !brake.is_stopped(2));
}

#[test]
fn a_stop_strikes_its_run_only_among_those_that_the_executor_holds() {
    let (brake, engine) = brake_and_engine();
    brake.hold(1);
    brake.hold(2);
    assert!(brake.enter(1));
    brake.stop(2, false);
    assert_eq!(engine.terminations(), 0);
    assert!(!brake.leave());
    assert!(!brake.is_stopped(1) && brake.is_stopped(2));
    assert!(brake.enter(1));
    brake.leave();
    assert!(!brake.enter(2));
}

#[test]
fn a_stop_that_comes_before_its_run_does_is_remembered() {
    let (brake, engine) = brake_and_engine();
    brake.hold(1);
    brake.stop(2, false);
    brake.hold(2);
    assert!(!brake.enter(2));
    assert_eq!(brake.take_stopped(), Some(2));
    assert_eq!(engine.terminations(), 0);
}

#[test]
fn an_early_stop_of_a_run_that_never_comes_is_forgotten() {
    let (brake, _) = brake_and_engine();
    brake.stop(5, false);
    brake.hold(6);
    assert!(brake.enter(6));
    brake.leave();
    brake.stop(5, false);
    brake.hold(7);
    assert!(brake.enter(7));
}

#[test]
fn a_run_that_asks_whether_it_is_to_stop_gets_to_answer() {
    let (brake, engine) = brake_and_engine();
    brake.hold(1);
    assert!(brake.enter(1));
    assert!(!brake.is_stopped(1));
    brake.stop(1, false);
    assert_eq!(engine.terminations(), 0);
    assert!(brake.is_stopped(1));
    assert!(!brake.leave());
}

#[test]
fn force_terminates_also_one_that_asks_and_again_each_time() {
    let (brake, engine) = brake_and_engine();
    brake.hold(1);
    assert!(brake.enter(1));
    brake.is_stopped(1);
    brake.stop(1, false);
    for _ in 0..3 {
        brake.stop(1, true);
        assert_eq!(engine.terminations(), 1);
    }
    assert!(brake.leave());
}

#[test]
fn a_run_that_the_executor_does_not_hold_is_stopped_as_far_as_it_can_tell() {
    let (brake, _) = brake_and_engine();
    brake.hold(1);
    assert!(!brake.is_stopped(1));
    brake.release(1);
    assert!(brake.is_stopped(1) && !brake.enter(1));
}

#[test]
fn the_event_loop_hears_of_each_stop_once() {
    let (brake, _) = brake_and_engine();
    (1..=3).for_each(|run| brake.hold(run));
    assert_eq!(brake.take_stopped(), None);
    brake.stop(3, false);
    brake.stop(1, false);
    brake.stop(1, true);
    let mut heard = [brake.take_stopped(), brake.take_stopped()];
    heard.sort_unstable();
    assert_eq!((heard, brake.take_stopped()), ([Some(1), Some(3)], None));
    brake.stop(3, true);
    assert_eq!(brake.take_stopped(), None, "it knows");
}

#[test]
fn an_executor_that_cannot_be_stopped_is_told_all_the_same() {
    let brake: Brake<Counter> = Brake::new(None);
    brake.hold(1);
    assert!(brake.enter(1));
    brake.stop(1, true);
    assert!(!brake.leave());
    assert!(brake.is_stopped(1));
    assert_eq!(brake.take_stopped(), Some(1));
}

#[test]
fn a_run_that_has_not_begun_when_it_is_stopped_ends_in_good_order() {
    let (brake, engine) = brake_and_engine();
    brake.hold(1);
    brake.hold(2);
    assert!(brake.enter(2));
    brake.leave();
    assert!(brake.stop(1, false) && brake.stop(1, true), "it will not begin");
    assert!(!brake.stop(2, false), "it has, and has not asked");
    assert!(!brake.enter(1));
    assert_eq!(engine.terminations(), 0);
}
