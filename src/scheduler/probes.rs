//! What tests alone need of a scheduler: panics where they want them, and how long its lock is held.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::Scheduler;

/// See the module's words. Its locks are no part of any protocol, so they are std's in a model, too.
#[derive(Default)]
pub(super) struct Probes {
    /// Where the next who comes by panics.
    fault: Mutex<Option<String>>,
    /// The longest hold of the lock by each call; `None` while nobody wants to know.
    holds: Mutex<Option<BTreeMap<&'static str, Duration>>>,
}

/// The lock has been taken for this call then.
pub(super) struct Held<'a> {
    probes: &'a Probes,
    name: &'static str,
    since: Option<Duration>,
}

/// The time that this thread has had a processor for: what others do meanwhile is not the holder's. Where there is no
/// such clock, nothing is measured.
#[cfg(unix)]
fn worked() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

#[cfg(not(unix))]
fn worked() -> Duration {
    Duration::ZERO
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let Some(since) = self.since else { return };
        let held = worked().saturating_sub(since);
        if let Some(holds) = self.probes.holds.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            let longest = holds.entry(self.name).or_default();
            *longest = held.max(*longest);
        }
    }
}

impl<J, O> Scheduler<J, O> {
    /// Has the next call of this name panic, half done; or the next who asks [`Scheduler::may_panic`] by it.
    pub fn panic_in(&self, name: &str) {
        *self.probes.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(name.to_owned());
    }

    /// Panics if it is to be here.
    pub fn may_panic(&self, name: &'static str) {
        let mut fault = self.probes.fault.lock().unwrap_or_else(PoisonError::into_inner);
        if fault.as_deref() == Some(name) {
            *fault = None;
            drop(fault);
            panic!("a test wants it");
        }
    }

    /// How long each call has worked with the lock held at most since this was last asked, the longest first. Nothing is
    /// measured before it is first asked.
    pub fn longest_holds(&self) -> Vec<(&'static str, Duration)> {
        let holds = self.probes.holds.lock().unwrap_or_else(PoisonError::into_inner).replace(BTreeMap::new());
        let mut holds: Vec<_> = holds.unwrap_or_default().into_iter().collect();
        holds.sort_by_key(|(_, held)| std::cmp::Reverse(*held));
        holds
    }

    /// Measures until the answer is dropped, which is to be before the lock is released.
    pub(super) fn watch_lock(&self, name: &'static str) -> Held<'_> {
        let wanted = self.probes.holds.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        Held { probes: &self.probes, name, since: wanted.then(worked) }
    }
}
