//! What the tests of every family need.
#![allow(dead_code)] // by families that are not built

use serde_json::{Value as Json, json};

use super::*;

/// Runs a task by its name, with `bytes` as its option `data`.
pub(super) fn run(task: &str, mut options: Json, bytes: &[u8]) -> Result<Output, Failure> {
    options["data"] = json!({ "attachment": 0 });
    run_with(task, &options, bytes, &StopToken::default())
}

/// Runs a task by its name, with options as they are and `bytes` as its only attachment.
pub(super) fn run_with(
    task: &str,
    options: &Json,
    bytes: &[u8],
    token: &StopToken,
) -> Result<Output, Failure> {
    run_in(task, options, &[bytes], &Context::new(token, 1))
}

/// Runs a task by its name in surroundings of the test's own.
pub(super) fn run_in(
    task: &str,
    options: &Json,
    attachments: &[&[u8]],
    context: &Context<'_>,
) -> Result<Output, Failure> {
    let entry = CATALOGUE.iter().find(|entry| entry.name == task).expect("a native task");
    let attachments: Vec<_> = attachments.iter().map(|bytes| Attachment::Owned(bytes.to_vec())).collect();
    (entry.run)(&options.to_string(), &attachments, context)
}

/// The code and the sentence of a failure.
pub(super) fn error(result: Result<Output, Failure>) -> (String, String) {
    match result {
        Err(Failure::Error { code, message }) => (code, message),
        other => panic!("no error: {other:?}"),
    }
}

/// `length` bytes, the n-th of which is the low byte of 31n + ⌊n / 256⌋.
pub(super) fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n * 31 + (n >> 8)) as u8).collect()
}

/// The bytes that hexadecimal digits say.
pub(super) fn unhex(text: &str) -> Vec<u8> {
    let digit = |digit: u8| (digit as char).to_digit(16).expect("a hexadecimal digit") as u8;
    text.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}
