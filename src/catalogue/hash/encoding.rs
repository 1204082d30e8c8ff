//! A digest as its caller wants it.

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};

use super::super::options::words;
use super::super::{Output, Returns, When};

words! {
    /// How a digest is shown, with the words of node:crypto.
    pub(in super::super) enum Encoding {
        Hex = "hex",
        Base64 = "base64",
        Base64Url = "base64url",
        Binary = "binary",
        Latin1 = "latin1",
        Buffer = "buffer",
    }
}

/// What a task resolves to that has an option `encoding`.
pub(super) const RETURNS: Returns =
    Returns { kind: "string", when: &[When { option: "encoding", is: "buffer", kind: "Buffer" }] };

impl Encoding {
    /// Shows a digest.
    pub(super) fn show(self, digest: Vec<u8>) -> Output {
        match self {
            Encoding::Hex => Output::Text(HEXLOWER.encode(&digest)),
            Encoding::Base64 => Output::Text(BASE64.encode(&digest)),
            Encoding::Base64Url => Output::Text(BASE64URL_NOPAD.encode(&digest)),
            // Each byte as the character of its number, U+0000 to U+00FF.
            Encoding::Binary | Encoding::Latin1 => Output::Text(digest.into_iter().map(char::from).collect()),
            Encoding::Buffer => Output::Bytes(digest),
        }
    }
}
