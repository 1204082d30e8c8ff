//! Workers that are being stopped, and those that step in for them: never do more tasks run than may.

use super::*;

/// A pool of one whose worker is told to stop what it runs while another task waits: the worker, what it has to hand in,
/// and who is to replace it.
fn being_stopped(pool: &Pool) -> (Executor, Finished<u32>, Executor) {
    let [(worker, finished)] = pool.working();
    assert_eq!(pool.submit(1), None);
    assert_eq!(pool.scheduler.cancel(0), Cancelled::Out);
    pool.scheduler.give_up_on(u64::from(finished.run));
    let mut heard = pool.listen();
    let heir = pool.executor(heard.hires.pop().expect("a replacement"));
    heard.is(vec![], false);
    (worker, finished, heir)
}

/// The replacement comes up and asks, while the other is on its way out: it runs the next task, or the other has, but not
/// before the first is `over`.
fn steps_in(pool: &Pool, heir: Executor, other: JoinHandle<()>, over: Counter) {
    let heir = spawn(move || heir.live_and_tell(None, || assert_eq!(counted(&over), 1, "two at a time")));
    pool.scheduler.close();
    join(other);
    join(heir);
    assert_eq!(pool.runs()[1], 1);
    pool.heard(vec![1], true);
}

/// The run is handed in, cut off or in time, while the replacement comes up and asks. One of the two runs the next task,
/// once, and not before the first is over; who was cut off does not.
fn handed_in_and_stepped_in(ending: Ending) {
    explore_preemptions(3, move || {
        let pool = Pool::of_workers(1);
        let (worker, finished, heir) = being_stopped(&pool);
        let over = Counter::default();
        let is_over = over.clone();
        let worker = spawn(move || {
            count(&over); // from here on it may be
            worker.live_and_tell(Some(Finished { ending, ..finished }), || {
                assert_ne!(ending, Ending::Stopped, "it was cut off");
            });
        });
        steps_in(&pool, heir, worker, is_over);
    });
}

#[test]
fn cut_off_and_stepped_in() {
    handed_in_and_stepped_in(Ending::Stopped);
}

#[test]
fn answered_and_replaced() {
    handed_in_and_stepped_in(Ending::Fulfilled);
}

/// The worker does not answer, and its owner ends it: its place is free when the thread is gone, and not before.
#[test]
fn given_up_and_gone() {
    explore_preemptions(3, || {
        let pool = Pool::of_workers(1);
        let (worker, _, heir) = being_stopped(&pool);
        let over = Counter::default();
        let is_over = over.clone();
        let owner = {
            let (scheduler, id) = (pool.scheduler.clone(), worker.id);
            spawn(move || {
                scheduler.lose(id);
                count(&over);
                scheduler.gone(Kind::JavaScript, id, true);
            })
        };
        steps_in(&pool, heir, owner, is_over);
    });
}

/// What an idle worker is free to take runs, whether it has asked or not; the rest is taken back.
#[test]
fn spoken_for_and_cancelled() {
    explore_preemptions(3, || {
        let pool = Pool::of_workers(1);
        let [worker] = pool.asleep();
        let thread = spawn(move || {
            worker.sleep();
            worker.live(None);
        });
        pool.submit(1);
        pool.submit(2);
        let cancelled = pool.scheduler.cancel_queued();
        pool.scheduler.close();
        join(thread);
        // It may have been quick enough for both.
        let both = pool.runs()[2] == 1;
        assert_eq!((cancelled, pool.runs()[1]), (if both { vec![] } else { vec![2] }, 1));
        pool.heard(if both { vec![1, 2] } else { vec![1] }, true);
    });
}
