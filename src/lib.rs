//! Threadmill: one pool that runs JavaScript functions on worker threads and native tasks on Rust
//! threads, from one scheduler.
//!
//! Calls go down only:
//!
//! ```text
//! binding ──▶ executors ──▶ scheduler
//!    └──────────▶ catalogue ──▶ payload
//! ```
//!
//! - [`scheduler`]: plain Rust. A task's life, the queues, who is idle and how it is woken, statistics.
//! - [`executors`]: what a worker and a native thread run, and the threads themselves.
//! - [`catalogue`]: the native tasks, one file a family.
//! - [`payload`]: bytes, and who may touch them when.
//! - `binding`: the only place that knows Node-API.
//! - `allocator`: where all of their memory comes from.
//! - `refusals`: for tests, what the system and the engine refuse.

// Elsewhere, and where AddressSanitizer watches the C library's blocks, all memory is that library's.
#[cfg(not(feature = "model"))]
#[cfg_attr(any(not(target_os = "linux"), feature = "asan"), path = "allocator/none.rs")]
mod allocator;
#[cfg(feature = "binding")]
mod binding;
pub mod catalogue;
// The model checker's primitives are not std's, which these use.
#[cfg(not(feature = "model"))]
pub mod executors;
pub mod payload;
#[cfg(not(feature = "model"))]
mod refusals;
pub mod scheduler;
