//! Waking an isolate's event loop without a lock.
//!
//! Whoever calls a threadsafe function of Node-API's holds its lock while the system wakes the event loop. On a busy machine
//! that often lets the woken thread have the processor at once, which then wants the lock: it waits until the one that
//! woke it is given a processor again, which takes milliseconds, and the more the nicer that is. So where the process has
//! libuv's own functions, they are used directly: `uv_async_send` writes a word and makes a system call. Node-API hands
//! out the loop for that; the functions are part of libuv's stable interface, and exported by Node.js for addons.
//!
//! They are not looked for on Windows, nor used where V8 is not found by the names that `isolate.rs` needs: Bun has
//! functions of libuv's names, which it implements in part, and of which the others end the process.
//! `THREADMILL_NO_LIBUV=1` in the environment of the process, read once, hides them: for tests of what is done without. See
//! `event_loop.rs`.
//!
//! # A handle's life
//!
//! It is made, called and closed on the isolate's thread, as long as its environment lives; others send, and no more. Who
//! sends reads the lock in `event_loop.rs`, and who closes writes it first, so that nobody sends to what is closed.
//!
//! Another thread that wants it closed says so (`is_over`) and sends. The handle may have been sent to before, so that its
//! own thread finds that out, and closes and frees it, while the other is still about to send. So it waits for the lock,
//! too, which the other holds until it has sent (`end`).
//!
//! libuv has a handle's memory until it says that it is closed, a turn of the event loop later. An environment that ends
//! waits for that: its hook is taken back only then.

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null_mut;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ThreadId};

use napi::bindgen_prelude::*;
use napi::sys;

use super::hand_over::Counted;
use super::isolate;
use crate::refusals::is_refused;

/// `UV_ASYNC` of `uv_handle_type`.
const ASYNC: c_int = 1;

/// `uv_async_t`, `uv_loop_t`.
type Raw = *mut c_void;
type Called = unsafe extern "C" fn(Raw);

/// What is needed of libuv.
struct Libuv {
    handle_size: unsafe extern "C" fn(c_int) -> usize,
    async_init: unsafe extern "C" fn(Raw, Raw, Called) -> c_int,
    async_send: unsafe extern "C" fn(Raw) -> c_int,
    set_data: unsafe extern "C" fn(Raw, *mut c_void),
    get_data: unsafe extern "C" fn(Raw) -> *mut c_void,
    hold: unsafe extern "C" fn(Raw),
    release: unsafe extern "C" fn(Raw),
    close: unsafe extern "C" fn(Raw, Called),
}

/// All of them or nothing.
static LIBUV: LazyLock<Option<Libuv>> = LazyLock::new(|| {
    let hidden = std::env::var_os("THREADMILL_NO_LIBUV").is_some_and(|value| value == "1");
    if hidden || !isolate::has_v8() { None } else { Libuv::find() }
});

impl Libuv {
    #[cfg(unix)]
    fn find() -> Option<Self> {
        use libloading::os::unix::Library;
        // The executable and all that it was started with.
        let process = Library::this();
        // SAFETY: the types are those of libuv's header, which are the same in all of version 1. The functions outlive
        // `process`: what the program was started with is never unloaded.
        unsafe {
            Some(Self {
                handle_size: *process.get(c"uv_handle_size").ok()?,
                async_init: *process.get(c"uv_async_init").ok()?,
                async_send: *process.get(c"uv_async_send").ok()?,
                set_data: *process.get(c"uv_handle_set_data").ok()?,
                get_data: *process.get(c"uv_handle_get_data").ok()?,
                hold: *process.get(c"uv_ref").ok()?,
                release: *process.get(c"uv_unref").ok()?,
                close: *process.get(c"uv_close").ok()?,
            })
        }
    }

    #[cfg(not(unix))]
    fn find() -> Option<Self> {
        None
    }
}

/// What wakes an event loop. A number: what may be done with it when is up to whoever has it.
#[derive(Clone, Copy)]
pub(super) struct Signal {
    libuv: &'static Libuv,
    handle: Raw,
}

// SAFETY: an address; each method says on which threads it may be called.
unsafe impl Send for Signal {}
// SAFETY: as above.
unsafe impl Sync for Signal {}

/// What a handle carries. But for `is_over`, the isolate's thread's alone.
struct Listener {
    signal: Signal,
    home: ThreadId,
    env: sys::napi_env,
    function: sys::napi_ref,
    context: sys::napi_async_context,
    hook: Cell<sys::napi_async_cleanup_hook_handle>,
    /// Has nobody send any more, and waits for who is about to.
    end: Box<dyn Fn()>,
    is_closing: Cell<bool>,
    /// Another thread wants it closed.
    is_over: AtomicBool,
    /// The handle itself.
    _memory: Box<[u128]>,
    _counted: Counted,
}

impl Signal {
    /// Calls `function`, without arguments, once for any number of [`send`](Self::send)s. `end` is called when the
    /// environment ends, or another thread has it closed, and must not return before nobody sends any more. Does not keep
    /// the event loop alive. `None` where there is no way.
    pub(super) fn new(
        env: &Env,
        function: sys::napi_value,
        resource: sys::napi_value,
        name: sys::napi_value,
        end: Box<dyn Fn()>,
    ) -> Result<Option<Self>> {
        let Some(libuv) = LIBUV.as_ref() else { return Ok(None) };
        let env = env.raw();
        let (mut event_loop, mut reference, mut context) = (null_mut(), null_mut(), null_mut());
        // SAFETY: the values are of this environment, whose thread this is.
        unsafe {
            check_status!(sys::napi_get_uv_event_loop(env, &mut event_loop))?;
            check_status!(sys::napi_create_reference(env, function, 1, &mut reference))?;
            if let Err(error) = check_status!(sys::napi_async_init(env, resource, name, &mut context)) {
                sys::napi_delete_reference(env, reference);
                return Err(error);
            }
        }
        // SAFETY: asks for a size.
        let size = unsafe { (libuv.handle_size)(ASYNC) };
        let mut memory = vec![0_u128; size.div_ceil(size_of::<u128>())].into_boxed_slice();
        let signal = Self { libuv, handle: memory.as_mut_ptr().cast() };
        let listener = Box::into_raw(Box::new(Listener {
            signal,
            home: thread::current().id(),
            env,
            function: reference,
            context,
            hook: Cell::new(null_mut()),
            end,
            is_closing: Cell::new(false),
            is_over: AtomicBool::new(false),
            _memory: memory,
            _counted: Counted::new(),
        }));
        // SAFETY: the loop is that of this thread, and the memory is as large as a handle, aligned for anything, and stays
        // where it is until `on_close`; if the first call fails, the handle is not one, and all is let go at once.
        unsafe {
            let is_refused = is_refused("event loop");
            if is_refused || (libuv.async_init)(event_loop.cast(), signal.handle, on_signal) != 0 {
                let listener = Box::from_raw(listener);
                listener.forget_function();
                return Err(Error::from_reason("the event loop cannot be woken"));
            }
            (libuv.set_data)(signal.handle, listener.cast());
            (libuv.release)(signal.handle);
            let mut hook = null_mut();
            let added = sys::napi_add_async_cleanup_hook(env, Some(on_teardown), listener.cast(), &mut hook);
            if let Err(error) = check_status!(added) {
                (*listener).close();
                return Err(error);
            }
            (*listener).hook.set(hook);
        }
        Ok(Some(signal))
    }

    /// Has the function called soon. On any thread.
    ///
    /// # Safety
    ///
    /// It is not closed before this returns.
    pub(super) unsafe fn send(self) {
        // SAFETY: the handle is open, says the caller. Its only error is that of one that is being closed.
        unsafe { (self.libuv.async_send)(self.handle) };
    }

    /// Keeps the event loop alive, or stops keeping it. On the isolate's thread.
    ///
    /// # Safety
    ///
    /// It is not closed, and this is its thread.
    pub(super) unsafe fn hold(self, hold: bool) {
        // SAFETY: says the caller.
        unsafe { if hold { (self.libuv.hold)(self.handle) } else { (self.libuv.release)(self.handle) } }
    }

    /// Closes it, on another thread than its own some time later. To be called once, by whoever has seen to it that nobody
    /// sends any more, nor ends its environment meanwhile.
    ///
    /// # Safety
    ///
    /// It is not closed before this returns, unless this closes it.
    pub(super) unsafe fn close(self) {
        // SAFETY: open, says the caller, and so its listener is there.
        unsafe {
            let listener = self.listener();
            if (*listener).home == thread::current().id() {
                (*listener).close();
            } else {
                // Release: what was done with it here comes before it is freed there.
                (*listener).is_over.store(true, Ordering::Release);
                self.send();
            }
        }
    }

    /// # Safety
    ///
    /// It is open, or about to be closed.
    unsafe fn listener(self) -> *const Listener {
        // SAFETY: says the caller; `new` has set it.
        unsafe { (self.libuv.get_data)(self.handle) }.cast()
    }
}

impl Listener {
    /// Lets go of what is called. On its own thread, while the environment is there.
    fn forget_function(&self) {
        // SAFETY: made by `new`, and let go once: by `new`, or by `close`.
        unsafe {
            sys::napi_delete_reference(self.env, self.function);
            sys::napi_async_destroy(self.env, self.context);
        }
    }

    /// Closes the handle, if it is not being closed. On its own thread, while the environment is there.
    fn close(&self) {
        if self.is_closing.replace(true) {
            return;
        }
        self.forget_function();
        // SAFETY: the handle is open, and closed once.
        unsafe { (self.signal.libuv.close)(self.signal.handle, on_close) };
    }

    /// Calls the function, as a turn of the event loop of its own.
    fn call(&self) {
        let (mut scope, mut function, mut receiver, mut result) =
            (null_mut(), null_mut(), null_mut(), null_mut());
        // SAFETY: on the isolate's thread, in no call of Node-API's, with values of this environment. The function may
        // close the handle; this listener is freed in a later turn of the event loop.
        unsafe {
            if sys::napi_open_handle_scope(self.env, &mut scope) != sys::Status::napi_ok {
                return;
            }
            sys::napi_get_reference_value(self.env, self.function, &mut function);
            sys::napi_get_global(self.env, &mut receiver);
            let status = sys::napi_make_callback(
                self.env,
                self.context,
                receiver,
                function,
                0,
                std::ptr::null(),
                &mut result,
            );
            if status == sys::Status::napi_pending_exception {
                // Else the next call finds it. Of a thread that is being ended there is nothing to be said.
                let mut thrown = null_mut();
                if sys::napi_get_and_clear_last_exception(self.env, &mut thrown) == sys::Status::napi_ok {
                    sys::napi_fatal_exception(self.env, thrown);
                }
            }
            sys::napi_close_handle_scope(self.env, scope);
        }
    }
}

/// Called by libuv once somebody has sent.
unsafe extern "C" fn on_signal(handle: Raw) {
    // SAFETY: libuv calls this for open handles only, and there is none without the other.
    let listener = LIBUV.as_ref().map(|libuv| unsafe { &*(libuv.get_data)(handle).cast::<Listener>() });
    let Some(listener) = listener else { return };
    let _ = catch_unwind(AssertUnwindSafe(|| {
        if listener.is_over.load(Ordering::Acquire) {
            (listener.end)(); // whoever has said so may not have sent yet
            listener.close();
        } else {
            listener.call();
        }
    }));
}

/// Called by Node-API when the environment ends, which waits for its hook to be removed.
unsafe extern "C" fn on_teardown(_hook: sys::napi_async_cleanup_hook_handle, data: *mut c_void) {
    // SAFETY: what `new` has given; it is freed by `on_close`, which removes the hook.
    let listener = unsafe { &*data.cast_const().cast::<Listener>() };
    let _ = catch_unwind(AssertUnwindSafe(|| {
        (listener.end)();
        listener.close();
    }));
}

/// Called by libuv when it is done with a handle. Its environment may have ended; the hook has not.
unsafe extern "C" fn on_close(handle: Raw) {
    let Some(libuv) = LIBUV.as_ref() else { return };
    // SAFETY: nobody has the handle any more: it was closed after the last send. Node-API has the hook until it is removed.
    unsafe {
        let listener = Box::from_raw((libuv.get_data)(handle).cast::<Listener>());
        if !listener.hook.get().is_null() {
            sys::napi_remove_async_cleanup_hook(listener.hook.get());
        }
    }
}
