//! A task that does nothing: what is left is the price of a task itself. Or one that panics on demand: what
//! is left is how an application takes it.

use super::{Arguments, Context, Failure, Output, Task};

/// Resolves to its option `data` as it came, a buffer or a string, or to `undefined` without. With the option
/// `panic`, panics with those words instead.
pub(super) struct Noop;

impl Task for Noop {
    const NAME: &'static str = "noop";

    fn run(mut arguments: Arguments<'_>, _context: &Context<'_>) -> Result<Output, Failure> {
        let attachment = arguments.attachment("data");
        let text = if attachment.is_none() { arguments.text("data")? } else { None };
        let panic = arguments.text("panic")?;
        arguments.finish()?;
        if let Some(words) = panic {
            panic!("{words}");
        }
        Ok(attachment.map(Output::Attachment).or(text.map(Output::Text)).unwrap_or(Output::Nothing))
    }
}
