//! The arguments of the calls on the hot path, which JavaScript writes ahead of the message into the memory
//! that both sides see: reading them there costs less than Node-API's conversion of each.
//!
//! | words | content |
//! | --- | --- |
//! | 0 | slot |
//! | 1 | label, or the number of a native task; the run that a worker hands in |
//! | 2 | flags, or how a run ended |
//! | 3 | length of the message in bytes |
//! | 4, 5 | priority, a double |
//! | 6, 7 | timeout in milliseconds, a double; these and those that follow with the flag LIMITS |
//! | 8, 9 | timeout in the queue |
//! | 10 | most retries |
//! | 11 | large buffers of the message, which have been kept for it (`parts.rs`) |
//! | 12, 13 | factor of their delays |
//! | 14, 15 | longest delay |
//!
//! The places are those of [`argument`], where doubles have numbers of their own.

use std::cell::RefCell;
use std::rc::Rc;

use napi::bindgen_prelude::*;
use napi::{JsString, check_status, sys};

use super::layout::{argument, single};
use super::parts;
use super::values::{Read, StringReader};
use crate::payload::{Long, Message};
use crate::refusals::is_refused;

/// Bytes ahead of the message.
const HEAD: usize = 4 * single::CALL;

/// See the module's words.
pub(super) struct Call {
    pub slot: u32,
    pub label: u32,
    pub flags: u32,
    length: usize,
    /// How many large buffers have been kept for the message.
    parts: u32,
    pub priority: f64,
}

/// The limits of one task, as it brings them; times in milliseconds.
pub(super) struct Numbers {
    pub timeout: f64,
    pub queue_timeout: f64,
    pub retries: u32,
    pub factor: f64,
    pub longest_delay: f64,
}

impl Call {
    /// Reads the arguments from the front of `outbound`.
    pub(super) fn read(outbound: &[u8]) -> Result<Self> {
        let head = head_of(outbound)?;
        Ok(Self {
            slot: word(head, argument::SLOT),
            label: word(head, argument::LABEL),
            flags: word(head, argument::FLAGS),
            length: word(head, argument::LENGTH) as usize,
            parts: word(head, argument::PARTS),
            priority: double(head, argument::PRIORITY),
        })
    }

    /// Reads the limits from there.
    pub(super) fn numbers(outbound: &[u8]) -> Result<Numbers> {
        let head = head_of(outbound)?;
        Ok(Numbers {
            timeout: double(head, argument::TIMEOUT),
            queue_timeout: double(head, argument::QUEUE_TIMEOUT),
            retries: word(head, argument::RETRIES),
            factor: double(head, argument::FACTOR),
            longest_delay: double(head, argument::LONGEST_DELAY),
        })
    }

    /// The message that follows, with the characters of `text`. `None` if there is no memory for those. O(length).
    pub(super) fn message(
        &self,
        outbound: &[u8],
        reader: &mut StringReader,
        env: &Env,
        text: JsString<'_>,
    ) -> Result<Option<Message>> {
        let words = outbound
            .get(HEAD..HEAD + self.length)
            .ok_or_else(|| Error::from_reason("the message is longer than its memory"))?;
        let text = reader.read(env, text)?;
        let parts = match self.parts {
            0 => Vec::new(),
            count => parts::take_kept(count)
                .ok_or_else(|| Error::from_reason("the message's large buffers are not there"))?,
        };
        Ok(Some(match text {
            Read::NoMemory => return Ok(None),
            Read::Short(text) if parts.is_empty() => Message::new(words, text),
            Read::Short(text) => Message::new(words, text).with(Long { text: None, parts }),
            Read::Long(text) => Message::new(words, &[]).with(Long { text: Some(text), parts }),
        }))
    }
}

fn head_of(outbound: &[u8]) -> Result<&[u8; HEAD]> {
    outbound.first_chunk().ok_or_else(|| Error::from_reason("the outbound memory is too small"))
}

fn word(head: &[u8; HEAD], at: usize) -> u32 {
    u32::from_ne_bytes(std::array::from_fn(|byte| head[at * 4 + byte]))
}

fn double(head: &[u8; HEAD], at: usize) -> f64 {
    f64::from_ne_bytes(std::array::from_fn(|byte| head[at * 8 + byte]))
}

/// A function that JavaScript calls without a receiver: half the price of a method, which has to unwrap one.
/// A panic in it becomes a JavaScript exception.
pub(super) fn function<'env, Return: ToNapiValue + 'static>(
    env: &'env Env,
    name: &str,
    call: impl Fn(FunctionCallContext<'_>) -> Result<Return> + 'static,
) -> Result<Unknown<'env>> {
    // If no function comes of it, the closure stays, and what it has does not.
    let call = Rc::new(RefCell::new(Some(call)));
    let own = call.clone();
    let closure = move |context: FunctionCallContext<'_>| match &*own.borrow() {
        Some(call) => call(context),
        None => Err(Error::from_reason("there is no such function")),
    };
    let function = match is_refused("function") {
        false => env.create_function_from_closure::<(), Return, _>(name, closure),
        true => {
            std::mem::forget(closure);
            Err(Error::from_reason("a test wants it"))
        }
    };
    if function.is_err() {
        call.take();
    }
    Ok(function?.to_unknown())
}

/// Calls a function without arguments; what it returns is dropped. `Err` if it threw, with the exception pending.
pub(super) fn call(env: &Env, callback: sys::napi_value) -> Result<()> {
    let (mut receiver, mut returned) = (std::ptr::null_mut(), std::ptr::null_mut());
    // SAFETY: on the isolate's thread, as `env` shows; `callback` is a live value. Anything but a function is
    // refused with a status.
    check_status!(unsafe {
        sys::napi_get_undefined(env.raw(), &mut receiver);
        sys::napi_call_function(env.raw(), receiver, callback, 0, std::ptr::null(), &mut returned)
    })
}

/// What [`function`]s answer that make a value themselves.
pub(super) type Raw = sys::napi_value;
