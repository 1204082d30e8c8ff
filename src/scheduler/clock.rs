//! Time, as the scheduler counts it.

use std::time::Instant;

/// Nanoseconds since the scheduler was made. Enough for 584 years.
pub type Nanoseconds = u64;

/// A monotonic clock that starts at zero.
pub(super) struct Clock(Instant);

impl Clock {
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }

    pub(super) fn now(&self) -> Nanoseconds {
        self.0.elapsed().as_nanos() as Nanoseconds
    }
}

/// Nanoseconds as the milliseconds that users read.
pub(super) fn milliseconds(time: Nanoseconds) -> f64 {
    time as f64 / 1e6
}
