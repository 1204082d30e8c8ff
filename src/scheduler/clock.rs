//! Time, as the scheduler counts it.

use std::time::Duration;
#[cfg(not(any(test, feature = "model")))]
use std::time::Instant;

#[cfg(any(test, feature = "model"))]
use super::sync::{AtomicU64, Ordering};

/// Nanoseconds since the scheduler was made. Enough for 584 years.
pub type Nanoseconds = u64;

/// A monotonic clock that starts at zero.
#[cfg(not(any(test, feature = "model")))]
pub(super) struct Clock(Instant);

#[cfg(not(any(test, feature = "model")))]
impl Clock {
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }

    pub(super) fn now(&self) -> Nanoseconds {
        self.0.elapsed().as_nanos() as Nanoseconds
    }
}

/// In tests and models no time passes but what they let pass: nobody sleeps, and their runs repeat.
#[cfg(any(test, feature = "model"))]
pub(super) struct Clock(AtomicU64);

#[cfg(any(test, feature = "model"))]
impl Clock {
    pub(super) fn start() -> Self {
        Self(AtomicU64::new(0))
    }

    // Relaxed: nobody learns anything from the time but the time.
    pub(super) fn now(&self) -> Nanoseconds {
        self.0.load(Ordering::Relaxed)
    }

    #[cfg(test)]
    pub(super) fn advance(&self, time: Duration) {
        self.0.fetch_add(nanoseconds(time), Ordering::Relaxed);
    }
}

/// Nanoseconds as the milliseconds that users read.
pub(super) fn milliseconds(time: Nanoseconds) -> f64 {
    time as f64 / 1e6
}

/// A duration in the scheduler's time; one that is too long for it never passes.
pub(super) fn nanoseconds(duration: Duration) -> Nanoseconds {
    Nanoseconds::try_from(duration.as_nanos()).unwrap_or(Nanoseconds::MAX)
}
