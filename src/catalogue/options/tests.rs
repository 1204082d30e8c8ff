//! Tests of declarations and of the reading by them.

use super::super::kinds::{Bytes, Count, List, Number, Whole};
use super::super::{Data, Failure};
use super::*;

words! {
    /// A colour.
    enum Colour {
        Red = "red",
        DarkGreen = "dark-green",
    }
}

options! {
    /// One step.
    #[derive(Debug)]
    struct Step<'a> {
        /// How wide.
        width: Whole<1, 9>,
        /// What with.
        paint: Option<Bytes<'a>>,
    }
}

options! {
    /// Everything.
    struct All<'a> {
        /// The bytes
        /// of it.
        data: Data<'a>,
        /// A key.
        key: Option<Bytes<'a>> [by colour &[(Colour::Red, 2..=4)]],
        /// A colour.
        colour: Colour = Colour::DarkGreen,
        /// A length.
        length: Option<Count> [by colour &[(Colour::Red, 1..=2), (Colour::DarkGreen, 0..=3)]] [unit "bytes"],
        /// A share.
        share: Number<0, 1> = Number::of(0.5),
        /// Whether.
        most_of_it as "mostOfIt": bool = true,
        /// A title.
        title: String = "none".to_owned(),
        /// The steps.
        steps: Vec<Step<'a>> = Vec::new(),
        /// A few.
        few: Option<List<f64, 1, 2>>,
        /// Verbatim.
        json: Option<Json>,
    }
}

impl Shown for Step<'_> {
    fn show(&self) -> Json {
        Json::Null
    }
}

fn attachments() -> Vec<Attachment> {
    vec![Attachment::Owned(b"zero".to_vec()), Attachment::Owned(b"red".to_vec())]
}

/// The option and the code of what does not fit.
fn misfit(json: Json) -> (String, &'static str) {
    match All::read(json, &attachments()) {
        Err(misfit) => (misfit.at, misfit.code),
        Ok(_) => panic!("it fits"),
    }
}

#[test]
fn the_declaration_says_everything_in_the_order_of_the_text() {
    let colours = json!({ "kind": "choice", "words": ["red", "dark-green"] });
    let step = json!({ "kind": "record", "options": [
        { "name": "width", "about": "How wide.", "type": { "kind": "whole", "min": 1, "max": 9 }, "required": true },
        { "name": "paint", "about": "What with.", "type": { "kind": "bytes" }, "required": false },
    ] });
    assert_eq!(
        All::shape(),
        json!({ "kind": "record", "options": [
            { "name": "data", "about": "The bytes of it.", "type": { "kind": "data" }, "required": true },
            { "name": "key", "about": "A key.", "required": false,
              "type": { "kind": "bytes", "by": "colour", "ranges": { "red": [2, 4] } } },
            { "name": "colour", "about": "A colour.", "type": colours, "required": false, "default": "dark-green" },
            { "name": "length", "about": "A length.", "required": false, "unit": "bytes",
              "type": { "kind": "whole", "by": "colour", "ranges": { "red": [1, 2], "dark-green": [0, 3] } } },
            { "name": "share", "about": "A share.", "type": { "kind": "number", "min": 0, "max": 1 },
              "required": false, "default": 0.5 },
            { "name": "mostOfIt", "about": "Whether.", "type": { "kind": "boolean" }, "required": false,
              "default": true },
            { "name": "title", "about": "A title.", "type": { "kind": "text" }, "required": false, "default": "none" },
            { "name": "steps", "about": "The steps.", "type": { "kind": "list", "of": step }, "required": false,
              "default": [] },
            { "name": "few", "about": "A few.", "required": false,
              "type": { "kind": "list", "of": { "kind": "number", "min": f64::MIN, "max": f64::MAX }, "min": 1, "max": 2 } },
            { "name": "json", "about": "Verbatim.", "type": { "kind": "json" }, "required": false },
        ] })
    );
}

#[test]
fn what_is_left_out_has_its_default() {
    let attachments = attachments();
    let read = All::read(json!({ "data": "text" }), &attachments).expect("it fits");
    assert!(matches!(read.data, Data::Text(text) if text == "text"));
    assert!(read.key.is_none() && read.length.is_none() && read.few.is_none() && read.json.is_none());
    assert_eq!((read.colour, read.share.get(), read.most_of_it), (Colour::DarkGreen, 0.5, true));
    assert_eq!((read.title.as_str(), read.steps.len()), ("none", 0));
}

#[test]
fn what_is_given_is_read_wherever_its_bytes_are() {
    let attachments = attachments();
    let json = json!({
        "data": { "attachment": 0 },
        "key": { "attachment": 1 },
        "colour": { "text": 1 },
        "length": 2,
        "share": 1,
        "mostOfIt": false,
        "title": { "text": 0 },
        "steps": [{ "width": 9, "paint": "p" }, { "width": 1, "paint": { "text": 0 } }],
        "few": [1.5],
        "json": { "attachment": 0 },
    });
    let read = All::read(json, &attachments).expect("it fits");
    assert!(matches!(read.data, Data::Bytes(b"zero")));
    assert_eq!(read.key.map(|key| key.as_slice().to_vec()), Some(b"red".to_vec()));
    assert_eq!((read.colour, read.length.map(Whole::get), read.share.get()), (Colour::Red, Some(2), 1.0));
    assert_eq!((read.most_of_it, read.title.as_str()), (false, "zero"));
    let steps: Vec<_> =
        read.steps.iter().map(|step| (step.width.get(), step.paint.as_ref().map(Bytes::as_slice))).collect();
    assert_eq!(steps, [(9, Some(&b"p"[..])), (1, Some(b"zero"))]);
    assert_eq!(read.few.map(List::into_vec), Some(vec![1.5]));
    assert_eq!(read.json, Some(json!({ "attachment": 0 })), "it is no marker");
    let file = All::read(json!({ "data": { "path": "/file" } }), &[]).expect("it fits");
    assert!(matches!(file.data, Data::File(path) if path == *"/file"));
    assert_eq!(
        All::read(json!({ "data": "", "json": null }), &[]).map(|read| read.json),
        Ok(Some(Json::Null))
    );
}

#[test]
fn what_does_not_fit_is_named_with_its_code() {
    const TYPE: &str = "ERR_INVALID_ARG_TYPE";
    const VALUE: &str = "ERR_INVALID_ARG_VALUE";
    const RANGE: &str = "ERR_OUT_OF_RANGE";
    for (mut json, at, code) in [
        (json!({ "data": null }), "data", TYPE),
        (json!({ "data": 1 }), "data", TYPE),
        (json!({ "data": {} }), "data", TYPE),
        (json!({ "data": { "path": 1 } }), "data", TYPE),
        (json!({ "data": { "path": "/file", "more": 1 } }), "data", TYPE),
        (json!({ "data": { "attachment": 2 } }), "data", TYPE),
        (json!({ "data": { "attachment": 0, "more": 1 } }), "data", TYPE),
        (json!({ "data": { "attachment": -1 } }), "data", TYPE),
        (json!({ "data": { "attachment": 1.5 } }), "data", TYPE),
        (json!({ "data": { "attachment": 1e300 } }), "data", TYPE),
        (json!({ "key": { "path": "/file" }, "colour": "red" }), "key", TYPE),
        (json!({ "key": "k", "colour": "red" }), "key", RANGE),
        (json!({ "key": "keykey", "colour": "red" }), "key", RANGE),
        (json!({ "key": "key" }), "key", VALUE),
        (json!({ "colour": "Red" }), "colour", VALUE),
        (json!({ "colour": 1 }), "colour", TYPE),
        (json!({ "colour": { "text": 0 } }), "colour", VALUE),
        (json!({ "colour": { "text": 9 } }), "colour", TYPE),
        (json!({ "length": -1 }), "length", RANGE),
        (json!({ "length": 1.5 }), "length", RANGE),
        (json!({ "length": 1e300 }), "length", RANGE),
        (json!({ "length": 4 }), "length", RANGE),
        (json!({ "length": "4" }), "length", TYPE),
        (json!({ "length": null }), "length", TYPE),
        (json!({ "share": 1.01 }), "share", RANGE),
        (json!({ "share": true }), "share", TYPE),
        (json!({ "mostOfIt": 1 }), "mostOfIt", TYPE),
        (json!({ "title": ["x"] }), "title", TYPE),
        (json!({ "title": { "attachment": 0 } }), "title", TYPE),
        (json!({ "steps": {} }), "steps", TYPE),
        (json!({ "steps": [{ "width": 1 }, { "width": 10 }] }), "steps[1].width", RANGE),
        (json!({ "steps": [{ "width": 1, "paint": 1 }] }), "steps[0].paint", TYPE),
        (json!({ "steps": [{}] }), "steps[0].width", TYPE),
        (json!({ "steps": [1] }), "steps[0]", TYPE),
        (json!({ "few": [] }), "few", RANGE),
        (json!({ "few": [1, 2, 3] }), "few", RANGE),
        (json!({ "few": [1, null] }), "few[1]", TYPE),
        (json!({ "most_of_it": true }), "most_of_it", VALUE),
    ] {
        if json.get("data").is_none() {
            json["data"] = "text".into();
        }
        assert_eq!(misfit(json.clone()), (at.to_owned(), code), "{json}");
    }
    assert_eq!(misfit(json!({})), ("data".to_owned(), TYPE));
    for json in [json!(null), json!([]), json!("text"), json!(1)] {
        assert_eq!(misfit(json), (String::new(), TYPE));
    }
}

#[test]
fn a_failure_names_the_option_and_the_task() {
    assert_eq!(
        Misfit::VALUE.of("width").of_element(2).of("steps").failure("draw"),
        Failure::new(
            "ERR_INVALID_ARG_VALUE",
            "The option 'steps[2].width' of 'draw' does not fit its declaration."
        )
    );
    assert_eq!(
        Misfit::TYPE.failure("draw"),
        Failure::new("ERR_INVALID_ARG_TYPE", "The input of 'draw' must be an object of its options.")
    );
}
