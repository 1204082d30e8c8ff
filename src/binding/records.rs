//! Notes to the owner and tasks to a worker, written as 32-bit words into memory that JavaScript reads,
//! so that a batch of them costs one call. `lib/records.js` holds the same layout.

use crate::payload::{Message, Text};

/// A record did not fit; it needs this many words in all.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Full(pub usize);

/// Writes records one after the other into JavaScript's memory, and their characters into one text.
pub(super) struct Records<'a> {
    words: &'a mut [i32],
    text: &'a mut Text,
    position: usize,
}

/// Words before a record's body: kind, slot, a number, words of the body, characters of text, unused.
pub(super) const HEAD: usize = 6;

impl<'a> Records<'a> {
    /// A writer that starts at word `position` of `words`. The last word is kept for the end mark.
    pub(super) fn new(words: &'a mut [i32], text: &'a mut Text, position: usize) -> Self {
        text.clear();
        Self { words, text, position }
    }

    /// Begins a record: room for its head and `body` bytes, or how much would be needed.
    fn begin(&mut self, body: usize) -> Result<usize, Full> {
        // The body starts and ends at an even word: it may hold doubles.
        let end = self.position + HEAD + body.div_ceil(8) * 2;
        if end >= self.words.len() {
            Err(Full(end + 1))
        } else {
            Ok(std::mem::replace(&mut self.position, end))
        }
    }

    fn head(&mut self, at: usize, kind: i32, slot: u32, number: u32, body: usize, characters: usize) {
        let head = [kind, slot as i32, number as i32, body.div_ceil(4) as i32, characters as i32, 0];
        self.words[at..at + HEAD].copy_from_slice(&head);
    }

    /// A record of a kind, a slot and a number.
    pub(super) fn plain(&mut self, kind: i32, slot: u32, number: u32) -> Result<(), Full> {
        let at = self.begin(0)?;
        self.head(at, kind, slot, number, 0, 0);
        Ok(())
    }

    /// A record with an encoded value.
    pub(super) fn message(
        &mut self,
        kind: i32,
        slot: u32,
        number: u32,
        message: &Message,
    ) -> Result<(), Full> {
        let at = self.begin(message.words().len())?;
        self.head(at, kind, slot, number, message.words().len(), message.text_length());
        self.body(at, message.words());
        message.append_text(self.text);
        Ok(())
    }

    /// A record with bytes; its number is their length.
    pub(super) fn bytes(&mut self, kind: i32, slot: u32, bytes: &[u8]) -> Result<(), Full> {
        let at = self.begin(bytes.len())?;
        self.head(at, kind, slot, bytes.len() as u32, bytes.len(), 0);
        self.body(at, bytes);
        Ok(())
    }

    /// A record with strings; its number is the length of the first.
    pub(super) fn text(&mut self, kind: i32, slot: u32, first: &str, second: &str) -> Result<(), Full> {
        let at = self.begin(0)?;
        let start = self.text.length();
        self.text.push_str(first);
        let first_length = self.text.length() - start;
        self.text.push_str(second);
        self.head(at, kind, slot, first_length as u32, 0, self.text.length() - start);
        Ok(())
    }

    fn body(&mut self, at: usize, bytes: &[u8]) {
        let mut words = self.words[at + HEAD..].iter_mut();
        let mut chunks = bytes.chunks_exact(4);
        for (word, chunk) in words.by_ref().zip(chunks.by_ref()) {
            *word = i32::from_ne_bytes([chunk[0], chunk[1], chunk[2], chunk[3]]);
        }
        if let (rest @ [_, ..], Some(word)) = (chunks.remainder(), words.next()) {
            let mut last = [0; 4];
            last[..rest.len()].copy_from_slice(rest);
            *word = i32::from_ne_bytes(last);
        }
    }

    /// Marks the end, after which nothing is read.
    pub(super) fn end(self, kind: i32) -> usize {
        self.words[self.position] = kind;
        self.position
    }
}
