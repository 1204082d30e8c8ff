//! What runs tasks: native threads, and the workers that Node hosts.
//!
//! Both pull from the scheduler through the same three calls (`next`, `finish`, `gone`). A native thread
//! does so itself ([`native`]). A worker does so from inside its isolate, through the endpoint in
//! `binding/worker.rs`; to the scheduler it is a number, a [`Wake`](crate::scheduler::Wake) and those three
//! calls, which is all that another transport would have to bring.

pub mod native;
pub mod timer;

use crate::catalogue::{Failure, Output};
use crate::payload::{Bytes, Message};
use crate::scheduler::{Mailbox, Note, Scheduler};

/// What an executor needs to run a task.
#[derive(Debug)]
pub enum Job {
    /// For a worker. Empty if the input comes over the worker's MessagePort.
    JavaScript(Message),
    /// For a native thread. The label of the task is its place in the catalogue.
    Native {
        /// The options as JSON; empty for none.
        options: String,
        /// The buffers that the options mention.
        attachments: Vec<Bytes>,
    },
}

/// How a task ended, for its submitter.
#[derive(Debug)]
pub enum Outcome {
    /// A JavaScript task resolved or rejected, and this is the value.
    Message {
        /// Resolved.
        fulfilled: bool,
        /// The value, or the description of what was thrown.
        message: Message,
    },
    /// The same; the value comes over the MessagePort of the worker.
    Cargo {
        /// Resolved.
        fulfilled: bool,
        /// Whose port.
        worker: u32,
    },
    /// A native task resolved.
    Output(Output),
    /// A native task rejected.
    Failure(Failure),
    /// A native task panicked, with these words.
    Panic(String),
    /// The worker that ran the task is gone.
    WorkerGone {
        /// Its number.
        worker: u32,
    },
}

/// The scheduler of a pool.
pub type PoolScheduler = Scheduler<Job, Outcome>;
/// The mailbox of a pool's owner.
pub type PoolMailbox = Mailbox<Note<Outcome>>;
