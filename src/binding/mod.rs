//! The Node-API face: the only place that knows JavaScript's values and event loops.
//!
//! - [`pool`]: what the thread that owns a pool calls.
//! - [`worker`]: what a worker calls, from inside its isolate.
//! - [`event_loop`]: waking an isolate.
//! - [`values`]: strings and memory of JavaScript.
//!
//! Every entry point is `catch_unwind`: a panic becomes a JavaScript exception. No JavaScript object is
//! touched off its thread; other threads know slots, labels and executors by number.

mod event_loop;
mod pool;
mod values;
mod worker;
