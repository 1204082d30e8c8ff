//! What tests alone call: panics and refusals where they want them, how long a scheduler's lock is held, and what is in
//! use of memory.

use std::sync::Arc;

use napi::bindgen_prelude::*;
use napi_derive::napi;

use super::hand_over;
use super::shared::{self, Shared};
use crate::refusals;

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

    /// Has the system or the engine refuse what is asked of it next at `place` (see the callers of `is_refused`).
    #[napi(catch_unwind)]
    pub fn refuse(place: String) {
        refusals::refuse(place);
    }

    /// How many things were handed over to the engine in this process, and how many of them have been freed.
    #[napi(catch_unwind)]
    pub fn handed_over() -> Vec<u32> {
        let (given, freed) = hand_over::count::both();
        vec![given, freed]
    }

    /// How many large buffers of messages are between two isolates.
    #[napi(catch_unwind)]
    pub fn parts() -> u32 {
        crate::payload::parts::alive()
    }

    /// Bytes of the C library's blocks in all its arenas: those in use, mappings included, and those that are not. `None`
    /// where it does not tell.
    #[napi(catch_unwind)]
    pub fn blocks() -> Option<Vec<f64>> {
        blocks().map(|counts| counts.map(|bytes| bytes as f64).into())
    }
}

#[cfg(target_os = "linux")]
fn blocks() -> Option<[usize; 2]> {
    /// `struct mallinfo2` of glibc.
    #[repr(C)]
    struct Info([usize; 10]);
    /// The places of bytes in mappings, in use otherwise, and unused.
    const PLACES: (usize, usize, usize) = (4, 7, 8);
    let process = libloading::os::unix::Library::this();
    // SAFETY: the type is that of its header. A structure of that size is written where a hidden first argument points.
    unsafe {
        let mallinfo2 = process.get::<unsafe extern "C" fn() -> Info>(c"mallinfo2").ok()?;
        let (Info(info), (mapped, used, unused)) = (mallinfo2(), PLACES);
        Some([info[mapped] + info[used], info[unused]])
    }
}

#[cfg(not(target_os = "linux"))]
fn blocks() -> Option<[usize; 2]> {
    None
}

fn find(pool: u32) -> Result<Arc<Shared>> {
    shared::find(pool).ok_or_else(|| Error::from_reason("no such pool"))
}
