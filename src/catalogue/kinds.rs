//! The types that options can have.

use serde_json::{Value as Json, json};

use super::Data;
use super::options::{Measured, Misfit, Shown, Value, Word};
use crate::payload::Bytes as Attachment;

/// The largest whole number that JavaScript counts exactly to.
pub const MAX_SAFE_INTEGER: i64 = (1 << 53) - 1;

/// A whole number from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whole<const MIN: i64, const MAX: i64>(i64);

/// A whole number that counts something: bytes, say.
pub type Count = Whole<0, MAX_SAFE_INTEGER>;

impl<const MIN: i64, const MAX: i64> Whole<MIN, MAX> {
    /// The number `N`, which the compiler checks.
    pub const fn of<const N: i64>() -> Self {
        const { assert!(MIN <= N && N <= MAX) };
        Self(N)
    }

    /// The number.
    pub fn get(self) -> i64 {
        self.0
    }

    /// The number as a length; 0 if it is negative.
    pub fn length(self) -> usize {
        usize::try_from(self.0.max(0)).unwrap_or(usize::MAX)
    }
}

impl<const MIN: i64, const MAX: i64> Value<'_> for Whole<MIN, MAX> {
    fn shape() -> Json {
        json!({ "kind": "whole", "min": MIN, "max": MAX })
    }

    fn read(json: Json, _: &[Attachment]) -> Result<Self, Misfit> {
        let whole = match json.as_i64() {
            Some(whole) => Some(whole),
            // 1e3, which is whole, too; beyond 2^53 no number that JavaScript has is exact.
            None => {
                let number = json.as_f64().ok_or(Misfit::TYPE)?;
                (number.fract() == 0.0 && number.abs() <= MAX_SAFE_INTEGER as f64).then_some(number as i64)
            }
        };
        whole.filter(|whole| (MIN..=MAX).contains(whole)).map(Self).ok_or(Misfit::RANGE)
    }
}

impl<const MIN: i64, const MAX: i64> Shown for Whole<MIN, MAX> {
    fn show(&self) -> Json {
        self.0.into()
    }
}

impl<const MIN: i64, const MAX: i64> Measured for Whole<MIN, MAX> {
    fn measure(&self) -> Option<i64> {
        Some(self.0)
    }
}

/// A finite number from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Number<const MIN: i64, const MAX: i64>(f64);

impl<const MIN: i64, const MAX: i64> Number<MIN, MAX> {
    /// The number `value`, or the nearest in the range.
    pub const fn of(value: f64) -> Self {
        Self(value.clamp(MIN as f64, MAX as f64))
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl<const MIN: i64, const MAX: i64> Value<'_> for Number<MIN, MAX> {
    fn shape() -> Json {
        json!({ "kind": "number", "min": MIN, "max": MAX })
    }

    fn read(json: Json, _: &[Attachment]) -> Result<Self, Misfit> {
        let number = json.as_f64().ok_or(Misfit::TYPE)?;
        if (MIN as f64..=MAX as f64).contains(&number) { Ok(Self(number)) } else { Err(Misfit::RANGE) }
    }
}

impl<const MIN: i64, const MAX: i64> Shown for Number<MIN, MAX> {
    fn show(&self) -> Json {
        self.0.into()
    }
}

/// Any finite number.
impl Value<'_> for f64 {
    fn shape() -> Json {
        json!({ "kind": "number", "min": f64::MIN, "max": f64::MAX })
    }

    fn read(json: Json, _: &[Attachment]) -> Result<Self, Misfit> {
        json.as_f64().ok_or(Misfit::TYPE)
    }
}

impl Shown for f64 {
    fn show(&self) -> Json {
        (*self).into()
    }
}

impl Value<'_> for bool {
    fn shape() -> Json {
        json!({ "kind": "boolean" })
    }

    fn read(json: Json, _: &[Attachment]) -> Result<Self, Misfit> {
        json.as_bool().ok_or(Misfit::TYPE)
    }
}

impl Shown for bool {
    fn show(&self) -> Json {
        (*self).into()
    }
}

/// Text.
impl Value<'_> for String {
    fn shape() -> Json {
        json!({ "kind": "text" })
    }

    fn read(json: Json, attachments: &[Attachment]) -> Result<Self, Misfit> {
        text(json, attachments)
    }
}

impl Shown for String {
    fn show(&self) -> Json {
        self.as_str().into()
    }
}

/// Anything that JSON can say, as it was given.
impl Value<'_> for Json {
    fn shape() -> Json {
        json!({ "kind": "json" })
    }

    fn read(json: Json, _: &[Attachment]) -> Result<Self, Misfit> {
        Ok(json)
    }
}

impl Shown for Json {
    fn show(&self) -> Json {
        self.clone()
    }
}

/// An option that may be left out.
impl<'given, T: Value<'given>> Value<'given> for Option<T> {
    fn shape() -> Json {
        T::shape()
    }

    fn read(json: Json, attachments: &'given [Attachment]) -> Result<Self, Misfit> {
        T::read(json, attachments).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: Measured> Measured for Option<T> {
    fn measure(&self) -> Option<i64> {
        self.as_ref()?.measure()
    }
}

/// A list of any length.
impl<'given, T: Value<'given>> Value<'given> for Vec<T> {
    fn shape() -> Json {
        json!({ "kind": "list", "of": T::shape() })
    }

    fn read(json: Json, attachments: &'given [Attachment]) -> Result<Self, Misfit> {
        let Json::Array(elements) = json else { return Err(Misfit::TYPE) };
        let read = |(at, element)| T::read(element, attachments).map_err(|misfit| misfit.of_element(at));
        elements.into_iter().enumerate().map(read).collect()
    }
}

impl<T: Shown> Shown for Vec<T> {
    fn show(&self) -> Json {
        self.iter().map(Shown::show).collect()
    }
}

/// A list of `MIN` to `MAX` elements.
#[derive(Clone, Debug, PartialEq)]
pub struct List<T, const MIN: usize, const MAX: usize>(Vec<T>);

impl<T, const MIN: usize, const MAX: usize> List<T, MIN, MAX> {
    /// The elements.
    pub fn into_vec(self) -> Vec<T> {
        self.0
    }
}

impl<'given, T: Value<'given>, const MIN: usize, const MAX: usize> Value<'given> for List<T, MIN, MAX> {
    fn shape() -> Json {
        json!({ "kind": "list", "of": T::shape(), "min": MIN, "max": MAX })
    }

    fn read(json: Json, attachments: &'given [Attachment]) -> Result<Self, Misfit> {
        let elements = Vec::read(json, attachments)?;
        if (MIN..=MAX).contains(&elements.len()) { Ok(Self(elements)) } else { Err(Misfit::RANGE) }
    }
}

/// Bytes to work on, which may be those of a file.
impl<'data, 'given: 'data> Value<'given> for Data<'data> {
    fn shape() -> Json {
        json!({ "kind": "data" })
    }

    fn read(mut json: Json, attachments: &'given [Attachment]) -> Result<Self, Misfit> {
        if let Some(path) =
            json.as_object_mut().filter(|marker| marker.len() == 1).and_then(|marker| marker.remove("path"))
        {
            let Json::String(path) = path else { return Err(Misfit::TYPE) };
            return Ok(Data::File(path.into()));
        }
        match Bytes::read(json, attachments)? {
            Bytes::Text(text) => Ok(Data::Text(text)),
            Bytes::Attachment { bytes, .. } => Ok(Data::Bytes(bytes)),
        }
    }
}

/// Bytes in memory: a key, say.
#[derive(Clone, Debug)]
pub enum Bytes<'data> {
    /// A string's UTF-8.
    Text(String),
    /// A buffer, or a long string's UTF-8.
    Attachment {
        /// Its number, by which it can be given back.
        index: usize,
        /// Its content.
        bytes: &'data [u8],
    },
}

impl Bytes<'_> {
    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        match self {
            Bytes::Text(text) => text.as_bytes(),
            Bytes::Attachment { bytes, .. } => bytes,
        }
    }
}

impl<'data, 'given: 'data> Value<'given> for Bytes<'data> {
    fn shape() -> Json {
        json!({ "kind": "bytes" })
    }

    fn read(json: Json, attachments: &'given [Attachment]) -> Result<Self, Misfit> {
        match json {
            Json::String(text) => Ok(Bytes::Text(text)),
            json => {
                let index =
                    marked(&json, "attachment").or_else(|| marked(&json, "text")).ok_or(Misfit::TYPE)?;
                let bytes = attachments.get(index).ok_or(Misfit::TYPE)?.as_slice();
                Ok(Bytes::Attachment { index, bytes })
            }
        }
    }
}

impl Measured for Bytes<'_> {
    fn measure(&self) -> Option<i64> {
        Some(self.as_slice().len() as i64)
    }
}

/// One of the words of `W`.
///
/// # Errors
/// If `json` is no string, or another.
pub fn choice<W: Word>(json: Json, attachments: &[Attachment]) -> Result<W, Misfit> {
    let text = text(json, attachments)?;
    W::WORDS.iter().find(|(word, _)| **word == text).map(|(_, choice)| *choice).ok_or(Misfit::VALUE)
}

/// A string, which crosses as an attachment if it is long.
fn text(json: Json, attachments: &[Attachment]) -> Result<String, Misfit> {
    match json {
        Json::String(text) => Ok(text),
        json => {
            let index = marked(&json, "text").ok_or(Misfit::TYPE)?;
            let bytes = attachments.get(index).ok_or(Misfit::TYPE)?.as_slice();
            Ok(String::from_utf8_lossy(bytes).into_owned())
        }
    }
}

/// The number in `{ [marker]: n }`.
fn marked(json: &Json, marker: &str) -> Option<usize> {
    let object = json.as_object().filter(|object| object.len() == 1)?;
    usize::try_from(object.get(marker)?.as_u64()?).ok()
}
