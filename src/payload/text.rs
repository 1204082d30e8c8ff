//! A JavaScript string outside of JavaScript: exact, lone surrogates included, one byte a character
//! where that suffices.

/// Characters that are appended to and then made into one JavaScript string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Text {
    /// Characters up to U+00FF.
    Latin1(Vec<u8>),
    /// UTF-16 code units.
    Utf16(Vec<u16>),
}

impl Default for Text {
    fn default() -> Self {
        Text::Latin1(Vec::new())
    }
}

impl Text {
    /// Length in UTF-16 code units, as JavaScript counts.
    pub fn length(&self) -> usize {
        match self {
            Text::Latin1(characters) => characters.len(),
            Text::Utf16(units) => units.len(),
        }
    }

    /// Empties it, keeping its memory unless that has grown large.
    pub fn clear(&mut self) {
        const KEPT: usize = 1 << 20;
        match self {
            Text::Latin1(characters) if characters.capacity() <= KEPT => characters.clear(),
            _ => *self = Text::default(),
        }
    }

    fn widen(&mut self) -> &mut Vec<u16> {
        if let Text::Latin1(characters) = self {
            *self = Text::Utf16(characters.iter().map(|character| u16::from(*character)).collect());
        }
        match self {
            Text::Utf16(units) => units,
            Text::Latin1(_) => unreachable!("it was widened above"),
        }
    }

    /// Appends characters up to U+00FF.
    pub fn push_latin1(&mut self, more: &[u8]) {
        match self {
            Text::Latin1(characters) => characters.extend_from_slice(more),
            Text::Utf16(units) => units.extend(more.iter().map(|character| u16::from(*character))),
        }
    }

    /// Appends UTF-16 code units, given as bytes in the machine's order.
    pub fn push_utf16_bytes(&mut self, more: &[u8]) {
        self.widen().extend(more.chunks_exact(2).map(|unit| u16::from_ne_bytes([unit[0], unit[1]])));
    }

    /// Appends UTF-16 code units.
    pub fn push_utf16(&mut self, more: &[u16]) {
        self.widen().extend_from_slice(more);
    }

    /// Appends a Rust string.
    pub fn push_str(&mut self, more: &str) {
        if more.is_ascii() {
            self.push_latin1(more.as_bytes());
        } else if more.chars().all(|character| character <= '\u{ff}') {
            let characters: Vec<u8> = more.chars().map(|character| character as u8).collect();
            self.push_latin1(&characters);
        } else {
            self.widen().extend(more.encode_utf16());
        }
    }
}

/// Cuts a text off after so many bytes, or where the character before begins.
pub fn cut(text: &mut String, bytes: usize) {
    let end = (0..=bytes.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    text.truncate(end.unwrap_or(0));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn appending_keeps_every_code_unit(parts in prop::collection::vec(".*", 0..6)) {
            let mut text = Text::default();
            for part in &parts {
                text.push_str(part);
            }
            let expected: Vec<u16> = parts.concat().encode_utf16().collect();
            prop_assert_eq!(text.length(), expected.len());
            let units = match text {
                Text::Latin1(characters) => characters.into_iter().map(u16::from).collect(),
                Text::Utf16(units) => units,
            };
            prop_assert_eq!(units, expected);
        }
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        for (bytes, expected) in [(0, ""), (1, "a"), (2, "a"), (3, "aä"), (5, "aä"), (6, "aä€"), (99, "aä€")]
        {
            let mut text = "aä€".to_owned();
            cut(&mut text, bytes);
            assert_eq!(text, expected, "{bytes}");
        }
    }

    #[test]
    fn characters_up_to_u_00ff_stay_one_byte_wide() {
        let mut text = Text::default();
        text.push_str("naïve");
        assert_eq!(text, Text::Latin1(b"na\xefve".to_vec()));
    }
}
