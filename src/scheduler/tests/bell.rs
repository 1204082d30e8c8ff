//! What rings when somebody is woken.

use std::sync::atomic::AtomicBool;

use super::*;

/// Counts how often it was rung, and remembers what it was told to stop.
#[derive(Default)]
pub(super) struct Bell {
    rings: AtomicUsize,
    stops: Mutex<Vec<(u64, bool)>>,
    /// Whether its runs never ask whether they are to stop, and so do not get to answer.
    is_deaf: AtomicBool,
}

impl Bell {
    /// How often it rang since it was last asked.
    pub(super) fn rings(&self) -> usize {
        self.rings.swap(0, Ordering::Relaxed)
    }

    /// The runs that were told to stop since it was last asked, and whether by force.
    pub(super) fn stops(&self) -> Vec<(u64, bool)> {
        std::mem::take(&mut lock(&self.stops))
    }

    /// From now on, its runs do not get to answer when they are told to stop.
    pub(super) fn is_deaf(&self) {
        self.is_deaf.store(true, Ordering::Relaxed);
    }
}

impl Wake for Bell {
    fn wake(&self) {
        self.rings.fetch_add(1, Ordering::Relaxed);
    }
}

impl Endpoint for Bell {
    fn stop(&self, run: u64, force: bool) -> bool {
        lock(&self.stops).push((run, force));
        !force && !self.is_deaf.load(Ordering::Relaxed)
    }
}

pub(super) struct OwnersBell(pub Arc<Bell>);

impl Wake for OwnersBell {
    fn wake(&self) {
        self.0.wake();
    }
}
