//! Where threads sleep, and how they are reached.

use super::*;

/// Where a thread sleeps: `wake` before `sleep` makes the next `sleep` return at once.
pub(super) struct Bed {
    woken: Mutex<bool>,
    changed: Condvar,
}

impl Bed {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { woken: Mutex::new(false), changed: Condvar::new() })
    }

    pub(super) fn sleep(&self) {
        let mut woken = lock(&self.woken);
        while !*woken {
            woken = self.changed.wait(woken).expect("nobody panics with the lock");
        }
        *woken = false;
    }
}

impl Wake for Bed {
    fn wake(&self) {
        *lock(&self.woken) = true;
        self.changed.notify_one();
    }
}

/// Wakes whoever sleeps in the bed.
pub(super) struct Bell(pub Arc<Bed>);

impl Wake for Bell {
    fn wake(&self) {
        self.0.wake();
    }
}

/// Never asleep.
pub(super) struct Awake;

impl Wake for Awake {
    fn wake(&self) {}
}

/// An executor as the scheduler reaches it.
#[derive(Clone)]
pub(super) struct Reach {
    pub kind: Kind,
    pub bed: Arc<Bed>,
    pub orders: Arc<Orders>,
}

pub(super) struct Orders {
    /// The runs that it was told to stop, and whether by force.
    pub stops: Mutex<Vec<(u64, bool)>>,
    pub changed: Condvar,
}

impl Wake for Reach {
    fn wake(&self) {
        self.bed.wake();
    }
}

impl Endpoint for Reach {
    fn stop(&self, run: u64, force: bool) -> bool {
        lock(&self.orders.stops).push((run, force));
        self.orders.changed.notify_one();
        // A task that waits for something hears of it where its worker sleeps.
        if self.kind == Kind::JavaScript {
            self.bed.wake();
        }
        !force // it may answer
    }
}
