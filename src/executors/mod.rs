//! What runs tasks: native threads, and the workers that Node hosts.
//!
//! Both come to the scheduler by the same calls (`attach`, `next`, `gone`) and are reached through an
//! [`Endpoint`](crate::scheduler::Endpoint): wake up, stop this run. A native thread does so itself ([`native`]), and
//! also calls `offer` and `retract` for tasks that are cut into parts. A worker does so from inside its isolate, through
//! `binding/worker.rs`, and also calls `arrive`, `finish` and `wear`. Another transport would have to bring no more than
//! that. [`timer`] calls the scheduler's `tick`.

pub mod native;
pub mod niceness;
pub mod timer;

use std::sync::Arc;

use crate::catalogue::{Failure, Help, Output};
use crate::payload::{Array, Bytes, Message};
use crate::scheduler::{Mailbox, Note, Scheduler};

/// What an executor needs to run a task.
#[derive(Clone, Debug)]
pub enum Job {
    /// For a worker. Empty if the input comes over the worker's MessagePort.
    JavaScript(Message),
    /// For a native thread. The label of the task is its place in the catalogue. `None` for no options.
    Native(Option<Arc<NativeInput>>),
    /// For a native thread that has nothing of as high a priority to do: a part of a task that runs on another.
    Help(Arc<dyn Help>),
}

/// What a native task is given. Shared by the clones of its job: what it costs to copy is paid on its thread.
#[derive(Clone, Debug)]
pub struct NativeInput {
    /// The options as JSON; empty for none.
    pub options: String,
    /// The buffers that the options mention.
    pub attachments: Vec<Bytes>,
}

impl NativeInput {
    /// As a job.
    pub fn into_job(self) -> Job {
        let is_empty = self.options.is_empty() && self.attachments.is_empty();
        Job::Native((!is_empty).then(|| Arc::new(self)))
    }
}

/// How a run ended, in the words of its executor.
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
    /// The same, to a value that crosses as a template with memories (see [`Node::into_template`]).
    ///
    /// [`Node::into_template`]: crate::catalogue::Node::into_template
    Value {
        /// What is where.
        template: String,
        /// The memories that the template mentions, in its order.
        memories: Vec<Array>,
    },
    /// A native task rejected.
    Failure(Failure),
    /// A native task panicked, with these words.
    Panic(String),
}

impl From<Output> for Outcome {
    /// O(length of the template), so that the owner's thread is spared it.
    fn from(output: Output) -> Self {
        match output {
            Output::Value(node) => {
                let (template, memories) = node.into_template();
                Outcome::Value { template, memories }
            }
            output => Outcome::Output(output),
        }
    }
}

/// The scheduler of a pool.
pub type PoolScheduler = Scheduler<Job, Outcome>;
/// The mailbox of a pool's owner.
pub type PoolMailbox = Mailbox<Note<Outcome>>;
