//! The large buffers of messages: what `lib/wire/encode.js` finds in a value is copied here, and goes beside the words of
//! the next message that says so; what comes with a message waits here until `lib/wire/decode.js` has made the
//! ArrayBuffers that it is copied into.
//!
//! Both are the thread's: it writes one message at a time, and reads one batch of them at a time.

use std::cell::RefCell;
use std::sync::Arc;

use napi::bindgen_prelude::*;
use napi_derive::napi;

use crate::payload::{Message, Part};
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
    /// Copies bytes for the message that is being written. `false` if there is no memory for that.
    #[napi(catch_unwind)]
    pub fn keep(bytes: Uint8ArraySlice<'_>) -> bool {
        if is_refused("part") {
            return false;
        }
        let Ok(part) = Part::copy(&bytes) else { return false };
        KEPT.with_borrow_mut(|all| all.push(Arc::new(part)));
        true
    }

    /// The message is not going to be sent.
    #[napi(catch_unwind)]
    pub fn discard() {
        take_kept();
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

/// What was kept for the message, in its order.
pub(super) fn take_kept() -> Vec<Arc<Part>> {
    KEPT.take()
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
