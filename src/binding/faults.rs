//! What tests alone call: panics where they want them, and how long a scheduler's lock is held.

use std::sync::Arc;

use napi::bindgen_prelude::*;
use napi_derive::napi;

use super::shared::{self, Shared};

/// See the module's words.
#[napi]
pub struct Faults;

#[napi]
impl Faults {
    /// The number of the pool that was made last.
    #[napi(catch_unwind)]
    pub fn newest_pool() -> u32 {
        shared::newest()
    }

    /// Has the pool of this number panic the next time that it comes by `place`: a call of the scheduler, whose step is
    /// then half done, `drain`, or `native thread`, which is between two tasks.
    #[napi(catch_unwind)]
    pub fn panic_in(pool: u32, place: String) -> Result<()> {
        find(pool)?.scheduler.panic_in(&place);
        Ok(())
    }

    /// How many milliseconds each call has held the lock of the pool at most since this was last asked, as
    /// `[name, time]`, the longest first.
    #[napi(catch_unwind)]
    pub fn longest_holds(pool: u32) -> Result<Vec<(String, f64)>> {
        let holds = find(pool)?.scheduler.longest_holds();
        Ok(holds.into_iter().map(|(name, held)| (name.to_owned(), held.as_secs_f64() * 1e3)).collect())
    }
}

fn find(pool: u32) -> Result<Arc<Shared>> {
    shared::find(pool).ok_or_else(|| Error::from_reason("no such pool"))
}
