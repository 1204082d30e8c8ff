//! What a worker calls, from inside its isolate.

use std::cell::{Cell, RefCell};
use std::sync::{Arc, PoisonError};

use napi::JsString;
use napi::bindgen_prelude::*;
use napi_derive::napi;

use super::event_loop::EventLoop;
use super::pool::{self, Label, Shared};
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

// How a task ended, as `next` and `finish` are told; `lib/records.js` holds the same numbers.
const NOT: i32 = 0;
const FULFILLED: i32 = 1;
const REJECTED: i32 = 2;
const CARGO_FULFILLED: i32 = 3;
const CARGO_REJECTED: i32 = 4;

/// A worker's end of its pool.
#[napi]
pub struct WorkerEndpoint {
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
        let shared = pool::find(pool).ok_or_else(|| Error::from_reason("the pool is gone"))?;
        let event_loop = Arc::new(EventLoop::new(&wake)?);
        event_loop.hold(env, true);
        shared.scheduler.attach(Kind::JavaScript, id, event_loop.clone());
        Ok(Self {
            shared,
            id,
            event_loop,
            outbound: RefCell::new(outbound),
            inbound: RefCell::new(inbound),
            reader: RefCell::new(StringReader::new()),
            text: RefCell::default(),
            held: Cell::new(None),
        })
    }

    /// Where messages are written from now on.
    #[napi(catch_unwind)]
    pub fn use_outbound(&self, outbound: Uint8Array) {
        *self.outbound.borrow_mut() = outbound;
    }

    /// Where tasks are read from now on.
    #[napi(catch_unwind)]
    pub fn use_inbound(&self, inbound: Int32Array) {
        *self.inbound.borrow_mut() = inbound;
    }

    /// Hands in how the task in `slot` ended, if one did, and asks for the next. Its record is written to
    /// `inbound`, its text answered; if there is none, `null`, and the first word says why. May wait
    /// for a task for some tens of microseconds.
    #[napi(catch_unwind)]
    pub fn next<'env>(
        &self,
        env: &'env Env,
        ended: i32,
        slot: u32,
        text: JsString<'_>,
        length: u32,
    ) -> Result<Option<JsString<'env>>> {
        let finished = self.finished(env, ended, slot, text, length)?;
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
                    Ok(()) => return values::string(env, &text).map(Some),
                    Err(Full(needed)) => {
                        words[1] = needed as i32;
                        self.held.set(Some(assignment));
                        GROW
                    }
                }
            }
        };
        Ok(None)
    }

    /// Hands in how the task in `slot` ended, without asking for another.
    #[napi(catch_unwind)]
    pub fn finish(&self, env: &Env, ended: i32, slot: u32, text: JsString<'_>, length: u32) -> Result<()> {
        if let Some(finished) = self.finished(env, ended, slot, text, length)? {
            self.shared.scheduler.finish(Kind::JavaScript, self.id, finished);
        }
        Ok(())
    }

    fn finished(
        &self,
        env: &Env,
        ended: i32,
        slot: u32,
        text: JsString<'_>,
        length: u32,
    ) -> Result<Option<Finished<Outcome>>> {
        if ended == NOT {
            return Ok(None);
        }
        let fulfilled = ended == FULFILLED || ended == CARGO_FULFILLED;
        let outcome = match ended {
            FULFILLED | REJECTED => {
                let message = self.reader.borrow_mut().message(env, &self.outbound.borrow(), length, text)?;
                Outcome::Message { fulfilled, message }
            }
            CARGO_FULFILLED | CARGO_REJECTED => Outcome::Cargo { fulfilled, worker: self.id },
            _ => return Err(Error::from_reason("no such ending")),
        };
        let ending = if fulfilled { Ending::Fulfilled } else { Ending::Rejected };
        Ok(Some(Finished { slot, outcome, ending }))
    }

    /// What label number `label` stands for: `[isSource, text]`.
    #[napi(catch_unwind)]
    pub fn label(&self, label: u32) -> Result<(bool, String)> {
        let labels = self.shared.labels.read().unwrap_or_else(PoisonError::into_inner);
        match labels.get(label as usize) {
            Some(Label::Export(name)) => Ok((false, name.clone())),
            Some(Label::Source(source)) => Ok((true, source.clone())),
            None => Err(Error::from_reason("no such label")),
        }
    }

    /// Stops keeping the event loop alive.
    #[napi(catch_unwind)]
    pub fn leave(&self, env: &Env) {
        self.event_loop.hold(env, false);
    }
}

fn write(words: &mut [i32], text: &mut Text, assignment: &Assignment<Job>) -> std::result::Result<(), Full> {
    let Job::JavaScript(message) = &assignment.job else {
        unreachable!("native tasks are not queued for workers")
    };
    let double = |number: f64| {
        let bits = number.to_bits().to_ne_bytes();
        let half = |at: usize| i32::from_ne_bytes([bits[at], bits[at + 1], bits[at + 2], bits[at + 3]]);
        [half(0), half(4)]
    };
    let mut records = Records::new(words, text, PREFIX);
    records.message(RUN, assignment.slot, assignment.label, message)?;
    words[..2].copy_from_slice(&double(assignment.priority));
    words[2..PREFIX].copy_from_slice(&double(assignment.sequence as f64));
    words[PREFIX + HEAD - 1] = (assignment.attempt << 1 | u32::from(assignment.delivered)) as i32;
    Ok(())
}
