//! Tasks that are put down while others take tasks.

use super::*;

/// So often that the time of a label is known.
const OFTEN: usize = 8;
const HOUR: Duration = Duration::from_secs(3600);

/// A pool and its executor, which is at the short task 0, with 1 behind it.
fn attended(config: &Config) -> (Pool, Executor, Assignment<u32>) {
    let pool = Pool::with_sleeping_owner(Kind::Native, config);
    let [executor] = pool.asleep();
    for _ in 0..OFTEN {
        pool.submit(0);
        let Next::Run(assignment) = executor.next(None) else { panic!("there is a task") };
        assert!(matches!(executor.next(Some(done(&assignment))), Next::Idle));
        pool.listen();
    }
    (0..2).for_each(|slot| _ = pool.submit(slot));
    let Next::Run(assignment) = executor.next(None) else { panic!("there is a task") };
    assert!(pool.scheduler.intake.is_attended(Kind::Native), "tasks may be put down");
    (pool, executor, assignment)
}

fn config() -> Config {
    Config { call_timeout: Some(HOUR), ..sized(0, 1) }
}

/// The executor goes on and falls asleep while the owner submits: each task runs, whether it was put down or not.
#[test]
fn put_down_and_gone() {
    explore_preemptions(3, || {
        let (pool, executor, assignment) = attended(&config());
        let thread = spawn(move || executor.live(Some(done(&assignment))));
        (2..4).for_each(|slot| assert_eq!(pool.submit(slot), None));
        let mut heard = Heard::default();
        while heard.settled.len() < 4 {
            heard.add(pool.next_note());
        }
        pool.scheduler.close();
        join(thread);
        assert_eq!(pool.scheduler.snapshot().tasks.completed as usize, 4 + OFTEN + 1);
    });
}

/// The executor goes on while the owner submits and takes back: the task runs or was taken back, never both or neither.
#[test]
fn put_down_and_taken_back() {
    explore_preemptions(3, || {
        let (pool, executor, assignment) = attended(&config());
        let thread = spawn(move || executor.live(Some(done(&assignment))));
        pool.submit(2);
        let is_taken_back = pool.scheduler.withdraw(2);
        pool.scheduler.close();
        join(thread);
        let heard = pool.listen();
        assert_eq!(heard.settled.iter().filter(|(slot, _)| *slot == 2).count(), usize::from(!is_taken_back));
        assert_eq!(heard.settled.len(), if is_taken_back { 2 } else { 3 });
    });
}

/// The timer ticks while the executor is at a task that takes longer than ever, or not: what was put down is not left
/// behind.
#[test]
fn put_down_and_tick() {
    explore_preemptions(3, || {
        let (pool, executor, assignment) = attended(&config());
        let timer = pool.scheduler.clone();
        let ticking = spawn(move || _ = timer.tick());
        let thread = spawn(move || executor.live(Some(done(&assignment))));
        pool.submit(2);
        join(ticking);
        pool.scheduler.close();
        join(thread);
        assert_eq!(pool.listen().settled.len(), 3);
    });
}

/// The pool breaks off while the owner submits: what was accepted before is given up with the rest by the word of it,
/// which the owner has not heard yet; what comes later is refused.
#[test]
fn put_down_and_broken() {
    explore_preemptions(3, || {
        let (pool, executor, assignment) = attended(&config());
        pool.listen();
        let breaker = pool.scheduler.clone();
        let breaking = spawn(move || breaker.break_off("words".to_owned()));
        let thread = spawn(move || executor.live(Some(done(&assignment))));
        let is_told = pool.listen().broken > 0;
        let answer = pool.scheduler.submit(pool.submission(2));
        join(breaking);
        join(thread);
        assert!(!is_told || answer == Err(Refused::Broken));
        let broken = pool.listen().broken + usize::from(is_told);
        assert_eq!(broken, 1);
    });
}

/// Another executor comes to attend while the first leaves off, and the owner submits.
#[test]
fn put_down_for_either() {
    explore_preemptions(2, || {
        let pool =
            Pool::with_sleeping_owner(Kind::Native, &Config { call_timeout: Some(HOUR), ..sized(0, 2) });
        let executors = pool.asleep::<2>();
        for _ in 0..OFTEN {
            pool.submit(0);
            let Next::Run(assignment) = executors[1].next(None) else { panic!("there is a task") };
            assert!(matches!(executors[1].next(Some(done(&assignment))), Next::Idle));
            pool.listen();
        }
        (0..2).for_each(|slot| _ = pool.submit(slot));
        let threads = executors.map(|executor| spawn(move || executor.live(None)));
        pool.submit(2);
        let mut heard = Heard::default();
        while heard.settled.len() < 3 {
            heard.add(pool.next_note());
        }
        pool.scheduler.close();
        threads.into_iter().for_each(join);
    });
}
