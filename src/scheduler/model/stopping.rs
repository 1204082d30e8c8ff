//! Tasks that are cancelled or run too long.

use super::*;

/// The stop that a run was told, if any: once, unforced, and it alone.
fn assert_told(stops: &[(u64, bool)], run: Option<u64>) {
    let expected: Vec<_> = run.into_iter().map(|run| (run, false)).collect();
    assert_eq!(stops, expected);
}

/// A native task settles when it has ended, as what it was by then.
#[test]
fn cancel_and_finish_of_a_thread() {
    explore(|| {
        let pool = Pool::of_threads(1);
        let [(executor, finished)] = pool.working();
        pool.submit(1);
        let thread = spawn(move || {
            executor.live(Some(finished));
            executor
        });
        let cancelled = pool.scheduler.cancel(0);
        pool.scheduler.close();
        let executor = join(thread);
        let (end, told) = match cancelled {
            Cancelled::Stopping => (End::Cancelled, Some(1)),
            Cancelled::Over => (End::Outcome(0), None),
            Cancelled::Out => panic!("it may be reading its submitter's memory"),
        };
        assert_told(&executor.stops(), told);
        assert_eq!(pool.runs()[1], 1);
        pool.listen().is(vec![(0, end), (1, End::Outcome(1))], true);
    });
}

/// A JavaScript task is settled by its canceller or by its note. In the first case its slot is free at once, and
/// the late result of the run is not mistaken for that of the slot's next task.
fn cancel_and_finish_of_a_worker(heeds: bool) {
    explore(move || {
        let pool = Pool::of_workers(1);
        let [(executor, finished)] = pool.working();
        let thread = spawn(move || {
            let told = heeds && !executor.stops().is_empty();
            let ending = if told { Ending::Stopped } else { Ending::Fulfilled };
            executor.live(Some(Finished { ending, ..finished }));
            executor
        });
        let out = match pool.scheduler.cancel(0) {
            Cancelled::Out => true,
            Cancelled::Over => false,
            Cancelled::Stopping => panic!("nobody needs to wait for it"),
        };
        if out {
            pool.submit_with(Submission { job: 1, ..pool.submission(0) });
        }
        pool.scheduler.close();
        let executor = join(thread);
        assert_told(&executor.stops(), out.then_some(1));
        // One that was stopped in a task makes way for another.
        let heard = pool.run_hired();
        assert_eq!(pool.runs()[1], usize::from(out));
        heard.is(vec![(0, End::Outcome(u32::from(out)))], true);
    });
}

#[test]
fn cancel_and_finish_of_a_worker_that_does_not_listen() {
    cancel_and_finish_of_a_worker(false);
}

#[test]
fn cancel_and_finish_of_a_worker_that_does() {
    cancel_and_finish_of_a_worker(true);
}

/// A task that would never end is cancelled, wherever it is by then.
fn cancel_and_start(kind: Kind) {
    explore(move || {
        let pool = Pool::new(kind, &sized(1, 1));
        let [(executor, finished)] = pool.working();
        pool.submit(1);
        let thread = spawn(move || {
            let mut finished = Some(finished);
            loop {
                match executor.next(finished.take()) {
                    Next::Run(assignment) => {
                        count(&executor.pool.ran[1]);
                        executor.run_until_told(assignment.run as u32);
                        finished = Some(Finished { ending: Ending::Stopped, ..done(&assignment) });
                    }
                    Next::Help(help) => panic!("nobody has offered {help:?}"),
                    Next::Idle => executor.sleep(),
                    Next::Stop => break,
                }
            }
            executor.gone();
            executor
        });
        let cancelled = pool.scheduler.cancel(1);
        pool.scheduler.close();
        let executor = join(thread);
        let started = pool.runs()[1] == 1;
        assert_told(&executor.stops(), started.then_some(2));
        let mut settled = vec![(0, End::Outcome(0))];
        match cancelled {
            Cancelled::Out => assert!(kind == Kind::JavaScript || !started),
            Cancelled::Stopping => {
                assert!(kind == Kind::Native && started);
                settled.push((1, End::Cancelled));
            }
            Cancelled::Over => panic!("it never ends by itself"),
        }
        pool.run_hired().is(settled, true);
    });
}

#[test]
fn cancel_and_start_on_a_thread() {
    cancel_and_start(Kind::Native);
}

#[test]
fn cancel_and_start_on_a_worker() {
    cancel_and_start(Kind::JavaScript);
}

/// A run has lasted as long as it may when it hands in its result.
fn timeout_and_finish(kind: Kind) {
    explore(move || {
        let limits = Limits { timeout: Some(MOMENT), ..Limits::default() };
        let pool = Pool::new(kind, &Config { limits, ..sized(1, 1) });
        let [(executor, finished)] = pool.working();
        pool.submit(1);
        pool.pass(MOMENT);
        let timer = {
            let scheduler = pool.scheduler.clone();
            spawn(move || scheduler.tick())
        };
        let thread = spawn(move || {
            executor.live(Some(finished));
            executor
        });
        pool.scheduler.close();
        join(timer);
        let executor = join(thread);
        let stops = executor.stops();
        let timed_out = !stops.is_empty();
        assert_told(&stops, timed_out.then_some(1));
        let end = if timed_out { End::TimedOut } else { End::Outcome(0) };
        assert_eq!(pool.runs()[1], 1, "its limit begins when it does");
        pool.listen().is(vec![(0, end), (1, End::Outcome(1))], true);
    });
}

#[test]
fn timeout_and_finish_of_a_thread() {
    timeout_and_finish(Kind::Native);
}

#[test]
fn timeout_and_finish_of_a_worker() {
    timeout_and_finish(Kind::JavaScript);
}

/// Another worker makes the second try while the first is still handing in what nobody wants any more.
#[test]
fn timeout_and_finish_and_second_try() {
    explore_preemptions(2, || {
        let limits = Limits { timeout: Some(MOMENT), retry: once_after(0.0), ..Limits::default() };
        let pool = Pool::new(Kind::JavaScript, &Config { limits, ..sized(2, 0) });
        let [idle, slow] = pool.asleep();
        pool.submit(0);
        let Next::Run(assignment) = slow.next(None) else { panic!("it fell asleep last") };
        pool.pass(MOMENT);
        let timer = {
            let scheduler = pool.scheduler.clone();
            spawn(move || scheduler.tick())
        };
        let slow = spawn(move || {
            slow.live(Some(Finished { outcome: 100, ..done(&assignment) }));
            slow
        });
        let idle = spawn(move || {
            idle.sleep();
            idle.live(None);
            idle
        });
        pool.scheduler.close();
        join(timer);
        let stops = join(slow).stops();
        assert_told(&join(idle).stops(), None);
        let timed_out = !stops.is_empty();
        assert_told(&stops, timed_out.then_some(3));
        assert_eq!(pool.runs()[0], usize::from(timed_out));
        pool.listen().is(vec![(0, End::Outcome(if timed_out { 0 } else { 100 }))], true);
    });
}

/// A run is cancelled at the end of its time: it is settled once, and told to stop once.
#[test]
fn timeout_and_cancel() {
    explore_preemptions(3, || {
        let limits = Limits { timeout: Some(MOMENT), ..Limits::default() };
        let pool = Pool::new(Kind::JavaScript, &Config { limits, ..sized(1, 0) });
        let [(executor, finished)] = pool.working();
        pool.pass(MOMENT);
        let timer = {
            let scheduler = pool.scheduler.clone();
            spawn(move || scheduler.tick())
        };
        let thread = spawn(move || {
            executor.run_until_told(finished.run);
            executor.live(Some(finished));
            executor
        });
        let cancelled = pool.scheduler.cancel(0);
        pool.scheduler.close();
        join(timer);
        assert_told(&join(thread).stops(), Some(1));
        let settled = match cancelled {
            Cancelled::Out => vec![],
            Cancelled::Over => vec![(0, End::TimedOut)],
            Cancelled::Stopping => panic!("nobody needs to wait for it"),
        };
        pool.listen().is(settled, true);
    });
}
