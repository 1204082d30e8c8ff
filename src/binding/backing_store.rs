//! Holding memory that JavaScript may take away at any time.
//!
//! A native task reads a buffer that its owner still has. The owner may detach it meanwhile: transfer it to another
//! thread, grow the WebAssembly memory that it is of, or call its `transfer()`. The memory then goes with the new owner,
//! and is freed when that is collected. A reference to the ArrayBuffer does not help: it keeps an empty one.
//!
//! V8 counts who uses the memory of an ArrayBuffer, by a `std::shared_ptr<BackingStore>`, and hands out such pointers. One
//! is held by whatever reads the memory ([`Hold`]); who lets go of the last frees it, on whatever thread that is, as V8's
//! own collector does. (A second ArrayBuffer of the same memory would hold it, too. But V8 believes that its bytes are
//! there twice then, and collects garbage for that: a task that takes a microsecond takes a hundred.)
//!
//! Node-API does not offer this. `v8::ArrayBuffer::GetBackingStore` is looked up by name in the process, with the same
//! reservations as the methods in [`super::isolate`], and one more: what a `shared_ptr` is made of is the C++ library's
//! business. GNU's is known, and stable, as it is compiled into every program that uses it: two words, the second the
//! address of who counts ([`Counted`]). That it is GNU's shows in the name of a method which takes such a pointer. That it
//! is as it is known to be, is tried on a buffer of our own before anything relies on it.
//!
//! It is not found in Bun, Deno and Electron, nor on Windows and macOS, which have other C++ libraries, and
//! `THREADMILL_NO_BORROW=1` in the environment of the process, read once, hides it: for tests of what is done without.
//! [`can_hold`] tells, and whoever asked copies bytes instead.
//!
//! # What is not held
//!
//! - Memory that shrinks: that of a resizable ArrayBuffer.
//! - Memory that `transfer()` changes the length of, where V8 does that in place, whoever else counts on it. Node.js 22
//!   does, and Node.js 20 where a flag adds the method. [`can_hold`] tries it.
//! - Memory that an addon has lent to a Buffer, once the thread ends: Node.js then gives it back to the addon, before
//!   anything else is told of the end. `lib/native/` has such buffers copied on threads that may end before the process.

use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicI32, Ordering, fence};

use napi::bindgen_prelude::*;
use napi::{JsValue, check_status, sys};

/// Room for a `std::shared_ptr` that a method of C++ returns. That is two words, and written through a pointer that the
/// caller passes where C passes one for a type that is too large for registers. Two words would not be: hence a third,
/// which nobody uses.
#[repr(C)]
struct SharedPointer([MaybeUninit<*mut c_void>; 3]);

/// `std::_Sp_counted_base`: who counts the users of a `shared_ptr`.
#[repr(C)]
pub(super) struct Counted {
    pub methods: *const CountedMethods,
    pub users: AtomicI32,
    /// Those that only look whether there are users; all users together are one more.
    pub observers: AtomicI32,
}

/// Its virtual methods.
#[repr(C)]
pub(super) struct CountedMethods {
    pub destructors: [Option<unsafe extern "C" fn(*const Counted)>; 2],
    /// What becomes of the object that has no users left.
    pub dispose: unsafe extern "C" fn(*const Counted),
    /// What becomes of the count itself.
    pub destroy: unsafe extern "C" fn(*const Counted),
    /// What frees the object, for who knows its type.
    pub deleter: unsafe extern "C" fn(*const Counted, *const c_void) -> *mut c_void,
}

/// A user of the memory of an ArrayBuffer.
#[derive(Debug)]
pub(super) struct Hold {
    store: NonNull<c_void>,
    count: NonNull<Counted>,
}

// SAFETY: a `shared_ptr` is counted by atomic operations, and V8 documents that a backing store may be freed on any
// thread: its collector does so.
unsafe impl Send for Hold {}
// SAFETY: as above; there is nothing to do with it but to drop it.
unsafe impl Sync for Hold {}

impl Hold {
    /// Holds the memory of `buffer`, an ArrayBuffer that is neither detached nor resizable. `None` where there is no way to.
    /// To be used where that [can be done](can_hold).
    pub(super) fn of(buffer: sys::napi_value) -> Option<Self> {
        let backing_store = (*BACKING_STORE)?;
        // SAFETY: on the isolate's thread, within a call of Node-API's; `buffer` is a live ArrayBuffer. Node-API's value
        // is the word that a `Local` is, and so the object that a method of its is called on. No JavaScript runs.
        let SharedPointer([store, count, _]) = unsafe { backing_store(buffer) };
        // SAFETY: V8 has written both.
        let (store, count) = unsafe { (store.assume_init(), count.assume_init()) };
        Some(Self { store: NonNull::new(store)?, count: NonNull::new(count)?.cast() })
    }

    /// What a `shared_ptr` of these two is, to be dropped as one.
    ///
    /// # Safety
    /// They belong together, and the user that this is has been counted.
    pub(super) unsafe fn from_parts(store: NonNull<c_void>, count: NonNull<Counted>) -> Self {
        Self { store, count }
    }

    pub(super) fn is_counted_by(&self, count: NonNull<Counted>) -> bool {
        self.count == count
    }

    pub(super) fn users(&self) -> i32 {
        // SAFETY: alive as long as it has a user, such as this one.
        unsafe { self.count.as_ref() }.users.load(Ordering::Relaxed)
    }
}

impl Drop for Hold {
    /// As `~shared_ptr` does.
    fn drop(&mut self) {
        let count = self.count.as_ptr().cast_const();
        // SAFETY: the count lives until its last user and observer have gone: this is a user, and the users are an
        // observer. Release, so that whoever frees the memory does so after everybody's last look at it; the fence, so
        // that this is so of us.
        unsafe {
            if (*count).users.fetch_sub(1, Ordering::Release) == 1 {
                fence(Ordering::Acquire);
                ((*(*count).methods).dispose)(count);
                if (*count).observers.fetch_sub(1, Ordering::AcqRel) == 1 {
                    ((*(*count).methods).destroy)(count);
                }
            }
        }
    }
}

/// `std::shared_ptr<BackingStore> ArrayBuffer::GetBackingStore()`
type BackingStore = unsafe extern "C" fn(sys::napi_value) -> SharedPointer;

static BACKING_STORE: LazyLock<Option<BackingStore>> =
    LazyLock::new(|| if is_hidden() { None } else { find() });

/// Whether what this relies on is not to be used.
pub(super) fn is_hidden() -> bool {
    std::env::var_os("THREADMILL_NO_BORROW").is_some_and(|value| value == "1")
}

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
fn find() -> Option<BackingStore> {
    use libloading::os::unix::Library;
    // The executable and all that it was started with: V8 may be a library of its own.
    let process = Library::this();
    // SAFETY: the type is that of V8's header, which is the same from Node.js 20 to 26. The function outlives `process`:
    // what the program was started with is never unloaded. The other is looked for, and never called: its name says
    // whose `shared_ptr` it takes.
    unsafe {
        const TAKES_ONE: &std::ffi::CStr =
            c"_ZN2v811ArrayBuffer3NewEPNS_7IsolateESt10shared_ptrINS_12BackingStoreEE";
        process.get::<*const c_void>(TAKES_ONE).ok()?;
        Some(*process.get(c"_ZN2v811ArrayBuffer15GetBackingStoreEv").ok()?)
    }
}

#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
fn find() -> Option<BackingStore> {
    None
}

/// Whether memory can be held, also while `transfer` makes another ArrayBuffer of it, of another length; `None` if
/// ArrayBuffers cannot do that. Tries it.
///
/// # Errors
/// If `transfer` throws.
pub(super) fn can_hold(env: &Env, transfer: Option<Function<'_, Unknown<'_>, Unknown<'_>>>) -> Result<bool> {
    let mut buffer = ptr::null_mut();
    // SAFETY: out-pointers to locals; null for what is not wanted.
    check_status!(unsafe { sys::napi_create_arraybuffer(env.raw(), 64, ptr::null_mut(), &mut buffer) })?;
    let Some(hold) = Hold::of(buffer) else { return Ok(false) };
    // The ArrayBuffer is a user, this is another, and there is a third for a moment. A count that is none is left alone.
    let one = hold.users();
    let (Some(second), two) = (Hold::of(buffer), hold.users()) else { return Ok(false) };
    if (one, two) != (2, 3) {
        std::mem::forget((hold, second));
        return Ok(false);
    }
    drop(second);
    if hold.users() != one {
        std::mem::forget(hold);
        return Ok(false);
    }
    let Some(transfer) = transfer else { return Ok(true) };
    // SAFETY: a live value of this environment.
    let moved = transfer.call(unsafe { Unknown::from_raw_unchecked(env.raw(), buffer) })?;
    Ok(Hold::of(moved.raw()).is_none_or(|moved| moved.store != hold.store))
}
