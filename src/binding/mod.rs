//! The Node-API face: the only place that knows JavaScript's values and event loops.
//!
//! - [`pool`]: a pool, as the thread that owns it sees it; [`owner`]: what that thread does for each task;
//!   [`notes`]: how it reads what comes back.
//! - [`worker`]: what a worker calls, from inside its isolate.
//! - [`shared`]: what the two share.
//! - [`layout`]: every number that JavaScript knows, too.
//! - [`call`]: the arguments of calls on the hot path.
//! - [`parts`]: the large buffers of a message.
//! - [`limits`]: options and limits, as the scheduler has them.
//! - [`event_loop`]: waking an isolate, by a [`signal`] if there is a way; [`isolate`]: stopping what it runs.
//! - [`values`]: strings and memory of JavaScript.
//! - [`shared_threads`]: those that Node.js has for the whole process.
//! - [`hand_over`]: ownership that passes to the engine.
//! - [`attachments`]: the buffers of native tasks; [`backing_store`]: holding memory that JavaScript may take
//!   away.
//!
//! Every entry point catches panics: one becomes a JavaScript exception. No JavaScript object is touched off
//! its thread; other threads know slots, labels and executors by number.

mod adopted;
mod attachments;
mod backing_store;
mod call;
mod event_loop;
#[cfg(feature = "testing")]
mod faults;
mod hand_over;
mod isolate;
mod layout;
mod limits;
mod notes;
mod owner;
mod parts;
mod pool;
mod shared;
mod shared_threads;
mod signal;
mod values;
mod worker;
