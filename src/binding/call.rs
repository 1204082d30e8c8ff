//! The arguments of the calls on the hot path, which JavaScript writes ahead of the message into the memory
//! that both sides see: reading them there costs less than Node-API's conversion of each.
//!
//! | words | content |
//! | --- | --- |
//! | 0 | slot |
//! | 1 | label, or the number of a native task |
//! | 2 | flags, or how a task ended |
//! | 3 | length of the message in bytes |
//! | 4, 5 | priority, a double |
//! | 6, 7 | unused |
//!
//! `lib/wire.js` holds the same layout.

use napi::bindgen_prelude::*;
use napi::{JsString, sys};

use super::values::StringReader;
use crate::payload::Message;

/// Bytes ahead of the message.
const HEAD: usize = 32;

/// See the module's words.
pub(super) struct Call {
    pub slot: u32,
    pub label: u32,
    pub flags: u32,
    length: usize,
    pub priority: f64,
}

impl Call {
    /// Reads the arguments from the front of `outbound`.
    pub(super) fn read(outbound: &[u8]) -> Result<Self> {
        let Some(head) = outbound.first_chunk::<HEAD>() else {
            return Err(Error::from_reason("the outbound memory is too small"));
        };
        let word = |at: usize| u32::from_ne_bytes(std::array::from_fn(|byte| head[at + byte]));
        Ok(Self {
            slot: word(0),
            label: word(4),
            flags: word(8),
            length: word(12) as usize,
            priority: f64::from_ne_bytes(std::array::from_fn(|byte| head[16 + byte])),
        })
    }

    /// The message that follows, with the characters of `text`. O(length).
    pub(super) fn message(
        &self,
        outbound: &[u8],
        reader: &mut StringReader,
        env: &Env,
        text: JsString<'_>,
    ) -> Result<Message> {
        let words = outbound
            .get(HEAD..HEAD + self.length)
            .ok_or_else(|| Error::from_reason("the message is longer than its memory"))?;
        let message = Message::new(words, reader.read(env, text)?);
        reader.shrink();
        Ok(message)
    }
}

/// A function that JavaScript calls without a receiver: half the price of a method, which has to unwrap one.
/// A panic in it becomes a JavaScript exception.
pub(super) fn function<'env, Return: ToNapiValue + 'static>(
    env: &'env Env,
    name: &str,
    call: impl Fn(FunctionCallContext<'_>) -> Result<Return> + 'static,
) -> Result<Unknown<'env>> {
    let function = env.create_function_from_closure::<(), Return, _>(name, call)?;
    Ok(function.to_unknown())
}

/// What [`function`]s answer that make a value themselves.
pub(super) type Raw = sys::napi_value;
