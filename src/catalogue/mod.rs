//! The native tasks: one file a family, one registry.
//!
//! A new family is a file that implements [`Task`] for each of its tasks, and a line in [`CATALOGUE`].
//! A task reads its options from [`Arguments`], its bytes through [`Data`], asks
//! [`Context::checkpoint`] between chunks of work, and returns an [`Output`] or a [`Failure`]. It may
//! panic: the caller catches that.

mod arguments;
mod compress;
mod data;
mod file;
mod hash;
mod noop;

pub use arguments::Arguments;
pub use data::Data;

use std::sync::atomic::{AtomicU64, Ordering};

/// One native task.
pub trait Task {
    /// The name that `execute` knows it by.
    const NAME: &'static str;

    /// Does the work, on a native thread.
    ///
    /// # Errors
    /// Whatever the promise is to be rejected with.
    fn run(arguments: Arguments<'_>, context: &Context<'_>) -> Result<Output, Failure>;
}

/// What a task resolves to.
#[derive(Debug, PartialEq, Eq)]
pub enum Output {
    /// `undefined`.
    Nothing,
    /// A string.
    Text(String),
    /// A Buffer of its own.
    Bytes(Vec<u8>),
    /// The very attachment that came in, given back as it came.
    Attachment(usize),
}

/// Why a task did not resolve.
#[derive(Debug, PartialEq, Eq)]
pub enum Failure {
    /// It was told to stop and did.
    Cancelled,
    /// An error with a `code` and one clear sentence.
    Error {
        /// The error's `code`, such as `ERR_OUT_OF_RANGE`, or an operating system's, such as `ENOENT`.
        code: String,
        /// The sentence.
        message: String,
    },
}

impl Failure {
    /// An error with a code and a sentence.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Failure::Error { code: code.into(), message: message.into() }
    }

    /// Whether the arguments were wrong, as they would be each time.
    pub fn is_of_arguments(&self) -> bool {
        matches!(self, Failure::Error { code, .. } if code.starts_with("ERR_INVALID_ARG") || code == "ERR_OUT_OF_RANGE")
    }
}

/// Which of its runs a thread is to stop. Runs have growing numbers, so one number says it all: a stop that comes
/// too late names a run that is over, and means nobody.
#[derive(Debug, Default)]
pub struct StopToken(AtomicU64);

impl StopToken {
    /// Tells run number `run`, from 1, to stop.
    pub fn stop(&self, run: u64) {
        // Relaxed: see `Context::checkpoint`. The largest, so that a late stop does not undo one that is meant.
        self.0.fetch_max(run, Ordering::Relaxed);
    }
}

/// What a running task may ask of its surroundings.
pub struct Context<'a> {
    token: &'a StopToken,
    run: u64,
}

impl<'a> Context<'a> {
    /// A context whose task is to stop once `token` says so of `run`.
    pub fn new(token: &'a StopToken, run: u64) -> Self {
        Self { token, run }
    }

    /// To be asked at least every few milliseconds of work: `Err` once the task is to stop. One load.
    ///
    /// # Errors
    /// [`Failure::Cancelled`], to be passed on with `?`.
    pub fn checkpoint(&self) -> Result<(), Failure> {
        // Relaxed: the number carries no data, and a stop seen one chunk later is still a stop.
        if self.token.0.load(Ordering::Relaxed) == self.run { Err(Failure::Cancelled) } else { Ok(()) }
    }
}

/// A line of the registry.
#[derive(Clone, Copy)]
pub struct Entry {
    /// The name that `execute` knows it by.
    pub name: &'static str,
    /// Runs it.
    pub run: fn(Arguments<'_>, &Context<'_>) -> Result<Output, Failure>,
}

const fn entry<T: Task>() -> Entry {
    Entry { name: T::NAME, run: T::run }
}

/// Every native task. An entry's index is its number across threads.
pub const CATALOGUE: &[Entry] = &[
    entry::<noop::Noop>(),
    entry::<hash::Hash>(),
    entry::<compress::Compress>(),
    entry::<compress::Decompress>(),
];

#[cfg(test)]
mod testing {
    use super::*;
    use crate::payload::Bytes;
    use serde_json::Value;

    /// Runs a task by its name, with `bytes` as its option `data`.
    pub(super) fn run(task: &str, mut options: Value, bytes: &[u8]) -> Result<Output, Failure> {
        options["data"] = serde_json::json!({ "attachment": 0 });
        run_with(task, &options, bytes, &StopToken::default())
    }

    /// Runs a task by its name, with options as they are and `bytes` as its only attachment.
    pub(super) fn run_with(
        task: &str,
        options: &Value,
        bytes: &[u8],
        token: &StopToken,
    ) -> Result<Output, Failure> {
        let entry = CATALOGUE.iter().find(|entry| entry.name == task).expect("a native task");
        let attachments = [Bytes::Owned(bytes.to_vec())];
        let arguments = Arguments::parse(entry.name, &options.to_string(), &attachments)?;
        (entry.run)(arguments, &Context::new(token, 1))
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
}
