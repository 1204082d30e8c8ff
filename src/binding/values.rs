//! Strings and memory of JavaScript.

use std::ffi::c_void;
use std::sync::LazyLock;

use napi::bindgen_prelude::*;
use napi::{JsString, JsValue, check_status, sys};

use super::adopted;
use super::hand_over::{self, HandOver};
use crate::payload::{Array, LONG_TEXT, Text};
use crate::refusals::is_refused;

/// What a thread reads strings into: nearly all fit, so reading takes one call.
pub(super) struct StringReader(Vec<u16>);

/// What was read of a string.
pub(super) enum Read<'a> {
    Short(&'a [u16]),
    /// It has [`LONG_TEXT`] characters or more.
    Long(Text),
    /// It has, and there is no memory for a copy.
    NoMemory,
}

/// `bool String::IsOneByte() const`: whether the engine keeps the string as one byte a character. O(1). Looked up by name
/// in the process, as the methods in [`super::isolate`]; a [`sys::napi_value`] is the word that the method is called on.
static IS_ONE_BYTE: LazyLock<Option<unsafe extern "C" fn(sys::napi_value) -> bool>> =
    LazyLock::new(find_is_one_byte);

#[cfg(unix)]
fn find_is_one_byte() -> Option<unsafe extern "C" fn(sys::napi_value) -> bool> {
    if !super::isolate::has_v8() {
        return None;
    }
    // SAFETY: the type is that of V8's header, which is the same from Node.js 20 to 26; the name says that it is a method
    // of strings without arguments. What the program was started with is never unloaded.
    unsafe { Some(*libloading::os::unix::Library::this().get(c"_ZNK2v86String9IsOneByteEv").ok()?) }
}

#[cfg(not(unix))]
fn find_is_one_byte() -> Option<unsafe extern "C" fn(sys::napi_value) -> bool> {
    None
}

impl StringReader {
    pub(super) fn new() -> Self {
        Self(vec![0; 1024])
    }

    /// The UTF-16 code units of `string`. O(length).
    pub(super) fn read(&mut self, env: &Env, string: JsString<'_>) -> Result<Read<'_>> {
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
                return Ok(Read::Short(&self.0[..length]));
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
            if length >= LONG_TEXT {
                return Ok(long(env, string, length)?.map_or(Read::NoMemory, Read::Long));
            }
            self.0 = vec![0; length + 2];
        }
    }
}

/// The characters of a long string, as wide as the engine has them, or as they have to be. Copies them once. `None` if there
/// is no memory for that.
fn long(env: &Env, string: JsString<'_>, length: usize) -> Result<Option<Text>> {
    // SAFETY: a live string of this isolate, on its thread.
    if IS_ONE_BYTE.is_some_and(|is_one_byte| unsafe { is_one_byte(string.raw()) }) {
        // SAFETY: room for as many bytes as we say; the last is for the null that is written behind the characters.
        let characters = characters(length, |start: *mut u8, room, count| unsafe {
            sys::napi_get_value_string_latin1(env.raw(), string.raw(), start.cast(), room, count)
        })?;
        return Ok(characters.map(Text::Latin1));
    }
    // SAFETY: as above, of units.
    let units = characters(length, |start: *mut u16, room, count| unsafe {
        sys::napi_get_value_string_utf16(env.raw(), string.raw(), start, room, count)
    })?;
    // Some strings are kept wider than their characters are; where nobody tells, all of them count as wide.
    Ok(units.map(|units| match units.iter().any(|unit| *unit > 0xff) {
        true => Text::Utf16(units),
        false => Text::Latin1(units.into_iter().map(|unit| unit as u8).collect()),
    }))
}

/// What `read(start, room, &mut count)` writes: `length` characters, and a null behind them. `None` without memory.
fn characters<C>(
    length: usize,
    read: impl FnOnce(*mut C, usize, *mut usize) -> sys::napi_status,
) -> Result<Option<Vec<C>>> {
    let mut characters = Vec::new();
    if is_refused("long text") || characters.try_reserve_exact(length + 1).is_err() {
        return Ok(None);
    }
    let mut count = 0;
    check_status!(read(characters.as_mut_ptr(), length + 1, &mut count))?;
    // SAFETY: so many have been written, and there is room for that many.
    unsafe { characters.set_len(count.min(length)) };
    Ok(Some(characters))
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

/// An ArrayBuffer of `memory`, which it frees when it is collected; a copy where the runtime refuses foreign memory. If
/// there is neither, the memory is freed.
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
    // SAFETY: on the thread of the environment, which has asked for it; not empty, and what is too large does not come here.
    let memory = match unsafe { adopted::adopt(env, memory) } {
        Ok(buffer) => return Ok(unknown(env, buffer)),
        Err(memory) => HandOver::new(memory),
    };
    let hint = memory.hint();
    // SAFETY: the memory stays where it is until the engine or `memory` frees it, and the engine uses it only if it
    // has taken it; nobody else touches it.
    let status = unsafe {
        refusable(env, hint, || {
            let free = Some(hand_over::free::<Array> as unsafe extern "C" fn(_, _, _));
            sys::napi_create_external_arraybuffer(env.raw(), start.cast(), length, free, hint, &mut buffer)
        })
    };
    if status == sys::Status::napi_no_external_buffers_allowed {
        // SAFETY: this status comes before anything is made of the memory or the hint.
        let memory = unsafe { memory.forgotten(hint) };
        return memory.map_or_else(|| refused(length), |memory| copied(env, &memory, length));
    }
    if status != sys::Status::napi_ok {
        return refused(length);
    }
    memory.taken();
    Ok(unknown(env, buffer))
}

/// Calls the engine, unless a test wants it to refuse: before it has done anything, when it has freed what it was given,
/// or before it will.
///
/// # Safety
/// As `call` demands; `hint` is what it gives.
unsafe fn refusable(
    env: &Env,
    hint: *mut c_void,
    call: impl FnOnce() -> sys::napi_status,
) -> sys::napi_status {
    if is_refused("array buffer") {
        return sys::Status::napi_generic_failure;
    }
    if is_refused("array buffer, freed") {
        // SAFETY: as the engine would.
        unsafe { hand_over::free::<Array>(env.raw(), std::ptr::null_mut(), hint) };
        return sys::Status::napi_generic_failure;
    }
    if is_refused("foreign memory") {
        return sys::Status::napi_no_external_buffers_allowed;
    }
    let status = call();
    if is_refused("array buffer, freed later") { sys::Status::napi_generic_failure } else { status }
}

fn refused<T>(length: usize) -> Result<T> {
    Err(Error::from_reason(format!("the runtime makes no ArrayBuffer of {length} bytes")))
}

/// A Uint32Array of `numbers`.
pub(super) fn numbers(env: &Env, numbers: Vec<u32>) -> Result<Unknown<'_>> {
    let length = numbers.len();
    let buffer = array_buffer(env, Array::Uint32(numbers))?;
    let (kind, mut array) = (sys::TypedarrayType::uint32_array, std::ptr::null_mut());
    // SAFETY: the buffer is a live value, and has as many numbers; an out-pointer to a local.
    check_status!(unsafe {
        sys::napi_create_typedarray(env.raw(), kind, length, buffer.raw(), 0, &mut array)
    })?;
    Ok(unknown(env, array))
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
