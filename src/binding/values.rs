//! Strings and memory of JavaScript.

use std::ffi::c_void;
use std::sync::Arc;

use napi::bindgen_prelude::*;
use napi::{JsString, JsValue, check_status, sys};

use crate::payload::{Array, Text};

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

/// Bytes of the largest ArrayBuffer that [`array_buffer`] makes. Node makes it through a Buffer, of which it has had
/// any length since 22.3, and up to 4 GiB before.
pub(super) fn largest_memory(env: &Env) -> Result<usize> {
    let version = env.get_node_version()?;
    Ok(if (version.major, version.minor) < (22, 3) { 1 << 32 } else { (1 << 53) - 1 })
}

/// An ArrayBuffer of `memory`, which it frees when it is collected; a copy where the runtime refuses foreign memory.
pub(super) fn array_buffer<'env>(env: &'env Env, mut memory: Array) -> Result<Unknown<'env>> {
    let (start, length) = memory.memory();
    let mut buffer = std::ptr::null_mut();
    if length == 0 {
        // SAFETY: an out-pointer to a local; null for the memory, of which there is none.
        check_status!(unsafe {
            sys::napi_create_arraybuffer(env.raw(), 0, std::ptr::null_mut(), &mut buffer)
        })?;
        return Ok(unknown(env, buffer));
    }
    // Two hold it: the ArrayBuffer, through `free`, and this function. An engine that refuses may have called `free`
    // already or not, or may call it yet: whichever it does, nothing is freed twice or in use. If it never calls it, the
    // memory leaks.
    let memory = Arc::new(memory);
    let hint = Arc::into_raw(memory.clone()).cast_mut().cast();
    // SAFETY: the memory stays where it is while the array lives, which is until `free` has been called, and nobody
    // else touches it.
    let status = unsafe {
        sys::napi_create_external_arraybuffer(env.raw(), start.cast(), length, Some(free), hint, &mut buffer)
    };
    if status == sys::Status::napi_no_external_buffers_allowed {
        // SAFETY: this status comes before anything is made of the memory: `free` is not called, and the hint is ours.
        drop(unsafe { Arc::from_raw(hint.cast::<Array>()) });
        return copied(env, &memory, length);
    }
    check_status!(status, "the runtime makes no ArrayBuffer of {length} bytes")?;
    Ok(unknown(env, buffer))
}

/// An ArrayBuffer of the engine's own memory, with the bytes of `memory`.
fn copied<'env>(env: &'env Env, memory: &Array, length: usize) -> Result<Unknown<'env>> {
    let (mut buffer, mut start) = (std::ptr::null_mut(), std::ptr::null_mut());
    // SAFETY: out-pointers to locals.
    check_status!(unsafe { sys::napi_create_arraybuffer(env.raw(), length, &mut start, &mut buffer) })?;
    // SAFETY: the engine has just made so many bytes there, and nobody else has seen them.
    memory.copy_to(unsafe { std::slice::from_raw_parts_mut(start.cast(), length) });
    Ok(unknown(env, buffer))
}

fn unknown<'env>(env: &'env Env, value: sys::napi_value) -> Unknown<'env> {
    // SAFETY: a live value of this environment, made in this scope.
    unsafe { Unknown::from_raw_unchecked(env.raw(), value) }
}

/// Lets go of the memory behind an ArrayBuffer.
unsafe extern "C" fn free(_env: sys::napi_env, _data: *mut c_void, hint: *mut c_void) {
    // SAFETY: `hint` came from `Arc::into_raw` in `array_buffer`, and the engine calls this once. Freeing numbers
    // does not unwind.
    drop(unsafe { Arc::from_raw(hint.cast::<Array>().cast_const()) });
}
