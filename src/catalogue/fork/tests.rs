//! Forks with real threads and without.

use std::collections::HashSet;
use std::sync::{Barrier, Mutex};
use std::thread::{self, ThreadId};

use super::super::StopToken;
use super::*;

/// A thread of its own for each that is offered a part, up to `threads`.
struct Hired {
    threads: usize,
    started: Mutex<Vec<thread::JoinHandle<()>>>,
    retracted: Mutex<usize>,
}

impl Hired {
    fn new(threads: usize) -> Self {
        Self { threads, started: Mutex::default(), retracted: Mutex::default() }
    }
}

impl Helpers for Hired {
    fn offer(&self, help: Arc<dyn Help>, most: usize) {
        for _ in 0..self.threads.min(most) {
            let help = help.clone();
            self.started.lock().expect("unpoisoned").push(thread::spawn(move || while help.run() {}));
        }
    }

    fn retract(&self) {
        *self.retracted.lock().expect("unpoisoned") += 1;
    }
}

impl Drop for Hired {
    fn drop(&mut self) {
        for thread in self.started.get_mut().expect("unpoisoned").drain(..) {
            thread.join().expect("helpers do not unwind");
        }
        assert_eq!(*self.retracted.get_mut().expect("unpoisoned"), 1);
    }
}

#[test]
fn results_come_in_the_order_of_the_parts() {
    let token = StopToken::default();
    for threads in [1, 3] {
        let hired = Hired::new(threads);
        let result = Context::new(&token, 1).with_helpers(&hired).fork(1000, |part, _| Ok(part * part));
        assert_eq!(result, Ok((0..1000).map(|part| part * part).collect()));
    }
}

#[test]
fn parts_run_side_by_side() {
    let token = StopToken::default();
    let hired = Hired::new(2);
    let meeting = Barrier::new(3); // ends only if three threads are in it at a time
    let result = Context::new(&token, 1).with_helpers(&hired).fork(3, |_, _| {
        meeting.wait();
        Ok(thread::current().id())
    });
    let threads: HashSet<ThreadId> = result.expect("they met").into_iter().collect();
    assert!(threads.len() == 3 && threads.contains(&thread::current().id()));
}

#[test]
fn without_helpers_the_task_does_it_all_in_order() {
    let token = StopToken::default();
    let order = Mutex::new(Vec::new());
    let own = thread::current().id();
    let result = Context::new(&token, 1).fork(4, |part, _| {
        order.lock().expect("unpoisoned").push(part);
        Ok(thread::current().id() == own)
    });
    assert_eq!(result, Ok(vec![true; 4]));
    assert_eq!(order.into_inner().expect("unpoisoned"), [0, 1, 2, 3]);
    assert_eq!(Context::new(&token, 1).fork(0, |_, _| Ok(())), Ok(vec![]));
}

#[test]
fn a_part_that_forks_has_no_helpers_of_its_own() {
    let token = StopToken::default();
    let hired = Hired::new(2);
    let result = Context::new(&token, 1).with_helpers(&hired).fork(3, |part, context| {
        let own = thread::current().id();
        context.fork(3, |inner, _| Ok((part, inner, thread::current().id() == own)))
    });
    let expected: Vec<_> = (0..3).map(|part| (0..3).map(|inner| (part, inner, true)).collect()).collect();
    assert_eq!(result, Ok(expected));
}

#[test]
fn the_only_part_has_no_helpers_either() {
    struct Nobody;

    impl Helpers for Nobody {
        fn offer(&self, _: Arc<dyn Help>, _: usize) {
            panic!("nobody is to help");
        }

        fn retract(&self) {}
    }

    let token = StopToken::default();
    let result = Context::new(&token, 1)
        .with_helpers(&Nobody)
        .fork(1, |_, context| context.fork(3, |inner, _| Ok(inner)));
    assert_eq!(result, Ok(vec![vec![0, 1, 2]]));
}

#[test]
fn the_first_part_that_fails_is_told_and_no_other_is_begun() {
    let token = StopToken::default();
    let hired = Hired::new(1);
    let meeting = Barrier::new(2);
    let ran = Mutex::new(Vec::new());
    let result = Context::new(&token, 1).with_helpers(&hired).fork(100, |part, _| {
        ran.lock().expect("unpoisoned").push(part);
        meeting.wait(); // both are under way
        Err::<(), _>(Failure::new("ERR_ANY", format!("{part}")))
    });
    assert_eq!(result, Err(Failure::new("ERR_ANY", "0")));
    assert_eq!(ran.into_inner().expect("unpoisoned").len(), 2);
}

#[test]
fn a_panic_is_resumed_on_the_tasks_thread_after_the_parts_under_way() {
    let token = StopToken::default();
    let hired = Hired::new(1);
    let meeting = Barrier::new(2);
    let own = thread::current().id();
    let ended = Mutex::new(false);
    let result = catch_unwind(AssertUnwindSafe(|| {
        Context::new(&token, 1).with_helpers(&hired).fork(2, |_, _| {
            meeting.wait();
            if thread::current().id() != own {
                resume_unwind(Box::new("words"));
            }
            *ended.lock().expect("unpoisoned") = true;
            Ok(())
        })
    }));
    assert_eq!(result.expect_err("it panicked").downcast_ref::<&str>(), Some(&"words"));
    assert!(*ended.lock().expect("unpoisoned"));
}

#[test]
fn a_stop_reaches_every_part() {
    let token = StopToken::default();
    let hired = Hired::new(1);
    let meeting = Barrier::new(2);
    let result = Context::new(&token, 1).with_helpers(&hired).fork(2, |part, context| -> Result<(), _> {
        meeting.wait();
        if part == 0 {
            token.stop(1);
        }
        loop {
            context.checkpoint()?; // the test ends only if both see it
            thread::yield_now();
        }
    });
    assert_eq!(result, Err(Failure::Cancelled));
}
