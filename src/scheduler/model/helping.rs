//! Running tasks that offer parts of their work.

use super::*;

/// Two threads: one that sleeps, and one that runs task 0, with what it has been given.
fn idle_and_running(pool: &Pool) -> (Executor, Executor, Assignment<u32>) {
    let [idle, running] = pool.asleep();
    pool.submit(0);
    let Next::Run(assignment) = running.next(None) else { panic!("it fell asleep last") };
    (idle, running, assignment)
}

fn offer(pool: &Pool, assignment: &Assignment<u32>) {
    pool.scheduler.offer(pool.kind, assignment.slot, assignment.run, 9, 1);
}

/// Lives until it is told to stop. There are two parts, and none for anybody who asks when it is `over`.
fn helps(helper: Executor, over: &Arc<Mutex<bool>>) -> JoinHandle<()> {
    let over = over.clone();
    spawn(move || {
        helper.sleep();
        let mut parts = 0;
        loop {
            let was_over = *lock(&over);
            match helper.next(None) {
                Next::Help(help) => {
                    assert!(!was_over, "{help:?} is nobody's any more");
                    parts += 1;
                    if parts == 2 {
                        helper.pool.scheduler.retract(helper.pool.kind, help.run);
                    }
                }
                Next::Idle => helper.sleep(),
                Next::Stop => break,
                Next::Run(assignment) => panic!("nobody has submitted {assignment:?}"),
            }
        }
        helper.gone();
    })
}

/// Sleeps and works until it has run a task.
fn runs_one(executor: Executor) -> JoinHandle<Executor> {
    spawn(move || {
        executor.sleep();
        executor.work(None, 1);
        executor
    })
}

/// An offer is taken back while somebody is on the way to take it, or at a part.
#[test]
fn offer_and_retract() {
    explore_preemptions(4, || {
        let pool = Pool::of_threads(2);
        let (idle, running, assignment) = idle_and_running(&pool);
        let over = Arc::new(Mutex::new(false));
        let helper = helps(idle, &over);
        offer(&pool, &assignment);
        pool.scheduler.retract(Kind::Native, assignment.run);
        *lock(&over) = true;
        pool.scheduler.close();
        running.live(Some(done(&assignment)));
        join(helper);
        pool.heard(vec![0], true);
    });
}

/// Whoever was on the way for an offer that was taken back sleeps again, and is found by the next task.
#[test]
fn offer_and_retract_and_submit() {
    explore_preemptions(4, || {
        let pool = Pool::of_threads(2);
        let (idle, running, assignment) = idle_and_running(&pool);
        let helper = runs_one(idle);
        offer(&pool, &assignment);
        pool.scheduler.retract(Kind::Native, assignment.run);
        assert_eq!(pool.submit(1), None);
        let helper = join(helper);
        pool.scheduler.close();
        running.live(Some(done(&assignment)));
        helper.live(None);
        assert_eq!(pool.runs()[1], 1);
        pool.heard(vec![0, 1], true);
    });
}

/// A run ends while a helper asks for another part of it.
#[test]
fn part_and_end() {
    explore_preemptions(4, || {
        let pool = Pool::of_threads(2);
        let (idle, running, assignment) = idle_and_running(&pool);
        let over = Arc::new(Mutex::new(false));
        let helper = helps(idle, &over);
        offer(&pool, &assignment);
        running.finish(done(&assignment));
        *lock(&over) = true;
        pool.scheduler.close();
        running.live(None);
        join(helper);
        pool.heard(vec![0], true);
    });
}

/// A helper that found nothing left takes its offer back while the next is made: that stands until it is done.
#[test]
fn late_retract() {
    explore_preemptions(4, || {
        let pool = Pool::of_threads(2);
        let (idle, running, assignment) = idle_and_running(&pool);
        let offer = |job| pool.scheduler.offer(pool.kind, assignment.slot, assignment.run, job, 1);
        offer(1);
        let helper = spawn(move || {
            loop {
                match idle.next(None) {
                    Next::Help(help) => {
                        idle.pool.scheduler.retract_offer(idle.pool.kind, help.offer);
                        if help.job == 2 {
                            return idle;
                        }
                    }
                    Next::Idle => idle.sleep(), // for ever, if nobody is given the second
                    other => panic!("{other:?} instead of a part"),
                }
            }
        });
        pool.scheduler.retract(Kind::Native, assignment.run);
        offer(2);
        let helper = join(helper);
        pool.scheduler.close();
        running.live(Some(done(&assignment)));
        helper.live(None);
        pool.heard(vec![0], true);
    });
}

/// A task of higher priority comes while a helper asks for another part: it does not wait until the offer has ended.
#[test]
fn part_and_submit() {
    explore_preemptions(4, || {
        let pool = Pool::of_threads(2);
        let (idle, running, assignment) = idle_and_running(&pool);
        offer(&pool, &assignment);
        let helper = runs_one(idle);
        assert_eq!(pool.submit_with(Submission { priority: 1.0, ..pool.submission(1) }).hire, None);
        let helper = join(helper);
        pool.scheduler.close();
        running.live(Some(done(&assignment)));
        helper.live(None);
        assert_eq!(pool.runs()[1], 1);
        pool.heard(vec![0, 1], true);
    });
}
