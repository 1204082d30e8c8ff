//! Options, declared once: [`options!`] and [`words!`] make from one text the type that a family reads, its
//! declaration, and the reading of it.
//!
//! JavaScript checks every option against the declaration before a task is queued, and tells the user in fine
//! sentences what is wrong. What arrives here and does not fit all the same is a [`Misfit`].

use std::ops::RangeInclusive;

use serde_json::{Map, Value as Json, json};

use super::Failure;
use crate::payload::Bytes as Attachment;

/// A type of options.
pub trait Value<'given>: Sized {
    /// The type, as the declaration has it.
    fn shape() -> Json;

    /// Reads a value of it.
    ///
    /// # Errors
    /// If `json` is none, or means an attachment that is not there.
    fn read(json: Json, attachments: &'given [Attachment]) -> Result<Self, Misfit>;

    /// What an option is that was left out; `None` if it must not be.
    fn absent() -> Option<Self> {
        None
    }
}

/// A type whose values can be defaults.
pub trait Shown {
    /// The value as JavaScript has it.
    fn show(&self) -> Json;
}

/// A type whose range may depend on another option.
pub trait Measured {
    /// The number that is to be in the range; none if there is nothing.
    fn measure(&self) -> Option<i64>;
}

/// One of a few words; see [`words!`].
pub trait Word: Copy + PartialEq + Sized + 'static {
    /// Each of them, as JavaScript has it.
    const WORDS: &'static [(&'static str, Self)];

    /// This one.
    fn word(self) -> &'static str {
        let named = Self::WORDS.iter().find(|(_, value)| *value == self);
        named.map_or("", |(word, _)| word)
    }
}

/// An option that does not fit its declaration.
#[derive(Debug, PartialEq, Eq)]
pub struct Misfit {
    code: &'static str,
    /// The option, such as `steps[2].width`; empty for the whole input.
    at: String,
}

impl Misfit {
    /// It is of another type, or missing.
    pub const TYPE: Self = Self { code: "ERR_INVALID_ARG_TYPE", at: String::new() };
    /// It is none of the values there are, or there is no such option.
    pub const VALUE: Self = Self { code: "ERR_INVALID_ARG_VALUE", at: String::new() };
    /// It is a number that is too small or too large, or has so many bytes or elements.
    pub const RANGE: Self = Self { code: "ERR_OUT_OF_RANGE", at: String::new() };

    /// The same of the option `name`, or of something in it.
    pub fn of(mut self, name: &str) -> Self {
        let separator = if self.at.is_empty() || self.at.starts_with('[') { "" } else { "." };
        self.at.insert_str(0, separator);
        self.at.insert_str(0, name);
        self
    }

    /// The same of the element `index`.
    pub fn of_element(self, index: usize) -> Self {
        self.of(&format!("[{index}]"))
    }

    /// What a call of `task` is rejected with.
    pub fn failure(self, task: &str) -> Failure {
        let message = match self.at.as_str() {
            "" => format!("The input of '{task}' must be an object of its options."),
            at => format!("The option '{at}' of '{task}' does not fit its declaration."),
        };
        Failure::new(self.code, message)
    }
}

/// Options as they were given.
pub struct Given<'given> {
    options: Map<String, Json>,
    attachments: &'given [Attachment],
}

impl<'given> Given<'given> {
    /// The options in `json`.
    ///
    /// # Errors
    /// If it is no object.
    pub fn new(json: Json, attachments: &'given [Attachment]) -> Result<Self, Misfit> {
        match json {
            Json::Object(options) => Ok(Self { options, attachments }),
            _ => Err(Misfit::TYPE),
        }
    }

    /// The option `name`, or `otherwise` if it was left out.
    ///
    /// # Errors
    /// If it does not fit, or was left out and must not be.
    pub fn take<T: Value<'given>>(&mut self, name: &str, otherwise: Option<T>) -> Result<T, Misfit> {
        match self.options.remove(name) {
            Some(json) => T::read(json, self.attachments).map_err(|misfit| misfit.of(name)),
            None => otherwise.ok_or_else(|| Misfit::TYPE.of(name)),
        }
    }

    /// Says that every option has been read.
    ///
    /// # Errors
    /// Naming one that there is not.
    pub fn finish(self) -> Result<(), Misfit> {
        self.options.keys().next().map_or(Ok(()), |name| Err(Misfit::VALUE.of(name)))
    }
}

/// Ranges of one option for the words of another.
pub type Ranges<W> = &'static [(W, RangeInclusive<i64>)];

/// Checks the option `name` against the range for `word`; without one it must not be there.
///
/// # Errors
/// If it is outside, or does not go with the word.
pub fn within<W: Word>(name: &str, value: &impl Measured, word: W, ranges: Ranges<W>) -> Result<(), Misfit> {
    let Some(measure) = value.measure() else { return Ok(()) };
    match ranges.iter().find(|(for_word, _)| *for_word == word) {
        Some((_, range)) if range.contains(&measure) => Ok(()),
        Some(_) => Err(Misfit::RANGE.of(name)),
        None => Err(Misfit::VALUE.of(name)),
    }
}

/// A shape whose range depends on the option `by`.
pub fn ranged<W: Word>(mut shape: Json, by: &str, ranges: Ranges<W>) -> Json {
    let ranges =
        ranges.iter().map(|(word, range)| (word.word().to_owned(), json!([range.start(), range.end()])));
    if let Some(shape) = shape.as_object_mut() {
        shape.remove("min");
        shape.remove("max");
        shape.insert("by".into(), by.into());
        shape.insert("ranges".into(), Json::Object(ranges.collect()));
    }
    shape
}

/// The declaration of one option; `about` is what its documentation says, line by line.
pub fn declared(
    name: &str,
    about: &[&str],
    shape: Json,
    required: bool,
    extra: [(&str, Option<Json>); 2],
) -> Json {
    let mut option =
        json!({ "name": name, "about": about.concat().trim(), "type": shape, "required": required });
    for (key, value) in extra {
        if let Some(value) = value {
            option[key] = value;
        }
    }
    option
}

/// Declares a record of options, as a struct whose documentation is the user's: one sentence on each option.
///
/// ```text
/// options! {
///     /// What the struct is.
///     pub(super) struct Options<'a> {
///         /// The bytes to compress.
///         data: Data<'a>,
///         /// The format.
///         algorithm: Algorithm = Algorithm::Gzip,
///         /// How much effort to take. The range goes by another option.
///         level: Option<Count> [by algorithm LEVELS],
///         /// Most bytes of output.
///         max_output_length as "maxOutputLength": Option<Count> [unit "bytes"],
///     }
/// }
/// ```
///
/// An option with a default, or of a type such as `Option` that has something for an absent one, may be left out.
macro_rules! options {
    (
        $(#[$meta:meta])* $visibility:vis struct $name:ident $(<$life:lifetime>)? {
            $(
                $(#[doc = $about:literal])+
                $field:ident $(as $given:literal)? : $type:ty
                $([by $by:ident $ranges:expr])? $([unit $unit:literal])? $(= $default:expr)?
            ),* $(,)?
        }
    ) => {
        $(#[$meta])*
        $visibility struct $name $(<$life>)? {
            $($(#[doc = $about])+ $visibility $field: $type,)*
        }

        impl<'from $(: $life)? $(, $life)?> $crate::catalogue::options::Value<'from> for $name $(<$life>)? {
            fn shape() -> serde_json::Value {
                let options = vec![$({
                    let otherwise: Option<$type> = options!(@otherwise $type $(, $default)?);
                    let shape = <$type as $crate::catalogue::options::Value>::shape();
                    $(let shape = $crate::catalogue::options::ranged(shape, stringify!($by), $ranges);)?
                    let default: Option<serde_json::Value> = None;
                    $(let default = default.or(Some({
                        let default: $type = $default;
                        $crate::catalogue::options::Shown::show(&default)
                    }));)?
                    let unit: Option<serde_json::Value> = None;
                    $(let unit = unit.or(Some($unit.into()));)?
                    let required = otherwise.is_none();
                    let name = options!(@name $field $($given)?);
                    let extra = [("default", default), ("unit", unit)];
                    $crate::catalogue::options::declared(name, &[$($about),+], shape, required, extra)
                }),*];
                serde_json::json!({ "kind": "record", "options": options })
            }

            fn read(
                json: serde_json::Value,
                attachments: &'from [$crate::payload::Bytes],
            ) -> Result<Self, $crate::catalogue::options::Misfit> {
                let mut given = $crate::catalogue::options::Given::new(json, attachments)?;
                let read = Self {
                    $($field: given.take(
                        options!(@name $field $($given)?),
                        options!(@otherwise $type $(, $default)?),
                    )?,)*
                };
                given.finish()?;
                $(options!(@within read, $field, options!(@name $field $($given)?) $(, $by $ranges)?);)*
                Ok(read)
            }
        }
    };
    (@within $read:ident, $field:ident, $name:expr) => {};
    (@within $read:ident, $field:ident, $name:expr, $by:ident $ranges:expr) => {
        $crate::catalogue::options::within($name, &$read.$field, $read.$by, $ranges)?
    };
    (@name $field:ident) => { stringify!($field) };
    (@name $field:ident $given:literal) => { $given };
    (@otherwise $type:ty) => { <$type as $crate::catalogue::options::Value>::absent() };
    (@otherwise $type:ty, $default:expr) => { Some($default) };
}

/// Declares an option that is one of a few words.
///
/// ```text
/// words! {
///     /// How a digest is shown.
///     pub(super) enum Encoding {
///         Hex = "hex",
///         Base64 = "base64",
///     }
/// }
/// ```
#[allow(unused_macros)] // by a build without families
macro_rules! words {
    ($(#[$meta:meta])* $visibility:vis enum $name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        $visibility enum $name { $(#[doc = $word] $variant),+ }

        impl $crate::catalogue::options::Word for $name {
            const WORDS: &'static [(&'static str, Self)] = &[$(($word, $name::$variant)),+];
        }

        impl $crate::catalogue::options::Shown for $name {
            fn show(&self) -> serde_json::Value {
                $crate::catalogue::options::Word::word(*self).into()
            }
        }

        impl<'from> $crate::catalogue::options::Value<'from> for $name {
            fn shape() -> serde_json::Value {
                let words = <Self as $crate::catalogue::options::Word>::WORDS;
                let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
                serde_json::json!({ "kind": "choice", "words": words })
            }

            fn read(
                json: serde_json::Value,
                attachments: &'from [$crate::payload::Bytes],
            ) -> Result<Self, $crate::catalogue::options::Misfit> {
                $crate::catalogue::kinds::choice(json, attachments)
            }
        }
    };
}

#[allow(unused_imports)] // as above
pub(super) use {options, words};

#[cfg(all(test, not(feature = "model")))]
mod tests;
