//! Pools that are broken off.

use super::*;

/// The pool breaks while a run is handed in: the run settles or is forgotten, and the end comes once, after the word of it.
#[test]
fn broken_and_finish() {
    explore(|| {
        let pool = Pool::of_threads(1);
        let [(executor, finished)] = pool.working();
        pool.submit(1);
        let thread = spawn(move || executor.live(Some(finished)));
        pool.scheduler.break_off("words".to_owned());
        let counts = pool.scheduler.snapshot().tasks;
        join(thread);
        let heard = pool.listen();
        assert_eq!(heard.settled.len() as u64, counts.completed, "{heard:?}");
        assert_eq!(counts.completed + counts.cancelled, 2);
        assert_eq!((heard.broken, heard.ended), (1, true), "{heard:?}");
    });
}

/// The pool breaks while its last executor dies, and while it is closed.
#[test]
fn broken_and_death_and_close() {
    explore_preemptions(3, || {
        let pool = Pool::of_threads(1);
        let [(executor, _)] = pool.working();
        let observer = spawn(move || executor.gone());
        let breaker = pool.scheduler.clone();
        let breaking = spawn(move || breaker.break_off("words".to_owned()));
        pool.scheduler.close();
        join(observer);
        join(breaking);
        let heard = pool.listen();
        assert!(heard.ended && heard.broken <= 1, "{heard:?}");
    });
}
