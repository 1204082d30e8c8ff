//! Waking an isolate's event loop from any thread.

use napi::bindgen_prelude::*;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Status, sys};

use crate::scheduler::Wake;

/// A JavaScript function of some isolate that any thread may have called "soon". It does not keep the
/// isolate's event loop alive unless asked to.
pub(super) struct EventLoop(ThreadsafeFunction<(), (), (), Status, false, true, 0>);

impl EventLoop {
    pub(super) fn new(function: &Function<'_, (), ()>) -> Result<Self> {
        let function =
            function.build_threadsafe_function().callee_handled::<false>().weak::<true>().build()?;
        Ok(Self(function))
    }

    /// Keeps the event loop alive, or stops keeping it. To be called on the isolate's own thread.
    pub(super) fn hold(&self, env: &Env, hold: bool) {
        if self.0.aborted() {
            return;
        }
        // SAFETY: on the isolate's thread, as `env` shows, and the function is not aborted, so the handle
        // is valid; only this thread aborts it.
        unsafe {
            if hold {
                sys::napi_ref_threadsafe_function(env.raw(), self.0.raw());
            } else {
                sys::napi_unref_threadsafe_function(env.raw(), self.0.raw());
            }
        }
    }
}

impl Wake for EventLoop {
    fn wake(&self) {
        // A status other than `ok` means that the isolate is going away; there is nobody to wake.
        let _ = self.0.call((), ThreadsafeFunctionCallMode::NonBlocking);
    }
}
