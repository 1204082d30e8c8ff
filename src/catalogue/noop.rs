//! A task that does nothing: what is left is the price of a task itself.

use super::kinds::Bytes;
use super::options::options;
use super::{Context, Errors, Failure, Output, Returns, Task};

options! {
    /// The options of [`Noop`].
    pub(super) struct Options<'given> {
        /// What the task resolves to, as it came.
        data: Option<Bytes<'given>>,
    }
}

/// See the module's words.
pub(super) struct Noop;

impl Task for Noop {
    const NAME: &'static str = "noop";
    const FAMILY: &'static str = "noop";
    const ABOUT: &'static str = "Does nothing, and resolves to `data` as it came: the price of a task.";
    const RETURNS: Returns = Returns::always("Given<'data'>");
    const ERRORS: &'static [Errors] = &[];
    type Options<'given> = Options<'given>;

    fn run(options: Options<'_>, _context: &Context<'_>) -> Result<Output, Failure> {
        Ok(match options.data {
            None => Output::Nothing,
            Some(Bytes::Text(text)) => Output::Text(text),
            Some(Bytes::Attachment { index, .. }) => Output::Attachment(index),
        })
    }
}

#[cfg(all(test, not(feature = "model")))]
mod tests {
    use super::super::StopToken;
    use super::super::testing::run_with;
    use super::*;
    use serde_json::json;

    #[test]
    fn what_comes_is_given_back_as_it_came() {
        let noop = |options| run_with("noop", &options, b"bytes", &StopToken::default());
        assert_eq!(noop(json!({})), Ok(Output::Nothing));
        assert_eq!(noop(json!({ "data": "text" })), Ok(Output::Text("text".into())));
        assert_eq!(noop(json!({ "data": { "attachment": 0 } })), Ok(Output::Attachment(0)));
        assert_eq!(noop(json!({ "data": { "text": 0 } })), Ok(Output::Attachment(0)));
    }
}
