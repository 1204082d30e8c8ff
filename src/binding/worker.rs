//! What a worker calls, from inside its isolate.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use napi::JsString;
use napi::bindgen_prelude::*;
use napi_derive::napi;

use super::call::{self, Call, Raw};
use super::event_loop::EventLoop;
use super::isolate::{self, Isolate};
use super::layout::{self, called, ending, single, task, turn};
use super::parts;
use super::shared::{self, Label, Shared};
use super::values::{self, StringReader};
use crate::catalogue::Failure;
use crate::executors::{Job, Outcome};
use crate::payload::{Characters, Full, Records, Text};
use crate::scheduler::{Assignment, Brake, Ending, Endpoint, Engine, Finished, Kind, Next, Wake};

impl Engine for Isolate {
    fn terminate(&self) {
        // SAFETY: between `enter` and `leave`, under the brake's lock: the isolate's thread is inside
        // `call_stoppable`, so it is alive.
        unsafe { Isolate::terminate(*self) };
    }
}

/// A worker, as other threads reach it.
struct Reach {
    event_loop: EventLoop,
    terminates: bool,
    brake: Brake<Isolate>,
}

impl Wake for Reach {
    fn wake(&self) {
        self.event_loop.wake();
    }
}

impl Endpoint for Reach {
    fn stop(&self, run: u64, force: bool) -> bool {
        let may_answer = self.brake.stop(run, force);
        self.event_loop.wake(); // a task that waits for something hears of it there
        may_answer
    }

    fn terminates(&self) -> bool {
        self.terminates
    }
}

/// A worker's end of its pool.
#[napi]
pub struct WorkerEndpoint {
    end: Rc<End>,
}

struct End {
    shared: Arc<Shared>,
    id: u32,
    reach: Arc<Reach>,
    isolate: Option<Isolate>,
    /// Runs that may be told to stop.
    stoppable: RefCell<Vec<u64>>,
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
        shared.niceness.take_on();
        let isolate = Isolate::current();
        let reach = Arc::new(Reach {
            event_loop: EventLoop::new(env, &wake, None)?,
            terminates: isolate.is_some(),
            brake: Brake::new(isolate),
        });
        reach.event_loop.hold(env, true);
        shared.scheduler.attach(Kind::JavaScript, id, reach.clone());
        let end = End {
            shared,
            id,
            reach,
            isolate,
            stoppable: RefCell::default(),
            outbound: RefCell::new(outbound),
            inbound: RefCell::new(inbound),
            reader: RefCell::new(StringReader::new()),
            text: RefCell::default(),
            held: Cell::new(None),
        };
        Ok(Self { end: Rc::new(end) })
    }

    /// `[next, finish, run, isStopped]`: what is called for each task.
    #[napi(catch_unwind)]
    pub fn functions<'env>(&self, env: &'env Env) -> Result<Vec<Unknown<'env>>> {
        let [next, finish, run, is_stopped] = std::array::from_fn(|_| self.end.clone());
        Ok(vec![
            call::function(env, "next", move |context| next.next(&context))?,
            call::function(env, "finish", move |context| finish.finish(&context))?,
            call::function(env, "run", move |context| run.run(&context))?,
            call::function(env, "isStopped", move |context| is_stopped.is_stopped(&context))?,
        ])
    }

    /// A run that has been told to stop since this was last asked; 0 if there is none.
    #[napi(catch_unwind)]
    pub fn take_stopped(&self) -> u32 {
        self.end.reach.brake.take_stopped().unwrap_or(0) as u32
    }

    /// The worker is up and will call `next` soon.
    #[napi(catch_unwind)]
    pub fn arrive(&self) {
        self.end.shared.scheduler.arrive(Kind::JavaScript, self.end.id);
    }

    /// The worker should make way for another as soon as that is up.
    #[napi(catch_unwind)]
    pub fn wear(&self) {
        self.end.shared.scheduler.wear(self.end.id);
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

    /// What label number `label` stands for: `[isSource, text]`; `null` if it was forgotten, as its tasks are over for
    /// their owner.
    #[napi(catch_unwind)]
    pub fn label(&self, label: u32) -> Option<(bool, String)> {
        self.end.shared.label(label).map(|label| match label {
            Label::Export(name) => (false, name),
            Label::Source(source) => (true, source),
        })
    }

    /// Stops keeping the event loop alive.
    #[napi(catch_unwind)]
    pub fn leave(&self, env: &Env) {
        self.end.reach.event_loop.hold(env, false);
    }
}

impl End {
    /// `next(text)`: hands in how a task ended, if one did, and asks for another. Its record is written to
    /// `inbound`, its text answered; if there is none, `null`, and the first word says why. May wait for a
    /// task for some tens of microseconds.
    fn next(&self, context: &FunctionCallContext<'_>) -> Result<Raw> {
        let (finished, _) = self.finished(context)?;
        let next = match self.held.take() {
            Some(assignment) => Next::Run(assignment),
            None => self.shared.scheduler.next(Kind::JavaScript, self.id, finished),
        };
        parts::begin_batch();
        let mut inbound = self.inbound.borrow_mut();
        // SAFETY: the array is private to `lib/`, which neither detaches nor reads it during this call.
        let words = unsafe { inbound.as_mut() };
        words[0] = match next {
            Next::Idle => turn::IDLE,
            Next::Stop if self.shared.scheduler.is_terminated() => turn::END,
            Next::Stop => turn::STOP,
            Next::Help(_) => unreachable!("no JavaScript task offers parts of itself"),
            Next::Run(assignment) => {
                if assignment.stoppable {
                    self.hold(assignment.run);
                }
                let mut text = self.text.borrow_mut();
                match write(words, &mut text, &assignment) {
                    Ok(characters) => {
                        let string = values::string(context.env, characters.text());
                        drop(characters);
                        text.clear(); // of its memory, too, if it is much
                        if let Job::JavaScript(message) = &assignment.job {
                            parts::arrive(message);
                        }
                        return string;
                    }
                    Err(Full(needed)) => {
                        words[1] = needed as i32;
                        self.held.set(Some(assignment));
                        turn::GROW
                    }
                }
            }
        };
        values::null(context.env)
    }

    /// `finish(text)`: hands in how a task ended, without asking for another.
    fn finish(&self, context: &FunctionCallContext<'_>) -> Result<()> {
        if let (Some(finished), returns) = self.finished(context)? {
            self.shared.scheduler.finish(Kind::JavaScript, self.id, finished, returns);
        }
        Ok(())
    }

    /// `run(number, callback)`: calls back such that the call can be stopped on behalf of that run. Answers whether
    /// it returned, was stopped, or did not begin as the run had been told to stop already.
    fn run(&self, context: &FunctionCallContext<'_>) -> Result<u32> {
        let callback = context.get::<Unknown<'_>>(1)?.raw();
        let brake = &self.reach.brake;
        let Some(run) = self.full_number(context.get(0)?) else {
            return call::call(context.env, callback).map(|()| called::RETURNED);
        };
        if !brake.enter(run) {
            return Ok(called::NOT_BEGUN);
        }
        let Some(isolate) = self.isolate else {
            let result = call::call(context.env, callback);
            brake.leave();
            return result.map(|()| called::RETURNED);
        };
        let returned = isolate::call_stoppable(context.env, isolate, callback, || brake.leave())?;
        Ok(if returned { called::RETURNED } else { called::TERMINATED })
    }

    /// `isStopped(number)`: whether that run has been told to stop.
    fn is_stopped(&self, context: &FunctionCallContext<'_>) -> Result<bool> {
        let run = self.full_number(context.get(0)?);
        Ok(run.is_none_or(|run| self.reach.brake.is_stopped(run)))
    }

    /// JavaScript knows a run by the lower half of its number.
    fn full_number(&self, number: u32) -> Option<u64> {
        self.stoppable.borrow().iter().copied().find(|run| *run as u32 == number)
    }

    /// A run has come that may be told to stop. Asked for twice if its record did not fit.
    fn hold(&self, run: u64) {
        if self.full_number(run as u32).is_none() {
            self.reach.brake.hold(run);
            self.stoppable.borrow_mut().push(run);
        }
    }

    /// How a run ended, and whether the worker will be back by itself.
    fn finished(&self, context: &FunctionCallContext<'_>) -> Result<(Option<Finished<Outcome>>, bool)> {
        let outbound = self.outbound.borrow();
        let call = Call::read(&outbound)?;
        let (how, run) = (call.flags & layout::ENDING, call.label);
        let returns = call.flags & ending::RETURNS != 0;
        let fulfilled = how == ending::FULFILLED || how == ending::CARGO_FULFILLED;
        let outcome = match how {
            ending::NONE => return Ok((None, returns)),
            ending::FULFILLED | ending::REJECTED => {
                let mut reader = self.reader.borrow_mut();
                let text = context.get::<JsString<'_>>(0)?;
                match call.message(&outbound, &mut reader, context.env, text)? {
                    Some(message) => Outcome::Message { fulfilled, message },
                    None => Outcome::Failure(Failure::new(
                        "ERR_OUT_OF_MEMORY",
                        "There is no memory for a copy of the task's result; answer less, or run fewer such tasks at a time",
                    )),
                }
            }
            ending::CARGO_FULFILLED | ending::CARGO_REJECTED => Outcome::Cargo { fulfilled, worker: self.id },
            ending::STOPPED | ending::UNWANTED => Outcome::Failure(Failure::Cancelled), // nobody gets it
            _ => return Err(Error::from_reason("no such ending")),
        };
        let ending = match how {
            ending::STOPPED => Ending::Stopped,
            _ if matches!(outcome, Outcome::Failure(_)) => Ending::Rejected,
            _ if fulfilled => Ending::Fulfilled,
            _ if call.flags & ending::REFUSED != 0 => Ending::Refused,
            _ => Ending::Rejected,
        };
        if let Some(full) = self.full_number(run) {
            self.stoppable.borrow_mut().retain(|held| *held != full);
            self.reach.brake.release(full);
        }
        Ok((Some(Finished { slot: call.slot, run, outcome, ending }), returns))
    }
}

fn write<'text>(
    words: &mut [i32],
    text: &'text mut Text,
    assignment: &Assignment<Job>,
) -> std::result::Result<Characters<'text>, Full> {
    let Job::JavaScript(message) = &assignment.job else {
        unreachable!("native tasks are not queued for workers")
    };
    let double = |number: f64| {
        let bits = number.to_ne_bytes();
        [0, 4].map(|at| i32::from_ne_bytes(std::array::from_fn(|byte| bits[at + byte])))
    };
    words[..2].copy_from_slice(&double(assignment.priority));
    words[2..4].copy_from_slice(&double(assignment.sequence as f64));
    words[single::RUN] = assignment.run as u32 as i32;
    let delivered = if assignment.delivered { task::DELIVERED } else { 0 };
    let stoppable = if assignment.stoppable { task::STOPPABLE } else { 0 };
    let mut records = Records::new(words, text, single::PREFIX);
    records.message(turn::RUN, assignment.slot, assignment.label, message)?;
    records.flag((assignment.attempt << task::ATTEMPT_SHIFT | delivered | stoppable) as i32);
    Ok(records.characters())
}
