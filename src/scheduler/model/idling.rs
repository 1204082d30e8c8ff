//! Executors that fall asleep, are woken, or are no longer needed.

use super::*;

#[test]
fn falling_asleep() {
    explore(|| {
        let pool = Pool::of_threads(1);
        let [(executor, finished)] = pool.working();
        let thread = spawn(move || executor.work(Some(finished), 1));
        assert_eq!(pool.submit(1), None, "there is no room for another");
        join(thread);
        assert_eq!(pool.runs()[1], 1);
        pool.heard(vec![0, 1], false);
    });
}

/// A worker with room for two is asked to take the second, while it hands in the first.
#[test]
fn falling_asleep_with_a_run() {
    explore(|| {
        let pool = Pool::new(Kind::JavaScript, &Config { places: 2, ..sized(1, 0) });
        let [(executor, finished)] = pool.working();
        assert!(matches!(executor.next(None), Next::Idle), "there is room for another");
        let thread = spawn(move || executor.live(Some(finished)));
        assert_eq!(pool.submit(1), None);
        assert_eq!(pool.submit(2), None);
        pool.scheduler.close();
        join(thread);
        assert_eq!(pool.runs(), [0, 1, 1, 0]);
        pool.heard(vec![0, 1, 2], true);
    });
}

/// The wake-up for a task that was withdrawn is still in the bed when the next one comes.
#[test]
fn falling_asleep_and_waking_for_nothing() {
    explore(|| {
        let pool = Pool::of_threads(1);
        let [executor] = pool.asleep();
        pool.submit(1);
        assert!(pool.scheduler.withdraw(1));
        let thread = spawn(move || executor.work(None, 1));
        assert_eq!(pool.submit(2), None);
        join(thread);
        assert_eq!(pool.runs(), [0, 0, 1, 0]);
        pool.heard(vec![2], false);
    });
}

#[test]
fn waking_before_sleeping() {
    explore(|| {
        let pool = Pool::of_threads(1);
        let [executor] = pool.asleep();
        let thread = spawn(move || {
            executor.sleep();
            executor.work(None, 1)
        });
        assert_eq!(pool.submit(1), None);
        assert!(!join(thread));
        assert_eq!(pool.runs()[1], 1);
    });
}

#[test]
fn two_executors_one_task() {
    explore_preemptions(3, || {
        let pool = Pool::of_threads(2);
        let threads =
            pool.working::<2>().map(|(executor, finished)| spawn(move || executor.live(Some(finished))));
        assert_eq!(pool.submit(2), None);
        pool.scheduler.close();
        threads.into_iter().for_each(join);
        assert_eq!(pool.runs()[2], 1);
        pool.heard(vec![0, 1, 2], true);
    });
}

#[test]
fn two_executors_two_tasks() {
    explore_preemptions(3, || {
        let pool = Pool::of_threads(2);
        let threads = pool.asleep::<2>().map(|executor| {
            spawn(move || {
                executor.sleep();
                executor.live(None);
            })
        });
        assert_eq!(pool.submit(0), None);
        assert_eq!(pool.submit(1), None);
        pool.scheduler.close();
        threads.into_iter().for_each(join);
        assert_eq!(pool.runs(), [1, 1, 0, 0]);
        pool.heard(vec![0, 1], true);
    });
}

#[test]
fn withdrawal_and_start() {
    explore(|| {
        let pool = Pool::of_threads(1);
        let [(executor, finished)] = pool.working();
        pool.submit(1);
        let thread = spawn(move || executor.live(Some(finished)));
        let withdrawn = pool.scheduler.withdraw(1);
        pool.scheduler.close();
        join(thread);
        assert_eq!(pool.runs()[1], usize::from(!withdrawn));
        pool.heard(if withdrawn { vec![0] } else { vec![0, 1] }, true);
    });
}

/// The task is run by the worker if it was not retired yet, else by the one that the submitter or the
/// end of the retired one asks for; and one is asked for exactly if it is needed.
fn retire_and_submit(maximum: usize) {
    explore(move || {
        let config = Config { idle_timeout: Some(MOMENT), ..sized(maximum, 0) };
        let pool = Pool::new(Kind::JavaScript, &config);
        let [executor] = pool.asleep();
        pool.pass(MOMENT);
        let thread = spawn(move || {
            executor.sleep();
            let stopped = executor.work(None, 1);
            if stopped {
                executor.gone();
            }
            stopped
        });
        let timer = {
            let pool = pool.clone();
            spawn(move || pool.scheduler.tick())
        };
        let hired = pool.submit(1);
        join(timer);
        let stopped = join(thread);
        let mut heard = pool.listen();
        assert!(heard.hires.len() <= 1, "{heard:?}");
        let replacement = heard.hires.pop();
        if stopped {
            let id = hired.xor(replacement).expect("one executor for one task");
            pool.executor(id).work(None, 1);
            pool.heard(vec![1], false);
        } else {
            assert_eq!((hired, replacement), (None, None), "the worker took it");
            heard.is(vec![(1, End::Outcome(1))], false);
        }
        assert_eq!(pool.runs()[1], 1);
    });
}

#[test]
fn retire_and_submit_with_room_for_another() {
    retire_and_submit(2);
}

#[test]
fn retire_and_submit_with_room_for_one() {
    retire_and_submit(1);
}
