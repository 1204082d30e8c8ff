//! Tasks for tests alone: they take and give back everything that can cross, panic, fork, hold memory, and
//! read it when they are told to.

use std::borrow::Cow;
use std::thread;

use serde_json::{Value as Json, json};

use super::kinds::{Bytes, Count, List, Number, Whole};
use super::options::{Ranges, Word, options, words};
use super::{Context, DATA_ERRORS, Data, Errors, Failure, Node, Output, Returns, Task};
use crate::payload::Array;

const FAMILY: &str = "probe";

words! {
    /// A few words.
    pub(super) enum Ordinal {
        One = "one",
        Two = "two",
        Three = "three",
    }
}

/// Ranges for some of them.
const RANGES: Ranges<Ordinal> = &[(Ordinal::One, 1..=10), (Ordinal::Two, 2..=20)];

options! {
    /// A part of the options of [`Echo`].
    pub(super) struct Step<'given> {
        /// How wide.
        width: Whole<1, 1000>,
        /// A label.
        label: String = "none".to_owned(),
        /// Bytes of it.
        bytes: Option<Bytes<'given>>,
        /// Steps within.
        points: Vec<Number<-1, 1>> = Vec::new(),
    }
}

options! {
    /// The options of [`Echo`].
    pub(super) struct EchoOptions<'given> {
        /// Bytes, or a file.
        data: Option<Data<'given>>,
        /// Bytes, but no file.
        bytes: Option<Bytes<'given>>,
        /// Several of them.
        buffers: Option<List<Bytes<'given>, 0, 100>>,
        /// A word.
        choice: Ordinal = Ordinal::One,
        /// A whole number.
        whole: Option<Whole<-10, 10>>,
        /// A number whose range goes by the word.
        ranged: Option<Count> [by choice RANGES] [unit "bytes"],
        /// Bytes whose length goes by the word.
        key: Option<Bytes<'given>> [by choice RANGES],
        /// A number.
        number: Option<f64>,
        /// Whether.
        boolean: bool = false,
        /// Text.
        text: Option<String>,
        /// Anything.
        json: Option<Json>,
        /// Records.
        steps: Option<Vec<Step<'given>>>,
    }
}

/// Gives back what it was given.
pub(super) struct Echo;

impl Task for Echo {
    const NAME: &'static str = "probe-echo";
    const FAMILY: &'static str = FAMILY;
    const ABOUT: &'static str = "Resolves to a record of what it was given, with buffers as they came.";
    const RETURNS: Returns = Returns::always("Record<string, unknown>");
    const ERRORS: &'static [Errors] = &[DATA_ERRORS];
    type Options<'given> = EchoOptions<'given>;

    fn run(options: EchoOptions<'_>, context: &Context<'_>) -> Result<Output, Failure> {
        let mut outputs: Vec<(&'static str, Node)> = Vec::new();
        if let Some(data) = &options.data {
            let mut content = Vec::new();
            data.for_each_chunk(context, |chunk| {
                content.extend_from_slice(chunk);
                Ok(())
            })?;
            outputs.push(("data", Array::Buffer(content).into()));
        }
        outputs.extend(options.bytes.map(|bytes| ("bytes", as_it_came(bytes))));
        outputs.extend(
            options
                .buffers
                .map(|list| ("buffers", Node::List(list.into_vec().into_iter().map(as_it_came).collect()))),
        );
        outputs.push(("choice", Json::from(options.choice.word()).into()));
        outputs.extend(options.whole.map(|whole| ("whole", Json::from(whole.get()).into())));
        outputs.extend(options.ranged.map(|count| ("ranged", Json::from(count.get()).into())));
        outputs.extend(options.key.map(|key| ("key", as_it_came(key))));
        outputs.extend(options.number.map(|number| ("number", Node::number(number))));
        outputs.push(("boolean", Json::from(options.boolean).into()));
        outputs.extend(options.text.map(|text| ("text", Json::from(text).into())));
        outputs.extend(options.json.map(|json| ("json", json.into())));
        outputs
            .extend(options.steps.map(|steps| ("steps", Node::List(steps.into_iter().map(step).collect()))));
        Ok(Node::Record(outputs.into_iter().map(|(name, node)| (Cow::Borrowed(name), node)).collect()).into())
    }
}

fn as_it_came(bytes: Bytes<'_>) -> Node {
    match bytes {
        Bytes::Text(text) => Json::from(text).into(),
        Bytes::Attachment { index, .. } => Node::Attachment(index),
    }
}

fn step(step: Step<'_>) -> Node {
    let points: Vec<f64> = step.points.into_iter().map(Number::get).collect();
    Node::record([
        ("width", Json::from(step.width.get()).into()),
        ("label", Json::from(step.label).into()),
        ("bytes", step.bytes.map_or(Node::from(Json::Null), as_it_came)),
        ("points", Array::from(points).into()),
    ])
}

words! {
    /// What the output is in.
    pub(super) enum Shape {
        One = "one",
        List = "list",
        Record = "record",
        Zeros = "zeros",
    }
}

options! {
    /// The options of [`Arrays`].
    pub(super) struct ArraysOptions {
        /// Elements of each array, which are 0, 1, 2, and so on.
        length: Whole<0, { 1 << 30 }>,
        /// Whether to resolve to a Float64Array alone, to one of zeros, which nobody has touched, or to all kinds in a
        /// list or a record.
        shape: Shape = Shape::One,
    }
}

/// Memory of every kind.
pub(super) struct Arrays;

impl Task for Arrays {
    const NAME: &'static str = "probe-arrays";
    const FAMILY: &'static str = FAMILY;
    const ABOUT: &'static str = "Resolves to memory of every kind.";
    const RETURNS: Returns = Returns::always("unknown");
    const ERRORS: &'static [Errors] = &[];
    type Options<'given> = ArraysOptions;

    fn run(options: ArraysOptions, _context: &Context<'_>) -> Result<Output, Failure> {
        let length = options.length.length();
        let numbers = 0..length;
        let whole = || (0..length).map(|number| number as u8).collect();
        if options.shape == Shape::Zeros {
            return Ok(Node::from(Array::from(vec![0.0; length])).into());
        }
        if options.shape == Shape::One {
            return Ok(
                Node::from(Array::from(numbers.map(|number| number as f64).collect::<Vec<_>>())).into()
            );
        }
        let arrays = [
            Array::Buffer(whole()),
            Array::ArrayBuffer(whole()),
            Array::Int8(numbers.clone().map(|number| number as i8).collect()),
            Array::Uint8(whole()),
            Array::Uint8Clamped(whole()),
            Array::Int16(numbers.clone().map(|number| number as i16).collect()),
            Array::Uint16(numbers.clone().map(|number| number as u16).collect()),
            Array::Int32(numbers.clone().map(|number| number as i32).collect()),
            Array::Uint32(numbers.clone().map(|number| number as u32).collect()),
            Array::Float32(numbers.clone().map(|number| number as f32).collect()),
            Array::Float64(numbers.clone().map(|number| number as f64).collect()),
            Array::BigInt64(numbers.clone().map(|number| number as i64).collect()),
            Array::BigUint64(numbers.map(|number| number as u64).collect()),
        ];
        Ok(match options.shape {
            Shape::Record => Node::Record(
                arrays.into_iter().map(|array| (Cow::Borrowed(array.kind()), array.into())).collect(),
            ),
            _ => Node::List(arrays.into_iter().map(Node::from).collect()),
        }
        .into())
    }
}

options! {
    /// The options of [`Panic`].
    pub(super) struct PanicOptions<'given> {
        /// What to say.
        words: String = "words".to_owned(),
        /// Bytes that it holds meanwhile.
        data: Option<Bytes<'given>>,
    }
}

/// Panics.
pub(super) struct Panic;

impl Task for Panic {
    const NAME: &'static str = "probe-panic";
    const FAMILY: &'static str = FAMILY;
    const ABOUT: &'static str = "Panics.";
    const RETURNS: Returns = Returns::always("never");
    const ERRORS: &'static [Errors] = &[];
    type Options<'given> = PanicOptions<'given>;

    fn run(options: PanicOptions<'_>, _context: &Context<'_>) -> Result<Output, Failure> {
        let held = options.data.map_or(0, |data| data.as_slice().len());
        panic!("{}{}", options.words, if held > 0 { format!(" over {held} bytes") } else { String::new() });
    }
}

options! {
    /// The options of [`Fork`].
    pub(super) struct ForkOptions {
        /// How many parts.
        parts: Whole<0, 100_000>,
        /// Rounds of work of each, a few nanoseconds long.
        rounds: Count = Count::of::<100_000>(),
        /// The part that fails.
        fails as "failsAt": Option<Count>,
        /// The part that panics.
        panics as "panicsAt": Option<Count>,
        /// Parts that wait until so many are under way at a time.
        meeting: Option<Whole<1, 64>>,
        /// How many times it forks, one after the other.
        times: Whole<1, 1000> = Whole::of::<1>(),
    }
}

/// Forks.
pub(super) struct Fork;

impl Task for Fork {
    const NAME: &'static str = "probe-fork";
    const FAMILY: &'static str = FAMILY;
    const ABOUT: &'static str =
        "Cuts itself into parts, and resolves to the name of the thread that ran each, the last time.";
    const RETURNS: Returns = Returns::always("string[]");
    const ERRORS: &'static [Errors] = &[&[("ERR_PROBE", "A part was told to fail.")]];
    type Options<'given> = ForkOptions;

    fn run(options: ForkOptions, context: &Context<'_>) -> Result<Output, Failure> {
        let mut names = Vec::new();
        for _ in 0..options.times.get() {
            names = fork(&options, context)?;
        }
        Ok(Node::from(json!(names)).into())
    }
}

/// Forks once. Answers the names of the threads that ran the parts.
fn fork(options: &ForkOptions, context: &Context<'_>) -> Result<Vec<String>, Failure> {
    let is = |at: Option<Count>, part: usize| at.is_some_and(|at| at.length() == part);
    let under_way = std::sync::atomic::AtomicUsize::new(0);
    context.fork(options.parts.length(), |part, context| {
        under_way.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        if let Some(meeting) = options.meeting {
            while under_way.load(std::sync::atomic::Ordering::Relaxed) < meeting.length() {
                context.checkpoint()?;
                thread::yield_now();
            }
        }
        for round in 0..options.rounds.get() {
            if std::hint::black_box(round) % 1000 == 0 {
                context.checkpoint()?;
            }
        }
        if is(options.panics, part) {
            panic!("part {part}");
        }
        if is(options.fails, part) {
            return Err(Failure::new("ERR_PROBE", format!("The part {part} was told to fail.")));
        }
        Ok(thread::current().name().unwrap_or_default().to_owned())
    })
}

options! {
    /// The options of [`Hold`].
    pub(super) struct HoldOptions<'given> {
        /// Memory to ask for.
        bytes: Count [unit "bytes"],
        /// Memory to ask for beside, after that.
        more: Count [unit "bytes"] = Count::of::<0>(),
        /// What is read to its end meanwhile: a pipe, say, whose writer decides when that is.
        until: Option<Data<'given>>,
    }
}

/// Holds memory, without touching it.
pub(super) struct Hold;

impl Task for Hold {
    const NAME: &'static str = "probe-hold";
    const FAMILY: &'static str = FAMILY;
    const ABOUT: &'static str = "Holds memory until a file ends, and resolves to the bytes that it held.";
    const RETURNS: Returns = Returns::always("number");
    const ERRORS: &'static [Errors] = &[&[("ERR_OUT_OF_MEMORY", "The pool allows no more.")]];
    type Options<'given> = HoldOptions<'given>;

    fn run(options: HoldOptions<'_>, context: &Context<'_>) -> Result<Output, Failure> {
        let mut memory = context.memory(options.bytes.length())?;
        memory.grow(options.more.length())?;
        if let Some(until) = &options.until {
            until.for_each_chunk(context, |_| Ok(()))?;
        }
        Ok(Node::number(memory.bytes() as f64).into())
    }
}

options! {
    /// The options of [`Ends`].
    pub(super) struct EndsOptions<'given> {
        /// What is looked at.
        data: Bytes<'given>,
    }
}

/// Looks at the end of bytes that are too many to be read.
pub(super) struct Ends;

impl Task for Ends {
    const NAME: &'static str = "probe-ends";
    const FAMILY: &'static str = FAMILY;
    const ABOUT: &'static str = "Resolves to how many bytes there are, and the sum of the last ten.";
    const RETURNS: Returns = Returns::always("number[]");
    const ERRORS: &'static [Errors] = &[];
    type Options<'given> = EndsOptions<'given>;

    fn run(options: EndsOptions<'_>, _context: &Context<'_>) -> Result<Output, Failure> {
        let bytes = options.data.as_slice();
        let sum: u64 = bytes.iter().rev().take(10).map(|byte| u64::from(*byte)).sum();
        Ok(Node::from(json!([bytes.len(), sum])).into())
    }
}

options! {
    /// The options of [`Read`].
    pub(super) struct ReadOptions<'given> {
        /// What is read.
        data: Bytes<'given>,
        /// What is read to its end before: a pipe, say, whose writer decides when that is.
        after: Option<Data<'given>>,
        /// How many times it is read, without asking whether to stop.
        times: Whole<1, 1000> = Whole::of::<1>(),
    }
}

/// Reads bytes at a moment that is chosen from outside.
pub(super) struct Read;

impl Task for Read {
    const NAME: &'static str = "probe-read";
    const FAMILY: &'static str = FAMILY;
    const ABOUT: &'static str = "Reads bytes after a file has ended, and resolves to a copy of them.";
    const RETURNS: Returns = Returns::always("Buffer");
    const ERRORS: &'static [Errors] = &[DATA_ERRORS];
    type Options<'given> = ReadOptions<'given>;

    fn run(options: ReadOptions<'_>, context: &Context<'_>) -> Result<Output, Failure> {
        if let Some(after) = &options.after {
            after.for_each_chunk(context, |_| Ok(()))?;
        }
        let bytes = options.data.as_slice();
        for _ in 1..options.times.get() {
            std::hint::black_box(bytes.iter().step_by(4096).fold(0, |sum: u8, byte| sum.wrapping_add(*byte)));
        }
        Ok(Output::Bytes(bytes.to_vec()))
    }
}

#[cfg(all(test, not(feature = "model")))]
mod tests;
