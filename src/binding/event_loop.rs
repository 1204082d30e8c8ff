//! Waking an isolate's event loop from any thread.
//!
//! Node-API's threadsafe function, used directly: it takes a resource, by which tools that list what keeps a process
//! alive ask whether this does, and it is closed as soon as nobody is to wake the event loop any more, not when garbage
//! is collected.

use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::{Arc, PoisonError, RwLock};

use napi::bindgen_prelude::*;
use napi::sys;

use super::hand_over::{self, HandOver};
use crate::refusals::is_refused;
use crate::scheduler::Wake;

/// A JavaScript function of some isolate that any thread may have called "soon". It does not keep the
/// isolate's event loop alive unless asked to. Closed when it is dropped, at the latest.
pub(super) struct EventLoop(Arc<Open>);

/// The threadsafe function, as long as it may be used: whoever uses it reads, and whoever ends it writes.
struct Open(RwLock<Option<Handle>>);

#[derive(Clone, Copy)]
struct Handle(sys::napi_threadsafe_function);

// SAFETY: a threadsafe function may be called and released on any thread; that is what it is for. What only its own
// thread may do to it asks for an `Env`, which is not sent.
unsafe impl Send for Handle {}
// SAFETY: as above.
unsafe impl Sync for Handle {}

impl EventLoop {
    /// `function` is called without arguments. `resource` is what async_hooks show of this; its `hasRef`, if it has
    /// one, tells whether the event loop is being kept alive.
    pub(super) fn new(
        env: &Env,
        function: &Function<'_, (), ()>,
        resource: Option<&Object<'_>>,
    ) -> Result<Self> {
        // The other end of the threadsafe function may be called from now on until it is finalized.
        retain_current_module_for_unload_safety();
        let name = env.create_string("Threadmill")?;
        let open = Arc::new(Open(RwLock::new(None)));
        let end = HandOver::new(Finalized(open.clone()));
        let hint = end.hint();
        let mut raw = null_mut();
        // SAFETY: the values are of this environment, and `hint` is for `finalize`. Without a function of ours to call
        // it, Node-API calls `function` without arguments.
        let mut create = || unsafe {
            sys::napi_create_threadsafe_function(
                env.raw(),
                function.raw(),
                resource.map_or(null_mut(), JsValue::raw),
                name.raw(),
                0,
                1,
                hint,
                Some(finalize),
                null_mut(),
                None,
                &mut raw,
            )
        };
        let is_refused = is_refused("event loop");
        if is_refused || create() != sys::Status::napi_ok {
            return Err(Error::from_reason("the event loop cannot be woken"));
        }
        end.taken();
        *open.0.write().unwrap_or_else(PoisonError::into_inner) = Some(Handle(raw));
        let own = Self(open);
        own.hold(env, false);
        Ok(own)
    }

    /// Keeps the event loop alive, or stops keeping it. To be called on the isolate's own thread.
    pub(super) fn hold(&self, env: &Env, hold: bool) {
        let open = self.0.0.read().unwrap_or_else(PoisonError::into_inner);
        let Some(Handle(raw)) = *open else { return };
        // SAFETY: on the isolate's thread, as `env` shows; and it has not been released, as that happens after a write.
        unsafe {
            if hold {
                sys::napi_ref_threadsafe_function(env.raw(), raw);
            } else {
                sys::napi_unref_threadsafe_function(env.raw(), raw);
            }
        }
    }

    /// From now on nobody is woken, and nothing of it is left once the event loop has turned.
    pub(super) fn close(&self) {
        // Held until it is released: who finalizes it waits for this lock.
        let mut open = self.0.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(Handle(raw)) = open.take() {
            // SAFETY: it was there, so it has not been released or finalized, and is not finalized before the lock is free.
            unsafe {
                sys::napi_release_threadsafe_function(raw, sys::ThreadsafeFunctionReleaseMode::release);
            }
        }
    }
}

impl Drop for EventLoop {
    fn drop(&mut self) {
        self.close();
    }
}

impl Wake for EventLoop {
    fn wake(&self) {
        let open = self.0.0.read().unwrap_or_else(PoisonError::into_inner);
        let Some(Handle(raw)) = *open else { return };
        // SAFETY: it is neither released nor finalized while this is being read: both write first. A status other than
        // `ok` means that the isolate is going away; there is nobody to wake.
        unsafe {
            sys::napi_call_threadsafe_function(raw, null_mut(), sys::ThreadsafeFunctionCallMode::nonblocking);
        }
    }
}

/// The end that Node-API has.
struct Finalized(Arc<Open>);

impl Drop for Finalized {
    fn drop(&mut self) {
        *self.0.0.write().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Called by Node-API when the function has been released and its calls are through, or its environment ends.
unsafe extern "C" fn finalize(env: sys::napi_env, hint: *mut c_void, data: *mut c_void) {
    // SAFETY: of a threadsafe function, `new`'s hint comes as the data, and once.
    unsafe { hand_over::free::<Finalized>(env, data, hint) };
}
