//! The probes themselves.

use super::super::testing::{error, run_in, run_with};
use super::super::{Budget, StopToken};
use super::*;

/// The template and the memories that a task resolves to.
fn value(task: &str, options: &Json, attachments: &[&[u8]]) -> (Json, Vec<Array>) {
    let token = StopToken::default();
    match run_in(task, options, attachments, &Context::new(&token, 1)) {
        Ok(Output::Value(node)) => {
            let (template, memories) = node.into_template();
            (serde_json::from_str(&template).expect("JSON"), memories)
        }
        other => panic!("no value: {other:?}"),
    }
}

#[test]
fn everything_that_is_given_comes_back() {
    let options = json!({
        "data": { "attachment": 0 },
        "bytes": "text",
        "buffers": [{ "attachment": 1 }, "b", { "text": 0 }],
        "choice": "two",
        "whole": -10,
        "ranged": 20,
        "key": { "attachment": 1 },
        "number": 0.5,
        "boolean": true,
        "text": { "text": 1 },
        "json": { "attachment": 0 },
        "steps": [{ "width": 1, "points": [0.5, -1] }, { "width": 2, "label": "l", "bytes": { "attachment": 0 } }],
    });
    let (template, memories) = value("probe-echo", &options, &[b"zero", b"one"]);
    assert_eq!(
        template,
        json!(["r", [
            ["data", ["b", "Buffer"]],
            ["bytes", ["v", "text"]],
            ["buffers", ["l", [["a", 1], ["v", "b"], ["a", 0]]]],
            ["choice", ["v", "two"]],
            ["whole", ["v", -10]],
            ["ranged", ["v", 20]],
            ["key", ["a", 1]],
            ["number", ["v", 0.5]],
            ["boolean", ["v", true]],
            ["text", ["v", "one"]],
            ["json", ["v", { "attachment": 0 }]],
            ["steps", ["l", [
                ["r", [["width", ["v", 1]], ["label", ["v", "none"]], ["bytes", ["v", null]], ["points", ["b", "Float64Array"]]]],
                ["r", [["width", ["v", 2]], ["label", ["v", "l"]], ["bytes", ["a", 0]], ["points", ["b", "Float64Array"]]]],
            ]]],
        ]])
    );
    assert_eq!(memories, [Array::Buffer(b"zero".to_vec()), vec![0.5, -1.0].into(), vec![].into()]);
}

#[test]
fn memory_comes_in_every_kind() {
    let (template, memories) = value("probe-arrays", &json!({ "length": 3, "shape": "record" }), &[]);
    let named: Vec<Json> = memories.iter().map(|array| json!([array.kind(), ["b", array.kind()]])).collect();
    assert_eq!((template, memories.len()), (json!(["r", named]), 13));
    assert_eq!(memories[9], Array::Float32(vec![0.0, 1.0, 2.0]));
    assert_eq!(
        value("probe-arrays", &json!({ "length": 1 }), &[]),
        (json!(["b", "Float64Array"]), vec![vec![0.0].into()])
    );
}

#[test]
#[should_panic = "oh over 3 bytes"]
fn a_panic_has_its_words() {
    let options = json!({ "words": "oh", "data": { "attachment": 0 } });
    let _ = run_with("probe-panic", &options, b"abc", &StopToken::default());
}

#[test]
fn a_fork_says_who_ran_its_parts_and_fails_where_it_is_told() {
    let (template, _) = value("probe-fork", &json!({ "parts": 3 }), &[]);
    let own = thread::current().name().map(str::to_owned);
    assert_eq!(template, json!(["v", [own, own, own]]));
    assert_eq!(value("probe-fork", &json!({ "parts": 3, "times": 2 }), &[]).0, template);
    let result = run_with("probe-fork", &json!({ "parts": 3, "failsAt": 1 }), b"", &StopToken::default());
    assert_eq!(error(result), ("ERR_PROBE".into(), "The part 1 was told to fail.".into()));
}

#[test]
fn memory_is_held_within_the_budget() {
    let (token, budget) = (StopToken::default(), Budget::new(100));
    let hold = |options| run_in("probe-hold", &options, &[], &Context::new(&token, 1).with_budget(&budget));
    assert_eq!(hold(json!({ "bytes": 60, "more": 40 })), Ok(Output::Value(Node::number(100.0))));
    assert_eq!(error(hold(json!({ "bytes": 60, "more": 41 }))).0, "ERR_OUT_OF_MEMORY");
    assert_eq!(budget.held(), 0);
}
