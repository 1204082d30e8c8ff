//! What a task comes to.

use std::borrow::Cow;

use serde_json::Value as Json;

use crate::payload::{Array, NoMemory};

/// What a task resolves to.
#[derive(Debug, PartialEq)]
pub enum Output {
    /// `undefined`.
    Nothing,
    /// A string.
    Text(String),
    /// A Buffer of its own.
    Bytes(Vec<u8>),
    /// The very attachment that came in, given back as it came.
    Attachment(usize),
    /// Anything else.
    Value(Node),
}

/// A value, or several.
#[derive(Debug, PartialEq)]
pub enum Node {
    /// What JSON can say: numbers, strings, objects.
    Json(Json),
    /// Memory, which crosses without a copy.
    Array(Array),
    /// An attachment, given back as it came.
    Attachment(usize),
    /// An object of these, in their order. Names are the task's own, each once.
    Record(Vec<(Cow<'static, str>, Node)>),
    /// An array of these.
    List(Vec<Node>),
}

impl Node {
    /// A number; one that is not finite is `null`, as JSON has it.
    pub fn number(number: f64) -> Self {
        Node::Json(number.into())
    }

    /// An object of `outputs`.
    pub fn record<const LENGTH: usize>(outputs: [(&'static str, Node); LENGTH]) -> Self {
        Node::Record(outputs.into_iter().map(|(name, node)| (Cow::Borrowed(name), node)).collect())
    }

    /// The value as it crosses: a template, and the memories that it mentions, in the order in which it does. The
    /// template is JSON in tagged arrays: `["v", any JSON]`; `["b", kind]`, the next memory; `["a", n]`, attachment n;
    /// `["r", [[name, node], …]]`; `["l", [node, …]]`. O(length), and nothing of the memories is touched.
    pub fn into_template(self) -> (String, Vec<Array>) {
        let mut template = Template::default();
        template.write(self);
        let text = String::from_utf8(template.text).expect("JSON is UTF-8");
        (text, template.memories)
    }
}

impl From<Node> for Output {
    fn from(node: Node) -> Self {
        Output::Value(node)
    }
}

impl From<Array> for Node {
    fn from(array: Array) -> Self {
        Node::Array(array)
    }
}

impl From<Json> for Node {
    fn from(json: Json) -> Self {
        Node::Json(json)
    }
}

#[derive(Default)]
struct Template {
    text: Vec<u8>,
    memories: Vec<Array>,
}

impl Template {
    fn write(&mut self, node: Node) {
        match node {
            Node::Json(json) => {
                self.put("[\"v\",");
                self.json(&json);
            }
            Node::Array(array) => {
                self.put("[\"b\",\"");
                self.put(array.kind());
                self.put("\"");
                self.memories.push(array);
            }
            Node::Attachment(index) => {
                self.put("[\"a\",");
                self.json(&Json::from(index));
            }
            Node::Record(outputs) => {
                self.put("[\"r\",[");
                for (at, (name, node)) in outputs.into_iter().enumerate() {
                    self.put(if at == 0 { "[" } else { ",[" });
                    self.json(&Json::from(name));
                    self.put(",");
                    self.write(node);
                    self.put("]");
                }
                self.put("]");
            }
            Node::List(outputs) => {
                self.put("[\"l\",[");
                for (at, node) in outputs.into_iter().enumerate() {
                    self.put(if at == 0 { "" } else { "," });
                    self.write(node);
                }
                self.put("]");
            }
        }
        self.put("]");
    }

    fn put(&mut self, text: &str) {
        self.text.extend_from_slice(text.as_bytes());
    }

    fn json(&mut self, json: &Json) {
        serde_json::to_writer(&mut self.text, json).expect("memory takes whatever is written");
    }
}

/// Why a task did not resolve.
#[derive(Clone, Debug, PartialEq, Eq)]
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

impl From<NoMemory> for Failure {
    fn from(NoMemory(bytes): NoMemory) -> Self {
        let sentence = format!("There is not enough memory for a copy of {bytes} bytes of input.");
        Failure::new("ERR_OUT_OF_MEMORY", sentence)
    }
}

impl Failure {
    /// An error with a code and a sentence.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Failure::Error { code: code.into(), message: message.into() }
    }

    /// Whether the options were wrong, as they would be each time.
    pub fn is_of_options(&self) -> bool {
        matches!(self, Failure::Error { code, .. } if code.starts_with("ERR_INVALID_ARG") || code == "ERR_OUT_OF_RANGE")
    }
}

#[cfg(all(test, not(feature = "model")))]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_template_says_what_is_where() {
        let node = Node::record([
            ("sum", Node::number(-0.5)),
            ("rows", Node::List(vec![Node::from(Array::from(vec![1.0])), Node::Attachment(3)])),
            ("of \"it\"", Node::Record(vec![])),
            ("none", Node::List(vec![])),
            ("bytes", Node::from(Array::Buffer(vec![7]))),
        ]);
        let (template, memories) = node.into_template();
        assert_eq!(
            serde_json::from_str::<Json>(&template).expect("JSON"),
            json!([
                "r",
                [
                    ["sum", ["v", -0.5]],
                    ["rows", ["l", [["b", "Float64Array"], ["a", 3]]]],
                    ["of \"it\"", ["r", []]],
                    ["none", ["l", []]],
                    ["bytes", ["b", "Buffer"]],
                ]
            ])
        );
        assert_eq!(memories, [Array::from(vec![1.0]), Array::Buffer(vec![7])]);
    }

    #[test]
    fn json_that_looks_like_a_template_is_no_template() {
        let (template, memories) = Node::from(json!(["b", "Buffer"])).into_template();
        assert_eq!((template.as_str(), memories.len()), ("[\"v\",[\"b\",\"Buffer\"]]", 0));
    }

    #[test]
    fn a_number_that_is_not_finite_is_null() {
        for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(Node::number(number).into_template().0, "[\"v\",null]");
        }
        assert_eq!(Node::number(-0.0).into_template().0, "[\"v\",-0.0]");
    }
}
