//! Deadlines: one thread of this process on which tokio's timer wheel turns, whatever the threads that
//! JavaScript runs on are doing.

use std::sync::{Arc, LazyLock};
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};

use super::PoolScheduler;
use crate::scheduler::Kind;

/// Started with the first deadline; lives as long as the process, and nobody waits for it at exit.
static TIMER: LazyLock<Option<Handle>> = LazyLock::new(|| {
    let runtime = Builder::new_current_thread().enable_time().build().ok()?;
    let handle = runtime.handle().clone();
    let turn = move || runtime.block_on(std::future::pending::<()>());
    thread::Builder::new().name("threadmill-timer".to_owned()).spawn(turn).ok()?;
    Some(handle)
});

/// To be called when a worker was hired: sees to it that the workers of the pool that idle for `limit` are
/// retired, for as long as it has any above its minimum. Without a timer thread (the system grants none)
/// workers idle on.
pub fn retire_idle_workers(scheduler: &Arc<PoolScheduler>, limit: Duration) {
    let Some(timer) = TIMER.as_ref() else { return };
    if !scheduler.begin_retiring(Kind::JavaScript) {
        return;
    }
    let scheduler = Arc::downgrade(scheduler);
    timer.spawn(async move {
        let mut next = Some(limit);
        while let Some(wait) = next {
            // A millisecond is the timer's resolution.
            tokio::time::sleep(wait.max(Duration::from_millis(1))).await;
            let Some(scheduler) = scheduler.upgrade() else { return };
            next = scheduler.retire_idle(Kind::JavaScript, limit);
        }
    });
}
