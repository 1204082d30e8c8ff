//! The threads on which Node.js reads files and such, for the whole process.
//!
//! They are started with the first work that there is for them, and on Linux are as nice as the thread that brings it, for
//! the life of the process. That must not be a worker that stands back: see `executors/niceness.rs`.

use napi::bindgen_prelude::*;

/// Work that brings them, and is none.
struct Nothing;

impl Task for Nothing {
    type Output = ();
    type JsValue = ();

    fn compute(&mut self) -> Result<()> {
        Ok(())
    }

    fn resolve(&mut self, _env: Env, _output: ()) -> Result<()> {
        Ok(())
    }
}

/// Has them started, as nice as the calling thread.
pub(super) fn start(env: &Env) -> Result<()> {
    env.spawn(Nothing).map(|_| ())
}
