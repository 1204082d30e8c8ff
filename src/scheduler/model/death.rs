//! Executors that die.

use super::*;

#[test]
fn death_and_finish() {
    explore(|| {
        let pool = Pool::of_threads(1);
        let [(executor, finished)] = pool.working();
        pool.submit(1);
        let observer = {
            let (scheduler, id) = (pool.scheduler.clone(), executor.id);
            spawn(move || scheduler.gone(Kind::Native, id, true))
        };
        let next = executor.next(Some(finished));
        join(observer);
        let mut heard = pool.listen();
        let replaced = heard.hires.pop().is_some();
        // The task in the queue went to it just in time, and died with it, or waits for its successor.
        let both = matches!(next, Next::Run(_));
        assert!(both || matches!(next, Next::Stop), "{next:?}");
        assert_eq!(replaced, !both);
        let gone = End::ExecutorGone(executor.id);
        let first = heard.settled[0].1.clone();
        if both {
            heard.is(vec![(0, End::Outcome(0)), (1, gone)], false);
        } else {
            assert!(first == End::Outcome(0) || first == gone);
            heard.is(vec![(0, first)], false);
        }
    });
}

#[test]
fn death_and_submit() {
    explore(|| {
        let pool = Pool::of_threads(2);
        let [survivor, dying] = pool.asleep();
        let thread = spawn(move || {
            survivor.sleep();
            survivor.work(None, 1)
        });
        let observer = spawn(move || dying.gone());
        let hired = pool.submit(2);
        join(observer);
        let mut heard = pool.listen();
        if let Some(id) = hired.or(heard.hires.pop()) {
            pool.executor(id).work(None, 1);
            pool.scheduler.close();
        }
        join(thread);
        assert_eq!(pool.runs()[2], 1);
    });
}

/// A worker runs a task that timed out; its owner declares it gone, and the task's second try waits.
/// Whoever was first has used up the first try, and the other finds nothing to fail.
#[test]
fn death_and_timeout() {
    explore(|| {
        let limits = Limits { timeout: Some(MOMENT), retry: once_after(0.0), ..Limits::default() };
        let pool = Pool::new(Kind::JavaScript, &Config { limits, ..sized(1, 0) });
        let [(executor, _)] = pool.working();
        pool.pass(MOMENT);
        let timer = {
            let scheduler = pool.scheduler.clone();
            spawn(move || scheduler.tick())
        };
        executor.gone();
        pool.scheduler.close();
        join(timer);
        let heard = pool.run_hired();
        assert_eq!(pool.runs()[0], 1);
        heard.is(vec![(0, End::Outcome(0))], true);
    });
}

/// A worker that was told to stop does not answer. While the timer has it killed, its owner finds that it is gone.
#[test]
fn killed_and_gone() {
    explore(|| {
        let pool = Pool::of_workers(1);
        let [(executor, _)] = pool.working();
        assert_eq!(pool.scheduler.cancel(0), Cancelled::Out);
        pool.pass(MOMENT);
        let timer = {
            let scheduler = pool.scheduler.clone();
            spawn(move || scheduler.tick())
        };
        let observer = {
            let (scheduler, id) = (pool.scheduler.clone(), executor.id);
            spawn(move || scheduler.gone(Kind::JavaScript, id, true))
        };
        let hired = pool.submit(1);
        pool.scheduler.close();
        join(timer);
        join(observer);
        let mut heard = pool.listen();
        assert!(heard.kills.len() <= 1, "{heard:?}");
        // The owner ends it once more, for all that it knows.
        for killed in heard.kills.drain(..) {
            assert_eq!(killed, executor.id);
            pool.scheduler.gone(Kind::JavaScript, killed, true);
        }
        assert!(heard.hires.len() <= 1, "{heard:?}");
        let id = hired.xor(heard.hires.pop()).expect("one executor for one task");
        heard.is(vec![], false);
        pool.executor(id).live(None);
        assert_eq!(pool.runs()[1], 1);
        pool.heard(vec![1], true);
    });
}

/// A worker dies with a task in its own queue, which is given back while another is asleep and the pool is closed.
#[test]
fn given_back_and_claimed() {
    explore_preemptions(3, || {
        let pool = Pool::of_workers(2);
        let [first, second] = pool.asleep();
        let limits = || Some(Box::new(Limits { affinity: Some(7), ..Limits::default() }));
        for slot in 0..2 {
            pool.submit_with(Submission { limits: limits(), ..pool.submission(slot) });
        }
        assert!(
            matches!(first.next(None), Next::Run(Assignment { slot: 0, .. })),
            "the first has the fewest tasks"
        );
        let id = first.id;
        let dying = spawn(move || first.gone());
        let working = spawn(move || {
            second.sleep();
            second.live(None);
        });
        pool.scheduler.close();
        join(dying);
        join(working);
        pool.listen().is(vec![(0, End::ExecutorGone(id)), (1, End::Outcome(1))], true);
    });
}
