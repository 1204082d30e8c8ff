//! Who is woken and who is hired.

use super::*;

#[test]
fn an_idle_executor_is_woken_and_nobody_hired() {
    for kind in KINDS {
        let pool = Pool::new(0, 8);
        let [executor] = pool.staff(kind);
        assert_eq!(pool.submit(kind, 0), None);
        assert_eq!(executor.bell.rings(), 1);
        assert_eq!(executor.takes().slot, 0);
    }
}

#[test]
fn the_executor_that_fell_asleep_last_is_woken_first_and_each_for_one_task() {
    for kind in KINDS {
        let pool = Pool::new(0, 8);
        let [first, second] = pool.staff(kind);
        assert_eq!(pool.submit(kind, 0), None);
        assert!(!first.was_woken() && second.was_woken());
        assert_eq!(pool.submit(kind, 1), None);
        assert!(first.was_woken() && !second.was_woken());
        assert!(pool.submit(kind, 2).is_some(), "both are spoken for");
    }
}

#[test]
fn each_waiting_task_hires_an_executor_up_to_the_maximum() {
    for kind in KINDS {
        let pool = Pool::new(0, 3);
        let hired: Vec<_> = (0..5).map(|slot| pool.submit(kind, slot)).collect();
        assert!(hired[..3].iter().all(Option::is_some) && hired[3..].iter().all(Option::is_none));
        assert_eq!(hired.iter().flatten().collect::<HashSet<_>>().len(), 3, "each has its own number");
        assert_eq!(pool.crew(kind).total, 3);
    }
}

#[test]
fn an_executor_that_is_starting_counts_for_one_waiting_task() {
    let pool = Pool::new(2, 8);
    assert_eq!(pool.hire_minimum().len(), 2);
    let hired: Vec<bool> = (0..4).map(|slot| pool.submit(Kind::JavaScript, slot).is_some()).collect();
    assert_eq!(hired, [false, false, true, true]);
}

#[test]
fn an_executor_that_was_woken_for_nothing_is_woken_again() {
    for kind in KINDS {
        let pool = Pool::new(0, 2);
        let [executor] = pool.staff(kind);
        // Often enough that it no longer spins before it sleeps.
        (0..20).for_each(|_| executor.falls_asleep());
        pool.submit(kind, 0);
        assert_eq!(executor.bell.rings(), 1);
        pool.submit(kind, 1);
        assert_eq!(executor.bell.rings(), 0, "it stands in the idle list once");
    }
}

#[test]
fn the_minimum_is_hired_once() {
    let pool = Pool::new(3, 8);
    assert_eq!(pool.hire_minimum().len(), 3);
    assert_eq!(pool.hire_minimum().len(), 0);
    assert_eq!(pool.crew(Kind::Native).total, 0, "only workers have a minimum");
    let crew = pool.crew(Kind::JavaScript);
    assert_eq!((crew.total, crew.busy, crew.idle), (3, 0, 0));
}

#[test]
fn the_minimum_is_not_hired_for_a_closed_pool() {
    let pool = Pool::new(3, 8);
    pool.scheduler.close();
    assert_eq!(pool.hire_minimum(), [0u32; 0]);
    assert_eq!(pool.notes(), [Seen::PoolEnded]);
}
