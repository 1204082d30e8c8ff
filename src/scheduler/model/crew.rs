//! Executors that make way for others, and queues that are as long as they may be.

use super::*;

/// A worn worker and its replacement ask for the same task, and each task finds somebody.
fn worn_and_replaced(strategy: Strategy) {
    explore_preemptions(3, move || {
        let pool = Pool::new(Kind::JavaScript, &Config { strategy, ..sized(1, 0) });
        let [(worn, finished)] = pool.working();
        pool.submit(1); // in the worn one's own queue, unless the queue is shared
        pool.scheduler.wear(worn.id);
        let mut heard = pool.listen();
        let replacement = pool.executor(heard.hires.pop().expect("a replacement"));
        heard.is(vec![], false);
        let worn = spawn(move || worn.live(Some(finished)));
        let replacement = spawn(move || replacement.live(None));
        assert_eq!(pool.submit(2), None);
        join(worn); // that the other is up is enough
        pool.scheduler.close();
        join(replacement);
        assert_eq!(pool.runs(), [0, 1, 1, 0]);
        pool.heard(vec![0, 1, 2], true);
    });
}

#[test]
fn worn_and_replaced_with_a_shared_queue() {
    worn_and_replaced(Strategy::Shared);
}

#[test]
fn worn_and_replaced_with_own_queues() {
    worn_and_replaced(Strategy::RoundRobin);
}

/// A task is sent to a worker while that wears out: it goes to either, and no other.
#[test]
fn worn_and_submit() {
    explore_preemptions(4, || {
        let config = Config { strategy: Strategy::RoundRobin, ..sized(1, 0) };
        let pool = Pool::with_sleeping_owner(Kind::JavaScript, &config);
        let [worn] = pool.asleep();
        let worn = spawn(move || {
            worn.pool.scheduler.wear(worn.id);
            worn.live(None);
        });
        assert_eq!(pool.submit(1), None, "whoever wears it out hires");
        let mut heard = Heard::default();
        while heard.hires.is_empty() {
            heard.add(pool.next_note());
        }
        let replacement = pool.executor(heard.hires.remove(0));
        let replacement = spawn(move || replacement.live(None));
        join(worn);
        pool.scheduler.close();
        join(replacement);
        while !heard.ended {
            heard.add(pool.next_note());
        }
        assert_eq!(pool.runs()[1], 1);
        heard.is(vec![(1, End::Outcome(1))], true);
    });
}

/// Two executors take the tasks of a queue that is full: one of them says that there is room again.
#[test]
fn drained_once() {
    explore_preemptions(2, || {
        let config = Config { longest_queue: Some(2), ..sized(0, 2) };
        let pool = Pool::with_sleeping_owner(Kind::Native, &config);
        let threads =
            pool.working::<2>().map(|(executor, finished)| spawn(move || executor.live(Some(finished))));
        pool.submit(2);
        let full = pool.submit_with(pool.submission(3)).full;
        let mut heard = Heard::default();
        while full && heard.drained == 0 {
            heard.add(pool.next_note());
        }
        pool.scheduler.close();
        threads.into_iter().for_each(join);
        while !heard.ended {
            heard.add(pool.next_note());
        }
        assert_eq!(heard.drained, usize::from(full));
        heard.drained = 0;
        heard.is((0..4).map(|slot| (slot, End::Outcome(slot))).collect(), true);
    });
}

/// One of two executors is to go, maybe the one that was just claimed.
#[test]
fn resize_and_submit() {
    explore_preemptions(2, || {
        let pool = Pool::of_threads(2);
        let threads = pool.asleep::<2>().map(|executor| {
            spawn(move || {
                executor.sleep();
                executor.live(None);
            })
        });
        let owner = pool.clone();
        let resizer = spawn(move || owner.scheduler.resize(sized(0, 1).sizes));
        assert_eq!(pool.submit(1), None);
        join(resizer);
        pool.scheduler.close();
        threads.into_iter().for_each(join);
        let heard = pool.run_hired();
        assert_eq!(pool.runs()[1], 1);
        heard.is(vec![(1, End::Outcome(1))], true);
    });
}
