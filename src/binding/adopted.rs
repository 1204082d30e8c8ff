//! Memory of ours that becomes that of an ArrayBuffer.
//!
//! Node-API makes such ArrayBuffers, too, but in a way that ties them to their thread: Node.js has its memory freed there,
//! and at the latest when the thread ends, whoever reads it. So it marks them as not to be transferred: the
//! output of a native task could not be handed on to a worker. V8 itself asks for no more than a function that frees the
//! memory, on whatever thread the last user lets go of it.
//!
//! That is `v8::ArrayBuffer::NewBackingStore` with a deleter, and `v8::ArrayBuffer::New`, looked up by name with the
//! same reservations as in [`super::backing_store`]. The first answers a `std::unique_ptr`, the second takes a
//! `std::shared_ptr`, and between the two somebody has to count: here, GNU's C++ library would, with an object whose virtual
//! methods know how to free a backing store. [`Owner`] is such an object. That V8 takes it for one, counts by it and frees by it
//! is tried before anything relies on it ([`try_out`]).

use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, LazyLock, OnceLock};

use napi::{Env, sys};

use super::backing_store::{Counted, CountedMethods, Hold};
use super::hand_over;
use crate::payload::Array;

/// What a `std::shared_ptr<v8::BackingStore>` is counted with. `#[repr(C)]`: the count is its beginning.
#[repr(C)]
struct Owner {
    count: Counted,
    store: NonNull<c_void>,
}

static OWNERS: CountedMethods = CountedMethods {
    destructors: [None, None], // which only `destroy` would call
    dispose,
    destroy,
    deleter,
};

/// No users are left.
///
/// # Safety
/// `count` is that of an [`Owner`], and this is called once.
unsafe extern "C" fn dispose(count: *const Counted) {
    // SAFETY: the caller's word; without V8's functions there is no owner.
    unsafe {
        if let Some(methods) = METHODS.as_ref() {
            let store = (*count.cast::<Owner>()).store.as_ptr();
            (methods.end)(store);
            (methods.delete)(store);
        }
    }
}

/// Nobody looks whether there are any, either.
///
/// # Safety
/// As of [`dispose`]; nobody uses `count` any more.
unsafe extern "C" fn destroy(count: *const Counted) {
    // SAFETY: made by `Box::into_raw`.
    drop(unsafe { Box::from_raw(count.cast::<Owner>().cast_mut()) });
}

/// What V8 frees the memory by.
///
/// # Safety
/// `given` is from [`Methods::adopt`] of the same type, and this is called once with it.
unsafe extern "C" fn free<T>(_data: *mut c_void, _length: usize, given: *mut c_void) {
    // SAFETY: the caller's word.
    drop(unsafe { Box::from_raw(given.cast::<Given<T>>()) });
}

/// Nobody is told.
unsafe extern "C" fn deleter(_count: *const Counted, _type: *const c_void) -> *mut c_void {
    ptr::null_mut()
}

struct Given<T> {
    memory: Array,
    /// Dropped with it.
    _beside: T,
}

/// A `std::unique_ptr`, which a method of C++ returns through a pointer that the caller passes, where C passes one for a type
/// that is too large for registers. One word would not be: hence two more, which nobody uses.
#[repr(C)]
struct UniquePointer([MaybeUninit<*mut c_void>; 3]);

/// A `std::shared_ptr` that is passed by value: by the address of one, which the callee leaves empty.
#[repr(C)]
struct SharedPointer {
    store: *mut c_void,
    count: *mut Counted,
}

type Deleter = unsafe extern "C" fn(*mut c_void, usize, *mut c_void);

/// V8's functions, as far as they are needed here. A method's first argument is its object.
struct Methods {
    /// `static Isolate* Isolate::GetCurrent()`
    isolate: unsafe extern "C" fn() -> *mut c_void,
    /// `static std::unique_ptr<BackingStore> ArrayBuffer::NewBackingStore(void*, size_t, Deleter, void*)`
    store: unsafe extern "C" fn(*mut c_void, usize, Deleter, *mut c_void) -> UniquePointer,
    /// `static Local<ArrayBuffer> ArrayBuffer::New(Isolate*, std::shared_ptr<BackingStore>)`
    buffer: unsafe extern "C" fn(*mut c_void, *mut SharedPointer) -> sys::napi_value,
    /// `BackingStore::~BackingStore()`
    end: unsafe extern "C" fn(*mut c_void),
    /// `operator delete(void*)`
    delete: unsafe extern "C" fn(*mut c_void),
}

/// All of them or nothing.
static METHODS: LazyLock<Option<Methods>> =
    LazyLock::new(|| if super::backing_store::is_hidden() { None } else { Methods::find() });

impl Methods {
    #[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
    fn find() -> Option<Self> {
        use libloading::os::unix::Library;
        // The executable and all that it was started with: V8 may be a library of its own.
        let process = Library::this();
        // SAFETY: the types are those of V8's header, which are the same from Node.js 20 to 26, and of the C++ library; the
        // names hold those of the arguments, and whose `shared_ptr` it is. The functions outlive `process`: what the
        // program was started with is never unloaded.
        unsafe {
            Some(Self {
                isolate: *process.get(c"_ZN2v87Isolate10GetCurrentEv").ok()?,
                store: *process.get(c"_ZN2v811ArrayBuffer15NewBackingStoreEPvmPFvS1_mS1_ES1_").ok()?,
                buffer: *process
                    .get(c"_ZN2v811ArrayBuffer3NewEPNS_7IsolateESt10shared_ptrINS_12BackingStoreEE")
                    .ok()?,
                end: *process.get(c"_ZN2v812BackingStoreD1Ev").ok()?,
                delete: *process.get(c"_ZdlPv").ok()?,
            })
        }
    }

    #[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
    fn find() -> Option<Self> {
        None
    }

    /// An ArrayBuffer of `memory`, and who counts the users of that.
    ///
    /// # Safety
    /// On an isolate's thread, within a call of Node-API's; the memory is not empty, and no larger than the engine's largest.
    unsafe fn adopt<T: Send>(&self, memory: Array, beside: T) -> (sys::napi_value, NonNull<Counted>) {
        let mut given = Box::new(Given { memory, _beside: beside });
        let (start, length) = given.memory.memory();
        // SAFETY: the memory stays where it is until `free` is called, and nobody else touches it. V8 writes the pointer,
        // and takes what it is given; no JavaScript runs.
        unsafe {
            let given = Box::into_raw(given).cast();
            let UniquePointer([store, ..]) = (self.store)(start.cast(), length, free::<T>, given);
            let store = NonNull::new_unchecked(store.assume_init());
            let count = Counted { methods: &OWNERS, users: AtomicI32::new(1), observers: AtomicI32::new(1) };
            let owner = NonNull::from(Box::leak(Box::new(Owner { count, store }))).cast::<Counted>();
            let mut pointer = SharedPointer { store: store.as_ptr(), count: owner.as_ptr() };
            let buffer = (self.buffer)((self.isolate)(), &mut pointer);
            if !pointer.count.is_null() {
                drop(Hold::from_parts(store, owner)); // V8 has copied the pointer instead of moving it
            }
            (buffer, owner)
        }
    }
}

/// Whether V8 takes memory, counts its users and frees it as it is believed to. The first who asks tries it.
static WORKS: OnceLock<bool> = OnceLock::new();

struct Freed(Arc<AtomicBool>);

impl Drop for Freed {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed); // on the thread that reads it
    }
}

/// # Safety
/// As of [`adopt`].
unsafe fn try_out(env: &Env, methods: &Methods) -> bool {
    if !takes_foreign_memory(env) {
        return false;
    }
    let is_freed = Arc::new(AtomicBool::new(false));
    // SAFETY: the caller's word.
    let (buffer, owner) = unsafe { methods.adopt(Array::Buffer(vec![0; 64]), Freed(is_freed.clone())) };
    // The ArrayBuffer is a user, and this is another; then it is none.
    let Some(hold) = Hold::of(buffer) else { return false };
    let counts = hold.is_counted_by(owner) && hold.users() == 2;
    // SAFETY: a live ArrayBuffer of this environment, which nobody else has seen.
    let is_detached = unsafe { sys::napi_detach_arraybuffer(env.raw(), buffer) } == sys::Status::napi_ok;
    if !counts || !is_detached || hold.users() != 1 {
        std::mem::forget(hold); // whoever counts, it is not as is believed
        return false;
    }
    drop(hold);
    is_freed.load(Ordering::Relaxed)
}

/// Whether V8 takes memory that it has not allocated: with its sandbox, it ends the process if it is given any.
fn takes_foreign_memory(env: &Env) -> bool {
    static BYTES: [u8; 8] = [0; 8];
    let mut buffer = ptr::null_mut();
    let start = BYTES.as_ptr().cast_mut().cast();
    // SAFETY: the memory is there for ever, nobody writes to it, as nobody else gets the buffer, and there is nothing to free.
    let status = unsafe {
        sys::napi_create_external_arraybuffer(
            env.raw(),
            start,
            BYTES.len(),
            None,
            ptr::null_mut(),
            &mut buffer,
        )
    };
    status == sys::Status::napi_ok
}

/// An ArrayBuffer of `memory`, which is freed when its last user has gone, on whatever thread. The memory is the caller's
/// again where there is no way to.
///
/// # Safety
/// On the thread of `env`, within a call of Node-API's; the memory is not empty, and no larger than the engine's largest.
pub(super) unsafe fn adopt(env: &Env, memory: Array) -> Result<sys::napi_value, Array> {
    match METHODS.as_ref() {
        // SAFETY: the caller's word.
        Some(methods) if *WORKS.get_or_init(|| unsafe { try_out(env, methods) }) => {
            // SAFETY: the caller's word.
            Ok(unsafe { methods.adopt(memory, hand_over::Counted::new()) }.0)
        }
        _ => Err(memory),
    }
}
