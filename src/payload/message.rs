//! An encoded value on its way between two isolates: a run of 32-bit words and a string, as
//! `lib/wire/encode.js` writes and reads them. Rust carries the two and looks into neither.

use std::sync::Arc;

use smallvec::SmallVec;

use super::part::Part;
use super::text::Text;

/// A message of up to this many bytes needs no allocation of its own. `{ a: 1 }` takes 21.
const INLINE: usize = 48;

/// A message of more bytes is shared by its clones: one is made for another try, while the scheduler's lock is held.
const SHARED: usize = 1024;

/// See the module's words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// The words, then the characters: one byte each, or two if `wide`.
    bytes: Content,
    words: u32,
    wide: bool,
    /// What is too long to be copied more often than it has to be.
    long: Option<Arc<Long>>,
}

/// Parts of a message that are carried as they are, each in memory of its own: copied once out of one isolate, and once
/// into the other.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Long {
    /// The string, if it is long.
    pub text: Option<Text>,
    /// Contents of large ArrayBuffers, in the order in which the words mention them.
    pub parts: Vec<Arc<Part>>,
}

/// Bytes that nobody changes any more.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Content {
    Own(SmallVec<[u8; INLINE]>),
    Shared(Arc<SmallVec<[u8; INLINE]>>),
}

impl Default for Content {
    fn default() -> Self {
        Self::Own(SmallVec::new())
    }
}

impl std::ops::Deref for Content {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Own(bytes) => bytes,
            Self::Shared(bytes) => bytes,
        }
    }
}

impl Message {
    /// Copies the words' bytes and the string's UTF-16 code units. O(length).
    pub fn new(words: &[u8], text: &[u16]) -> Self {
        let wide = text.iter().any(|unit| *unit > 0xff);
        let mut bytes = SmallVec::with_capacity(words.len() + text.len() * (1 + usize::from(wide)));
        bytes.extend_from_slice(words);
        if wide {
            bytes.extend(text.iter().flat_map(|unit| unit.to_ne_bytes()));
        } else {
            bytes.extend(text.iter().map(|unit| *unit as u8));
        }
        let bytes = if bytes.len() > SHARED { Content::Shared(Arc::new(bytes)) } else { Content::Own(bytes) };
        Self { bytes, words: words.len() as u32, wide, long: None }
    }

    /// The same with what is long beside it; if that has a text, there is no other.
    pub fn with(mut self, long: Long) -> Self {
        self.long = Some(Arc::new(long));
        self
    }

    /// What is carried beside the words.
    pub fn long(&self) -> Option<&Arc<Long>> {
        self.long.as_ref()
    }

    /// How many large ArrayBuffers it has.
    pub fn parts(&self) -> usize {
        self.long.as_ref().map_or(0, |long| long.parts.len())
    }

    fn long_text(&self) -> Option<&Text> {
        self.long.as_ref()?.text.as_ref()
    }

    /// The words, as bytes.
    pub fn words(&self) -> &[u8] {
        &self.bytes[..self.words as usize]
    }

    /// Length of the string in UTF-16 code units.
    pub fn text_length(&self) -> usize {
        if let Some(text) = self.long_text() {
            return text.length();
        }
        (self.bytes.len() - self.words as usize) / (1 + usize::from(self.wide))
    }

    /// Appends the string to `text`.
    pub fn append_text(&self, text: &mut Text) {
        match self.long_text() {
            Some(Text::Latin1(characters)) => return text.push_latin1(characters),
            Some(Text::Utf16(units)) => return text.push_utf16(units),
            None => {}
        }
        let characters = &self.bytes[self.words as usize..];
        if self.wide {
            text.push_utf16_bytes(characters);
        } else {
            text.push_latin1(characters);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_clone_of_a_large_message_is_the_same_memory() {
        let message = Message::new(&[7; 4096], &[65; 100_000]);
        let start = message.words().as_ptr();
        assert_eq!(message.clone().words().as_ptr(), start);
        assert_eq!(message, message.clone());
    }

    #[test]
    fn a_long_text_is_the_text() {
        for (text, length) in [(Text::Latin1(vec![65; 5000]), 5000), (Text::Utf16(vec![0x416; 4100]), 4100)] {
            let long = Long {
                text: Some(text.clone()),
                parts: [[1; 9], [2; 9]].map(|bytes| Arc::new(Part::copy(&bytes).expect("memory"))).into(),
            };
            let message = Message::new(&[1, 2, 3, 4], &[]).with(long);
            let mut out = Text::default();
            message.append_text(&mut out);
            assert_eq!((message.text_length(), message.parts(), &out), (length, 2, &text));
            let clone = message.clone();
            assert!(Arc::ptr_eq(clone.long().expect("it has"), message.long().expect("it has")));
        }
    }

    proptest! {
        #[test]
        fn what_goes_in_comes_out(
            words in prop::collection::vec(any::<u8>(), 0..200),
            narrow in prop::collection::vec(0u16..256, 0..100),
            any_units in prop::collection::vec(any::<u16>(), 0..100),
        ) {
            for units in [narrow, any_units] {
                let message = Message::new(&words, &units);
                let mut text = Text::default();
                message.append_text(&mut text);
                prop_assert_eq!(message.words(), &words[..]);
                prop_assert_eq!(message.text_length(), units.len());
                let out: Vec<u16> = match text {
                    Text::Latin1(characters) => characters.into_iter().map(u16::from).collect(),
                    Text::Utf16(units) => units,
                };
                prop_assert_eq!(out, units);
            }
        }
    }
}
