//! What a task says of itself: the text that its options are checked by, and that its types and its page of the
//! reference are made from.

use serde_json::{Value as Json, json};

use super::Task;
use super::options::Value;

/// Codes of errors, each with a sentence on when it is met.
pub type Errors = &'static [(&'static str, &'static str)];

/// What a task resolves to, in TypeScript's words.
#[derive(Clone, Copy, Debug)]
pub struct Returns {
    /// The type, or `Given<'name'>` for whatever was given as the option of that name.
    pub kind: &'static str,
    /// Where an option changes it.
    pub when: &'static [When],
}

/// The type of the output when an option is a certain word.
#[derive(Clone, Copy, Debug)]
pub struct When {
    /// The option.
    pub option: &'static str,
    /// The word.
    pub is: &'static str,
    /// The type.
    pub kind: &'static str,
}

impl Returns {
    /// Always `kind`.
    pub const fn always(kind: &'static str) -> Self {
        Self { kind, when: &[] }
    }
}

/// The declaration of `T`, as JSON:
///
/// ```text
/// { "name", "family", "about", "options": [OPTION…],
///   "output": { "type", "when"?: [{ "option", "is", "type" }…] }, "errors": [{ "code", "about" }…] }
/// OPTION: { "name", "about", "type": TYPE, "required": bool, "default"?, "unit"? }
/// TYPE:   { "kind": "data" }       bytes, a string (its UTF-8) or { path }
///         { "kind": "bytes" }      bytes or a string
///         { "kind": "choice", "words" }
///         { "kind": "whole", "min", "max" }   { "kind": "number", "min", "max" }
///         { "kind": "boolean" }   { "kind": "text" }   { "kind": "json" }
///         { "kind": "list", "of": TYPE, "min"?, "max"? }
///         { "kind": "record", "options": [OPTION…] }
/// ```
///
/// A whole number, or the length of bytes, may have a range that goes by a choice: `"by"`, its name, and `"ranges"`,
/// `{ word: [min, max] }`, in which a word is missing that the option does not go with.
pub(super) fn of<T: Task>() -> String {
    let mut output = json!({ "type": T::RETURNS.kind });
    if !T::RETURNS.when.is_empty() {
        let when = T::RETURNS.when.iter();
        output["when"] =
            when.map(|when| json!({ "option": when.option, "is": when.is, "type": when.kind })).collect();
    }
    let errors: Json = T::ERRORS
        .iter()
        .copied()
        .flatten()
        .map(|(code, about)| json!({ "code": code, "about": about }))
        .collect();
    json!({
        "name": T::NAME,
        "family": T::FAMILY,
        "about": T::ABOUT,
        "options": T::Options::shape()["options"],
        "output": output,
        "errors": errors,
    })
    .to_string()
}

#[cfg(all(test, not(feature = "model")))]
mod tests {
    use super::super::CATALOGUE;
    use super::*;

    fn declarations() -> Vec<Json> {
        let parse = |text: String| serde_json::from_str(&text).expect("JSON");
        CATALOGUE.iter().map(|entry| parse((entry.declaration)())).collect()
    }

    fn text<'a>(json: &'a Json, key: &str) -> &'a str {
        json[key].as_str().unwrap_or_else(|| panic!("no text '{key}' in {json}"))
    }

    fn is_sentence(text: &str) -> bool {
        text.starts_with(char::is_uppercase)
            && text.ends_with('.')
            && !text.contains('\n')
            && !text.contains("  ")
    }

    /// Checks options, and those within them.
    fn check_options(options: &Json, words: &mut Vec<(String, Vec<String>)>) {
        for option in options.as_array().expect("a list") {
            assert!(is_sentence(text(option, "about")), "{option}");
            let kind = &option["type"];
            assert!(
                option["required"]
                    .as_bool()
                    .is_some_and(|required| !(required && option.get("default").is_some()))
            );
            if text(kind, "kind") == "choice" {
                let choices = kind["words"].as_array().expect("words").iter();
                let choices: Vec<String> =
                    choices.map(|word| word.as_str().expect("a word").to_owned()).collect();
                if let Some(default) = option.get("default") {
                    assert!(choices.iter().any(|word| default == word), "{option}");
                }
                words.push((text(option, "name").to_owned(), choices));
            }
        }
        for option in options.as_array().expect("a list") {
            let kind = &option["type"];
            if let Some(by) = kind.get("by") {
                let (_, choices) = words.iter().find(|(name, _)| by == name).expect("a choice beside");
                let ranges = kind["ranges"].as_object().expect("ranges");
                assert!(ranges.keys().all(|word| choices.contains(word)), "{option}");
            }
            let within = kind.get("of").unwrap_or(kind);
            if text(within, "kind") == "record" {
                check_options(&within["options"], words);
            }
        }
    }

    #[test]
    fn every_task_says_all_of_itself_in_sentences() {
        let declarations = declarations();
        for (declaration, entry) in declarations.iter().zip(CATALOGUE) {
            assert_eq!(text(declaration, "name"), entry.name);
            assert!(!text(declaration, "family").is_empty());
            assert!(is_sentence(text(declaration, "about")), "{declaration}");
            assert!(!text(&declaration["output"], "type").is_empty());
            for error in declaration["errors"].as_array().expect("a list") {
                assert!(is_sentence(text(error, "about")) && !text(error, "code").is_empty(), "{error}");
            }
            check_options(&declaration["options"], &mut Vec::new());
        }
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = CATALOGUE.iter().map(|entry| entry.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), CATALOGUE.len());
    }
}
