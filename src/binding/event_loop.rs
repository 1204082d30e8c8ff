//! Waking an isolate's event loop from any thread.
//!
//! By a handle of libuv's where there is a way to make one (see `signal.rs`), else by Node-API's threadsafe function, used
//! directly. Both take a resource, by which tools that list what keeps a process alive ask whether this does, and are
//! closed as soon as nobody is to wake the event loop any more, not when garbage is collected.

use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::{Arc, PoisonError, RwLock};

use napi::bindgen_prelude::*;
use napi::sys;

use super::hand_over::{self, HandOver};
use super::signal::Signal;
use crate::refusals::is_refused;
use crate::scheduler::Wake;

/// A JavaScript function of some isolate that any thread may have called "soon". It does not keep the
/// isolate's event loop alive unless asked to. Closed when it is dropped, at the latest.
pub(super) struct EventLoop(Arc<Open>);

/// What wakes it, as long as that may be used: whoever uses it reads, and whoever ends it writes.
struct Open(RwLock<Option<Way>>);

#[derive(Clone, Copy)]
enum Way {
    Signal(Signal),
    Function(Handle),
}

#[derive(Clone, Copy)]
struct Handle(sys::napi_threadsafe_function);

// SAFETY: a threadsafe function may be called and released on any thread; that is what it is for. What only its own
// thread may do to it asks for an `Env`, which is not sent.
unsafe impl Send for Handle {}
// SAFETY: as above.
unsafe impl Sync for Handle {}

impl Open {
    /// Nobody uses it any more once this returns.
    fn end(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl EventLoop {
    /// `function` is called without arguments. `resource` is what async_hooks show of this; its `hasRef`, if it has
    /// one, tells whether the event loop is being kept alive.
    pub(super) fn new(
        env: &Env,
        function: &Function<'_, (), ()>,
        resource: Option<&Object<'_>>,
    ) -> Result<Self> {
        // The other end may be called from now on until it is closed.
        retain_current_module_for_unload_safety();
        let name = env.create_string("Threadmill")?;
        let resource = resource.map_or(null_mut(), JsValue::raw);
        let open = Arc::new(Open(RwLock::new(None)));
        let ends = open.clone();
        let end = Box::new(move || ends.end());
        let way = match Signal::new(env, function.raw(), resource, name.raw(), end)? {
            Some(signal) => Way::Signal(signal),
            None => Way::Function(Handle::new(env, function.raw(), resource, name.raw(), &open)?),
        };
        *open.0.write().unwrap_or_else(PoisonError::into_inner) = Some(way);
        Ok(Self(open))
    }

    /// Keeps the event loop alive, or stops keeping it. To be called on the isolate's own thread.
    pub(super) fn hold(&self, env: &Env, hold: bool) {
        let open = self.0.0.read().unwrap_or_else(PoisonError::into_inner);
        let Some(way) = *open else { return };
        // SAFETY: on the isolate's thread, as `env` shows; and it has not been closed or released, as that happens after
        // a write.
        unsafe {
            match way {
                Way::Signal(signal) => signal.hold(hold),
                Way::Function(handle) => handle.hold(env, hold),
            }
        }
    }

    /// From now on nobody is woken, and nothing of it is left once the event loop has turned.
    pub(super) fn close(&self) {
        // Held until it is closed: who ends the environment waits for this lock.
        let mut open = self.0.0.write().unwrap_or_else(PoisonError::into_inner);
        let Some(way) = open.take() else { return };
        // SAFETY: it was there, so it has not been closed, released or finalized, and is not before the lock is free.
        unsafe {
            match way {
                Way::Signal(signal) => signal.close(),
                Way::Function(handle) => handle.release(),
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
        let Some(way) = *open else { return };
        // SAFETY: it is neither closed, released nor finalized while this is being read: all write first.
        unsafe {
            match way {
                Way::Signal(signal) => signal.send(),
                Way::Function(handle) => handle.call(),
            }
        }
    }
}

impl Handle {
    fn new(
        env: &Env,
        function: sys::napi_value,
        resource: sys::napi_value,
        name: sys::napi_value,
        open: &Arc<Open>,
    ) -> Result<Self> {
        let end = HandOver::new(Finalized(open.clone()));
        let hint = end.hint();
        let mut raw = null_mut();
        // SAFETY: the values are of this environment, and `hint` is for `finalize`. Without a function of ours to call
        // it, Node-API calls `function` without arguments.
        let mut create = || unsafe {
            sys::napi_create_threadsafe_function(
                env.raw(),
                function,
                resource,
                name,
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
        let own = Self(raw);
        // SAFETY: it has just been made, on this thread.
        unsafe { own.hold(env, false) };
        Ok(own)
    }

    /// # Safety
    ///
    /// It has not been released, and `env` is its own.
    unsafe fn hold(self, env: &Env, hold: bool) {
        // SAFETY: says the caller.
        unsafe {
            if hold {
                sys::napi_ref_threadsafe_function(env.raw(), self.0);
            } else {
                sys::napi_unref_threadsafe_function(env.raw(), self.0);
            }
        }
    }

    /// A status other than `ok` means that the isolate is going away; there is nobody to wake.
    ///
    /// # Safety
    ///
    /// It has not been released or finalized.
    unsafe fn call(self) {
        // SAFETY: says the caller.
        unsafe {
            sys::napi_call_threadsafe_function(
                self.0,
                null_mut(),
                sys::ThreadsafeFunctionCallMode::nonblocking,
            );
        }
    }

    /// # Safety
    ///
    /// It has not been released or finalized, and is used no more.
    unsafe fn release(self) {
        // SAFETY: says the caller.
        unsafe {
            sys::napi_release_threadsafe_function(self.0, sys::ThreadsafeFunctionReleaseMode::release);
        }
    }
}

/// The end that Node-API has.
struct Finalized(Arc<Open>);

impl Drop for Finalized {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// Called by Node-API when the function has been released and its calls are through, or its environment ends.
unsafe extern "C" fn finalize(env: sys::napi_env, hint: *mut c_void, data: *mut c_void) {
    // SAFETY: of a threadsafe function, `new`'s hint comes as the data, and once.
    unsafe { hand_over::free::<Finalized>(env, data, hint) };
}
