//! The buffers of a native task, as JavaScript hands them over: who keeps their memory, by the mode of each.
//!
//! | mode | who reaches the memory | what the task gets |
//! | --- | --- | --- |
//! | `COPY` | JavaScript of the user's | a copy, made now |
//! | `BORROW` | JavaScript of the user's, which may detach it | the memory, which it [holds](Hold); a copy where it cannot |
//! | `PIN` | the library's JavaScript alone | the memory |
//! | `SHARE` | JavaScript of any thread, which cannot detach it | the memory, to be copied on the native thread |
//!
//! What is pinned or shared is kept by its view, in an array that `lib/` keeps until it has been told that the task is
//! over, and after a termination until it has been told that no native thread is left. If the environment goes away first,
//! its teardown waits for the native threads. What is borrowed is let go of by whoever is the last to have the task's
//! bytes, on whatever thread that is.

use std::sync::Arc;

use napi::bindgen_prelude::*;
use napi::{check_status, sys};

use super::backing_store::Hold;
use super::layout::attach;
use crate::payload::{Bytes, Pinned, Shared};
use crate::refusals::is_refused;

/// What was held ahead of a submission: what is pinned is missing, as it is taken from its owner after that.
pub(super) type Held = Vec<Option<Bytes>>;

/// Holds or copies what is not to be pinned, before anything is taken from its owner. `None` if there is no memory for a
/// copy.
///
/// # Safety
/// As [`read`] demands, of whatever is then read with the answer.
pub(super) unsafe fn hold(env: &Env, views: &Object<'_>, modes: &[u32]) -> Result<Option<Held>> {
    let mut held = Vec::with_capacity(modes.len());
    for (index, mode) in modes.iter().enumerate() {
        if *mode == attach::PIN {
            held.push(None);
            continue;
        }
        // SAFETY: the caller's word.
        match unsafe { bytes_of(&Memory::of(env, views, index as u32)?, *mode) }? {
            Some(bytes) => held.push(Some(bytes)),
            None => return Ok(None),
        }
    }
    Ok(Some(held))
}

/// Reads the array of views that is argument `at`, each with its mode, a number in the array after it, but for those that
/// are held already. `None` if there is no memory for a copy.
///
/// # Safety
/// The caller keeps the array and what is in it until the task's outcome has been delivered, and nobody writes to memory
/// with the mode `PIN` meanwhile. (To write to borrowed memory is its owner's fault: the task may come to anything.)
pub(super) unsafe fn read(
    context: &FunctionCallContext<'_>,
    at: usize,
    held: Held,
) -> Result<Option<Vec<Bytes>>> {
    let views = context.get::<Object<'_>>(at)?;
    let modes = context.get::<Vec<u32>>(at + 1)?;
    let mut held = held.into_iter();
    let mut attachments = Vec::with_capacity(modes.len());
    for (index, mode) in modes.into_iter().enumerate() {
        let bytes = match held.next().flatten() {
            Some(bytes) => Some(bytes),
            // SAFETY: the caller's word.
            None => unsafe { bytes_of(&Memory::of(context.env, &views, index as u32)?, mode) }?,
        };
        match bytes {
            Some(bytes) => attachments.push(bytes),
            None => return Ok(None),
        }
    }
    Ok(Some(attachments))
}

/// The bytes of a view, by its mode. `None` if there is no memory for a copy.
///
/// # Safety
/// As [`read`] demands.
unsafe fn bytes_of(memory: &Memory, mode: u32) -> Result<Option<Bytes>> {
    let (start, length) = (memory.start, memory.length);
    Ok(match mode {
        // SAFETY: the caller's word.
        attach::PIN => Some(Bytes::Pinned(unsafe { Pinned::new(start, length, None) })),
        // SAFETY: the view keeps the memory, and is kept.
        attach::SHARE => Some(Bytes::Shared(unsafe { Shared::new(start, length) })),
        attach::BORROW => match Hold::of(memory.buffer) {
            Some(hold) => {
                let keeper = Arc::new(hold);
                // SAFETY: the hold keeps the memory; that nobody writes to it is its owner's word.
                Some(Bytes::Pinned(unsafe { Pinned::new(start, length, Some(keeper)) }))
            }
            None => memory.copied(),
        },
        attach::COPY => memory.copied(),
        _ => return Err(Error::from_reason("no such mode")),
    })
}

/// The memory of a view.
struct Memory {
    buffer: sys::napi_value,
    start: *const u8,
    length: usize,
}

impl Memory {
    /// That of the Uint8Array, or DataView, at `index` of `views`.
    fn of(env: &Env, views: &Object<'_>, index: u32) -> Result<Self> {
        let (mut view, mut buffer, mut start) = Default::default();
        let (mut kind, mut length) = (0, 0);
        // SAFETY: out-pointers to locals; null for what is not wanted.
        check_status!(unsafe { sys::napi_get_element(env.raw(), views.raw(), index, &mut view) })?;
        // SAFETY: as above.
        let mut status = unsafe {
            let nowhere = std::ptr::null_mut();
            sys::napi_get_typedarray_info(
                env.raw(),
                view,
                &mut kind,
                &mut length,
                &mut start,
                &mut buffer,
                nowhere,
            )
        };
        if status == sys::Status::napi_invalid_arg {
            // SAFETY: as above.
            status = unsafe {
                let nowhere = std::ptr::null_mut();
                sys::napi_get_dataview_info(env.raw(), view, &mut length, &mut start, &mut buffer, nowhere)
            };
        }
        check_status!(status)?;
        Ok(Self { buffer, start: start.cast::<u8>().cast_const(), length })
    }

    /// A copy; `None` if there is no memory for it.
    fn copied(&self) -> Option<Bytes> {
        if is_refused("memory") {
            return None;
        }
        let mut copy = Vec::new();
        copy.try_reserve_exact(self.length).ok()?;
        if self.length > 0 {
            // SAFETY: the memory is valid for its length during this call, in which no JavaScript runs, and belongs to
            // this thread's isolate.
            copy.extend_from_slice(unsafe { std::slice::from_raw_parts(self.start, self.length) });
        }
        Some(Bytes::Owned(copy))
    }
}
