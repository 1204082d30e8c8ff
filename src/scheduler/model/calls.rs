//! Executors that are counted on, and do not come in time.

use super::*;

/// Somebody ticks once, when what was called has had its time.
fn ticks(pool: &Pool) -> JoinHandle<()> {
    pool.pass(MOMENT);
    let scheduler = pool.scheduler.clone();
    spawn(move || _ = scheduler.tick())
}

/// An executor that was called comes just as it is found to be late, and another is called in its place.
#[test]
fn late_and_come() {
    explore_preemptions(2, || {
        let pool = Pool::new(Kind::Native, &Config { call_timeout: Some(MOMENT), ..sized(0, 2) });
        let executors = pool.asleep::<2>();
        pool.submit(2);
        let timer = ticks(&pool);
        let threads = executors.map(|executor| {
            spawn(move || {
                executor.sleep();
                executor.live(None);
            })
        });
        join(timer);
        pool.scheduler.close();
        threads.into_iter().for_each(join);
        assert_eq!(pool.runs()[2], 1);
        pool.heard(vec![2], true);
    });
}

/// The one that was called never comes; nothing but the timer calls the other.
#[test]
fn late_for_ever() {
    explore(|| {
        let config = Config { call_timeout: Some(MOMENT), ..sized(0, 2) };
        let (pool, timer) = time::pool_with_timer(Kind::Native, &config);
        let [other, _blocked] = pool.asleep();
        while pool.scheduler.tick().is_some() {
            pool.pass(MOMENT); // nobody was called of late
        }
        let timer = spawn(move || timer.keep_time());
        let thread = spawn(move || {
            other.sleep();
            other.work(None, 1)
        });
        pool.submit(2);
        join(timer);
        join(thread);
        assert_eq!(pool.runs()[2], 1);
        pool.heard(vec![2], false);
    });
}

/// A task waits for somebody at a short one, which comes back as it is found to take longer than usual.
#[test]
fn longer_than_usual_and_back() {
    explore_preemptions(2, || {
        let pool = Pool::new(Kind::Native, &Config { call_timeout: Some(MOMENT), ..sized(0, 2) });
        let [other, at_it] = pool.asleep();
        let mut finished = None;
        for _ in 0..8 {
            pool.submit(0);
            let Next::Run(assignment) = at_it.next(finished.take()) else { panic!("there is a task") };
            finished = Some(done(&assignment));
            at_it.finish(finished.take().expect("it has just run"));
            pool.listen();
        }
        pool.submit(0);
        let Next::Run(assignment) = at_it.next(None) else { panic!("there is a task") };
        pool.submit(1);
        let timer = ticks(&pool);
        let back = spawn(move || at_it.live(Some(done(&assignment))));
        let called = spawn(move || {
            other.sleep();
            other.live(None);
        });
        join(timer);
        pool.scheduler.close();
        join(back);
        join(called);
        assert_eq!(pool.runs()[1], 1);
        pool.heard(vec![0, 1], true);
    });
}

/// Of two tasks one is called for, and whoever takes it calls the other executor if it leaves the other task behind.
#[test]
fn each_that_leaves_work_behind_calls_another() {
    explore_preemptions(2, || {
        let pool = Pool::new(Kind::Native, &Config { processors: 1, ..sized(0, 2) });
        let executors = pool.asleep::<2>();
        let threads = executors.map(|executor| {
            spawn(move || {
                executor.sleep();
                executor.live(None);
            })
        });
        pool.submit(2);
        pool.submit(3);
        pool.scheduler.close();
        threads.into_iter().for_each(join);
        assert_eq!(pool.runs()[2..], [1, 1]);
        pool.heard(vec![2, 3], true);
    });
}
