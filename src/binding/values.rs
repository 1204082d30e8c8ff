//! Strings and memory of JavaScript.

use napi::bindgen_prelude::*;
use napi::{JsString, JsValue, check_status, sys};

use crate::payload::{Bytes, Pinned, Shared, Text};

/// What a thread reads strings into: nearly all fit, so reading takes one call.
pub(super) struct StringReader(Vec<u16>);

impl StringReader {
    pub(super) fn new() -> Self {
        Self(vec![0; 1024])
    }

    /// The UTF-16 code units of `string`. O(length).
    pub(super) fn read(&mut self, env: &Env, string: JsString<'_>) -> Result<&[u16]> {
        let mut length = 0;
        loop {
            // SAFETY: the buffer is as long as we say, and the value is a live string of this isolate.
            check_status!(unsafe {
                sys::napi_get_value_string_utf16(
                    env.raw(),
                    string.raw(),
                    self.0.as_mut_ptr(),
                    self.0.len(),
                    &mut length,
                )
            })?;
            if length + 1 < self.0.len() {
                return Ok(&self.0[..length]);
            }
            // It filled the buffer: there may be more.
            // SAFETY: a null buffer asks for the length alone.
            check_status!(unsafe {
                sys::napi_get_value_string_utf16(
                    env.raw(),
                    string.raw(),
                    std::ptr::null_mut(),
                    0,
                    &mut length,
                )
            })?;
            self.0 = vec![0; length + 2];
        }
    }

    /// Lets go of a buffer that one long string has made large.
    pub(super) fn shrink(&mut self) {
        const KEPT: usize = 1 << 20;
        if self.0.len() > KEPT {
            self.0 = vec![0; 1024];
        }
    }
}

/// The JavaScript string of `text`.
pub(super) fn string(env: &Env, text: &Text) -> Result<sys::napi_value> {
    let mut value = std::ptr::null_mut();
    // SAFETY: pointer and length are those of one live slice; both calls copy it.
    check_status!(unsafe {
        match text {
            Text::Latin1(characters) => sys::napi_create_string_latin1(
                env.raw(),
                characters.as_ptr().cast(),
                characters.len() as isize,
                &mut value,
            ),
            Text::Utf16(units) => {
                sys::napi_create_string_utf16(env.raw(), units.as_ptr(), units.len() as isize, &mut value)
            }
        }
    })?;
    Ok(value)
}

/// JavaScript's `null`.
pub(super) fn null(env: &Env) -> Result<sys::napi_value> {
    let mut value = std::ptr::null_mut();
    // SAFETY: an out-pointer to a local.
    check_status!(unsafe { sys::napi_get_null(env.raw(), &mut value) })?;
    Ok(value)
}

/// How the bytes of an attachment reach the native thread; `lib/buffers.js` decides.
const COPY: u32 = 0;
const PIN: u32 = 1;
const SHARE: u32 = 2;

/// The bytes behind a Uint8Array.
///
/// # Safety
/// With [`PIN`] or [`SHARE`], the caller keeps the memory allocated, and with [`PIN`] unwritten, until the
/// task's outcome has been delivered.
pub(super) unsafe fn bytes(env: &Env, view: Unknown<'_>, mode: u32) -> Result<Bytes> {
    let (mut kind, mut length, mut start) = (0, 0, std::ptr::null_mut());
    // SAFETY: out-pointers to locals; null for what is not wanted.
    check_status!(unsafe {
        sys::napi_get_typedarray_info(
            env.raw(),
            view.raw(),
            &mut kind,
            &mut length,
            &mut start,
            std::ptr::null_mut(),
            std::ptr::null_mut(),
        )
    })?;
    let start = start.cast::<u8>().cast_const();
    match mode {
        // SAFETY: this function's contract is `Pinned::new`'s.
        PIN => Ok(Bytes::Pinned(unsafe { Pinned::new(start, length) })),
        // SAFETY: this function's contract is `Shared::new`'s.
        SHARE => Ok(Bytes::Shared(unsafe { Shared::new(start, length) })),
        COPY if length == 0 => Ok(Bytes::Owned(Vec::new())),
        // SAFETY: the view's memory is valid for its length during this call, and no JavaScript runs in it.
        COPY => Ok(Bytes::Owned(unsafe { std::slice::from_raw_parts(start, length) }.to_vec())),
        _ => Err(Error::from_reason("no such mode")),
    }
}
