//! The native tasks: one file or folder a family, one registry. `README.md` beside this file says how a family is
//! added.
//!
//! - [`options`]: options, declared once and read by that declaration; [`kinds`]: the types that they can have.
//! - [`Task`], [`declaration`]: what a task is, and what it says of itself.
//! - [`data`]: the bytes that a task works on; [`file`]: those of files.
//! - [`context`]: what a task may ask while it runs; [`fork`]: several threads; [`memory`]: a budget.
//! - [`output`]: what it comes to.

#[cfg(feature = "compress")]
mod compress;
mod context;
mod data;
mod declaration;
mod file;
mod fork;
#[cfg(feature = "hash")]
mod hash;
pub mod kinds;
mod memory;
mod noop;
pub mod options;
mod output;
#[cfg(feature = "testing")]
mod probe;
mod sync;

pub use context::{Context, StopToken};
pub use data::{DATA_ERRORS, Data};
pub use declaration::{Errors, Returns, When};
pub use fork::{Help, Helpers};
pub use memory::{Budget, Memory};
pub use output::{Failure, Node, Output};

use crate::payload::Bytes as Attachment;
use options::{Misfit, Value};

/// One native task. It may panic: its caller catches that.
pub trait Task {
    /// The name that `execute` knows it by.
    const NAME: &'static str;
    /// The family it belongs to.
    const FAMILY: &'static str;
    /// What it does: a sentence for its user, or two.
    const ABOUT: &'static str;
    /// What it resolves to.
    const RETURNS: Returns;
    /// What it is rejected with, beside what any task may be.
    const ERRORS: &'static [Errors];
    /// Its options; see [`options!`].
    type Options<'given>: Value<'given>;

    /// Does the work, on a native thread.
    ///
    /// # Errors
    /// Whatever the promise is to be rejected with.
    fn run(options: Self::Options<'_>, context: &Context<'_>) -> Result<Output, Failure>;
}

/// A line of the registry.
#[derive(Clone, Copy)]
pub struct Entry {
    /// The name that `execute` knows it by.
    pub name: &'static str,
    /// Runs it with its options as JSON, empty for none, in which `{ "attachment": n }` stands for the n-th buffer
    /// that came beside, and `{ "text": n }` for the n-th if it is a long string's UTF-8. The attachments must be
    /// settled (see [`Attachment::settle`]).
    pub run: fn(&str, &[Attachment], &Context<'_>) -> Result<Output, Failure>,
    /// What it says of itself, as JSON.
    pub declaration: fn() -> String,
}

const fn entry<T: Task>() -> Entry {
    Entry { name: T::NAME, run: run::<T>, declaration: declaration::of::<T> }
}

/// Every native task. An entry's index is its number across threads.
pub const CATALOGUE: &[Entry] = &[
    entry::<noop::Noop>(),
    #[cfg(feature = "hash")]
    entry::<hash::Hash>(),
    #[cfg(feature = "hash")]
    entry::<hash::Hmac>(),
    #[cfg(feature = "compress")]
    entry::<compress::Compress>(),
    #[cfg(feature = "compress")]
    entry::<compress::Decompress>(),
    #[cfg(feature = "testing")]
    entry::<probe::Echo>(),
    #[cfg(feature = "testing")]
    entry::<probe::Arrays>(),
    #[cfg(feature = "testing")]
    entry::<probe::Panic>(),
    #[cfg(feature = "testing")]
    entry::<probe::Fork>(),
    #[cfg(feature = "testing")]
    entry::<probe::Hold>(),
    #[cfg(feature = "testing")]
    entry::<probe::Read>(),
    #[cfg(feature = "testing")]
    entry::<probe::Ends>(),
];

fn run<T: Task>(json: &str, attachments: &[Attachment], context: &Context<'_>) -> Result<Output, Failure> {
    let json = match json {
        "" => Ok(serde_json::Map::new().into()),
        json => serde_json::from_str(json).map_err(|_| Misfit::TYPE),
    };
    let options = json.and_then(|json| T::Options::read(json, attachments));
    T::run(options.map_err(|misfit| misfit.failure(T::NAME))?, context)
}

#[cfg(test)]
mod testing;
