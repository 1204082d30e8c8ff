//! What the thread that owns a pool does for each task: submit, and drain what comes back.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use napi::JsString;
use napi::bindgen_prelude::*;

use super::call::{self, Call, Raw};
use super::notes::{self, END, GROW, MORE};
use super::shared::Shared;
use super::values::{self, StringReader};
use crate::executors::{Job, Outcome, timer};
use crate::payload::{Full, Records, Text};
use crate::scheduler::{Closed, Kind, Note, Submission, Submitted, sync};

/// Notes taken in one call; more are left for the next, so that none holds the event loop long.
const BATCH: usize = 1024;

/// The flag of a task whose input is sent over its worker's port.
const NEEDS_DELIVERY: u32 = 1;

// What `submit` answers besides what to do; `lib/pool.js` holds the same numbers.
const CLOSING: i32 = -1;
const TERMINATED: i32 = -2;
const NO_THREAD: i32 = -3;

pub(super) struct Owner {
    pub shared: Arc<Shared>,
    idle_timeout: Option<Duration>,
    pub outbound: RefCell<Uint8Array>,
    pub inbound: RefCell<Int32Array>,
    reader: RefCell<StringReader>,
    text: RefCell<Text>,
    /// A note that did not fit into the last batch.
    held: Cell<Option<Note<Outcome>>>,
    /// Large outputs whose records have been written, in their order.
    pub large: RefCell<VecDeque<Vec<u8>>>,
}

impl Owner {
    pub(super) fn new(
        shared: Arc<Shared>,
        idle_timeout: Option<Duration>,
        outbound: Uint8Array,
        inbound: Int32Array,
    ) -> Self {
        Self {
            shared,
            idle_timeout,
            outbound: RefCell::new(outbound),
            inbound: RefCell::new(inbound),
            reader: RefCell::new(StringReader::new()),
            text: RefCell::default(),
            held: Cell::new(None),
            large: RefCell::default(),
        }
    }

    /// `submit(text)`: a JavaScript task, its arguments and message in `outbound`. Answers what to do now:
    /// nothing (0), start worker n (2n), deliver the input to worker n (2n + 1), or a refusal.
    pub(super) fn submit(&self, context: &FunctionCallContext<'_>) -> Result<i32> {
        let outbound = self.outbound.borrow();
        let call = Call::read(&outbound)?;
        let mut reader = self.reader.borrow_mut();
        let message = call.message(&outbound, &mut reader, context.env, context.get::<JsString<'_>>(0)?)?;
        let submission = Submission {
            slot: call.slot,
            kind: Kind::JavaScript,
            label: call.label,
            priority: call.priority,
            needs_delivery: call.flags & NEEDS_DELIVERY != 0,
            job: Job::JavaScript(message),
        };
        Ok(match self.shared.scheduler.submit(submission) {
            Ok(Submitted { hire: Some(worker), .. }) => {
                self.watch_idle_workers();
                (worker << 1) as i32
            }
            Ok(Submitted { deliver_to: Some(worker), .. }) => (worker << 1 | 1) as i32,
            Ok(_) => 0,
            Err(closed) => refusal(closed),
        })
    }

    /// `submitNative(options, attachments?, modes?)`: a native task, its arguments in `outbound`, its options
    /// as JSON, the buffers that they mention as Uint8Arrays, each with its mode (see `values.rs`). Answers 0
    /// or a refusal.
    pub(super) fn submit_native(&self, context: &FunctionCallContext<'_>) -> Result<i32> {
        let call = Call::read(&self.outbound.borrow())?;
        let mut attachments = Vec::new();
        if context.length() > 1 {
            let views = context.get::<Vec<Unknown<'_>>>(1)?;
            for (view, mode) in views.into_iter().zip(context.get::<Vec<u32>>(2)?) {
                // SAFETY: `lib/` keeps the buffers referenced until the slot's record has come, and after a
                // termination until ENDED has, when no native thread is left; teardown joins them. A
                // transferred buffer is nobody else's. A borrowed one is its owner's to leave alone, neither
                // written nor detached, until the promise settles: that is the documented price of no copy.
                attachments.push(unsafe { values::bytes(context.env, view, mode) }?);
            }
        }
        let submission = Submission {
            slot: call.slot,
            kind: Kind::Native,
            label: call.label,
            priority: call.priority,
            needs_delivery: false,
            job: Job::Native { options: context.get(0)?, attachments },
        };
        Ok(match self.shared.scheduler.submit(submission) {
            Ok(Submitted { hire: Some(thread), .. }) => self.start_thread(thread, call.slot),
            Ok(_) => 0,
            Err(closed) => refusal(closed),
        })
    }

    /// Without a new thread the others serve the queue; without any, the task is refused.
    fn start_thread(&self, thread: u32, slot: u32) -> i32 {
        let scheduler = &self.shared.scheduler;
        let started = self.shared.native_threads.start(thread, scheduler).is_ok()
            || scheduler.snapshot().native_threads.total > 0
            || !scheduler.withdraw(Kind::Native, slot);
        if started { 0 } else { NO_THREAD }
    }

    /// To be called whenever a worker has been hired.
    pub(super) fn watch_idle_workers(&self) {
        if let Some(limit) = self.idle_timeout {
            timer::retire_idle_workers(&self.shared.scheduler, limit);
        }
    }

    /// `drain(stay)`: writes a batch of notes as records into `inbound` and answers their text. With `stay`,
    /// the caller will be back of its own accord, and is not called meanwhile; if there is nothing, others get
    /// their turn on this processor first.
    pub(super) fn drain(&self, context: &FunctionCallContext<'_>) -> Result<Raw> {
        let mut inbound = self.inbound.borrow_mut();
        let mut text = self.text.borrow_mut();
        // SAFETY: the array is private to `lib/`, which neither detaches nor reads it during this call.
        let mut records = Records::new(unsafe { inbound.as_mut() }, &mut text, 0);
        let mailbox = self.shared.scheduler.mailbox();
        let stay = context.get::<bool>(0)?;
        if stay {
            mailbox.watch();
        }
        let mut taken = 0;
        let mut end = MORE;
        while taken < BATCH {
            let Some(note) = self.held.take().or_else(|| mailbox.take()) else {
                if stay || mailbox.rest() {
                    end = END;
                }
                break;
            };
            if let Err(Full(needed)) = notes::write(&mut records, &note) {
                self.held.set(Some(note));
                if taken == 0 {
                    // The memory is never too small for this one.
                    let _ = records.plain(GROW, needed as u32, 0);
                }
                break;
            }
            self.large.borrow_mut().extend(notes::large_bytes(note));
            taken += 1;
        }
        records.end(end);
        if stay && taken == 0 {
            sync::pause();
        }
        values::string(context.env, &text)
    }

    /// The functions above, for JavaScript.
    pub(super) fn functions<'env>(self: std::rc::Rc<Self>, env: &'env Env) -> Result<Vec<Unknown<'env>>> {
        let [submitter, native, drainer] = [self.clone(), self.clone(), self];
        Ok(vec![
            call::function(env, "submit", move |context| submitter.submit(&context))?,
            call::function(env, "submitNative", move |context| native.submit_native(&context))?,
            call::function(env, "drain", move |context| drainer.drain(&context))?,
        ])
    }
}

fn refusal(closed: Closed) -> i32 {
    match closed {
        Closed::Closing => CLOSING,
        Closed::Terminated => TERMINATED,
    }
}
