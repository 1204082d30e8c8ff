//! What a worker calls, from inside its isolate.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use napi::JsString;
use napi::bindgen_prelude::*;
use napi_derive::napi;

use super::call::{self, Call, Raw};
use super::event_loop::EventLoop;
use super::shared::{self, Label, Shared};
use super::values::{self, StringReader};
use crate::executors::{Job, Outcome};
use crate::payload::{Full, HEAD, Records, Text};
use crate::scheduler::{Assignment, Ending, Finished, Kind, Next};

// What `next` says in the first word; `lib/records.js` holds the same numbers.
const IDLE: i32 = 0;
const RUN: i32 = 1;
const STOP: i32 = 2;
const GROW: i32 = 3;

/// Words before the record of a task: priority and number, both doubles.
const PREFIX: usize = 4;

// How a task ended, in the flags of a call; `lib/records.js` holds the same numbers.
const NOT: u32 = 0;
const FULFILLED: u32 = 1;
const REJECTED: u32 = 2;
const CARGO_FULFILLED: u32 = 3;
const CARGO_REJECTED: u32 = 4;

/// A worker's end of its pool.
#[napi]
pub struct WorkerEndpoint {
    end: Rc<End>,
}

struct End {
    shared: Arc<Shared>,
    id: u32,
    event_loop: Arc<EventLoop>,
    outbound: RefCell<Uint8Array>,
    inbound: RefCell<Int32Array>,
    reader: RefCell<StringReader>,
    text: RefCell<Text>,
    /// A task that did not fit into `inbound`.
    held: Cell<Option<Assignment<Job>>>,
}

#[napi]
impl WorkerEndpoint {
    /// The end of worker `id` of pool number `pool`. `wake` is called on this thread when there may be
    /// work; the buffers are as those of a `NativePool`. Keeps the event loop alive.
    #[napi(constructor, catch_unwind)]
    pub fn new(
        env: &Env,
        pool: u32,
        id: u32,
        wake: Function<'_, (), ()>,
        outbound: Uint8Array,
        inbound: Int32Array,
    ) -> Result<Self> {
        let shared = shared::find(pool).ok_or_else(|| Error::from_reason("the pool is gone"))?;
        let event_loop = Arc::new(EventLoop::new(&wake)?);
        event_loop.hold(env, true);
        shared.scheduler.attach(Kind::JavaScript, id, event_loop.clone());
        let end = End {
            shared,
            id,
            event_loop,
            outbound: RefCell::new(outbound),
            inbound: RefCell::new(inbound),
            reader: RefCell::new(StringReader::new()),
            text: RefCell::default(),
            held: Cell::new(None),
        };
        Ok(Self { end: Rc::new(end) })
    }

    /// `[next, finish]`: what is called for each task.
    #[napi(catch_unwind)]
    pub fn functions<'env>(&self, env: &'env Env) -> Result<Vec<Unknown<'env>>> {
        let [next, finish] = [self.end.clone(), self.end.clone()];
        Ok(vec![
            call::function(env, "next", move |context| next.next(&context))?,
            call::function(env, "finish", move |context| finish.finish(&context))?,
        ])
    }

    /// Where arguments and messages are written from now on.
    #[napi(catch_unwind)]
    pub fn use_outbound(&self, outbound: Uint8Array) {
        *self.end.outbound.borrow_mut() = outbound;
    }

    /// Where tasks are read from now on.
    #[napi(catch_unwind)]
    pub fn use_inbound(&self, inbound: Int32Array) {
        *self.end.inbound.borrow_mut() = inbound;
    }

    /// What label number `label` stands for: `[isSource, text]`.
    #[napi(catch_unwind)]
    pub fn label(&self, label: u32) -> Result<(bool, String)> {
        match self.end.shared.label(label) {
            Some(Label::Export(name)) => Ok((false, name)),
            Some(Label::Source(source)) => Ok((true, source)),
            None => Err(Error::from_reason("no such label")),
        }
    }

    /// Stops keeping the event loop alive.
    #[napi(catch_unwind)]
    pub fn leave(&self, env: &Env) {
        self.end.event_loop.hold(env, false);
    }
}

impl End {
    /// `next(text)`: hands in how a task ended, if one did, and asks for another. Its record is written to
    /// `inbound`, its text answered; if there is none, `null`, and the first word says why. May wait for a
    /// task for some tens of microseconds.
    fn next(&self, context: &FunctionCallContext<'_>) -> Result<Raw> {
        let finished = self.finished(context)?;
        let next = match self.held.take() {
            Some(assignment) => Next::Run(assignment),
            None => self.shared.scheduler.next(Kind::JavaScript, self.id, finished),
        };
        let mut inbound = self.inbound.borrow_mut();
        // SAFETY: the array is private to `lib/`, which neither detaches nor reads it during this call.
        let words = unsafe { inbound.as_mut() };
        words[0] = match next {
            Next::Idle => IDLE,
            Next::Stop => STOP,
            Next::Run(assignment) => {
                let mut text = self.text.borrow_mut();
                match write(words, &mut text, &assignment) {
                    Ok(()) => return values::string(context.env, &text),
                    Err(Full(needed)) => {
                        words[1] = needed as i32;
                        self.held.set(Some(assignment));
                        GROW
                    }
                }
            }
        };
        values::null(context.env)
    }

    /// `finish(text)`: hands in how a task ended, without asking for another.
    fn finish(&self, context: &FunctionCallContext<'_>) -> Result<()> {
        if let Some(finished) = self.finished(context)? {
            self.shared.scheduler.finish(Kind::JavaScript, self.id, finished);
        }
        Ok(())
    }

    fn finished(&self, context: &FunctionCallContext<'_>) -> Result<Option<Finished<Outcome>>> {
        let outbound = self.outbound.borrow();
        let call = Call::read(&outbound)?;
        let fulfilled = call.flags == FULFILLED || call.flags == CARGO_FULFILLED;
        let outcome = match call.flags {
            NOT => return Ok(None),
            FULFILLED | REJECTED => {
                let mut reader = self.reader.borrow_mut();
                let text = context.get::<JsString<'_>>(0)?;
                let message = call.message(&outbound, &mut reader, context.env, text)?;
                Outcome::Message { fulfilled, message }
            }
            CARGO_FULFILLED | CARGO_REJECTED => Outcome::Cargo { fulfilled, worker: self.id },
            _ => return Err(Error::from_reason("no such ending")),
        };
        let ending = if fulfilled { Ending::Fulfilled } else { Ending::Rejected };
        Ok(Some(Finished { slot: call.slot, outcome, ending }))
    }
}

fn write(words: &mut [i32], text: &mut Text, assignment: &Assignment<Job>) -> std::result::Result<(), Full> {
    let Job::JavaScript(message) = &assignment.job else {
        unreachable!("native tasks are not queued for workers")
    };
    let double = |number: f64| {
        let bits = number.to_ne_bytes();
        [0, 4].map(|at| i32::from_ne_bytes(std::array::from_fn(|byte| bits[at + byte])))
    };
    let mut records = Records::new(words, text, PREFIX);
    records.message(RUN, assignment.slot, assignment.label, message)?;
    words[..2].copy_from_slice(&double(assignment.priority));
    words[2..PREFIX].copy_from_slice(&double(assignment.sequence as f64));
    words[PREFIX + HEAD - 1] = (assignment.attempt << 1 | u32::from(assignment.delivered)) as i32;
    Ok(())
}
