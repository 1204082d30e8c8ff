//! Tasks whose input the owner has to hand to their executor.

use super::*;

fn needs_delivery(pool: &Pool, slot: u32) -> Submitted {
    pool.submit_with(Submission { needs_delivery: true, ..pool.submission(slot) })
}

/// Submits a task whose input has to be delivered, and waits until it is known to whom.
fn submit_until_asked(pool: &Pool, slot: u32) {
    if needs_delivery(pool, slot).deliver_to.is_none() {
        while !matches!(pool.next_note(), Note::Deliver { .. }) {}
    } else {
        // The result of the task before it.
        pool.heard(vec![0], false);
    }
}

#[test]
fn delivery_and_death() {
    explore(|| {
        let pool = Pool::of_workers(1);
        let [executor] = pool.asleep();
        assert_eq!(needs_delivery(&pool, 1).deliver_to, Some(executor.id));
        let thread = spawn(move || {
            let next = executor.next(None);
            executor.gone();
            assert!(
                matches!(next, Next::Idle | Next::Run(Assignment { run: 2, delivered: true, .. })),
                "{next:?}"
            );
            executor.finish(Finished { slot: 1, run: 2, outcome: 1, ending: Ending::Fulfilled });
            executor.id
        });
        pool.scheduler.delivered(Kind::JavaScript, 1);
        pool.scheduler.close();
        let id = join(thread);
        pool.listen().is(vec![(1, End::ExecutorGone(id))], true);
    });
}

#[test]
fn delivery_and_falling_asleep() {
    explore(|| {
        let pool = Pool::with_sleeping_owner(Kind::JavaScript, &sized(1, 0));
        let [(executor, finished)] = pool.working();
        let thread = spawn(move || executor.live(Some(finished)));
        submit_until_asked(&pool, 1);
        pool.scheduler.delivered(Kind::JavaScript, 1);
        pool.scheduler.close();
        join(thread);
        assert_eq!(pool.runs()[1], 1);
    });
}

#[test]
fn withdrawn_delivery() {
    explore_slowly(|| {
        let pool = Pool::with_sleeping_owner(Kind::JavaScript, &sized(1, 0));
        let [(executor, finished)] = pool.working();
        let thread = spawn(move || executor.live(Some(finished)));
        submit_until_asked(&pool, 1);
        assert_eq!(pool.submit(2), None);
        assert!(pool.scheduler.withdraw(1), "it cannot start without its input");
        pool.scheduler.delivered(Kind::JavaScript, 1);
        pool.scheduler.close();
        join(thread);
        assert_eq!(pool.runs(), [0, 0, 1, 0]);
        pool.heard(vec![2], true);
    });
}

/// A task that waits for its input has waited too long, or gets it just in time. Either way its executor is not
/// left waiting, and takes the next.
#[test]
fn awaiting_and_expired() {
    explore_preemptions(3, || {
        let pool = Pool::with_sleeping_owner(Kind::JavaScript, &sized(1, 0));
        let [(executor, finished)] = pool.working();
        let limits = Limits { queue_timeout: Some(MOMENT), ..Limits::default() };
        let submission = Submission { limits: Some(Box::new(limits)), ..pool.submission(1) };
        pool.submit_with(Submission { needs_delivery: true, ..submission });
        pool.submit(2);
        pool.scheduler.close();
        pool.pass(MOMENT);
        let thread = spawn(move || executor.live(Some(finished)));
        let timer = {
            let scheduler = pool.scheduler.clone();
            spawn(move || scheduler.tick())
        };
        let mut heard = Heard::default();
        while !heard.ended {
            match pool.next_note() {
                Note::Deliver { slot, executor } if pool.scheduler.awaits(slot, executor) => {
                    pool.scheduler.delivered(Kind::JavaScript, slot);
                }
                Note::Deliver { .. } => {}
                note => heard.add(note),
            }
        }
        join(thread);
        join(timer);
        let second = heard.settled.iter().find(|(slot, _)| *slot == 1).map(|(_, end)| end.clone());
        let end = if pool.runs()[1] == 1 { End::Outcome(1) } else { End::QueueTimedOut };
        assert_eq!(second, Some(end.clone()));
        assert_eq!(pool.runs()[2], 1);
        heard.is(vec![(0, End::Outcome(0)), (1, end), (2, End::Outcome(2))], true);
    });
}
