//! Deadlines: one thread of this process on which tokio's timer wheel turns, whatever the threads that
//! JavaScript runs on are doing. It calls each pool's `tick` when that is due.

use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::sync::Notify;
use tokio::task::yield_now;
use tokio::time::timeout;

use super::PoolScheduler;
use crate::scheduler::Wake;

/// Started with the first deadline; lives as long as the process, and nobody waits for it at exit. Without it
/// (the system grants no thread) nothing times out, and idle workers stay.
static TIMER: LazyLock<Option<Handle>> = LazyLock::new(|| {
    let runtime = Builder::new_current_thread().enable_time().build().ok()?;
    let handle = runtime.handle().clone();
    let turn = move || runtime.block_on(std::future::pending::<()>());
    thread::Builder::new().name("threadmill-timer".to_owned()).spawn(turn).ok()?;
    Some(handle)
});

/// A pool's alarm: rung when the pool has a deadline earlier than those it had.
#[derive(Default)]
pub struct Alarm {
    rung: Arc<Notify>,
    /// Until it first rings: a pool without deadlines costs nothing.
    pool: Mutex<Option<Weak<PoolScheduler>>>,
}

impl Alarm {
    /// Tells whose alarm it is.
    pub fn serve(&self, scheduler: &Arc<PoolScheduler>) {
        *self.pool.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::downgrade(scheduler));
    }
}

impl Wake for Alarm {
    fn wake(&self) {
        self.rung.notify_one();
        let pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let (Some(pool), Some(timer)) = (pool, TIMER.as_ref()) {
            timer.spawn(keep_time(pool, self.rung.clone()));
        }
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        self.rung.notify_one(); // the pool is gone, and so is the work
    }
}

async fn keep_time(pool: Weak<PoolScheduler>, rung: Arc<Notify>) {
    loop {
        // Not held while nothing is due: it would keep the pool alive.
        let Some(due) = pool.upgrade().map(|pool| pool.tick()) else { return };
        match due {
            None => rung.notified().await,
            // More is due already: other pools come first. (A timeout would take a millisecond at least.)
            Some(Duration::ZERO) => yield_now().await,
            Some(wait) => {
                let _ = timeout(wait, rung.notified()).await;
            }
        }
    }
}
