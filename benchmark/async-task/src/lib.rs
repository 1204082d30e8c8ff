//! A bare `AsyncTask` of napi-rs, for comparison: what a native task costs without a pool of one's own.

use napi::bindgen_prelude::AsyncTask;
use napi::{Env, Result, Task};
use napi_derive::napi;

/// A task that does nothing.
pub struct Noop;

impl Task for Noop {
    type Output = ();
    type JsValue = ();

    fn compute(&mut self) -> Result<()> {
        Ok(())
    }

    fn resolve(&mut self, _env: Env, _output: ()) -> Result<()> {
        Ok(())
    }
}

/// Resolves to `undefined` once one of libuv's threads has done nothing.
#[napi]
pub fn noop() -> AsyncTask<Noop> {
    AsyncTask::new(Noop)
}
