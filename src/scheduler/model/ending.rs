//! Pools that end.

use super::*;

#[test]
fn last_task_and_close() {
    explore(|| {
        let pool = Pool::of_threads(1);
        let [(executor, finished)] = pool.working();
        let thread = spawn(move || executor.live(Some(finished)));
        pool.scheduler.close();
        join(thread);
        pool.heard(vec![0], true);
    });
}

#[test]
fn last_task_and_close_with_a_sleeper() {
    explore_preemptions(3, || {
        let pool = Pool::of_threads(2);
        let [idle, worker] = pool.asleep();
        pool.submit(0);
        let next = worker.next(None);
        let Next::Run(assignment) = next else { panic!("the last to fall asleep is the first to be woken") };
        let finished = done(&assignment);
        let finishing = spawn(move || worker.live(Some(finished)));
        let sleeping = spawn(move || {
            idle.sleep();
            idle.live(None);
        });
        pool.scheduler.close();
        join(finishing);
        join(sleeping);
        pool.heard(vec![0], true);
    });
}

#[test]
fn two_last_tasks_and_close() {
    explore_preemptions(4, || {
        let pool = Pool::of_threads(2);
        let threads =
            pool.working::<2>().map(|(executor, finished)| spawn(move || executor.live(Some(finished))));
        pool.scheduler.close();
        threads.into_iter().for_each(join);
        pool.heard(vec![0, 1], true);
    });
}

#[test]
fn terminate_and_finish() {
    explore(|| {
        let pool = Pool::of_threads(1);
        let [(executor, finished)] = pool.working();
        pool.submit(1);
        let thread = spawn(move || {
            executor.live(Some(finished));
            executor.stops()
        });
        pool.scheduler.terminate();
        let counts = pool.scheduler.snapshot().tasks;
        // What is not settled by now never will be: the owner may give the promises up.
        let in_time = pool.listen();
        let stops = join(thread);
        let mut late = pool.listen();
        late.ended |= in_time.ended;
        late.is(vec![], true);
        assert_eq!(in_time.settled.len() as u64, counts.completed, "{in_time:?}");
        assert_eq!(counts.completed + counts.cancelled, 2);
        assert!(in_time.settled.iter().all(|(slot, end)| *end == End::Outcome(*slot)), "{in_time:?}");
        // Whoever ran when it was terminated was told, once.
        let told: Vec<u64> = stops.iter().map(|(run, _)| *run).collect();
        assert!(told.is_empty() || told == [counts.completed + 1], "{told:?}");
    });
}

#[test]
fn terminate_and_death() {
    explore(|| {
        let pool = Pool::of_threads(1);
        let [(executor, _)] = pool.working();
        pool.submit(1);
        let id = executor.id;
        let observer = spawn(move || executor.gone());
        pool.scheduler.terminate();
        join(observer);
        // If it died first, its successor is told to stop as soon as it asks.
        let died_first = pool.listen();
        let replaced = died_first.hires.first().copied();
        if let Some(id) = replaced {
            pool.executor(id).live(None);
        }
        let late = pool.listen();
        let settled = if replaced.is_some() { vec![(0, End::ExecutorGone(id))] } else { vec![] };
        assert_eq!(died_first.settled, settled);
        assert_eq!((died_first.ended, late.ended), (replaced.is_none(), replaced.is_some()));
        assert_eq!(pool.runs(), [0, 0, 0, 0]);
    });
}
