//! Every number that JavaScript knows, too: where things stand in memory that both sides see, and what they mean.
//! `lib/wire/layout.js` holds the same, and a test of the addon compares them.

use serde_json::{Map, Value};

/// Declares groups of numbers, each a module, and what JavaScript calls them.
macro_rules! layout {
    ($(
        $(#[$about:meta])*
        $group:ident $name:literal: $type:ty { $($(#[$meaning:meta])* $number:ident = $value:expr),+ $(,)? }
    )+) => {
        $(
            $(#[$about])*
            pub(super) mod $group {
                $($(#[$meaning])* pub(in crate::binding) const $number: $type = $value;)+
            }
        )+

        /// All of them, by the names that JavaScript has for them.
        fn groups() -> Map<String, Value> {
            let mut groups = Map::new();
            $({
                let mut numbers = Map::new();
                $(numbers.insert(stringify!($number).into(), $group::$number.into());)+
                groups.insert($name.into(), numbers.into());
            })+
            groups
        }
    };
}

layout! {
    /// Arguments of a call on the hot path, ahead of the message: see `call.rs`.
    argument "ARGUMENT": usize {
        /// Words; those from `PRIORITY` on are doubles, counted as such.
        SLOT = 0,
        LABEL = 1,
        /// Of a worker that hands in, in the place of the label.
        RUN = 1,
        FLAGS = 2,
        LENGTH = 3,
        PRIORITY = 2,
        /// This and those that follow: with the flag `LIMITS`.
        TIMEOUT = 3,
        QUEUE_TIMEOUT = 4,
        /// A word.
        RETRIES = 10,
        /// A word, of every call.
        PARTS = 11,
        FACTOR = 6,
        LONGEST_DELAY = 7,
    }
    /// Flags of a submission.
    submit "SUBMIT": u32 {
        /// The input is sent over the worker's port.
        NEEDS_DELIVERY = 1,
        /// The task may be cancelled while it runs.
        STOPPABLE = 2,
        /// It brings limits of its own.
        LIMITS = 4,
        /// Its submitter is asked before each retry.
        ASK = 8,
        /// Delays before retries are random parts.
        JITTER = 16,
        /// It was asked whether the task would be refused, and it would not.
        ADMITTED = 32,
    }
    /// What a submission answers: a refusal, or whom to start or deliver to, shifted, and flags.
    answer "ANSWER": i32 {
        CLOSING = -1,
        TERMINATED = -2,
        NO_THREAD = -3,
        FULL = -4,
        BROKEN = -5,
        /// There is no memory for copies of the buffers.
        NO_MEMORY = -6,
        /// The input is to be delivered to that worker.
        DELIVER = 1,
        /// The queue is full now.
        IS_FULL = 2,
        WORKER_SHIFT = 2,
    }
    /// What `cancel` answers.
    cancel "CANCEL": u32 {
        /// No record of the task will come.
        OUT = 0,
        /// One will when it has stopped.
        STOPPING = 1,
        /// One is on its way.
        OVER = 2,
    }
    /// How the bytes of an attachment reach a native thread.
    attach "ATTACH": u32 {
        /// A copy is made at submit.
        COPY = 0,
        /// No JavaScript but the library's reaches the memory: it is read as it is.
        PIN = 1,
        /// Memory of a SharedArrayBuffer, which the native thread copies.
        SHARE = 2,
        /// JavaScript of the user's reaches it: it is held, or copied.
        BORROW = 3,
    }
    /// Kinds of records that the owner drains.
    record "RECORD": i32 {
        END = 0,
        MORE = 1,
        GROW = 2,
        FULFILLED = 3,
        REJECTED = 4,
        CARGO_FULFILLED = 5,
        CARGO_REJECTED = 6,
        NOTHING = 7,
        TEXT = 8,
        BYTES = 9,
        LARGE_BYTES = 10,
        ATTACHMENT = 11,
        FAILURE = 12,
        PANIC = 13,
        WORKER_GONE = 14,
        DELIVER = 15,
        ENDED = 16,
        TIMED_OUT = 17,
        QUEUE_TIMED_OUT = 18,
        CANCELLED = 19,
        HIRE = 20,
        KILL = 21,
        DRAINED = 22,
        CARGO_DROPPED = 23,
        VALUE = 24,
        BROKEN = 25,
    }
    /// Who is to be started, in the place of the slot of `HIRE`.
    kind "KIND": u32 {
        JAVASCRIPT = crate::scheduler::Kind::JavaScript as u32,
        NATIVE = crate::scheduler::Kind::Native as u32,
    }
    /// What a worker's `next` says in the first word.
    turn "TURN": i32 {
        IDLE = 0,
        RUN = 1,
        STOP = 2,
        GROW = 3,
        /// As `STOP`, in a pool that was terminated: nothing is torn down.
        END = 4,
    }
    /// Flags of a task's record, below its attempt.
    task "TASK": u32 {
        DELIVERED = 1,
        STOPPABLE = 2,
        ATTEMPT_SHIFT = 2,
    }
    /// How a task ended, as a worker hands it in, and what is added to that.
    ending "ENDING": u32 {
        NONE = 0,
        FULFILLED = 1,
        REJECTED = 2,
        CARGO_FULFILLED = 3,
        CARGO_REJECTED = 4,
        /// It was cut off, or left behind.
        STOPPED = 5,
        /// It was told to stop and answered.
        UNWANTED = 6,
        /// It would reject each time.
        REFUSED = 8,
        /// The worker is about to call `next`.
        RETURNS = 16,
    }
    /// How a call that may be stopped ended.
    called "CALLED": u32 {
        RETURNED = 0,
        TERMINATED = 1,
        NOT_BEGUN = 2,
    }
    /// Numbers that belong to no group; JavaScript has them by their own names.
    single "": usize {
        /// Words for the arguments of a call.
        CALL = 16,
        /// Words of a record before its body.
        HEAD = crate::payload::HEAD,
        /// The flag of a record that asks whether its task is to be tried again.
        UNDECIDED = 1,
        /// Words before a task's record: priority and number, both doubles, the run, and one unused.
        PREFIX = 6,
        /// Where among them the run is.
        RUN = 4,
        /// Milliseconds that a task which listens has to answer when it is told to stop.
        GRACE = crate::scheduler::STOP_GRACE.as_millis() as usize,
    }
}

/// The part of an ending that says which it is.
pub(super) const ENDING: u32 = 7;

/// All of it as JSON, for the test.
pub(super) fn describe() -> String {
    let mut groups = groups();
    if let Some(Value::Object(single)) = groups.remove("") {
        groups.extend(single);
    }
    Value::Object(groups).to_string()
}
