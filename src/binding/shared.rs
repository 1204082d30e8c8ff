//! What the owner of a pool and its workers share, each on their own threads.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, RwLock, Weak};

use super::event_loop::EventLoop;
use crate::allocator::Keeping;
use crate::catalogue::Budget;
use crate::executors::native::NativeThreads;
use crate::executors::niceness::Niceness;
use crate::executors::timer::Alarm;
use crate::executors::{PoolMailbox, PoolScheduler};
use crate::scheduler::{Config, Kind, Scheduler, Wake};

/// The name of a JavaScript task, as the workers need it.
#[derive(Clone)]
pub(super) enum Label {
    /// An export of the script.
    Export(String),
    /// The source of a function.
    Source(String),
}

/// JavaScript adds to it and subtracts from it, and writes it into a word.
const LARGEST_LABEL: u32 = i32::MAX as u32;

/// Those of JavaScript tasks, by number.
#[derive(Default)]
struct Labels {
    by_number: HashMap<u32, Label>,
    next: u32,
}

/// One pool.
pub(super) struct Shared {
    pub scheduler: Arc<PoolScheduler>,
    pub native_threads: NativeThreads,
    /// What the pool's threads take on.
    pub niceness: Niceness,
    pub event_loop: Arc<EventLoop>,
    /// Memory of large values is used again for the next: as long as there is a pool, a little of it is kept.
    _keeping: Keeping,
    labels: RwLock<Labels>,
}

impl Shared {
    pub(super) fn new(
        config: &Config,
        name: String,
        budget: Budget,
        niceness: Niceness,
        event_loop: EventLoop,
    ) -> Arc<Self> {
        let event_loop = Arc::new(event_loop);
        let mailbox = Arc::new(PoolMailbox::new(Box::new(Owner(event_loop.clone()))));
        let alarm = Arc::new(Alarm::default());
        let scheduler = Arc::new(Scheduler::new(config, mailbox, alarm.clone()));
        alarm.serve(&scheduler);
        Arc::new(Self {
            scheduler,
            native_threads: NativeThreads::new(name, budget, niceness),
            niceness,
            event_loop,
            _keeping: Keeping::new(),
            labels: RwLock::default(),
        })
    }

    /// Gives a label its number.
    pub(super) fn add_label(&self, label: Label) -> u32 {
        let mut labels = self.labels.write().unwrap_or_else(PoisonError::into_inner);
        // Numbers come again after two billion others; those that are still known then are few.
        let mut number = labels.next;
        while labels.by_number.contains_key(&number) {
            number = (number + 1) % LARGEST_LABEL;
        }
        labels.next = (number + 1) % LARGEST_LABEL;
        labels.by_number.insert(number, label);
        number
    }

    /// Forgets labels, and their figures. No unsettled task has them.
    pub(super) fn forget_labels(&self, forgotten: &[u32]) {
        let mut labels = self.labels.write().unwrap_or_else(PoisonError::into_inner);
        for number in forgotten {
            labels.by_number.remove(number);
        }
        drop(labels);
        self.scheduler.forget_labels(Kind::JavaScript, forgotten);
    }

    /// What a label stands for, unless it was forgotten.
    pub(super) fn label(&self, number: u32) -> Option<Label> {
        self.labels.read().unwrap_or_else(PoisonError::into_inner).by_number.get(&number).cloned()
    }
}

struct Owner(Arc<EventLoop>);

impl Wake for Owner {
    fn wake(&self) {
        self.0.wake();
    }
}

/// The pools of this process, by number, for the workers to find theirs.
static POOLS: LazyLock<Mutex<HashMap<u32, Weak<Shared>>>> = LazyLock::new(Mutex::default);
static NEXT_POOL: AtomicU32 = AtomicU32::new(1);

/// Gives a pool the number that [`find`] finds it by.
pub(super) fn register(shared: &Arc<Shared>) -> u32 {
    // Relaxed: any two numbers differ, which is all that is asked of them.
    let number = NEXT_POOL.fetch_add(1, Ordering::Relaxed);
    POOLS.lock().unwrap_or_else(PoisonError::into_inner).insert(number, Arc::downgrade(shared));
    number
}

/// The number of the pool that was made last.
#[cfg(feature = "testing")]
pub(super) fn newest() -> u32 {
    NEXT_POOL.load(Ordering::Relaxed) - 1
}

pub(super) fn unregister(number: u32) {
    POOLS.lock().unwrap_or_else(PoisonError::into_inner).remove(&number);
}

pub(super) fn find(number: u32) -> Option<Arc<Shared>> {
    POOLS.lock().unwrap_or_else(PoisonError::into_inner).get(&number)?.upgrade()
}
