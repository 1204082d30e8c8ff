//! News that wait for a short task.

use super::*;

/// So often that the time of a label is known.
const OFTEN: usize = 8;

/// Two executors go on with short tasks while the owner sleeps: it hears of the last of them, whoever that is.
#[test]
fn told_later() {
    explore_preemptions(2, || {
        let config = Config { call_timeout: Some(HOUR), ..sized(0, 2) };
        let pool = Pool::with_sleeping_owner(Kind::Native, &config);
        let executors = pool.asleep::<2>();
        for _ in 0..OFTEN {
            pool.submit(0);
            let Next::Run(assignment) = executors[1].next(None) else { panic!("there is a task") };
            assert!(matches!(executors[1].next(Some(done(&assignment))), Next::Idle));
            pool.listen();
        }
        (0..3).for_each(|slot| _ = pool.submit(slot));
        let threads = executors.map(|executor| spawn(move || executor.live(None)));
        let mut heard = Heard::default();
        while heard.settled.len() < 3 {
            heard.add(pool.next_note());
        }
        pool.scheduler.close();
        threads.into_iter().for_each(join);
    });
}

const HOUR: Duration = Duration::from_secs(3600);
