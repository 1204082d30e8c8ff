//! What the thread that owns a pool does for each task: submit, and drain what comes back.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use napi::JsString;
use napi::bindgen_prelude::*;

use super::attachments::{self, Held};
use super::call::{self, Call, Raw};
use super::layout::{answer, record, submit};
use super::limits;
use super::notes;
use super::parts;
use super::shared::Shared;
use super::values::{self, StringReader};
use crate::executors::{Job, NativeInput, Outcome};
use crate::payload::{Array, Full, Records, Text};
use crate::scheduler::{Kind, Limits, Note, Refused, Submission, Submitted, pause, words_of};

/// Notes taken in one call; more are left for the next, so that none holds the event loop long.
const BATCH: usize = 1024;

pub(super) struct Owner {
    pub shared: Arc<Shared>,
    pub outbound: RefCell<Uint8Array>,
    pub inbound: RefCell<Int32Array>,
    reader: RefCell<StringReader>,
    text: RefCell<Text>,
    /// A note that did not fit into the last batch.
    held: Cell<Option<Note<Outcome>>>,
    /// Memories of outputs whose records have been written, in their order.
    pub large: RefCell<VecDeque<Array>>,
    /// Bytes of the largest ArrayBuffer that can be made of them.
    largest: usize,
    /// What is held for a native task that is about to be submitted, once its buffers have been taken.
    admitted: RefCell<Held>,
}

impl Owner {
    pub(super) fn new(
        shared: Arc<Shared>,
        outbound: Uint8Array,
        inbound: Int32Array,
        largest: usize,
    ) -> Self {
        Self {
            shared,
            outbound: RefCell::new(outbound),
            inbound: RefCell::new(inbound),
            reader: RefCell::new(StringReader::new()),
            text: RefCell::default(),
            held: Cell::new(None),
            large: RefCell::default(),
            largest,
            admitted: RefCell::default(),
        }
    }

    /// Whatever a native task needs that has buffers to be taken from their owner, before they are: what it reads besides,
    /// and a thread if there is none. Answers 0, or why it would be refused.
    ///
    /// # Safety
    /// As [`attachments::hold`] demands.
    pub(super) unsafe fn admit(&self, env: &Env, views: &Object<'_>, modes: &[u32]) -> Result<i32> {
        let scheduler = &self.shared.scheduler;
        if let Some(refused) = scheduler.refuses(Kind::Native) {
            return Ok(refusal(refused));
        }
        // SAFETY: the caller's word.
        let Some(held) = (unsafe { attachments::hold(env, views, modes) })? else {
            return Ok(answer::NO_MEMORY);
        };
        if !scheduler.has_executors(Kind::Native) && self.shared.native_threads.reserve().is_err() {
            return Ok(answer::NO_THREAD);
        }
        *self.admitted.borrow_mut() = held;
        Ok(0)
    }

    /// Lets go of what was admitted and has not been submitted, or not been needed.
    pub(super) fn dismiss(&self) {
        self.admitted.take();
        self.shared.native_threads.dismiss();
    }

    /// `submit(text, delays?, affinity?)`: a JavaScript task, its arguments and message in `outbound`, the delays
    /// before its retries and its key. Answers what to do now: nothing (0), start worker n (4n), deliver the input
    /// to worker n (4n + 1), each + 2 if the queue is full now; or a refusal.
    pub(super) fn submit(&self, context: &FunctionCallContext<'_>) -> Result<i32> {
        let outbound = self.outbound.borrow();
        let call = Call::read(&outbound)?;
        let mut reader = self.reader.borrow_mut();
        let text = context.get::<JsString<'_>>(0)?;
        let Some(message) = call.message(&outbound, &mut reader, context.env, text)? else {
            return Ok(answer::NO_MEMORY);
        };
        let limits = limits_of(&call, &outbound, context, 1)?;
        let submission = submission(&call, Kind::JavaScript, limits, Job::JavaScript(message));
        Ok(match self.shared.scheduler.submit(submission) {
            Ok(Submitted { hire, deliver_to, full }) => {
                let (worker, deliver) = match (hire, deliver_to) {
                    (_, Some(worker)) => (worker, answer::DELIVER),
                    (hire, None) => (hire.unwrap_or(0), 0),
                };
                (worker as i32) << answer::WORKER_SHIFT | is_full(full) | deliver
            }
            Err(refused) => refusal(refused),
        })
    }

    /// `submitNative(options, attachments?, modes?, delays?)`: a native task, its arguments in `outbound`, its
    /// options as JSON, the buffers that they mention as views, each with its mode (see `attachments.rs`).
    /// Answers 0, or 2 if the queue is full now, or a refusal.
    pub(super) fn submit_native(&self, context: &FunctionCallContext<'_>) -> Result<i32> {
        let outbound = self.outbound.borrow();
        let call = Call::read(&outbound)?;
        if call.flags & submit::ADMITTED == 0 {
            return self.submit_call(&call, &outbound, context, Held::new());
        }
        let answer = self.submit_call(&call, &outbound, context, self.admitted.take());
        self.dismiss(); // a thread that was not needed
        answer
    }

    fn submit_call(
        &self,
        call: &Call,
        outbound: &[u8],
        context: &FunctionCallContext<'_>,
        held: Held,
    ) -> Result<i32> {
        let attachments = if context.length() > 1 {
            // SAFETY: `lib/` keeps the array until the slot's record has come, and after a termination until ENDED has,
            // when no native thread is left; teardown joins them. It is the only one that has what it pins.
            match unsafe { attachments::read(context, 1, held) }? {
                Some(attachments) => attachments,
                None => return Ok(answer::NO_MEMORY),
            }
        } else {
            Vec::new()
        };
        let limits = limits_of(call, outbound, context, 3)?;
        let job = NativeInput { options: context.get(0)?, attachments }.into_job();
        Ok(match self.shared.scheduler.submit(submission(call, Kind::Native, limits, job)) {
            Ok(Submitted { hire: Some(thread), .. }) if !self.start_thread(thread) => {
                if self.shared.scheduler.withdraw(call.slot) { answer::NO_THREAD } else { 0 }
            }
            Ok(Submitted { full, .. }) => is_full(full),
            Err(refused) => refusal(refused),
        })
    }

    /// Starts a native thread. `false` if there is none now: without a new one the others serve the queue.
    pub(super) fn start_thread(&self, thread: u32) -> bool {
        let scheduler = &self.shared.scheduler;
        self.shared.native_threads.start(thread, scheduler).is_ok() || scheduler.has_executors(Kind::Native)
    }

    /// `drain(stay)`: writes a batch of notes as records into `inbound` and answers their text. With `stay`,
    /// the caller will be back of its own accord, and is not called meanwhile; if there is nothing, others get
    /// their turn on this processor first.
    pub(super) fn drain(&self, context: &FunctionCallContext<'_>) -> Result<Raw> {
        let mut inbound = self.inbound.borrow_mut();
        let mut text = self.text.borrow_mut();
        // SAFETY: the array is private to `lib/`, which neither detaches nor reads it during this call.
        let mut records = Records::new(unsafe { inbound.as_mut() }, &mut text, 0);
        parts::begin_batch();
        let mailbox = self.shared.scheduler.mailbox();
        let stay = context.get::<bool>(0)?;
        if stay {
            mailbox.watch();
        }
        let mut taken = 0;
        let mut end = record::MORE;
        while taken < BATCH {
            let Some(mut note) = self.held.take().or_else(|| mailbox.take()) else {
                if stay || mailbox.rest() {
                    end = record::END;
                }
                break;
            };
            self.shared.scheduler.may_panic("drain");
            notes::refuse_too_large(&mut note, self.largest);
            if !records.has_room_for(notes::characters(&note)) {
                self.held.set(Some(note));
                break;
            }
            if let Err(Full(needed)) = notes::write(&mut records, &note) {
                self.held.set(Some(note));
                if taken == 0 {
                    // The memory is never too small for this one.
                    let _ = records.plain(record::GROW, needed as u32, 0);
                }
                break;
            }
            notes::announced(note, &mut self.large.borrow_mut());
            taken += 1;
        }
        let characters = records.end(end);
        if stay && taken == 0 {
            pause();
        }
        let string = values::string(context.env, characters.text());
        drop(characters);
        text.clear(); // of its memory, too, if it is much
        string
    }

    /// The functions above, for JavaScript.
    pub(super) fn functions<'env>(self: std::rc::Rc<Self>, env: &'env Env) -> Result<Vec<Unknown<'env>>> {
        let [submitter, native, drainer] = [self.clone(), self.clone(), self];
        Ok(vec![
            call::function(env, "submit", move |context| submitter.submit(&context))?,
            call::function(env, "submitNative", move |context| native.submit_native(&context))?,
            call::function(env, "drain", move |context| drainer.drain_or_break(&context))?,
        ])
    }

    /// As `drain`, but that a panic in it, which may have lost a note, breaks the pool off.
    fn drain_or_break(&self, context: &FunctionCallContext<'_>) -> Result<Raw> {
        // Unwind safety: what the notes were is lost in any case; what they are read into is written anew each time.
        catch_unwind(AssertUnwindSafe(|| self.drain(context))).unwrap_or_else(|panic| {
            let words = words_of(panic);
            self.shared.scheduler.break_off(format!("a panic in 'drain': {words}"));
            Err(Error::from_reason(words))
        })
    }
}

/// A task's own limits, if it brings any; `at` is the argument with the delays before its retries.
fn limits_of(
    call: &Call,
    outbound: &[u8],
    context: &FunctionCallContext<'_>,
    at: usize,
) -> Result<Option<Box<Limits>>> {
    if call.flags & submit::LIMITS == 0 {
        return Ok(None);
    }
    let numbers = Call::numbers(outbound)?;
    let delays = if context.length() > at { context.get::<Option<Vec<f64>>>(at)? } else { None };
    let affinity = if context.length() > at + 1 { context.get::<Option<String>>(at + 1)? } else { None };
    Ok(Some(Box::new(limits::of_task(call.flags, &numbers, delays, affinity.as_deref()))))
}

fn submission(call: &Call, kind: Kind, limits: Option<Box<Limits>>, job: Job) -> Submission<Job> {
    Submission {
        slot: call.slot,
        kind,
        label: call.label,
        priority: call.priority,
        needs_delivery: call.flags & submit::NEEDS_DELIVERY != 0,
        admitted: call.flags & submit::ADMITTED != 0,
        stoppable: call.flags & submit::STOPPABLE != 0,
        limits,
        job,
    }
}

fn is_full(full: bool) -> i32 {
    if full { answer::IS_FULL } else { 0 }
}

pub(super) fn refusal(refused: Refused) -> i32 {
    match refused {
        Refused::Closing => answer::CLOSING,
        Refused::Terminated => answer::TERMINATED,
        Refused::Full => answer::FULL,
        Refused::Broken => answer::BROKEN,
    }
}
