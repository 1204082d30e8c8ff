//! Whether and when a task that failed runs again.

use super::clock::Nanoseconds;

/// How often a task is tried again, and how long after it failed.
#[derive(Clone, Debug, PartialEq)]
pub struct Retry {
    /// Runs after the first.
    pub most: u32,
    /// Milliseconds before each of them; the last repeats. Not empty.
    pub delays: Vec<f64>,
    /// What each delay after the first is multiplied by.
    pub factor: f64,
    /// No delay is longer, in milliseconds.
    pub longest: f64,
    /// Wait a random part of each delay instead of all of it, so that tasks that failed together do not come
    /// back together ("full jitter" in Marc Brooker, "Exponential Backoff And Jitter", 2015).
    pub jitter: bool,
    /// Ask the submitter each time.
    pub ask: bool,
}

impl Retry {
    /// The wait before retry number `retry`, from 1. `random` is uniform.
    pub(super) fn delay(&self, retry: u32, random: u64) -> Nanoseconds {
        let index = (retry as usize - 1).min(self.delays.len() - 1);
        let grown = self.delays[index] * self.factor.powf(f64::from(retry) - 1.0);
        // A zero that was multiplied by infinity is no number.
        let whole = if grown.is_nan() { 0.0 } else { grown.min(self.longest) };
        let part = if self.jitter { (random >> 11) as f64 / (1_u64 << 53) as f64 } else { 1.0 };
        (whole * part * 1e6) as Nanoseconds // saturates
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MILLISECOND: Nanoseconds = 1_000_000;

    fn retry(delays: &[f64], factor: f64, longest: f64) -> Retry {
        Retry { most: 9, delays: delays.to_vec(), factor, longest, jitter: false, ask: false }
    }

    fn waits(retry: &Retry) -> Vec<Nanoseconds> {
        (1..=5).map(|number| retry.delay(number, 0) / MILLISECOND).collect()
    }

    #[test]
    fn a_list_is_followed_and_its_last_repeats() {
        assert_eq!(waits(&retry(&[5.0, 1.0, 30.0], 1.0, f64::INFINITY)), [5, 1, 30, 30, 30]);
    }

    #[test]
    fn a_factor_grows_the_delay_up_to_the_cap() {
        assert_eq!(waits(&retry(&[10.0], 2.0, 50.0)), [10, 20, 40, 50, 50]);
        assert_eq!(waits(&retry(&[0.0], 2.0, f64::INFINITY)), [0; 5]);
    }

    #[test]
    fn no_delay_overflows() {
        let endless = retry(&[1e300], 1e300, f64::INFINITY);
        assert_eq!(endless.delay(1000, 0), Nanoseconds::MAX);
        assert_eq!(retry(&[0.0], 1e300, f64::INFINITY).delay(u32::MAX, 0), 0);
    }

    proptest! {
        #[test]
        fn jitter_keeps_to_the_delay(random: u64, delay in 0.0..1e6, number in 1u32..20) {
            let whole = retry(&[delay], 1.5, 1e7);
            let jittered = Retry { jitter: true, ..whole.clone() };
            prop_assert!(jittered.delay(number, random) <= whole.delay(number, random));
        }
    }

    #[test]
    fn jitter_reaches_from_nothing_to_nearly_all() {
        let jittered = Retry { jitter: true, ..retry(&[100.0], 1.0, f64::INFINITY) };
        assert_eq!(jittered.delay(1, 0), 0);
        assert!(jittered.delay(1, u64::MAX) > 99 * MILLISECOND);
    }
}
