//! Notes to the owner and tasks to a worker, written as 32-bit words into memory that JavaScript reads,
//! so that a batch of them costs one call. `lib/wire/layout.js` holds the same layout.

use std::sync::Arc;

use super::{Long, Message, Text};

/// A record did not fit; it needs this many words in all.
#[derive(Debug, PartialEq, Eq)]
pub struct Full(pub usize);

/// Writes records one after the other into JavaScript's memory, and their characters into one text.
pub struct Records<'words, 'text> {
    words: &'words mut [i32],
    text: &'text mut Text,
    /// The one message whose long text is all the characters that there are.
    whole: Option<Arc<Long>>,
    position: usize,
    last: usize,
}

/// A text of so many characters goes alone: it is made into a string from where it is, and no string that is cut out of
/// one for several records keeps it.
pub const LONG_TEXT: usize = 4096;

/// The characters of records.
pub enum Characters<'a> {
    /// Those of all records.
    Joined(&'a mut Text),
    /// Of one message that has a long text.
    Whole(Arc<Long>),
}

impl Characters<'_> {
    /// As one text.
    pub fn text(&self) -> &Text {
        match self {
            Self::Joined(text) => text,
            Self::Whole(long) => long.text.as_ref().expect("who is whole has a text"),
        }
    }
}

/// Characters that the records' text may have together: a string that every engine can make, whatever it is made of.
const TEXT: usize = 1 << 27;

/// Words before a record's body: kind, slot, a number, words of the body, characters of text, flags.
pub const HEAD: usize = 6;

impl<'words, 'text> Records<'words, 'text> {
    /// A writer that starts at word `position` of `words`. The last word is kept for the end mark.
    pub fn new(words: &'words mut [i32], text: &'text mut Text, position: usize) -> Self {
        text.clear();
        Self { words, text, whole: None, position, last: position }
    }

    /// Begins a record: room for its head and `body` bytes, or how much would be needed.
    fn begin(&mut self, body: usize) -> Result<usize, Full> {
        // The body starts and ends at an even word: it may hold doubles.
        let end = self.position + HEAD + body.div_ceil(8) * 2;
        if end >= self.words.len() {
            Err(Full(end + 1))
        } else {
            self.last = std::mem::replace(&mut self.position, end);
            Ok(self.last)
        }
    }

    fn head(&mut self, at: usize, kind: i32, slot: u32, number: u32, body: usize, characters: usize) {
        let head = [kind, slot as i32, number as i32, body.div_ceil(4) as i32, characters as i32, 0];
        self.words[at..at + HEAD].copy_from_slice(&head);
    }

    /// A record of a kind, a slot and a number.
    pub fn plain(&mut self, kind: i32, slot: u32, number: u32) -> Result<(), Full> {
        let at = self.begin(0)?;
        self.head(at, kind, slot, number, 0, 0);
        Ok(())
    }

    /// A record with an encoded value.
    pub fn message(&mut self, kind: i32, slot: u32, number: u32, message: &Message) -> Result<(), Full> {
        let at = self.begin(message.words().len())?;
        self.head(at, kind, slot, number, message.words().len(), message.text_length());
        self.body(at, message.words());
        match message.long() {
            Some(long) if long.text.is_some() && self.whole.is_none() && self.text.length() == 0 => {
                self.whole = Some(long.clone());
            }
            _ => message.append_text(self.text),
        }
        Ok(())
    }

    /// A record with bytes; its number is their length.
    pub fn bytes(&mut self, kind: i32, slot: u32, bytes: &[u8]) -> Result<(), Full> {
        let at = self.begin(bytes.len())?;
        self.head(at, kind, slot, bytes.len() as u32, bytes.len(), 0);
        self.body(at, bytes);
        Ok(())
    }

    /// A record with strings; its number is the length of the first.
    pub fn text(&mut self, kind: i32, slot: u32, first: &str, second: &str) -> Result<(), Full> {
        let at = self.begin(0)?;
        let start = self.text.length();
        self.text.push_str(first);
        let first_length = self.text.length() - start;
        self.text.push_str(second);
        self.head(at, kind, slot, first_length as u32, 0, self.text.length() - start);
        Ok(())
    }

    /// A record with a string and a number of its own.
    pub fn numbered_text(&mut self, kind: i32, slot: u32, number: u32, text: &str) -> Result<(), Full> {
        let at = self.begin(0)?;
        let start = self.text.length();
        self.text.push_str(text);
        self.head(at, kind, slot, number, 0, self.text.length() - start);
        Ok(())
    }

    /// Whether so many characters more leave the text short enough to be handed over. Always true of the first ones, so
    /// that a record which is long by itself goes alone.
    pub fn has_room_for(&self, characters: usize) -> bool {
        let length = self.text.length();
        if self.whole.is_some() || (characters >= LONG_TEXT && length > 0) {
            return characters == 0;
        }
        length == 0 || length.saturating_add(characters) <= TEXT
    }

    /// Sets the flags of the record written last.
    pub fn flag(&mut self, flags: i32) {
        self.words[self.last + HEAD - 1] = flags;
    }

    fn body(&mut self, at: usize, bytes: &[u8]) {
        for (word, chunk) in self.words[at + HEAD..].iter_mut().zip(bytes.chunks(4)) {
            let mut padded = [0; 4];
            padded[..chunk.len()].copy_from_slice(chunk);
            *word = i32::from_ne_bytes(padded);
        }
    }

    /// Marks the end, after which nothing is read.
    pub fn end(self, kind: i32) -> Characters<'text> {
        self.words[self.position] = kind;
        self.characters()
    }

    /// All of the records' characters.
    pub fn characters(self) -> Characters<'text> {
        match self.whole {
            Some(long) => Characters::Whole(long),
            None => Characters::Joined(self.text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes of the body of the record at `at`.
    fn body(words: &[i32], at: usize, length: usize) -> Vec<u8> {
        words[at + HEAD..].iter().flat_map(|word| word.to_ne_bytes()).take(length).collect()
    }

    #[test]
    fn bytes_of_every_length_keep_their_last_ones() {
        for length in 0..40u8 {
            let bytes: Vec<u8> = (1..=length).collect();
            let mut words = [-1; 64];
            let mut text = Text::default();
            let mut records = Records::new(&mut words, &mut text, 0);
            records.bytes(7, 3, &bytes).expect("it fits");
            let end = records.position;
            records.end(0);
            assert_eq!(words[..3], [7, 3, i32::from(length)]);
            assert_eq!(body(&words, 0, bytes.len()), bytes);
            assert_eq!((end % 2, words[end]), (0, 0));
        }
    }

    #[test]
    fn records_follow_each_other_and_share_one_text() {
        let mut words = [0; 64];
        let mut text = Text::default();
        let mut records = Records::new(&mut words, &mut text, 4);
        records.text(1, 10, "ab", "cde").expect("it fits");
        let message = Message::new(&[1, 2, 3, 4], &[0x100, 0x41]);
        records.message(2, 11, 5, &message).expect("it fits");
        records.numbered_text(3, 12, 7, "fg").expect("it fits");
        records.end(9);
        assert_eq!(words[4..10], [1, 10, 2, 0, 5, 0]);
        assert_eq!(words[10..16], [2, 11, 5, 1, 2, 0]);
        assert_eq!(words[18..24], [3, 12, 7, 0, 2, 0]);
        assert_eq!(words[24], 9);
        let units: Vec<u16> = "abcde\u{100}Afg".encode_utf16().collect();
        assert_eq!(text, Text::Utf16(units));
    }

    #[test]
    fn a_long_text_goes_alone() {
        let mut words = [0; 64];
        let mut text = Text::default();
        let mut records = Records::new(&mut words, &mut text, 0);
        assert!(records.has_room_for(4 * TEXT), "nothing stands beside it");
        records.plain(1, 0, 0).expect("it fits");
        assert!(records.has_room_for(4 * TEXT), "what stands beside it has no text");
        records.text(1, 1, "abc", "").expect("it fits");
        assert!(records.has_room_for(LONG_TEXT - 1) && !records.has_room_for(LONG_TEXT));
        assert!(records.has_room_for(0) && !records.has_room_for(usize::MAX));
    }

    #[test]
    fn a_long_text_is_handed_over_from_where_it_is() {
        let long = Long { text: Some(Text::Utf16(vec![0x416; LONG_TEXT])), parts: Vec::new() };
        let message = Message::new(&[1, 2, 3, 4], &[]).with(long);
        let (mut words, mut text) = ([0; 64], Text::default());
        let mut records = Records::new(&mut words, &mut text, 0);
        records.message(1, 0, 0, &message).expect("it fits");
        assert!(records.has_room_for(0) && !records.has_room_for(1));
        records.plain(2, 1, 0).expect("it fits");
        let Characters::Whole(whole) = records.end(0) else { panic!("nothing was copied") };
        assert!(Arc::ptr_eq(&whole, message.long().expect("it has")));
        assert_eq!(words[4], LONG_TEXT as i32);
    }

    #[test]
    fn a_record_that_does_not_fit_says_what_it_needs_and_writes_nothing() {
        let mut words = [0; 16];
        let mut text = Text::default();
        let mut records = Records::new(&mut words, &mut text, 0);
        let Err(Full(needed)) = records.bytes(1, 0, &[0; 100]) else { panic!("it cannot fit") };
        records.plain(2, 0, 0).expect("it fits");
        let mut larger = vec![0; needed];
        assert_eq!(words[0], 2);
        Records::new(&mut larger, &mut text, 0).bytes(1, 0, &[0; 100]).expect("it fits now");
    }
}
