//! Reading a task's options, with errors that name the option, the value and the remedy.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::{Data, Failure};
use crate::payload::Bytes;

/// The options of one call: a JSON object in which `{ "attachment": n }` stands for the n-th buffer that came
/// beside it, `{ "text": n }` for the n-th if it is a string's UTF-8, and `{ "shown": words }` for a value that
/// JSON has no words for.
pub struct Arguments<'a> {
    task: &'static str,
    options: Map<String, Value>,
    attachments: &'a [Bytes],
}

/// Characters of a string that an error shows.
const SHOWN: usize = 60;

impl<'a> Arguments<'a> {
    /// Reads the options of `task`; an empty `json` is an empty object. The attachments must be settled
    /// (see [`Bytes::settle`]).
    ///
    /// # Errors
    /// `ERR_INVALID_ARG_TYPE` if the input is not an object.
    pub fn parse(task: &'static str, json: &str, attachments: &'a [Bytes]) -> Result<Self, Failure> {
        let options = match json {
            "" => Ok(Map::new()),
            json => serde_json::from_str(json).map_err(|_| {
                Failure::new(
                    "ERR_INVALID_ARG_TYPE",
                    format!("The input of '{task}' must be an object of its options."),
                )
            }),
        }?;
        Ok(Self { task, options, attachments })
    }

    /// The bytes of the required option `name`: a buffer, a string (its UTF-8), or `{ path }`.
    ///
    /// # Errors
    /// `ERR_INVALID_ARG_TYPE`.
    pub fn data(&mut self, name: &str) -> Result<Data<'a>, Failure> {
        let value = self.options.remove(name).unwrap_or(Value::Null);
        match &value {
            Value::String(text) => return Ok(Data::Text(text.clone())),
            Value::Object(object) => {
                if let (Some(Value::String(path)), 1) = (object.get("path"), object.len()) {
                    return Ok(Data::File(path.into()));
                }
                if let Some(index) = self.index(&value, &["attachment", "text"]) {
                    return Ok(Data::Bytes(self.attachments[index].as_slice()));
                }
            }
            _ => {}
        }
        let wanted = "a Buffer, a typed array, an ArrayBuffer, a string or { path: string }";
        Err(self.wrong("ERR_INVALID_ARG_TYPE", name, wanted, &value))
    }

    /// Which attachment `value` stands for, by one of the words of `markers`.
    fn index(&self, value: &Value, markers: &[&str]) -> Option<usize> {
        let object = value.as_object()?;
        let index = markers.iter().find_map(|marker| object.get(*marker)?.as_u64())? as usize;
        (index < self.attachments.len()).then_some(index)
    }

    /// The optional option `name`; a long string that came beside is put in its place.
    fn take(&mut self, name: &str) -> Option<Value> {
        let value = self.options.remove(name)?;
        let Some(index) = self.index(&value, &["text"]) else { return Some(value) };
        Some(Value::String(String::from_utf8_lossy(self.attachments[index].as_slice()).into_owned()))
    }

    /// The number of the attachment that the optional option `name` is, if it is one.
    pub fn attachment(&mut self, name: &str) -> Option<usize> {
        let index = self.index(self.options.get(name)?, &["attachment", "text"])?;
        self.options.remove(name);
        Some(index)
    }

    /// The optional option `name`, any string.
    ///
    /// # Errors
    /// `ERR_INVALID_ARG_TYPE`.
    pub fn text(&mut self, name: &str) -> Result<Option<String>, Failure> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(value) => Err(self.wrong("ERR_INVALID_ARG_TYPE", name, "a string", &value)),
        }
    }

    /// The optional option `name`, one of the words of `table`.
    ///
    /// # Errors
    /// `ERR_INVALID_ARG_TYPE` if it is no string, `ERR_INVALID_ARG_VALUE` if it is none of the words.
    pub fn choice<T: Copy>(&mut self, name: &str, table: &[(&str, T)]) -> Result<Option<T>, Failure> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let words = || {
            let words: Vec<_> = table.iter().map(|(word, _)| format!("'{word}'")).collect();
            format!("one of {}", words.join(", "))
        };
        let Value::String(text) = &value else {
            return Err(self.wrong("ERR_INVALID_ARG_TYPE", name, &words(), &value));
        };
        match table.iter().find(|(word, _)| word == text) {
            Some((_, choice)) => Ok(Some(*choice)),
            None => Err(self.wrong("ERR_INVALID_ARG_VALUE", name, &words(), &value)),
        }
    }

    /// The optional option `name`, a whole number within `range`.
    ///
    /// # Errors
    /// `ERR_INVALID_ARG_TYPE` if it is no number, `ERR_OUT_OF_RANGE` if it is broken or outside.
    pub fn integer(&mut self, name: &str, range: RangeInclusive<u64>) -> Result<Option<u64>, Failure> {
        let wanted = format!("a whole number from {} to {}", range.start(), range.end());
        self.number(name, range, &wanted)
    }

    /// [`Arguments::integer`] whose range depends on `subject`, which an error names.
    ///
    /// # Errors
    /// As [`Arguments::integer`].
    pub fn integer_for(
        &mut self,
        subject: &str,
        name: &str,
        range: RangeInclusive<u64>,
    ) -> Result<Option<u64>, Failure> {
        let wanted = format!("a whole number from {} to {} for {subject}", range.start(), range.end());
        self.number(name, range, &wanted)
    }

    fn number(
        &mut self,
        name: &str,
        range: RangeInclusive<u64>,
        wanted: &str,
    ) -> Result<Option<u64>, Failure> {
        let Some(value) = self.options.remove(name) else { return Ok(None) };
        let shown = value.get("shown").and_then(Value::as_str);
        if shown.is_some_and(|words| ["NaN", "Infinity", "-Infinity"].contains(&words)) {
            return Err(self.wrong("ERR_OUT_OF_RANGE", name, wanted, &value));
        }
        if !value.is_number() {
            return Err(self.wrong("ERR_INVALID_ARG_TYPE", name, wanted, &value));
        }
        match value.as_u64().filter(|number| range.contains(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(self.wrong("ERR_OUT_OF_RANGE", name, wanted, &value)),
        }
    }

    /// Says that every option has been read.
    ///
    /// # Errors
    /// `ERR_INVALID_ARG_VALUE`, naming an option that the task does not have.
    pub fn finish(self) -> Result<(), Failure> {
        match self.options.keys().next() {
            None => Ok(()),
            Some(name) => Err(Failure::new(
                "ERR_INVALID_ARG_VALUE",
                format!("The task '{}' has no option '{name}'; leave it out.", self.task),
            )),
        }
    }

    /// An error about the option `name`.
    pub fn wrong(&self, code: &str, name: &str, wanted: &str, value: &Value) -> Failure {
        let received = match value {
            Value::Null => "nothing".to_owned(),
            Value::Object(object) => match object.get("shown") {
                Some(Value::String(words)) => words.clone(),
                _ => "an object".to_owned(),
            },
            Value::Array(_) => "an array".to_owned(),
            Value::String(text) if text.chars().count() > SHOWN => {
                format!("'{}…'", text.chars().take(SHOWN).collect::<String>())
            }
            Value::String(text) => format!("'{text}'"),
            other => other.to_string(),
        };
        Failure::new(
            code,
            format!("The option '{name}' of '{}' must be {wanted}; received {received}.", self.task),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Arguments<'static> {
        Arguments::parse("task", json, &[]).expect("an object")
    }

    fn message<T>(result: Result<T, Failure>) -> (String, String) {
        match result {
            Err(Failure::Error { code, message }) => (code, message),
            Err(Failure::Cancelled) => panic!("cancelled"),
            Ok(_) => panic!("no failure"),
        }
    }

    #[test]
    fn no_input_is_an_object_without_options() {
        assert_eq!(parse("").finish(), Ok(()));
        assert_eq!(parse("{}").finish(), Ok(()));
    }

    #[test]
    fn an_input_that_is_no_object_is_refused() {
        for json in ["null", "1", "[]", "\"text\"", "{", "nonsense"] {
            assert_eq!(
                message(Arguments::parse("task", json, &[])),
                (
                    "ERR_INVALID_ARG_TYPE".into(),
                    "The input of 'task' must be an object of its options.".into()
                )
            );
        }
    }

    #[test]
    fn data_is_a_buffer_a_string_or_a_path() {
        let attachments = [Bytes::Owned(b"zero".to_vec()), Bytes::Owned(b"one".to_vec())];
        let json = r#"{ "a": { "attachment": 1 }, "b": "text", "c": { "path": "/file" } }"#;
        let mut arguments = Arguments::parse("task", json, &attachments).expect("an object");
        assert!(matches!(arguments.data("a"), Ok(Data::Bytes(b"one"))));
        assert!(matches!(arguments.data("b"), Ok(Data::Text(text)) if text == "text"));
        assert!(matches!(arguments.data("c"), Ok(Data::File(path)) if path == *"/file"));
        assert_eq!(arguments.finish(), Ok(()));
    }

    #[test]
    fn data_of_another_type_is_refused_with_what_came_instead() {
        for (json, received) in [
            ("{}", "nothing"),
            (r#"{ "data": null }"#, "nothing"),
            (r#"{ "data": 1.5 }"#, "1.5"),
            (r#"{ "data": true }"#, "true"),
            (r#"{ "data": [1] }"#, "an array"),
            (r#"{ "data": {} }"#, "an object"),
            (r#"{ "data": { "path": 1 } }"#, "an object"),
            (r#"{ "data": { "path": "/file", "more": 1 } }"#, "an object"),
            (r#"{ "data": { "attachment": 0 } }"#, "an object"),
            (r#"{ "data": { "attachment": -1 } }"#, "an object"),
        ] {
            let (code, message) = message(parse(json).data("data"));
            assert_eq!(code, "ERR_INVALID_ARG_TYPE", "{json}");
            assert_eq!(
                message,
                format!(
                    "The option 'data' of 'task' must be a Buffer, a typed array, an ArrayBuffer, a string \
                     or {{ path: string }}; received {received}."
                ),
            );
        }
    }

    #[test]
    fn an_attachment_that_did_not_come_is_none() {
        let attachments = [Bytes::Owned(vec![])];
        let json = r#"{ "a": { "attachment": 0 }, "b": { "attachment": 1 }, "c": "text" }"#;
        let mut arguments = Arguments::parse("task", json, &attachments).expect("an object");
        assert_eq!(arguments.attachment("a"), Some(0));
        assert_eq!(arguments.attachment("b"), None);
        assert_eq!(arguments.attachment("c"), None);
        assert_eq!(arguments.attachment("d"), None);
    }

    #[test]
    fn a_choice_is_one_of_its_words() {
        let table = &[("red", 1), ("green", 2)];
        assert_eq!(parse(r#"{ "a": "green" }"#).choice("a", table), Ok(Some(2)));
        assert_eq!(parse("{}").choice("a", table), Ok(None));
        assert_eq!(
            message(parse(r#"{ "a": "Green" }"#).choice("a", table)),
            (
                "ERR_INVALID_ARG_VALUE".into(),
                "The option 'a' of 'task' must be one of 'red', 'green'; received 'Green'.".into()
            )
        );
        assert_eq!(message(parse(r#"{ "a": 2 }"#).choice("a", table)).0, "ERR_INVALID_ARG_TYPE");
    }

    #[test]
    fn an_integer_is_whole_and_within_its_range() {
        let integer = |value: &str| parse(&format!(r#"{{ "a": {value} }}"#)).integer("a", 1..=9);
        assert_eq!(parse("{}").integer("a", 1..=9), Ok(None));
        assert_eq!(integer("1"), Ok(Some(1)));
        assert_eq!(integer("9"), Ok(Some(9)));
        for value in ["0", "10", "-1", "1.5", "1e300"] {
            let (code, message) = message(integer(value));
            assert_eq!(code, "ERR_OUT_OF_RANGE", "{value}");
            assert!(
                message.starts_with("The option 'a' of 'task' must be a whole number from 1 to 9; received "),
                "{message}"
            );
        }
        for value in ["null", "\"1\"", "true", "[]", "{}"] {
            assert_eq!(message(integer(value)).0, "ERR_INVALID_ARG_TYPE", "{value}");
        }
    }

    #[test]
    fn an_option_that_the_task_does_not_have_is_refused_by_name() {
        let mut arguments = parse(r#"{ "level": 1, "levle": 2 }"#);
        assert_eq!(arguments.integer("level", 0..=9), Ok(Some(1)));
        assert_eq!(
            message(arguments.finish()),
            ("ERR_INVALID_ARG_VALUE".into(), "The task 'task' has no option 'levle'; leave it out.".into())
        );
    }
}
