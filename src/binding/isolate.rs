//! Stopping JavaScript that does not return.
//!
//! V8 can end the JavaScript that an isolate runs from any other thread: every frame is left without running
//! `catch` or `finally`, up to where native code called into JavaScript. Node-API does not expose that, so
//! the four methods of `v8::Isolate` that it takes are looked up by name in the running process. **This is no
//! ABI promise** of Node.js: the names are those of V8's public C++ header, which every binary exports for
//! addons that are written against it, and they carry the types of the arguments; but nobody has to keep
//! them. Without them [`Isolate::current`] answers `None`, and a worker that does not return has to be
//! replaced: through `Worker.terminate()`, which Node.js implements with the same call, but which takes a
//! main thread that is not busy, and the worker with everything in it.
//!
//! They are missing in Bun and Deno, are not looked for on Windows, and `THREADMILL_NO_TERMINATE=1` in the
//! environment of the process, read once, hides them: for embedders who do not want isolates to be ended
//! this way, and for tests of what is done without.
//!
//! # The rules
//!
//! A termination is not aimed at a function: it ends whatever the isolate runs, now or next. So
//!
//! - the thread that stops and the thread that is stopped share a lock, and the first calls
//!   [`Isolate::terminate`] under it only while the second is inside [`call_stoppable`];
//! - it does so again every few milliseconds until the call has left: a time limit of `node:vm` that runs
//!   out inside the call, or another addon, may have taken the first one for its own;
//! - JavaScript outside `call_stoppable` is never terminated. V8 drops all queued microtasks when one of them
//!   is, and with them the continuations of functions that had nothing to do with it; Node.js ends the whole
//!   process, because of a stack that it finds corrupted, when a timer's or an immediate's callback is.
//!
//! # What a termination leaves behind
//!
//! No `finally` has run, and Node.js's own JavaScript relies on some.
//!
//! - The stack of asynchronous contexts still holds those that the call had entered, through
//!   `AsyncResource.runInAsyncScope` for one. Node.js checks it when the callback beneath is over, and **ends
//!   the process** if it does not match: before anything returns to the event loop, JavaScript has to compare
//!   `executionAsyncId()` with what it was ahead of the call, and to clear that stack or leave the thread.
//! - The store of an `AsyncLocalStorage` that the call ran with stays current.
//! - A module whose first `require` was ended stays in the cache as it was.
//!
//! # What it does not reach
//!
//! Native code that blocks, before it returns to JavaScript (`Atomics.wait` it does reach). And V8 looks for
//! a termination where a JavaScript function is entered, but not each time that a loop starts over: one that
//! calls nothing but slow built-in functions, such as `JSON.parse`, may run for seconds more.
//! `Worker.terminate()` has the same limits.

use std::ffi::c_void;
use std::ptr::{self, NonNull};
use std::sync::LazyLock;

use napi::bindgen_prelude::*;
use napi::{Status, sys};

/// An isolate of V8, by its address. It may be kept on any thread, and dangles when the isolate is gone.
#[derive(Clone, Copy)]
pub(super) struct Isolate(NonNull<c_void>);

// SAFETY: an address; what may be done with it where is up to the methods, and V8 documents the two that
// follow it, terminating and cancelling, for all threads.
unsafe impl Send for Isolate {}
// SAFETY: as above.
unsafe impl Sync for Isolate {}

/// `v8::Isolate`, as far as it is needed here. A method's first argument is its object.
struct Methods {
    /// `static Isolate* GetCurrent()`
    current: unsafe extern "C" fn() -> *mut c_void,
    /// `void TerminateExecution()`
    terminate: unsafe extern "C" fn(*mut c_void),
    /// `bool IsExecutionTerminating()`
    is_terminating: unsafe extern "C" fn(*mut c_void) -> bool,
    /// `void CancelTerminateExecution()`
    cancel: unsafe extern "C" fn(*mut c_void),
}

/// All four or nothing.
static METHODS: LazyLock<Option<Methods>> = LazyLock::new(|| {
    if std::env::var_os("THREADMILL_NO_TERMINATE").is_some_and(|value| value == "1") {
        return None;
    }
    Methods::find()
});

/// Whether the process has V8, by all of these names: some have more of them than V8's functions.
#[cfg(unix)]
pub(super) fn has_v8() -> bool {
    Methods::find().is_some()
}

#[cfg(not(unix))]
pub(super) fn has_v8() -> bool {
    false
}

impl Methods {
    #[cfg(unix)]
    fn find() -> Option<Self> {
        use libloading::os::unix::Library;
        // The executable and all that it was started with: V8 may be a library of its own.
        let process = Library::this();
        // SAFETY: the types are those of V8's header. The names hold those of the arguments, so a change
        // there is not found; what is returned is the same from Node.js 20 to 26. The functions outlive
        // `process`: what the program was started with is never unloaded.
        unsafe {
            Some(Self {
                current: *process.get(c"_ZN2v87Isolate10GetCurrentEv").ok()?,
                terminate: *process.get(c"_ZN2v87Isolate18TerminateExecutionEv").ok()?,
                is_terminating: *process.get(c"_ZN2v87Isolate22IsExecutionTerminatingEv").ok()?,
                cancel: *process.get(c"_ZN2v87Isolate24CancelTerminateExecutionEv").ok()?,
            })
        }
    }

    #[cfg(not(unix))]
    fn find() -> Option<Self> {
        None
    }
}

impl Isolate {
    /// That of the calling thread; `None` if it has none, or if JavaScript cannot be stopped here.
    pub(super) fn current() -> Option<Self> {
        let methods = METHODS.as_ref()?;
        // SAFETY: reads a thread-local variable, which is null on a thread without an isolate.
        NonNull::new(unsafe { (methods.current)() }).map(Self)
    }

    /// Ends the JavaScript that the isolate runs, or the next that it runs. From any thread.
    ///
    /// # Safety
    ///
    /// The isolate is alive.
    pub(super) unsafe fn terminate(self) {
        if let Some(methods) = METHODS.as_ref() {
            // SAFETY: the isolate is alive, says the caller; V8 allows it from any thread.
            unsafe { (methods.terminate)(self.0.as_ptr()) };
        }
    }

    /// Lets JavaScript run again, whoever it was that terminated it. From the isolate's thread: elsewhere it
    /// would race with the unwinding.
    ///
    /// # Safety
    ///
    /// The isolate is alive, and the calling thread's.
    pub(super) unsafe fn cancel_terminate(self) {
        if let Some(methods) = METHODS.as_ref() {
            // SAFETY: the isolate is alive and ours, says the caller.
            unsafe { (methods.cancel)(self.0.as_ptr()) };
        }
    }

    /// Whether JavaScript frames are being left because of a termination. It does not see one that was asked
    /// for and has not been noticed, nor one that has already left all frames.
    ///
    /// # Safety
    ///
    /// The isolate is alive, and the calling thread's.
    pub(super) unsafe fn is_terminating(self) -> bool {
        METHODS.as_ref().is_some_and(|methods| {
            // SAFETY: the isolate is alive and ours, says the caller.
            unsafe { (methods.is_terminating)(self.0.as_ptr()) }
        })
    }
}

/// Calls `callback`, a function without arguments, such that a termination ends there, and the JavaScript
/// below goes on. `Ok(true)`: it returned; what, is dropped. `Ok(false)`: it was terminated. `Err`: it threw,
/// and the exception is still pending, so handing the error on to JavaScript throws just that; or the
/// environment is going away, and no JavaScript will run any more.
///
/// `isolate` is that of the thread. It may be terminated from when the caller says so, before this call,
/// until `leave` returns, which answers whether it was.
///
/// Whatever JavaScript changed and meant to change back in a `finally` stays changed.
pub(super) fn call_stoppable(
    env: &Env,
    isolate: Isolate,
    callback: sys::napi_value,
    leave: impl FnOnce() -> bool,
) -> Result<bool> {
    let mut receiver = ptr::null_mut();
    let mut returned = ptr::null_mut();
    // SAFETY: on the isolate's thread, as `env` shows; `callback` is a live value. Anything but a function is
    // refused with a status.
    let status = unsafe {
        sys::napi_get_undefined(env.raw(), &mut receiver);
        sys::napi_call_function(env.raw(), receiver, callback, 0, ptr::null(), &mut returned)
    };
    let threw = status == sys::Status::napi_pending_exception;
    if leave() {
        // The call may have come to its end by itself before the termination was noticed: it must not end
        // what runs next.
        // SAFETY: we are called by the isolate, on its thread.
        unsafe { isolate.cancel_terminate() };
        // SAFETY: as above.
        debug_assert!(!unsafe { isolate.is_terminating() });
        let exception = if threw { take_exception(env) } else { None };
        if !can_run_javascript(env) {
            // Node.js is ending this thread. It says so to itself before it terminates, so either we have
            // just cancelled its termination, or it is about to make it.
            // SAFETY: as above.
            unsafe { isolate.terminate() };
            return Err(Error::new(Status::PendingException, "the thread is ending"));
        }
        match exception {
            // A termination leaves no exception. Neither does `throw null`; where a stop was asked for as
            // well, it is as good an answer.
            Some(exception) if is_null(env, exception) => return Ok(false),
            // SAFETY: on the isolate's thread; the value is live.
            Some(exception) => _ = unsafe { sys::napi_throw(env.raw(), exception) },
            None => {}
        }
    }
    match status {
        sys::Status::napi_ok => Ok(true),
        status => Err(Error::new(Status::from(status), "the call failed")),
    }
}

fn take_exception(env: &Env) -> Option<sys::napi_value> {
    let mut exception = ptr::null_mut();
    // SAFETY: on the isolate's thread, as `env` shows.
    let status = unsafe { sys::napi_get_and_clear_last_exception(env.raw(), &mut exception) };
    (status == sys::Status::napi_ok && !exception.is_null()).then_some(exception)
}

fn is_null(env: &Env, value: sys::napi_value) -> bool {
    let mut kind = sys::ValueType::napi_undefined;
    // SAFETY: on the isolate's thread, as `env` shows; the value is live.
    let status = unsafe { sys::napi_typeof(env.raw(), value, &mut kind) };
    status == sys::Status::napi_ok && kind == sys::ValueType::napi_null
}

/// Whether JavaScript can be called: not while an exception is pending, nor when the environment is going
/// away, which Node.js may have decided on another thread a moment ago.
pub(super) fn can_run_javascript(env: &Env) -> bool {
    let mut value = ptr::null_mut();
    let mut equal = false;
    // SAFETY: on the isolate's thread, as `env` shows; the value is live. Comparing runs no JavaScript, yet
    // Node-API counts it among the calls that might, and refuses those: the cheapest question of that kind.
    unsafe {
        sys::napi_get_undefined(env.raw(), &mut value);
        sys::napi_strict_equals(env.raw(), value, value, &mut equal) == sys::Status::napi_ok
    }
}
