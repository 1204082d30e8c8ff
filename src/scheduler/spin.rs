//! Whether an idle executor should spin for a moment before it sleeps, and the spin.

#[cfg(not(feature = "model"))]
use std::time::{Duration, Instant};

use super::clock::Nanoseconds;
use super::sync::{AtomicBool, Ordering, pause};

/// Longest spin of an idle executor. A wake-up through the kernel costs 5 to 80 µs; spinning longer than that costs
/// more than it saves.
pub(super) const SPIN: Nanoseconds = 50_000;

/// Of the last eight times that somebody fell idle, those in which a spin has to have paid, or would have.
const PAYING: u32 = 6;

/// How soon work came of late after an executor had fallen idle. That is seen whether one spins or sleeps, so spinning
/// never has to be tried out.
pub(super) struct SpinHistory {
    /// One bit for each of the last eight times, the latest lowest: whether work came within [`SPIN`].
    came_soon: u8,
    /// When an executor fell idle that no work has come for since.
    idle_since: Option<Nanoseconds>,
}

impl SpinHistory {
    /// One in which spinning has yet to earn its place.
    pub(super) fn new() -> Self {
        // A model has no time: it begins where spinning pays, so that those who spin are in it.
        Self { came_soon: if cfg!(feature = "model") { u8::MAX } else { 0 }, idle_since: None }
    }

    /// An executor falls idle.
    pub(super) fn falls_idle(&mut self, now: Nanoseconds) {
        self.idle_since = Some(now);
    }

    /// There is work for an idle executor.
    pub(super) fn work_comes(&mut self, now: Nanoseconds) {
        // Of several that are called at once, only the first says how long it takes until work comes.
        if let Some(since) = self.idle_since.take() {
            let soon = now.saturating_sub(since) <= SPIN;
            self.came_soon = self.came_soon << 1 | u8::from(soon);
        }
    }

    /// Whether spinning pays.
    pub(super) fn pays(&self) -> bool {
        self.came_soon.count_ones() >= PAYING
    }
}

/// Watches `signal` until it is raised or [`SPIN`] has passed. Answers whether it was.
#[cfg(not(feature = "model"))]
pub(super) fn spin(signal: &AtomicBool) -> bool {
    let begun = Instant::now();
    // Relaxed: a hint, see `Executor::rouse`.
    while !signal.load(Ordering::Relaxed) {
        if begun.elapsed() >= Duration::from_nanos(SPIN) {
            return false;
        }
        pause();
    }
    true
}

/// A model has no time: two looks, and every thread may run in between.
#[cfg(feature = "model")]
pub(super) fn spin(signal: &AtomicBool) -> bool {
    signal.load(Ordering::Relaxed) || {
        pause();
        signal.load(Ordering::Relaxed)
    }
}

#[cfg(all(test, not(feature = "model")))]
mod tests {
    use super::*;

    /// Work that comes each so many nanoseconds after somebody fell idle, in turns.
    fn after(gaps: &[Nanoseconds], times: usize) -> SpinHistory {
        let mut history = SpinHistory::new();
        let mut now = 0;
        for gap in gaps.iter().cycle().take(times) {
            history.falls_idle(now);
            now += gap;
            history.work_comes(now);
        }
        history
    }

    #[test]
    fn nobody_spins_before_work_has_come_soon_a_few_times() {
        assert!(!SpinHistory::new().pays());
        assert!(!after(&[3_000], 5).pays());
        assert!(after(&[3_000], 6).pays());
    }

    #[test]
    fn tasks_that_come_later_than_the_longest_spin_are_slept_for() {
        for gap in [60_000, 100_000, 300_000, 1_000_000] {
            assert!(!after(&[gap], 100).pays(), "{gap} ns apart");
        }
    }

    #[test]
    fn spinning_ends_once_work_no_longer_comes_soon_and_begins_again_when_it_does() {
        let mut history = after(&[3_000], 100);
        let mut come_after = |gap, times| {
            for _ in 0..times {
                history.falls_idle(0);
                history.work_comes(gap);
            }
            history.pays()
        };
        assert!(come_after(SPIN + 1, 2));
        assert!(!come_after(SPIN + 1, 1), "three in vain");
        assert!(come_after(SPIN, 6));
    }

    #[test]
    fn what_comes_soon_every_other_time_does_not_pay() {
        assert!(!after(&[3_000, 60_000], 100).pays());
    }

    #[test]
    fn those_who_are_called_together_count_once() {
        let mut history = SpinHistory::new();
        history.falls_idle(0);
        (0..8).for_each(|_| history.work_comes(1));
        assert!(!history.pays());
    }
}
