//! The races of [`Parts`], walked by loom through every interleaving that a few preemptions can make. A thread that
//! is left sleeping shows as a deadlock, which loom reports.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use loom::sync::atomic::{AtomicBool, Ordering::SeqCst};
use loom::thread::{self, JoinHandle};

use super::*;
use crate::catalogue::StopToken;

/// Threads that are always idle. Each helps until nothing is left.
struct Idle {
    threads: usize,
    started: Mutex<Vec<JoinHandle<()>>>,
}

impl Idle {
    fn new(threads: usize) -> Self {
        Self { threads, started: Mutex::new(Vec::new()) }
    }

    /// Waits for them: some may still be on their way to the parts.
    fn join(self) {
        for thread in std::mem::take(&mut *lock(&self.started)) {
            thread.join().expect("helpers do not unwind");
        }
    }
}

impl Helpers for Idle {
    fn offer(&self, help: Arc<dyn Help>, most: usize) {
        for _ in 0..self.threads.min(most) {
            let help = help.clone();
            lock(&self.started).push(thread::spawn(move || while help.run() {}));
        }
    }

    fn retract(&self) {}
}

/// Lives as long as what the closure borrows. A part that runs without it fails the model.
struct Borrowed(Arc<AtomicBool>);

impl Borrowed {
    fn new() -> (Self, Arc<AtomicBool>) {
        let alive = Arc::new(AtomicBool::new(true));
        (Self(alive.clone()), alive)
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        self.0.store(false, SeqCst);
    }
}

fn explore(threads: usize, model: impl Fn(&Context<'_>, &StopToken) + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(move || {
        let token = StopToken::default();
        let idle = Idle::new(threads);
        model(&Context::new(&token, 1).with_helpers(&idle), &token);
        idle.join();
    });
}

/// Whoever ends last, the task's thread is woken, has every result, and nobody is in the closure any more.
#[test]
fn part_taken_while_the_last_one_ends() {
    explore(2, |context, _| {
        let (borrowed, alive) = Borrowed::new();
        let result = context.fork(3, |part, _| {
            assert!(alive.load(SeqCst));
            thread::yield_now();
            assert!(alive.load(SeqCst), "the task's thread waits for its helpers");
            Ok(part)
        });
        drop(borrowed);
        assert_eq!(result, Ok(vec![0, 1, 2]));
    });
}

/// A helper that comes when everything is over touches nothing.
#[test]
fn late_helper() {
    explore(2, |context, _| {
        let (borrowed, alive) = Borrowed::new();
        let ran = AtomicUsize::new(0);
        let result = context.fork(2, |_, _| {
            assert!(alive.load(SeqCst));
            ran.fetch_add(1, Relaxed);
            Ok(())
        });
        drop(borrowed);
        assert_eq!((result, ran.load(Relaxed)), (Ok(vec![(), ()]), 2), "each part once");
    });
}

/// A panic ends it after the parts under way, and is resumed on the task's thread.
#[test]
fn panic_in_a_part() {
    explore(1, |context, _| {
        let (borrowed, alive) = Borrowed::new();
        let result = catch_unwind(AssertUnwindSafe(|| {
            context.fork(3, |part, _| {
                assert!(alive.load(SeqCst));
                if part == 1 {
                    resume_unwind(Box::new("words"));
                }
                Ok(part)
            })
        }));
        drop(borrowed);
        let panic = result.expect_err("a part panicked");
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"words"));
    });
}

/// Of two failures that race the one of the first part is told.
#[test]
fn first_failure() {
    explore(1, |context, _| {
        let result = context.fork(2, |part, _| match part {
            0 => {
                thread::yield_now();
                Err::<(), _>(Failure::new("FIRST", ""))
            }
            _ => Err(Failure::new("SECOND", "")),
        });
        assert_eq!(result, Err(Failure::new("FIRST", "")));
    });
}

/// A stop reaches every part, and the task waits for those under way.
#[test]
fn stop() {
    explore(1, |context, token| {
        let (borrowed, alive) = Borrowed::new();
        let result = context.fork(3, |part, context| {
            assert!(alive.load(SeqCst));
            if part == 0 {
                token.stop(1);
            }
            while part == 1 {
                context.checkpoint()?;
                thread::yield_now();
            }
            context.checkpoint()
        });
        drop(borrowed);
        assert_eq!(result, Err(Failure::Cancelled));
    });
}

/// Leaving by a panic of the helpers' own waits, too.
#[test]
fn unwinding_out_of_the_offer() {
    struct Broken(Idle);

    impl Helpers for Broken {
        fn offer(&self, help: Arc<dyn Help>, most: usize) {
            self.0.offer(help, most);
            resume_unwind(Box::new("broken"));
        }

        fn retract(&self) {}
    }

    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(|| {
        let token = StopToken::default();
        let broken = Broken(Idle::new(1));
        let (borrowed, alive) = Borrowed::new();
        let context = Context::new(&token, 1).with_helpers(&broken);
        let result = catch_unwind(AssertUnwindSafe(|| {
            context.fork(2, |_, _| {
                assert!(alive.load(SeqCst));
                thread::yield_now();
                assert!(alive.load(SeqCst));
                Ok(())
            })
        }));
        drop(borrowed);
        assert!(result.is_err());
        broken.0.join();
    });
}
