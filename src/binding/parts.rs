//! The large buffers of messages: what `lib/wire/encode.js` finds in a value is copied here, and goes beside the words of
//! the next message that says so; what comes with a message waits here until `lib/wire/decode.js` has made the
//! ArrayBuffers that it is copied into.
//!
//! Both are the thread's. It reads one batch at a time. A message that it writes may be interrupted by others, which a getter
//! sends: in a worker, results and the inputs for a pool of its own are written by two encoders, which do not know each other.
//! Those end before it goes on, so that what is kept is a stack, of which the last are the message's that ends.

use std::cell::RefCell;
use std::sync::Arc;

use napi::bindgen_prelude::*;
use napi_derive::napi;

use super::adopted;
use crate::payload::{Array, Message, Part};
use crate::refusals::is_refused;

thread_local! {
    static KEPT: RefCell<Vec<Arc<Part>>> = const { RefCell::new(Vec::new()) };
    static ARRIVED: RefCell<Vec<Option<Arc<Part>>>> = const { RefCell::new(Vec::new()) };
}

/// What `lib/wire/` calls.
#[napi]
pub struct Parts;

#[napi]
impl Parts {
    /// Copies bytes for the message that is being written. Answers the place where they are kept; `null` if there is no
    /// memory for that.
    #[napi(catch_unwind)]
    pub fn keep(bytes: Uint8ArraySlice<'_>) -> Option<u32> {
        if is_refused("part") {
            return None;
        }
        let part = Part::copy(&bytes).ok()?;
        Some(KEPT.with_borrow_mut(|all| {
            all.push(Arc::new(part));
            all.len() as u32 - 1
        }))
    }

    /// What was kept from this place on is not going to be sent, or was.
    #[napi(catch_unwind)]
    pub fn discard(from: u32) {
        KEPT.with_borrow_mut(|all| all.truncate(from as usize));
    }

    /// Copies part `at` of the batch to where JavaScript wants to have it, and lets go of it.
    #[napi(catch_unwind)]
    pub fn take(at: u32, mut target: Uint8ArraySlice<'_>) -> Result<()> {
        let arrived = ARRIVED.with_borrow_mut(|all| all.get_mut(at as usize).and_then(Option::take));
        let arrived = arrived.ok_or_else(|| Error::from_reason("there is no such part"))?;
        if arrived.len() != target.len() {
            return Err(Error::from_reason("the part has another length"));
        }
        // SAFETY: `lib/` has just made the array, and nobody else has seen it.
        unsafe { target.as_mut() }.copy_from_slice(&arrived);
        Ok(())
    }

    /// Part `at` of the batch as an ArrayBuffer of its own memory; `null` where that cannot be: then it is to be taken.
    #[napi(catch_unwind)]
    pub fn adopt<'env>(env: &'env Env, at: u32) -> Option<Unknown<'env>> {
        ARRIVED.with_borrow_mut(|all| {
            let arrived = all.get_mut(at as usize)?;
            // Kept for another try, it has to stay as it is.
            match Arc::try_unwrap(arrived.take()?) {
                Ok(part) => match adopted(env, part) {
                    Ok(buffer) => Some(buffer),
                    Err(part) => {
                        *arrived = Some(Arc::new(part));
                        None
                    }
                },
                Err(shared) => {
                    *arrived = Some(shared);
                    None
                }
            }
        })
    }

    /// Lets go of `count` parts of the batch from `at` on: nobody wants their message.
    #[napi(catch_unwind)]
    pub fn drop_all(at: u32, count: u32) {
        ARRIVED.with_borrow_mut(|all| {
            for arrived in all.iter_mut().skip(at as usize).take(count as usize) {
                *arrived = None;
            }
        });
    }
}

/// An ArrayBuffer of a part's memory; the part again where there is no way to.
fn adopted(env: &Env, part: Part) -> std::result::Result<Unknown<'_>, Part> {
    // SAFETY: called by JavaScript; no part is empty, nor larger than the ArrayBuffer that it was copied from.
    let buffer =
        unsafe { adopted::adopt(env, Array::Buffer(part.into_bytes())) }.map_err(|memory| match memory {
            Array::Buffer(bytes) => Part::from_bytes(bytes),
            _ => unreachable!("it is what was given"),
        })?;
    // SAFETY: a live value of this environment, made in this scope.
    Ok(unsafe { Unknown::from_raw_unchecked(env.raw(), buffer) })
}

/// The last `count` that were kept, in their order. `None` if there are not as many.
pub(super) fn take_kept(count: u32) -> Option<Vec<Arc<Part>>> {
    KEPT.with_borrow_mut(|all| Some(all.split_off(all.len().checked_sub(count as usize)?)))
}

/// Lets go of what came with the last batch of messages.
pub(super) fn begin_batch() {
    ARRIVED.with_borrow_mut(Vec::clear);
}

/// The next message of the batch.
pub(super) fn arrive(message: &Message) {
    let Some(message) = message.long() else { return };
    ARRIVED.with_borrow_mut(|all| all.extend(message.parts.iter().cloned().map(Some)));
}
