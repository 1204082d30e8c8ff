//! What a snapshot tells.

use super::*;

#[test]
fn a_snapshot_tells_who_works_and_what_waits() {
    let pool = Pool::new(0, 3);
    let [_asleep, awaiting, busy] = pool.staff(Kind::JavaScript);
    pool.submit(Kind::JavaScript, 0);
    busy.takes();
    pool.try_submit(Kind::JavaScript, 1, 0.0, true).expect("the pool is open");
    let [thread] = pool.staff(Kind::Native);
    pool.submit(Kind::Native, 2);
    thread.takes();
    let starting = pool.submit_with_priority(Kind::Native, 3, 2.5).expect("the other works");
    pool.submit_with_priority(Kind::Native, 4, -1.0);
    pool.submit_with_priority(Kind::Native, 5, 2.5);
    pool.submit_with_priority(Kind::Native, 6, 0.0);
    assert!(pool.scheduler.withdraw(6));

    pool.pass(ms(5));

    let snapshot = pool.scheduler.snapshot();

    let workers = &snapshot.workers;
    assert_eq!((workers.total, workers.busy, workers.idle), (3, 2, 1));
    let threads = &snapshot.native_threads;
    assert_eq!((threads.total, threads.busy, threads.idle), (3, 1, 0));
    assert_eq!(snapshot.queue.length, 3);
    assert_eq!(snapshot.queue.by_priority, [(2.5, 2), (-1.0, 1)]);
    assert_eq!(snapshot.queue.oldest_age, 5.0);
    let tasks = &snapshot.tasks;
    assert_eq!((tasks.submitted, tasks.completed, tasks.failed, tasks.cancelled), (11, 4, 0, 1));
    assert!((0.0..=1.0).contains(&snapshot.utilization));
    let find = |kind, id| {
        let mut all = snapshot.per_worker.iter();
        all.find(|executor| executor.kind == kind && executor.id == id).expect("it is there")
    };
    assert_eq!(snapshot.per_worker.len(), 6);
    assert!(find(Kind::JavaScript, busy.id).busy && find(Kind::JavaScript, awaiting.id).busy);
    assert!(!find(Kind::Native, starting).busy);
    assert_eq!(find(Kind::Native, starting).tasks, 0);
    assert_eq!(find(Kind::Native, thread.id).tasks, 1);
    assert_eq!(find(Kind::Native, thread.id).busy_time, 5.0, "the task that runs counts");
    let running: Vec<_> =
        snapshot.running.iter().map(|run| (run.kind, run.executor, run.running_for)).collect();
    assert_eq!(running, [(Kind::JavaScript, busy.id, 5.0), (Kind::Native, thread.id, 5.0)]);
}

#[test]
fn a_snapshot_of_a_new_pool_is_all_zero() {
    let snapshot = Pool::new(2, 2).scheduler.snapshot();
    assert_eq!((snapshot.workers.total, snapshot.native_threads.total), (0, 0));
    assert_eq!((snapshot.queue.length, snapshot.queue.oldest_age), (0, 0.0));
    assert_eq!((snapshot.tasks.submitted, snapshot.utilization), (0, 0.0));
    assert_eq!((snapshot.wait_time.max, snapshot.run_time.max), (0.0, 0.0));
    assert!(snapshot.per_worker.is_empty() && snapshot.per_task.is_empty());
}

#[test]
fn tasks_count_by_how_they_ended_and_by_name() {
    for kind in KINDS {
        let pool = Pool::new(0, 1);
        let [executor] = pool.staff(kind);
        let endings = [Ending::Fulfilled, Ending::Rejected, Ending::Stopped, Ending::Rejected];
        for (slot, ending) in [1, 1, 1, 2].into_iter().zip(endings) {
            pool.submit(kind, slot);
            pool.pass(ms(1));
            executor.takes();
            pool.pass(ms(2));
            executor.ends(slot, ending, "over");
        }
        assert_eq!(pool.notes().len(), 4, "the submitter hears of each");
        assert_eq!(pool.counts(), (5, 2, 2, 1));
        let snapshot = pool.scheduler.snapshot();
        let named: Vec<_> = snapshot
            .per_task
            .iter()
            .map(|figures| (figures.label, figures.kind, figures.completed, figures.failed))
            .collect();
        assert_eq!(named, [(0, kind, 1, 0), (1, kind, 1, 1), (2, kind, 0, 1)]);
        let near = |time: f64, expected: f64| (time - expected).abs() < 0.02 * expected;
        assert!(near(snapshot.wait_time.max, 1.0) && near(snapshot.run_time.max, 2.0), "{snapshot:?}");
        assert_eq!(snapshot.per_task[1].mean, 2.0);
    }
}

#[test]
fn forgotten_labels_have_no_figures_and_the_others_are_in_order() {
    let pool = Pool::new(0, 1);
    let labels = || pool.scheduler.snapshot().per_task.iter().map(|each| each.label).collect::<Vec<_>>();
    let [worker] = pool.staff(Kind::JavaScript);
    for slot in [43, 41, 42] {
        pool.submit(Kind::JavaScript, slot);
        worker.takes();
        worker.finishes(slot, "done");
    }
    assert!(labels().ends_with(&[1, 2, 3]) && labels().is_sorted(), "{:?}", labels());
    pool.scheduler.forget_labels(Kind::JavaScript, &[2, 7]);
    assert!(labels().ends_with(&[1, 3]), "{:?}", labels());
    pool.scheduler.forget_labels(Kind::Native, &[1]);
    assert!(labels().ends_with(&[1, 3]), "one of the other kind");
}
