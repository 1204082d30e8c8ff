//! The alarm: whoever calls `tick` sleeps until something is due.

use super::*;

/// The thread that calls `tick`, and its bed.
pub(super) struct Timer {
    pool: Pool,
    bed: Arc<Bed>,
}

/// A pool and the timer that its alarm wakes.
pub(super) fn pool_with_timer(kind: Kind, config: &Config) -> (Pool, Timer) {
    let bed = Bed::new();
    let pool = Pool::with_alarm(kind, config, None, std::sync::Arc::new(Bell(bed.clone())));
    (pool.clone(), Timer { pool, bed })
}

impl Timer {
    /// Keeps time until a moment has passed and what was due then is done. While it waits for anything that is
    /// further away, no time passes, so only the alarm can end that.
    pub(super) fn keep_time(&self) {
        loop {
            match self.pool.scheduler.tick() {
                Some(wait) if wait <= MOMENT => {
                    self.pool.pass(wait);
                    self.pool.scheduler.tick();
                    return;
                }
                _ => self.bed.sleep(),
            }
        }
    }
}

const HOUR: Duration = Duration::from_secs(3600);

/// A task with a short wait comes while the timer is about to sleep for a long one.
#[test]
fn early_alarm_for_a_waiting_task() {
    explore(|| {
        let limits = Limits { queue_timeout: Some(HOUR), ..Limits::default() };
        let (pool, timer) = pool_with_timer(Kind::Native, &Config { limits, ..sized(0, 1) });
        let [_busy] = pool.working();
        pool.submit(1);
        let timer = spawn(move || timer.keep_time());
        let limits = Limits { queue_timeout: Some(MOMENT), ..Limits::default() };
        pool.submit_with(Submission { limits: Some(Box::new(limits)), ..pool.submission(2) });
        join(timer);
        pool.listen().is(vec![(2, End::QueueTimedOut)], false);
    });
}

/// A run with a limit starts while the timer is about to sleep; nothing but the limit ends it.
#[test]
fn early_alarm_for_a_run() {
    explore_preemptions(5, || {
        let limits = Limits { timeout: Some(MOMENT), ..Limits::default() };
        let (pool, timer) = pool_with_timer(Kind::Native, &Config { limits, ..sized(0, 1) });
        let executor = pool.executor(pool.submit(0).expect("it is the first"));
        let thread = spawn(move || {
            let Next::Run(assignment) = executor.next(None) else { panic!("there is a task") };
            executor.run_until_told(assignment.run as u32);
            executor.live(Some(done(&assignment)));
        });
        let timer = spawn(move || timer.keep_time());
        pool.scheduler.close();
        join(timer);
        join(thread);
        pool.listen().is(vec![(0, End::TimedOut)], true);
    });
}

/// A worker falls asleep, and has idled too long before the long wait is over that the timer is about to begin.
#[test]
fn early_alarm_for_an_idle_worker() {
    explore_preemptions(5, || {
        let limits = Limits { queue_timeout: Some(HOUR), ..Limits::default() };
        let config = Config { limits, idle_timeout: Some(MOMENT), ..sized(1, 0) };
        let (pool, timer) = pool_with_timer(Kind::JavaScript, &config);
        let [(executor, finished)] = pool.working();
        let thread = spawn(move || executor.live(Some(finished)));
        let timer = spawn(move || timer.keep_time());
        join(timer);
        join(thread);
        pool.heard(vec![0], false);
    });
}

/// A task is taken while its wait runs out: it runs, or it timed out.
#[test]
fn expired_and_started() {
    explore(|| {
        let pool = Pool::of_threads(1);
        let [(executor, finished)] = pool.working();
        let limits = Limits { queue_timeout: Some(MOMENT), ..Limits::default() };
        pool.submit_with(Submission { limits: Some(Box::new(limits)), ..pool.submission(1) });
        pool.pass(MOMENT);
        let timer = {
            let scheduler = pool.scheduler.clone();
            spawn(move || scheduler.tick())
        };
        let thread = spawn(move || executor.live(Some(finished)));
        pool.scheduler.close();
        join(timer);
        join(thread);
        let end = if pool.runs()[1] == 1 { End::Outcome(1) } else { End::QueueTimedOut };
        pool.listen().is(vec![(0, End::Outcome(0)), (1, end)], true);
    });
}

/// The last task of a closing pool times out in the queue, while the executor that was to take it turns out to be
/// gone. The end of the pool is not heard of first.
#[test]
fn expired_and_closed() {
    explore(|| {
        let limits = Limits { queue_timeout: Some(MOMENT), ..Limits::default() };
        let pool = Pool::new(Kind::JavaScript, &Config { limits, ..sized(1, 0) });
        let id = pool.submit(0).expect("it is the first");
        pool.pass(MOMENT);
        let timer = {
            let scheduler = pool.scheduler.clone();
            spawn(move || scheduler.tick())
        };
        let observer = {
            let scheduler = pool.scheduler.clone();
            spawn(move || scheduler.gone(Kind::JavaScript, id, false))
        };
        pool.scheduler.close();
        join(timer);
        join(observer);
        pool.listen().is(vec![(0, End::QueueTimedOut)], true);
    });
}
